"""The live display of a sweep in a terminal, and plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self, cast

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeper.leader import Best, Leader
from sweeper.outlet import Outlet
from sweeper.points import Count
from sweeper.report.plan import duration
from sweeper.report.status import from_here
from sweeper.search.base import Outcome, PointState

if TYPE_CHECKING:
    import luigi

    from sweeper.spec import Spec

LINE_SECONDS = 10.0
"""How often plain output says how far it is, where no line is due for another reason."""

_STYLES = {
    PointState.COMPUTED: "green",
    PointState.REUSED: "cyan",
    PointState.PRUNED: "blue",
    PointState.FAILED: "red",
    PointState.BLOCKED: "yellow",
    PointState.INTERRUPTED: "magenta",
}
_RUN = (PointState.COMPUTED, PointState.PRUNED)


class Tally:
    """How far a sweep is: counts, rate, time left, the best so far."""

    def __init__(self, spec: Spec | None = None) -> None:
        self.states: Counter[PointState] = Counter()
        self.expected = Count(0, is_exact=True)
        self._leader = Leader(spec) if spec else None
        self._began = time.monotonic()
        self._first_run: float | None = None

    @property
    def done(self) -> int:
        """How many points have ended."""
        return self.states.total()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float | None:
        """Points run a second, to their end or until they were pruned, since the first; None until there are two."""
        run = sum(self.states[state] for state in _RUN)
        if self._first_run is None or run < 2:
            return None
        return (run - 1) / max(time.monotonic() - self._first_run, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at the present rate, if all of it is to be computed."""
        return max(self.expected.number - self.done, 0) / self.rate if self.rate else None

    def add(self, outcome: Outcome) -> None:
        """Count a point."""
        self.states[outcome.state] += 1
        if outcome.state in _RUN and self._first_run is None:
            self._first_run = time.monotonic()
        if self._leader:
            self._leader.add(outcome)

    def counts(self) -> str:
        """Return the counts as text: ``3 computed, 1 failed``."""
        return ", ".join(f"{self.states[state]:,} {state}" for state in PointState if self.states[state]) or "none yet"

    @property
    def best(self) -> Best | None:
        """The best configuration so far."""
        return self._leader.best if self._leader else None


class Progress:
    """Shows a sweep as it goes: a ``Listener``, open while the context lasts."""

    def __init__(self, console: Console | None = None) -> None:
        self.name = ""
        self._metric = ""
        self._outlet = Outlet(sys.stdout)
        self._console = console or Console(file=cast("IO[str]", self._outlet), highlight=False, soft_wrap=True)
        self._tally = Tally()
        self._running: list[luigi.Task] = []
        self._blocked_by: set[str] = set()
        self._last_line = time.monotonic()
        self._live: Live | None = None

    @property
    def lost(self) -> OSError | None:
        """Why what it shows could not be written, if so: the sweep goes on without."""
        return self._outlet.error

    def __enter__(self) -> Self:
        if self._console.is_interactive:
            self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def began(self, spec: Spec, expected: Count) -> None:
        """Say what is swept, and how many points there are."""
        self.name, self._metric = spec.name, spec.metric
        self._tally = Tally(spec)
        self._tally.expected = expected
        points = expected.of("point") if expected.number else "no more points"
        self._print(f"{spec.name}: {points} of {spec.task.partition(':')[2]}")

    def told(self, outcome: Outcome) -> None:
        """Count a point, and say so if something is to be said about it."""
        self._tally.add(outcome)
        is_news = outcome.state is PointState.FAILED or outcome.reason not in self._blocked_by
        if outcome.state in (PointState.FAILED, PointState.BLOCKED) and is_news:
            style = _STYLES[outcome.state]
            point = f" {outcome.point}".rstrip()  # nothing, of a sweep that is one point
            self._print(Text.assemble((outcome.state.value, style), f"{point}: {outcome.reason}{_where(outcome)}"))

        if outcome.state is PointState.BLOCKED:
            self._blocked_by.add(outcome.reason)  # one upstream failure is told once, however many points wait for it

    def running(self, tasks: list[luigi.Task]) -> None:
        """Take note of what runs now; where there is no live display, say so now and then."""
        self._running = tasks
        if not self._live and time.monotonic() - self._last_line > LINE_SECONDS:
            self._print(self._line())

    def noticed(self, message: str) -> None:
        """Say something."""
        self._print(Text(message, style="yellow"))

    def finished(self, seconds: float) -> None:
        """Say what it came to."""
        tally = self._tally
        if not (tally.done or tally.expected.number):
            return
        best = f"; {self._best()}" if tally.best else ""
        self._print(f"{tally.done:,} of {tally.expected.of('point')} in {duration(seconds)}: {tally.counts()}{best}")

    def _best(self) -> str:
        """Return the best point so far as words; there is one."""
        best = self._tally.best
        assert best is not None
        over = f" (mean of {best.n})" if best.n > 1 else ""
        at = f" at {best.point}" if best.point.values else ""
        return f"best {self._metric} {best.mean:.6g}{over}{at}"

    def _print(self, text: str | Text) -> None:
        self._last_line = time.monotonic()
        self._console.print(text, markup=False)

    def _line(self) -> str:
        tally = self._tally
        left = f", about {duration(tally.seconds_left)} left" if tally.seconds_left else ""
        running = f"; running: {self._families()}" if self._running else ""
        return f"{tally.done:,} of {tally.expected.of('point')} ({tally.counts()}){left}{running}"

    def _families(self) -> str:
        counts = Counter(one.task_family for one in self._running)
        return ", ".join(f"{count} {family}" for family, count in counts.items())

    def _render(self) -> Group:
        tally = self._tally
        grid = Table.grid(padding=(0, 2))
        rate = f"{tally.rate:.1f}/s" if tally.rate else ""
        left = f"{duration(tally.seconds_left)} left" if tally.seconds_left is not None else ""
        grid.add_row(
            ProgressBar(total=max(tally.expected.number, 1), completed=tally.done, width=30),
            f"{tally.done:,}/{tally.expected}",
            Text(", ").join(
                Text(f"{tally.states[state]:,} {state}", style=_STYLES[state])
                for state in PointState
                if tally.states[state]
            ),
            rate,
            duration(tally.seconds),
            left,
        )
        lines = [Text(f"running: {self._families()}") if self._running else Text("starting")]
        if tally.best is not None:
            lines.append(Text(self._best()))
        return Group(grid, *lines)


def _where(outcome: Outcome) -> str:
    """Return where more is said about a point without a result, as words behind the reason."""
    if outcome.log:
        return f" (log: {from_here(outcome.log)})"
    return f" (run {outcome.run_id})" if outcome.run_id else ""
