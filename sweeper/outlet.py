"""Streams that may stop taking what is written to them: a full disk, a reader that has gone, no stream at all."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class Outlet(io.TextIOBase):
    """A text stream in front of another: written to as long as that takes anything, and from then on to nowhere.

    ``error`` is what went wrong with it. A program may have been started without the other stream: None.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        self.error: OSError | None = None
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # it is the other stream's
        """The encoding of the stream behind it."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        with self._watched() as stream:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits."""
        with self._watched() as stream:
            stream.flush()

    def isatty(self) -> bool:
        """Whether the stream behind it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream behind it."""
        return self._stream.fileno() if self._stream is not None else super().fileno()

    def close(self) -> None:
        """Do nothing: the stream behind it is not its own."""

    @contextlib.contextmanager
    def _watched(self) -> Iterator[IO[str]]:
        stream = self._stream
        try:
            yield stream or io.StringIO()
        except OSError as error:
            self.error = self.error or error
            turn_off(stream)


def turn_off(stream: IO[str] | None) -> None:
    """Let what is still written to a stream go nowhere, also what Python writes of it in the end."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
