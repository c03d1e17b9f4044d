"""Studies without a store: a spec, an objective, and the loop that a sweep would be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.search.memory import Memory
from sweeper.search.rebuild import rebuild
from sweeper.spec import Spec, load
from sweeper.store.trials import Told, Trial, TrialState

SPACE = """
[study.space]
rate = { float = [1e-4, 1.0], log = true }
width = { int = [1, 9] }
drop = { float = [0.0, 0.9], step = 0.1 }
kind = { choice = ["adam", "sgd"] }
momentum = { float = [0.0, 1.0], when = { kind = "sgd" } }
"""

NUMBERS = """
[study.space]
rate = { float = [1e-4, 1.0], log = true }
drop = { float = [0.0, 0.9] }
width = { int = [1, 9] }
"""

Objective = Callable[[Mapping[str, Any]], Sequence[float]]


def spec_of(study: str, space: str = SPACE, *, folder: Path, head: str = 'metric = "score"') -> Spec:
    """Return the spec of a study."""
    path = folder / "study.toml"
    path.write_text(f'task = "m:T"\n{head}\n[study]\ntrials = 30\n{study}\n{space}', encoding="utf-8")
    return load(path)


def score(values: Mapping[str, Any]) -> list[float]:
    """Return something to maximize, with its best inside of the space."""
    momentum = values.get("momentum", 0.5)
    distance = abs(math.log10(values["rate"]) + 2) + abs(values["width"] - 4) / 4 + abs(values["drop"] - 0.3)
    return [-distance - abs(momentum - 0.9) - (values.get("kind") == "adam")]


def run(spec: Spec, trials: Sequence[Trial], number: int, objective: Objective = score) -> list[Trial]:
    """Run a study from its record until it has so many trials, one after the other; return the record."""
    record = list(trials)
    memory, _ = rebuild(spec, record)
    for trial in [one for one in record if one.told is None]:
        record[trial.number] = end(memory, trial, objective)
    while len(record) < number:
        values, noted = memory.ask(len(record))
        record.append(end(memory, Trial(len(record), values, len(record), attributes=noted), objective))
    return record


def end(memory: Memory, trial: Trial, objective: Objective = score) -> Trial:
    """Tell of a trial, and return it as the record has it."""
    told = Told(trial.number, TrialState.COMPLETE, tuple(objective(trial.values)))
    memory.tell(trial.number, told)
    return Trial(trial.number, trial.values, trial.seen, attributes=trial.attributes, told=told)
