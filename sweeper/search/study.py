"""The search that learns: an Optuna study whose every step is on the record.

A point is asked for when a slot is free, never ahead: what is known by then is used. What came of a trial is written
down before it is used, and what is to be tried before it runs, so that a study goes on from any instant at which it
was stopped.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sweeper.identity import digest
from sweeper.points import Count, Point
from sweeper.search.base import Done, Outcome, PointState, Wait
from sweeper.search.channel import Channel, ChannelReporter
from sweeper.search.evaluation import Evaluation
from sweeper.search.ledger import Ledger
from sweeper.search.memory import Memory
from sweeper.search.pruning import Pruning
from sweeper.store.trials import Told, Trial, TrialState

REDRAWS = 20
"""How often other values are drawn for a trial that something upstream, known to fail, would block."""


class StudySearch:
    """Proposes the points of trials, one replicate after the other, and learns from their outcomes.

    ``trials`` are those on the record; ``reopened`` the numbers of those among them that have ended, and are to end
    once more; ``held_back`` what the sampler must not know yet. ``points_of`` gives the points of a trial's values, of
    which ``slots`` are out at a time; ``notice`` is told what a user should know.
    """

    def __init__(
        self,
        ledger: Ledger,
        memory: Memory,
        trials: Sequence[Trial],
        reopened: frozenset[int],
        held_back: Mapping[int, Told],
        points_of: Callable[[Mapping[str, Any]], Sequence[Point]],
        slots: int,
        notice: Callable[[str], None],
    ) -> None:
        spec = ledger.spec
        assert spec.study is not None
        self._spec, self._study = spec, spec.study
        self._ledger, self._memory, self._points_of, self._slots = ledger, memory, points_of, slots
        self._notice = notice
        self._lock = threading.RLock()
        self._number = 1 + max((trial.number for trial in trials), default=-1)
        self._orders = 1 + max((trial.told.order for trial in trials if trial.told), default=-1)
        left = [trial for trial in trials if trial.told is None or trial.number in reopened]
        self._ended = {trial.number for trial in trials} - {trial.number for trial in left}
        self._again = deque(left)
        self._under_way: dict[int, Evaluation] = {}
        self._asked: defaultdict[str, deque[tuple[Evaluation, int]]] = defaultdict(deque)
        self._in_flight = 0
        self._causes: set[str] = set()
        tried = {trial.row for trial in trials}
        self._rows = deque(row for row in self._study.enqueue if digest(row) not in tried)
        self._is_stopped = False
        self._untold = dict(held_back)
        self._before = max((trial.told.seconds for trial in trials if trial.told), default=0.0)
        self._began = time.monotonic()
        self._pruning = Pruning(spec, has_replicates=len(points_of({})) > 1)
        self._channel = Channel(self._decide) if self._pruning.listens else None

    def ask(self, is_blocked: Callable[[Point], bool]) -> Point | Wait | Done:
        """Return the next point: of a trial under way, else of one that is to go on, else of a new one."""
        with self._lock:
            if self._in_flight >= self._slots:
                return Wait.FOR_OUTCOME
            trial = next(filter(self._may_continue, self._under_way.values()), None) or self._next(is_blocked)
            if trial is None:  # better a replicate that may turn out needless than an idle slot
                trial = next((one for one in self._under_way.values() if one.has_more), None)
            if trial is not None:
                return self._hand_out(trial)
            return Wait.FOR_OUTCOME if self._under_way else Done.NO_MORE_POINTS

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of a point, and end its trial if that decides it."""
        with self._lock:
            trial, place = self._take_back(outcome.point)
            if trial.is_over:
                return
            trial.outcomes[place] = outcome
            if outcome.state.has_result:
                self._retrace(trial, outcome)
                self._measure(trial)
            elif outcome.state is PointState.PRUNED:
                self._end(trial, TrialState.PRUNED, reason=outcome.reason)
            elif outcome.state is PointState.FAILED:
                self._end(trial, TrialState.FAILED, reason=outcome.reason)
            elif outcome.state is PointState.BLOCKED and outcome.cause not in self._causes:
                self._causes.add(outcome.cause)  # one failure upstream is one failed trial, however many it blocks
                self._end(trial, TrialState.FAILED, reason=outcome.reason)
            else:
                self._leave(trial, outcome.reason or outcome.state.value)

    def expected(self) -> Count:
        """Return how many points may still be asked for."""
        left = max(self._study.trials - self._number, 0) + len(self._again)
        is_exact = self._study.pruner is None and self._study.timeout is None
        return Count(left * len(self._points_of({})), is_exact)

    def reporter(self, point: Point) -> ChannelReporter | None:
        """Return what a point's task reports to, if a pruner listens."""
        asked = self._asked.get(point.to_json())
        return self._channel.reporter(asked[0][0].trial.number) if self._channel and asked else None

    def close(self) -> None:
        """Close the record of what is left under way, and the pruner's ears."""
        if self._channel:
            self._channel.close()
        with self._lock:
            for trial in [*self._under_way.values()]:
                self._leave(trial, "interrupted")

    def _next(self, is_blocked: Callable[[Point], bool]) -> Evaluation | None:
        """Return a trial that goes on from where it was left, else a new one, if there may be one now."""
        if self._again:
            trial = self._again.popleft()
            self._ledger.reopen(trial)
            return self._take_up(trial)
        if self._number >= self._study.trials or self._is_stopped or self._is_out_of_time():
            return None
        if self._study.reproducible and not self._catch_up(self._number - self._ledger.beginnings.lag):
            return None
        return self._begin(is_blocked)

    def _begin(self, is_blocked: Callable[[Point], bool]) -> Evaluation | None:
        """Ask for a new trial and write it down; None if whatever is tried is blocked."""
        row = self._rows[0] if self._rows else None
        values, noted = self._memory.ask(self._number, row)
        for draw in range(1, REDRAWS + 1):
            if row is not None or not is_blocked(self._points_of(values)[0]):
                break
            values = self._memory.redraw(self._number, draw)
        else:
            self._stop(f"{REDRAWS} proposals in a row need what has failed")
            return None
        mark = digest(self._rows.popleft()) if row is not None else ""
        point = self._points_of(values)[0]  # has each value as its parameter takes it: 3.0 for a 3
        tried = {name: point[name] for name in values}
        trial = self._ledger.ask(Trial(self._number, tried, self._seen, mark, noted))
        self._number += 1
        return self._take_up(trial)

    def _take_up(self, trial: Trial) -> Evaluation:
        self._under_way[trial.number] = Evaluation(trial, self._points_of(trial.values))
        return self._under_way[trial.number]

    def _hand_out(self, trial: Evaluation) -> Point:
        point, place = trial.hand_out()
        self._asked[point.to_json()].append((trial, place))
        self._in_flight += 1
        return point

    def _take_back(self, point: Point) -> tuple[Evaluation, int]:
        name = point.to_json()
        found = self._asked[name].popleft()
        if not self._asked[name]:
            del self._asked[name]
        self._in_flight -= 1
        return found

    def _may_continue(self, trial: Evaluation) -> bool:
        """Whether a trial's next replicate may be handed out: where a pruner looks at each, the last must be in."""
        return trial.has_more and not (self._pruning.compares_replicates and trial.is_waited_for)

    def _retrace(self, trial: Evaluation, outcome: Outcome) -> None:
        """Let the pruner have what a reused result reported when it was made; nothing is left to prune."""
        if self._pruning.listens and outcome.state is PointState.REUSED:
            known = self._memory.steps(trial.trial.number)
            for step, value in self._ledger.store.reported(outcome.run_id).items():
                if step not in known:
                    self._report(trial.trial.number, value, step)

    def _measure(self, trial: Evaluation) -> None:
        """Show the pruner what is new, and end the trial if that was all."""
        number = trial.trial.number
        for step, value in self._pruning.replicate_steps(trial.outcomes):
            is_new = step not in self._memory.steps(number)
            if is_new and self._report(number, value, step) and step < len(trial.points):
                self._end(trial, TrialState.PRUNED, reason=f"pruned after {step} of {len(trial.points)} replicates")
                return
        if trial.is_complete:
            values = tuple(trial.mean(objective.metric) for objective in self._spec.objectives)
            if any(map(math.isnan, values)):
                self._end(trial, TrialState.FAILED, reason="the mean over its replicates is no number")
                return
            violations = tuple(one.violation(trial.mean(one.metric)) for one in self._study.constraints)
            self._end(trial, TrialState.COMPLETE, values, violations)

    def _end(
        self,
        evaluation: Evaluation,
        state: TrialState,
        values: tuple[float, ...] = (),
        violations: tuple[float, ...] = (),
        reason: str = "",
    ) -> None:
        """Write down what came of a trial, then let the sampler know."""
        trial = evaluation.trial
        told = Told(
            order=self._order(trial),
            state=state,
            values=values,
            constraints=violations,
            steps=self._memory.steps(trial.number),
            attributes=self._memory.attributes(trial.number),
            reason=reason,
            replicates=len(evaluation.outcomes),
            seconds=self._seconds,
            basis=self._ledger.beginnings.basis,
        )
        self._ledger.tell(trial, told)
        evaluation.is_over = True
        del self._under_way[trial.number]
        self._ended.add(trial.number)
        if self._study.reproducible:
            self._untold[trial.number] = told
        else:
            self._memory.tell(trial.number, told)

    def _leave(self, trial: Evaluation, reason: str) -> None:
        """Let go of a trial that is to be asked for again by the next run of the sweep."""
        trial.is_over = True
        del self._under_way[trial.trial.number]
        self._ended.add(trial.trial.number)
        self._ledger.leave(trial.trial, reason)

    def _catch_up(self, last: int) -> bool:
        """Let the sampler know of the trials up to a number, in their order; False if one of them is under way."""
        if any(number not in self._ended for number in range(max(last + 1, 0))):
            return False
        for number in sorted(number for number in self._untold if number <= last):
            self._memory.tell(number, self._untold.pop(number))
        return True

    def _order(self, trial: Trial) -> int:
        """Return the place of a tell among all of them; a trial that is told of once more keeps its own."""
        if trial.told is not None:
            return trial.told.order
        if self._study.reproducible:
            return trial.number
        self._orders += 1
        return self._orders - 1

    def _decide(self, number: int, value: float, step: int) -> str:
        """Return why a trial that reports a value is to stop, '' if it may go on."""
        with self._lock:
            trial = self._under_way.get(number)
            if trial is None:
                return "the trial has ended"
            if not self._report(number, value, step):
                return ""
            reason = f"pruned at step {step}"
            self._end(trial, TrialState.PRUNED, reason=reason)  # on the record before the task knows
            return reason

    def _report(self, number: int, value: float, step: int) -> bool:
        horizon = number - self._ledger.beginnings.lag if self._study.reproducible else None
        return self._memory.report(number, value, step, horizon)

    @property
    def _seen(self) -> int:
        """How many tells the sampler knows of: all with a lesser order."""
        if self._study.reproducible:
            return max(self._number - self._ledger.beginnings.lag + 1, 0)
        return self._orders

    @property
    def _seconds(self) -> float:
        """How long the study has run, over all runs of the sweep."""
        return self._before + time.monotonic() - self._began

    def _is_out_of_time(self) -> bool:
        if self._study.timeout is not None and self._seconds >= self._study.timeout:
            self._stop(f"the study's {self._study.timeout:g} s are over")
        return self._is_stopped

    def _stop(self, reason: str) -> None:
        """Begin no more trials in this run of the sweep."""
        self._is_stopped = True
        self._notice(f"{reason}; {self._study.trials - self._number} trials are not begun")
