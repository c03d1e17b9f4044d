"""The search that learns: an Optuna study whose every step is on the record.

A point is asked for when a slot is free, never ahead: what is known by then is used. What came of a trial is written
down before it is used, and what is to be tried before it runs, so that a study goes on from any instant at which it
was stopped.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sweeper.identity import digest
from sweeper.points import Count, Point
from sweeper.search.base import Done, Outcome, PointState, Wait
from sweeper.search.budget import Budget
from sweeper.search.channel import Channel, ChannelReporter
from sweeper.search.continuation import Past, rows_left
from sweeper.search.disclosure import Disclosure
from sweeper.search.evaluation import Evaluation, InFlight
from sweeper.search.ledger import Ledger
from sweeper.search.memory import Memory
from sweeper.search.pruning import Pruned, Pruning
from sweeper.store.trials import Told, Trial, TrialState

REDRAWS = 20
"""How often other values are drawn for a trial that something upstream, known to fail, would block."""


class StudySearch:
    """Proposes the points of trials, one replicate after the other, and learns from their outcomes.

    It goes on from a ``past`` that ``memory`` was built of; ``disclosure`` decides when that learns of what comes.
    ``points_of`` gives the points of a trial's values, and ``has_result`` tells which of them the store can answer;
    ``slots()`` are out at a time, at most; ``notice`` is told what a user should know.
    """

    def __init__(
        self,
        ledger: Ledger,
        memory: Memory,
        disclosure: Disclosure,
        past: Past,
        points_of: Callable[[Mapping[str, Any]], Sequence[Point]],
        has_result: Callable[[Point], bool],
        slots: Callable[[], int],
        notice: Callable[[str], None],
    ) -> None:
        spec = ledger.spec
        assert spec.study is not None
        self._spec, self._study = spec, spec.study
        self._ledger, self._memory, self._disclosure = ledger, memory, disclosure
        self._points_of, self._has_result = points_of, has_result
        self._slots, self._notice = slots, notice
        self._lock = threading.RLock()
        self._number = past.next_number
        self._again = deque(trial for trial in past.trials if trial.told is None or trial.number in past.reopened)
        self._under_way: dict[int, Evaluation] = {}
        self._in_flight = InFlight()
        self._causes: set[str] = set()
        self._rows = deque(rows_left(self._study.enqueue, past.trials))
        self._pruned = Pruned(trial for trial in past.trials if trial.number not in past.reopened)
        self._is_stopped = False
        spent = max((trial.told.seconds for trial in past.trials if trial.told), default=0.0)
        self._budget = Budget(self._study.timeout, spent)
        self._replicates = len(points_of({}))
        self._pruning = Pruning(self._study.pruner, memory, disclosure, has_replicates=self._replicates > 1)
        self._channel = Channel(self._decide) if self._pruning.listens else None

    def ask(self, is_blocked: Callable[[Point], bool]) -> Point | Wait | Done:
        """Return the next point: of a trial under way, else of one that is to go on, else of a new one."""
        with self._lock:
            if len(self._in_flight) >= self._slots():
                return Wait.FOR_OUTCOME
            chosen = next(filter(self._may_continue, self._under_way.values()), None) or self._next(is_blocked)
            if chosen is None and not self._study.reproducible:  # better a replicate more than an idle slot
                chosen = next((one for one in self._under_way.values() if one.has_more), None)
            if chosen is not None:
                return self._in_flight.hand_out(chosen)
            return Wait.FOR_OUTCOME if self._under_way else Done.NO_MORE_POINTS

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of a point, and end its trial if that decides it."""
        with self._lock:
            evaluation, place = self._in_flight.take_back(outcome.point)
            if evaluation.is_over:
                return
            evaluation.outcomes[place] = outcome
            if outcome.state.has_result:
                if outcome.state is PointState.REUSED and self._pruning.listens:
                    self._pruning.retrace(evaluation.number, self._ledger.store.reported(outcome.run_id))
                self._measure(evaluation)
            elif outcome.state is PointState.PRUNED:
                self._end(evaluation, TrialState.PRUNED, reason=outcome.reason)
            elif outcome.state is PointState.FAILED:
                self._end(evaluation, TrialState.FAILED, reason=outcome.reason)
            elif outcome.state is PointState.BLOCKED and outcome.cause not in self._causes:
                self._causes.add(outcome.cause)  # one failure upstream is one failed trial, however many it blocks
                self._end(evaluation, TrialState.FAILED, reason=outcome.reason)
            else:
                self._leave(evaluation, outcome.reason or outcome.state.value)

    def expected(self) -> Count:
        """Return how many points may still be asked for."""
        new = 0 if self._budget.is_used_up else max(self._study.trials - self._number, 0)
        left = new + len(self._again)
        is_exact = self._study.pruner is None and self._study.timeout is None
        return Count(left * self._replicates, is_exact)

    def reporter(self, point: Point) -> ChannelReporter | None:
        """Return what a point's task reports to, if a pruner listens."""
        evaluation = self._in_flight.evaluation_of(point)
        if self._channel is None or evaluation is None:
            return None
        with self._lock:
            if not evaluation.is_over:
                self._memory.begin_anew(evaluation.number)
        return self._channel.reporter(evaluation.number)

    def close(self) -> None:
        """Close the record of what is left under way, and the pruner's ears."""
        if self._channel:
            self._channel.close()
        with self._lock:
            for evaluation in [*self._under_way.values()]:
                self._leave(evaluation, "interrupted")

    def _may_continue(self, evaluation: Evaluation) -> bool:
        """Whether a trial's next replicate may be handed out: where a pruner looks at each, the last must be in."""
        return evaluation.has_more and not (self._pruning.compares_replicates and evaluation.is_waited_for)

    def _next(self, is_blocked: Callable[[Point], bool]) -> Evaluation | None:
        """Return a trial that goes on from where it was left, else a new one, if there may be one now."""
        while self._again or self._may_begin():
            evaluation = self._resume(self._again.popleft()) if self._again else self._begin(is_blocked)
            twin = self._pruned.twin_of(evaluation.trial) if evaluation else None
            if evaluation is None or twin is None or all(map(self._has_result, evaluation.points)):
                return evaluation
            self._end(evaluation, TrialState.PRUNED, reason=f"pruned as trial {twin}")
        return None

    def _may_begin(self) -> bool:
        """Whether there may be a new trial now; if there will be none, though there could be, it is said why."""
        if self._is_stopped or self._number >= self._study.trials:
            return False
        if self._budget.is_used_up:
            self._stop(f"the study's {self._study.timeout:g} s are over")
        elif self._memory.is_exhausted:
            self._stop("the sampler has nothing more to propose")
        return not self._is_stopped and self._disclosure.catch_up(self._number, self._under_way)

    def _resume(self, trial: Trial) -> Evaluation:
        self._ledger.reopen(trial)
        return self._take_up(trial)

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
        trial = self._ledger.ask(Trial(self._number, tried, self._disclosure.seen(self._number), mark, noted))
        self._number += 1
        return self._take_up(trial)

    def _take_up(self, trial: Trial) -> Evaluation:
        self._under_way[trial.number] = Evaluation(trial, self._points_of(trial.values))
        return self._under_way[trial.number]

    def _measure(self, evaluation: Evaluation) -> None:
        """Show the pruner what is new, and end the trial if that was all."""
        stop = self._pruning.look_at(evaluation)
        if stop is not None:
            reason = f"pruned after {stop} of {self._replicates} replicates"
            self._end(evaluation, TrialState.PRUNED, reason=reason)
        elif evaluation.is_complete:
            self._complete(evaluation)

    def _complete(self, evaluation: Evaluation) -> None:
        """End a trial with the means over its replicates, if they are numbers."""
        means = evaluation.means(self._spec.metrics)
        if any(map(math.isnan, means.values())):
            self._end(evaluation, TrialState.FAILED, reason="the mean over its replicates is no number")
            return
        values = tuple(means[objective.metric] for objective in self._spec.objectives)
        violations = tuple(one.violation(means[one.metric]) for one in self._study.constraints)
        self._end(evaluation, TrialState.COMPLETE, values, violations)

    def _end(
        self,
        evaluation: Evaluation,
        state: TrialState,
        values: tuple[float, ...] = (),
        violations: tuple[float, ...] = (),
        reason: str = "",
    ) -> None:
        """Write down what came of a trial, then let it be known."""
        trial = evaluation.trial
        told = Told(
            order=trial.told.order if trial.told else self._disclosure.order(trial.number),
            state=state,
            values=values,
            constraints=violations,
            steps=self._memory.steps(trial.number),
            attributes=self._memory.attributes(trial.number),
            reason=reason,
            replicates=len(evaluation.outcomes),
            seconds=self._budget.seconds,
            basis=self._ledger.beginnings.basis,
        )
        self._ledger.tell(trial, told)
        self._let_go(evaluation)
        if state is TrialState.PRUNED:
            self._pruned.add(trial)
        self._disclosure.tell(trial.number, told)

    def _leave(self, evaluation: Evaluation, reason: str) -> None:
        """Let go of a trial that is to be asked for again by the next run of the sweep."""
        self._let_go(evaluation)
        self._ledger.leave(evaluation.trial, reason)

    def _let_go(self, evaluation: Evaluation) -> None:
        evaluation.is_over = True
        del self._under_way[evaluation.number]

    def _decide(self, number: int, value: float, step: int) -> str:
        """Return why a trial that reports a value is to stop, '' if it may go on."""
        with self._lock:
            evaluation = self._under_way.get(number)
            if evaluation is None:
                return "the trial has ended"
            if not self._pruning.report(number, value, step):
                return ""
            reason = f"pruned at step {step}"
            self._end(evaluation, TrialState.PRUNED, reason=reason)  # on the record before the task knows
            return reason

    def _stop(self, reason: str) -> None:
        """Begin no more trials in this run of the sweep."""
        self._is_stopped = True
        self._notice(f"{reason}; {self._study.trials - self._number} trials are not begun")
