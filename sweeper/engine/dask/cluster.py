"""The way to a Dask cluster: one that is there, or one of our own on this machine."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeper.engine.dask.address import check_answers
from sweeper.errors import EngineError, InputError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

CONNECTING_SECONDS = 10.0
CLOSING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of a cluster, and the cluster if it is ours."""

    client: Client
    own: LocalCluster | None = None

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        assert self.client.scheduler is not None
        return str(self.client.scheduler.address)

    def close(self) -> None:
        """Let go of the cluster; one of our own ends."""
        with contextlib.suppress(Exception):  # whatever a connection raises that is broken already
            self.client.close(CLOSING_SECONDS)
        if self.own is not None:
            with contextlib.suppress(Exception):
                self.own.close(CLOSING_SECONDS)


def connect(address: str) -> Connection:
    """Return a connection to the cluster with a scheduler at an address, as in ``tcp://host:8786``.

    With ``tls://`` the certificates are those of Dask's configuration. Raises as ``check_answers`` does.
    """
    with _dask():
        from distributed import Client

    check_answers(address)
    try:
        return Connection(Client(address, timeout=CONNECTING_SECONDS, set_as_default=False))
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        raise EngineError(
            f"--address {address}: no Dask scheduler can be reached there: {_in_one_line(error)}; `dask scheduler` "
            "starts one, and says its address"
        ) from error


def start(workers: int) -> Connection:
    """Return a connection to a cluster of our own: so many processes on this machine, which end with this one.

    Raises ``EngineError`` where they cannot be started or reached.
    """
    if workers < 1:
        raise EngineError(f"--workers {workers}: at least one worker is needed")
    with _dask():
        from distributed import Client

    try:
        cluster = _own_cluster(workers)
        try:
            return Connection(Client(cluster, timeout=CONNECTING_SECONDS, set_as_default=False), cluster)
        except BaseException:
            with contextlib.suppress(Exception):
                cluster.close(CLOSING_SECONDS)
            raise
    except (OSError, TimeoutError, RuntimeError) as error:
        reason = _in_one_line(error)
        raise EngineError(f"the cluster of --workers {workers} could not be started: {reason}") from error


def _own_cluster(workers: int) -> LocalCluster:
    from distributed import LocalCluster

    from sweeper.engine.machine import thread_shares

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        security=True,  # keys of its own: who else is on this machine could run code as this user
        memory_limit=0,
        silence_logs=logging.CRITICAL + 1,
        env=thread_shares(workers),
    )


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextlib.contextmanager
def _dask() -> Iterator[None]:
    """Import Dask, and have it keep to itself what is told in our words; who configures its logs gets them."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"--engine dask: {error.name} is not installed; pip install 'luigi-sweeper[dask]' brings it"
        ) from error
    import dask

    if not dask.config.get("logging", None):
        for name in ("distributed", *logging.root.manager.loggerDict):
            if name.partition(".")[0] == "distributed":
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
