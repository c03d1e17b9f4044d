"""The binding: a spec held against the task classes it names, and points made into instances."""

from sweeper.binding.bind import bind
from sweeper.binding.binding import Binding

__all__ = ["Binding", "bind"]
