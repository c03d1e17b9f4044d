"""One ``sweeper run``: from a spec file to a summary, with the store, the engine and the signals around the loop."""

from __future__ import annotations

import contextlib
import enum
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import InputError
from sweeper.interrupts import Interrupts
from sweeper.policy import STANDARD, Policy
from sweeper.store.locate import locate
from sweeper.store.values import one_line

if TYPE_CHECKING:
    from sweeper.binding import Binding
    from sweeper.engine.base import Engine
    from sweeper.listener import Listener, Summary
    from sweeper.record import SweepRun
    from sweeper.search.base import Search
    from sweeper.store.api import ApiStore
    from sweeper.store.driver import Driver

Notice = Callable[[str], None]


class EngineName(enum.StrEnum):
    """The engines that a sweep can run on."""

    LOCAL = "local"
    INLINE = "inline"
    DASK = "dask"


def run_spec(  # noqa: PLR0913 (one for each option)
    path: Path,
    listener: Listener,
    *,
    overrides: Sequence[str] = (),
    engine: EngineName = EngineName.LOCAL,
    workers: int = 1,
    gpus: str | None = None,
    address: str | None = None,
    tracking_uri: str | None = None,
    policy: Policy = STANDARD,
    debug: bool = False,
) -> Summary:
    """Run the sweep that a spec file declares, and return what it came to.

    ``gpus`` are the devices that tasks may use, as in ``0,1`` (local only); ``address`` is that of a Dask scheduler,
    None for a cluster of ``workers`` on this machine (Dask only); ``tracking_uri`` as in ``sweeper.store.locate``;
    ``overrides`` as in ``sweeper.spec.load``; ``debug`` opens the debugger where a task fails (inline only). The first
    Ctrl-C lets what runs finish, the second stops it.

    Raises ``SpecError`` with all that is wrong with the spec, another ``InputError`` for options that do not go
    together or go against the record, ``StoreError`` and ``EngineError`` where store or workers cannot be used; before
    anything runs, but for a store or workers that are lost on the way.
    """
    devices = check_engine(engine, gpus, address)
    if engine is EngineName.LOCAL:
        from sweeper.engine.local import warm_up

        warm_up(workers)  # imports in another process what this one is about to import
    binding = bind_file(path, overrides)
    if engine is EngineName.INLINE and (binding.spec.timeout or binding.spec.timeouts):
        listener.noticed("the inline engine keeps no time-outs: nothing is left to stop a task")

    def make_engine(store: ApiStore, driver: Driver) -> Engine:
        if engine is not EngineName.DASK:
            return _engine(engine, binding, workers, devices, store.uri, debug=debug)
        from sweeper.engine.dask.opening import open_dask

        return open_dask(binding, store, driver.run_id, address=address, workers=workers, notice=listener.noticed)

    return run_binding(
        binding,
        listener,
        make_engine=make_engine,
        tracking_uri=locate(tracking_uri, start=path.parent if path.parent.exists() else None),
        policy=policy,
    )


def check_engine(engine: EngineName, gpus: str | None = None, address: str | None = None) -> tuple[str, ...]:
    """Return the devices that ``gpus`` names; raises ``InputError`` for what does not go together with the engine."""
    if address is not None and engine is not EngineName.DASK:
        raise InputError(f"--address {address}: is of a Dask cluster; it needs --engine dask")
    return _devices(gpus, engine)


def bind_file(path: Path, overrides: Sequence[str] = ()) -> Binding:
    """Return the binding of the spec in a file, all of it checked."""
    from sweeper.binding import bind
    from sweeper.spec import load

    binding = bind(load(path, overrides))
    if binding.spec.study is not None:
        from sweeper.search.open import check_study

        check_study(binding.spec)
    return binding


def run_binding(
    binding: Binding,
    listener: Listener,
    *,
    make_engine: Callable[[ApiStore, Driver], Engine],
    tracking_uri: str,
    policy: Policy = STANDARD,
) -> Summary:
    """Run a bound spec on an engine that is made once the store is there."""
    from sweeper.record import SweepRun
    from sweeper.resources import Resources
    from sweeper.store.driver import Driver
    from sweeper.store.index import Index
    from sweeper.store.tags import Tag
    from sweeper.sweep import Sweep
    from sweeper.task.context import Context, use

    interrupts = Interrupts(listener.noticed)
    store = _tidied_store(tracking_uri, listener)
    index = Index(store, metrics=binding.spec.metrics)
    with contextlib.ExitStack() as session:
        session.enter_context(interrupts.heard())
        with interrupts.put_off():
            driver = session.enter_context(contextlib.closing(Driver(store, at=binding.spec.name)))
        engine = session.enter_context(contextlib.closing(make_engine(store, driver)))
        Resources(binding, engine).check()
        open_search = _look_back(binding, store, driver, policy)
        driver.meet_others(listener.noticed)
        context = Context(store, index, labels={Tag.DRIVER: driver.run_id}, metric=binding.spec.metric)
        session.enter_context(use(context))
        with interrupts.put_off():
            record = SweepRun(store, binding, driver.run_id)
        with _killed_unless_begun(store, record):
            search = open_search(record, lambda: engine.slots, listener.noticed)
            record.begin()
        sweep = Sweep(binding, search, engine, store, index, driver, record, listener, policy)
        interrupts.ask(sweep.stop)
        with _obedient(driver, sweep.stop, listener):
            return sweep.run(at_end=interrupts.leave_in_peace)


