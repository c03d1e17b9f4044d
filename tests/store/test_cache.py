"""Artifacts from elsewhere are fetched once, however many processes of a machine want them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from sweeper.store.cache import cache_folder, fetched
from tests.processes import CHILD_SECONDS


class Shelf:
    """Has artifacts, and counts how often they are fetched."""

    def __init__(self) -> None:
        self.times = 0
        self.is_asked, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def fetch(self, into: Path) -> Path:
        """Fetch an artifact."""
        self.times += 1
        self.is_asked.set()
        assert self.may_go_on.wait(CHILD_SECONDS)
        (into / "copy").write_text(f"time {self.times}", encoding="ascii")
        return into / "copy"


def test_who_comes_while_it_is_fetched_waits_and_reads_the_same() -> None:
    shelf = Shelf()
    shelf.may_go_on.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(fetched, "run", "model.bin", shelf.fetch, is_final=True)
        assert shelf.is_asked.wait(CHILD_SECONDS)
        second = threads.submit(fetched, "run", "model.bin", shelf.fetch, is_final=True)
        shelf.may_go_on.set()
        assert first.result(CHILD_SECONDS) == second.result(CHILD_SECONDS)
    assert first.result().read_text(encoding="ascii") == "time 1"
    assert shelf.times == 1


def test_what_may_change_is_fetched_each_time() -> None:
    shelf = Shelf()
    places = [fetched("run", "curve.json", shelf.fetch, is_final=False) for _ in range(2)]
    assert [place.read_text(encoding="ascii") for place in places] == ["time 2", "time 2"]


def test_a_fetch_that_fails_leaves_the_next_free_to_try() -> None:
    def fail(_: Path) -> Path:
        raise OSError("the server is away")

    with pytest.raises(OSError, match="the server is away"):
        fetched("run", "model.bin", fail, is_final=True)
    assert fetched("run", "model.bin", Shelf().fetch, is_final=True).read_text(encoding="ascii") == "time 1"
    assert {found.name for found in cache_folder().iterdir()} == {"final", "locks"}


@pytest.mark.parametrize("error", [OSError("no locks available"), NotImplementedError()])
def test_a_folder_without_locks_does(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have none: then two may fetch the same, and one of the copies stays."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert fetched("run", "model.bin", Shelf().fetch, is_final=True).exists()
