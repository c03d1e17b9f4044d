"""The trials of a study: a run each, a child of the sweep's own, that says what was tried and what came of it.

A trial's run is made before anything of the trial runs, with the tag ``sweeper.trial``; what came of it is written
once, as ``sweeper.told``. Both are JSON; one that is too long for a tag goes on in ``<tag>/2`` and so on. The run's
MLflow status only mirrors this for who looks at it in MLflow.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from typing import Any

from sweeper.identity import canonical_json
from sweeper.spec.restore import restore
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.values import MAX_TAG


class TrialState(enum.StrEnum):
    """How a trial ended."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"

    @property
    def status(self) -> RunStatus:
        """The MLflow status of a trial's run."""
        match self:
            case TrialState.COMPLETE:
                return RunStatus.FINISHED
            case TrialState.PRUNED:
                return RunStatus.KILLED
            case TrialState.FAILED:
                return RunStatus.FAILED


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a trial.

    ``order`` counts the tells of a study from 0. ``values`` are those of the objectives, means over the replicates;
    ``constraints`` by how much each constraint is broken (at most 0 where it is kept); ``steps`` what the pruner was
    shown, by step; ``attributes`` what the pruner noted; ``replicates`` how many results the values are means of;
    ``seconds`` how long the study had run, over all its runs, when this was told; ``basis`` the digest of what values
    are made of: objectives, constraints and replicates.
    """

    order: int
    state: TrialState
    values: tuple[float, ...] = ()
    constraints: tuple[float, ...] = ()
    steps: Mapping[int, float] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    replicates: int = 1
    seconds: float = 0.0
    basis: str = ""

    @property
    def is_feasible(self) -> bool:
        """Whether the trial keeps every constraint."""
        return all(violation <= 0 for violation in self.constraints)


@dataclass(frozen=True, slots=True)
class Trial:
    """What was tried: an assignment of the parameters that are set, and how much was known by then.

    ``number`` counts the trials of a study from 0; ``seen`` is how many tells the sampler had seen; ``row`` the digest
    of the enqueued row that it comes from, '' if the sampler proposed it; ``attributes`` what the sampler noted.
    ``told`` is None until the trial has ended; ``run_id`` is that of the trial's own run. ``invalidated`` are the words
    by which somebody took back results of the trial, and with them what came of it: the trial is to be evaluated again.
    """

    number: int
    values: Mapping[str, Any]
    seen: int
    row: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    told: Told | None = None
    invalidated: str = ""
    run_id: str = ""
    start_time: int = 0
    end_time: int | None = None


def asked_tags(trial: Trial) -> dict[str, str]:
    """Return the tags that say what is tried."""
    form = {"number": trial.number, "values": trial.values, "seen": trial.seen}
    form |= {"row": trial.row} if trial.row else {}
    form |= {"attributes": trial.attributes} if trial.attributes else {}
    return _split(Tag.TRIAL, canonical_json(form))


def told_tags(told: Told, *, replaces: bool = False) -> dict[str, str]:
    """Return the tags that say what came of a trial; with ``replaces``, of one that was told of before."""
    form = asdict(told) | {"state": told.state.value, "steps": {str(step): value for step, value in told.steps.items()}}
    tags = _split(Tag.TOLD, canonical_json({name: value for name, value in form.items() if value not in ("", (), {})}))
    return tags | ({f"{Tag.TOLD}/{len(tags) + 1}": ""} if replaces else {})


def read_trials(runs: Sequence[RunRecord]) -> tuple[Trial, ...]:
    """Return the trials that runs stand for, by number; of two runs for one number, of a retried request, the first."""
    trials: dict[int, Trial] = {}
    for run in runs:
        trial = _read(run)
        known = trials.get(trial.number)
        if known is None or (known.told is None and trial.told is not None):
            trials[trial.number] = trial
    return tuple(trials[number] for number in sorted(trials))


def as_known(trial: Trial) -> Trial:
    """Return a trial with what is known of it now: nothing came yet of one that is to be evaluated again."""
    return replace(trial, told=None) if trial.invalidated else trial


def _read(run: RunRecord) -> Trial:
    asked, told = _joined(Tag.TRIAL, run.tags), _joined(Tag.TOLD, run.tags)
    return Trial(
        number=asked["number"],
        values=asked["values"],
        seen=asked["seen"],
        row=asked.get("row", ""),
        attributes=asked.get("attributes", {}),
        told=_read_told(told) if told else None,
        invalidated=run.invalidated,
        run_id=run.run_id,
        start_time=run.start_time,
        end_time=run.end_time,
    )


def _read_told(form: dict[str, Any]) -> Told:
    steps = {int(step): value for step, value in form.pop("steps", {}).items()}
    values, constraints = tuple(form.pop("values", ())), tuple(form.pop("constraints", ()))
    state = TrialState(form.pop("state"))
    return Told(state=state, values=values, constraints=constraints, steps=steps, **form)


def _split(tag: str, text: str) -> dict[str, str]:
    parts = [text[start : start + MAX_TAG] for start in range(0, len(text), MAX_TAG)]
    return {tag if number == 1 else f"{tag}/{number}": part for number, part in enumerate(parts, 1)}


def _joined(tag: str, tags: Mapping[str, str]) -> dict[str, Any]:
    text = ""
    for number in count(1):
        part = tags.get(tag if number == 1 else f"{tag}/{number}")
        if not part:
            break
        text += part
    form: dict[str, Any] = restore(json.loads(text)) if text else {}
    return form
