"""What helps where a great many objects are made at once."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


class Shared(dict[str, str]):
    """Strings that come again and again, each kept once."""

    def __missing__(self, text: str) -> str:
        self[text] = text
        return text


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking, again and again, through what is made here: it all lives."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
