"""Other processes, for tests about what happens in them or to them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

CHILD_SECONDS = 60


def in_child(body: Callable[..., Any], *args: Any) -> int | None:
    """Run a function in a process forked from this one; return its exit code, None if it did not end in time."""
    child = multiprocessing.get_context("fork").Process(target=body, args=args)
    child.start()
    child.join(CHILD_SECONDS)
    code = child.exitcode
    child.kill()
    child.join()
    return code
