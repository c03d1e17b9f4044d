"""Asking before something is changed that was not to be changed."""

from __future__ import annotations

import sys

import click

from sweeper.errors import InputError

yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def ask(question: str, *, yes: bool) -> None:
    """Return if the user wants it; end the command if not.

    Raises ``InputError`` where nobody can be asked, as in a script, and ``--yes`` does not answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nothing was changed: nobody can be asked here; say it by --yes")
    click.confirm(question, abort=True, err=True)
