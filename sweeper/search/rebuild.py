"""Build the Optuna study of a sweep anew, from the record of its trials."""

from __future__ import annotations

from collections.abc import Container, Sequence

from sweeper.search.components import Upkeep
from sweeper.search.frozen import Known
from sweeper.search.memory import Memory
from sweeper.spec import Spec
from sweeper.store.trials import Told, Trial


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
    waiting = list(known)
    differs: list[int] = []
    ends = sorted(_ends(trials), key=lambda end: end[1].order)
    for trial in trials:
        while waiting and waiting[0].before <= trial.number:
            memory.put_known(waiting.pop(0))
        if memory.upkeep is Upkeep.REPLAYED:
            while ends and ends[0][1].order < trial.seen:
                _tell_again(memory, *ends.pop(0), reopened, held_back)
            if not memory.replay(trial):
                differs.append(trial.number)
        elif trial.told is None or trial.number in reopened or trial.number in held_back:
            memory.ask_again(trial)
            if trial.number in held_back:
                memory.retrace(trial)
        else:
            memory.put_ended(trial)
    for end in ends if memory.upkeep is Upkeep.REPLAYED else ():
        _tell_again(memory, *end, reopened, held_back)
    for one in waiting:
        memory.put_known(one)
    return memory, differs[0] if differs else None


def _ends(trials: Sequence[Trial]) -> list[tuple[Trial, Told]]:
    return [(trial, trial.told) for trial in trials if trial.told is not None]


def _tell_again(memory: Memory, trial: Trial, told: Told, reopened: Container[int], held_back: Container[int]) -> None:
    if trial.number in reopened:
        return
    memory.retrace(trial)
    if trial.number not in held_back:
        memory.tell(trial.number, told)
