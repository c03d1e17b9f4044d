"""A cluster of our own is not left behind by who could not connect to it."""

from __future__ import annotations

from typing import Any

import distributed
import pytest

from sweeper.engine.dask import cluster
from sweeper.errors import EngineError


class Started:
    """A cluster that was started."""

    is_closed = False

    def close(self, timeout: float) -> None:
        """End it."""
        self.is_closed = True
        raise TimeoutError(f"not closed after {timeout} s")


@pytest.mark.parametrize(
    ("raised", "expected", "words"),
    [
        (OSError("no\nroute"), EngineError, "the cluster of --workers 2 could not be started: no route"),
        (TimeoutError(), EngineError, "the cluster of --workers 2 could not be started: TimeoutError"),
        (KeyboardInterrupt(), KeyboardInterrupt, ""),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_cluster_that_cannot_be_connected_to_is_closed(
    raised: BaseException, expected: type[BaseException], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = Started()

    def connect(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(cluster, "_own_cluster", lambda _: started)
    monkeypatch.setattr(distributed, "Client", connect)
    with pytest.raises(expected) as error:
        cluster.start(2)
    assert str(error.value) == words
    assert started.is_closed


def test_a_cluster_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("Cluster failed to start: no port is free")

    monkeypatch.setattr(distributed, "LocalCluster", fail)
    with pytest.raises(EngineError, match="--workers 3 could not be started: Cluster failed to start: no port is free"):
        cluster.start(3)