def _tidied_store(tracking_uri: str, listener: Listener) -> ApiStore:
    """Open the store, and put in order what earlier processes could not."""
    from sweeper.store import open_store
    from sweeper.store.lease import bury_the_dead
    from sweeper.store.patience import Patience, running_seconds
    from sweeper.store.reach import check_reachable

    check_reachable(tracking_uri)  # one that does not answer to begin with is not waited for
    store = open_store(tracking_uri, Patience(running_seconds(), listener.noticed))
    _record_what_was_kept(store, listener)  # before its runs are buried
    buried = bury_the_dead(store)
    if buried:
        left = "run" if buried == 1 else "runs"
        listener.noticed(f"{buried} {left} that an earlier process left behind: marked KILLED")
    return store


@contextlib.contextmanager
def _killed_unless_begun(store: ApiStore, record: SweepRun) -> Iterator[None]:
    """End the run of a sweep that could not begin."""
    from sweeper.store.records import RunStatus

    try:
        yield
    except BaseException:
        store.end_run(record.run.run_id, RunStatus.KILLED)
        raise


def _record_what_was_kept(store: ApiStore, listener: Listener) -> None:
    from sweeper.task.late import record_late

    done = record_late(store)
    for those, what in ((done.recorded, "recorded"), (done.dropped, "dropped: they have been made again")):
        if those:
            results = "1 result" if len(those) == 1 else f"{len(those)} results"
            listener.noticed(f"{results} that an earlier run could not record: {what}")
    for reason in done.left:
        listener.noticed(f"a result that was kept cannot be recorded: {reason}")


def _look_back(
    binding: Binding, store: ApiStore, driver: Driver, policy: Policy
) -> Callable[[SweepRun, Callable[[], int], Notice], Search]:
    """Return what makes the search once the sweep's run is there; refuse first what does not go on from the record."""
    if binding.spec.study is None:
        if policy.fresh:
            raise InputError("--fresh starts a study anew, and the spec has no [study]")
        from sweeper.search.grid import GridSearch

        return lambda *_: GridSearch(binding.points)
    from sweeper.naming import refuse_other_use
    from sweeper.search.continuation import look_back
    from sweeper.search.open import open_study

    other = driver.take(binding.spec.name)
    if other is not None:
        raise InputError(
            f"another sweeper ({other.name}) is at the study {binding.spec.name}; a study has one at a time, "
            "or neither would know what the other asks and is told"
        )
    previous = store.sweep(binding.spec.name)
    if previous:
        refuse_other_use(previous.run, binding.spec)
    past = look_back(store, previous, binding, policy)
    old = previous.document if previous else {}

    def search(record: SweepRun, slots: Callable[[], int], notice: Notice) -> Search:
        labels = record.upstream_labels()
        return open_study(store, record.run, binding, past, old, slots=slots, labels=labels, notice=notice)

    return search


def _devices(gpus: str | None, engine: EngineName) -> tuple[str, ...]:
    """Return the devices that a command line names."""
    if gpus is None:
        return ()
    if engine is not EngineName.LOCAL:
        on_dask = '; on Dask, workers say what they have: --resources "gpu=1"' if engine is EngineName.DASK else ""
        raise InputError(f"--gpus {gpus}: is for the worker processes of --engine local{on_dask}")
    from sweeper.engine.machine import named_devices

    return named_devices(gpus)


def _engine(
    name: EngineName, binding: Binding, workers: int, devices: tuple[str, ...], uri: str, *, debug: bool
) -> Engine:
    if name is EngineName.INLINE:
        from sweeper.engine.inline import InlineEngine

        return InlineEngine(debug=debug)
    import sys

    from sweeper.engine.local import LocalEngine
    from sweeper.engine.process import Setup, luigi_config
    from sweeper.resources import machine_for
    from sweeper.store.patience import running_seconds

    setup = Setup(uri, tuple(sys.path), luigi_config(), running_seconds())
    return LocalEngine(workers, setup, machine_for(binding, devices))


@contextlib.contextmanager
def _obedient(driver: Driver, stop: Callable[[], None], listener: Listener) -> Iterator[None]:
    """Take a request to stop that is on the driver's record as a Ctrl-C, or for now as a SIGTERM, to this process."""
    thread = threading.current_thread()
    is_interruptible = thread is threading.main_thread() and callable(signal.getsignal(signal.SIGTERM))

    def obey(who: str, is_now: bool) -> None:  # noqa: FBT001 (called by position)
        listener.noticed(f"{one_line(who)} asks to stop{' now' if is_now else ': finishing what runs'}")
        stop()
        if is_now and is_interruptible and thread.ident is not None:
            signal.pthread_kill(thread.ident, signal.SIGTERM)  # to the thread: what it waits for ends

    driver.heed(obey)
    try:
        yield
    finally:
        driver.heed(None)
