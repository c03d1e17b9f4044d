"""A Dask cluster within the test's own process: a real scheduler and a real worker, that speak over TCP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import LocalCluster


@contextlib.contextmanager
def small_cluster(folder: Path) -> Iterator[LocalCluster]:
    """Run a scheduler and one worker in threads of this process, while the block lasts."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(folder),
        silence_logs=50,
    ) as cluster:
        yield cluster
