"""One ``sweeper run``: from a spec file to a summary, with the store, the engine and the signals around the loop."""

from __future__ import annotations

import contextlib
import enum
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from sweeper.store.locate import locate

if TYPE_CHECKING:
    from sweeper.binding import Binding
    from sweeper.engine.base import Engine
    from sweeper.listener import Listener, Summary


class EngineName(enum.StrEnum):
    """The engines that a sweep can run on."""

    LOCAL = "local"
    INLINE = "inline"


def run_spec(
    path: Path,
    listener: Listener,
    *,
    overrides: Sequence[str] = (),
    engine: EngineName = EngineName.LOCAL,
    workers: int = 1,
    tracking_uri: str | None = None,
    fail_fast: bool = False,
    rerun_changed: bool = False,
    debug: bool = False,
) -> Summary:
    """Run the sweep that a spec file declares, and return what it came to.

    ``tracking_uri`` as in ``sweeper.store.locate``; ``overrides`` as in ``sweeper.spec.load``; ``debug`` opens the
    debugger where a task fails (inline only); ``rerun_changed`` makes results of other code again. The first Ctrl-C
    lets what runs finish, the second stops it.
    """
    if engine is EngineName.LOCAL:
        from sweeper.engine.local import warm_up

        warm_up(workers)  # imports in another process what this one is about to import
    from sweeper.binding import bind
    from sweeper.spec import load

    binding = bind(load(path, overrides))
    if engine is EngineName.INLINE and (binding.spec.timeout or binding.spec.timeouts):
        listener.noticed("the inline engine keeps no time-outs: nothing is left to stop a task")
    return run_binding(
        binding,
        listener,
        make_engine=lambda uri: _engine(engine, workers, uri, debug=debug),
        tracking_uri=locate(tracking_uri, start=path.parent if path.parent.exists() else None),
        fail_fast=fail_fast,
        rerun_changed=rerun_changed,
    )


def run_binding(
    binding: Binding,
    listener: Listener,
    *,
    make_engine: Callable[[str], Engine],
    tracking_uri: str,
    fail_fast: bool = False,
    rerun_changed: bool = False,
) -> Summary:
    """Run a bound spec on an engine that is made once the store is there."""
    from sweeper.search.grid import GridSearch
    from sweeper.store import open_store
    from sweeper.store.base import Tag
    from sweeper.store.index import Index
    from sweeper.store.lease import Driver, bury_the_dead
    from sweeper.sweep import Sweep
    from sweeper.task.context import Context, use

    store = open_store(tracking_uri)
    buried = bury_the_dead(store)
    if buried:
        listener.noticed(f"{buried} runs that an earlier process left behind are marked KILLED")
    index = Index(store, metric=binding.spec.metric)
    with contextlib.closing(Driver(store)) as driver, contextlib.closing(make_engine(tracking_uri)) as engine:
        driver.meet_others(listener.noticed)
        context = Context(store, index, labels={Tag.DRIVER: driver.run_id}, metric=binding.spec.metric)
        with use(context):
            search = GridSearch(binding.points)
            sweep = Sweep(
                binding,
                search,
                engine,
                store,
                index,
                driver,
                listener,
                fail_fast=fail_fast,
                rerun_changed=rerun_changed,
            )
            with _interruptible(sweep.stop, listener):
                return sweep.run()


def _engine(name: EngineName, workers: int, uri: str, *, debug: bool) -> Engine:
    if name is EngineName.INLINE:
        from sweeper.engine.inline import InlineEngine

        return InlineEngine(debug=debug)
    import sys

    from sweeper.engine.local import LocalEngine
    from sweeper.engine.process import Setup, luigi_config

    return LocalEngine(workers, Setup(uri, tuple(sys.path), luigi_config=luigi_config()))


@contextlib.contextmanager
def _interruptible(stop: Callable[[], None], listener: Listener) -> Iterator[None]:
    """Make the first Ctrl-C a request to stop, and the second, or a SIGTERM or SIGHUP, a ``KeyboardInterrupt``."""

    def interrupt(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and not asked:
            asked.append(number)
            listener.noticed("finishing what runs; Ctrl-C again stops it now")
            stop()
        else:
            stop()
            raise KeyboardInterrupt

    asked: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as nohup has it
            with contextlib.suppress(ValueError):  # not in the main thread: nobody presses keys there
                before[number] = signal.signal(number, interrupt)
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)
