"""The engine on Dask, made for one sweep."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sweeper.binding.survey import samples
from sweeper.engine.dask.admission import Admission
from sweeper.engine.dask.cluster import connect, start
from sweeper.engine.dask.engine import DaskEngine
from sweeper.engine.dask.shipping import pack
from sweeper.engine.dask.terms import terms_for
from sweeper.store.patience import running_seconds

if TYPE_CHECKING:
    from sweeper.binding import Binding
    from sweeper.store.api import ApiStore

QUIET_SECONDS = 3.0
"""How long nothing is said while a cluster is waited for."""


def open_dask(
    binding: Binding,
    store: ApiStore,
    driver: str,
    *,
    address: str | None,
    workers: int,
    notice: Callable[[str], None],
) -> DaskEngine:
    """Return an engine on the cluster at an address, or on one of so many workers that is started on this machine.

    ``driver`` is the driver's run. Raises ``EngineError`` if the scheduler cannot be reached, or a worker is not fit.
    """
    parcel = pack(binding.families.values())
    terms = terms_for(samples(binding), store, driver, running_seconds())
    if address is None:  # our own processes, behind keys that nobody else has: they open the store as this one does
        terms = replace(terms, uri=store.uri, had_password=False)
    place = "a Dask cluster of its own" if address is None else f"a Dask scheduler at {address}"
    with _told_if_slow(f"waiting for {place} to answer", notice):
        connection = start(workers) if address is None else connect(address)
    try:
        admission = Admission(connection.client, terms, parcel)
        admission.check_scheduler()
        return DaskEngine(connection, admission.driver, admission.admit, notice)
    except BaseException:
        connection.close()
        raise


@contextlib.contextmanager
def _told_if_slow(message: str, notice: Callable[[str], None]) -> Iterator[None]:
    """Say what is waited for, once it takes a while."""
    timer = threading.Timer(QUIET_SECONDS, notice, [message])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
