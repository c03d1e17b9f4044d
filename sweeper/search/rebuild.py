"""Build the Optuna study of a sweep anew, from the record of its trials."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence

from sweeper.search.components import Upkeep
from sweeper.search.frozen import Known
from sweeper.search.memory import Memory
from sweeper.spec import Spec
from sweeper.store.trials import Trial


def rebuild(
    spec: Spec,
    trials: Sequence[Trial],
    known: Sequence[Known] = (),
    reopened: Container[int] = (),
    held_back: Container[int] = (),
) -> tuple[Memory, int | None]:
    """Return the study as it was when its last trial was asked for, or ended.

    Trials are in the order of their numbers. Those ``reopened`` start over; of those ``held_back`` what came of them is
    to be told later. Also returned is the first trial for which the sampler now proposes something else than the record
    has, if it is asked again at all; the record stands.
    """
    memory = Memory(spec)
    waiting, ends, differs = deque(known), deque[Trial](), None
    if memory.upkeep is Upkeep.REPLAYED:
        ends.extend(sorted((trial for trial in trials if trial.told), key=_order))
    for trial in trials:
        while waiting and waiting[0].before <= trial.number:
            memory.put_known(waiting.popleft())
        while ends and _order(ends[0]) < trial.seen:
            _tell_again(memory, ends.popleft(), reopened, held_back)
        if memory.upkeep is not Upkeep.REPLAYED:
            _put_back(memory, trial, reopened, held_back)
        elif not memory.replay(trial) and differs is None:
            differs = trial.number
    for trial in ends:
        _tell_again(memory, trial, reopened, held_back)
    for one in waiting:
        memory.put_known(one)
    return memory, differs


def _order(trial: Trial) -> int:
    assert trial.told is not None
    return trial.told.order


def _put_back(memory: Memory, trial: Trial, reopened: Container[int], held_back: Container[int]) -> None:
    if trial.told is not None and trial.number not in reopened and trial.number not in held_back:
        memory.put_ended(trial)
        return
    memory.ask_again(trial)
    if trial.number in held_back:
        memory.retrace(trial)


def _tell_again(memory: Memory, trial: Trial, reopened: Container[int], held_back: Container[int]) -> None:
    if trial.number in reopened:
        return
    assert trial.told is not None
    memory.retrace(trial)
    if trial.number not in held_back:
        memory.tell(trial.number, trial.told)
