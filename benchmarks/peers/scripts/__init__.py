"""The same trials, written for each tool as its documentation shows; each is run in its tool's own environment.

A trial has one parameter, ``number``, sleeps for so many seconds, and logs one metric, ``value``.
"""
