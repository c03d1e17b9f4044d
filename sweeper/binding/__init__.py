"""The binding: a spec held against the task classes it names, and points made into instances."""

from sweeper.binding.bind import Binding, bind

__all__ = ["Binding", "bind"]
