"""Where a study is written down: a run for each trial, and beside them what the study started from."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.identity import canonical, digest
from sweeper.search.frozen import Known
from sweeper.spec import Spec
from sweeper.spec.restore import restore
from sweeper.store.base import Reader
from sweeper.store.records import MetricPoint, OpenRun, RunRecord, RunStatus
from sweeper.store.scratch import make_scratch
from sweeper.store.tags import PARENT_TAG, Kind, Tag
from sweeper.store.trials import Told, Trial, asked_tags, told_tags

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What a study started from, and what was changed since.

    ``study`` tells it from the studies that the sweep had before. ``lag`` is how many trials may be under way at once
    where the study is reproducible. ``known`` was measured elsewhere, by the sweeps ``warm_start``. ``basis`` is that
    of ``basis_of``; ``changes`` say from which trial on something else held.
    """

    study: str
    lag: int
    basis: str
    known: tuple[Known, ...] = ()
    warm_start: tuple[str, ...] = ()
    changes: tuple[tuple[int, str], ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return this as plain JSON."""
        known = [
            [canonical(one.values), canonical(one.objectives), canonical(one.constraints), one.before]
            for one in self.known
        ]
        return {
            "study": self.study,
            "lag": self.lag,
            "basis": self.basis,
            "known": known,
            "warm_start": [*self.warm_start],
            "changes": [[number, words] for number, words in self.changes],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Beginnings:
        """Return what ``to_document`` gave."""
        known = (
            Known(restore(values), tuple(restore(objectives)), tuple(restore(constraints)), before)
            for values, objectives, constraints, before in document["known"]
        )
        return cls(
            study=document["study"],
            lag=document["lag"],
            basis=document["basis"],
            known=tuple(known),
            warm_start=tuple(document["warm_start"]),
            changes=tuple((number, words) for number, words in document["changes"]),
        )


def basis_of(spec: Spec) -> str:
    """Return the digest of what a trial's values are made of: objectives, constraints and replicates."""
    assert spec.study is not None
    return digest(
        {
            "objectives": [[one.metric, one.direction.value] for one in spec.objectives],
            "constraints": [str(one) for one in spec.study.constraints],
            "replicates": [axis.to_document() for grid in spec.grids for axis in grid.axes],
        }
    )[:16]


def artifact_name(study: str) -> str:
    """Return the name of the artifact that a study's beginnings are kept in, on the sweep's own run."""
    return f"study-{study.rpartition('.')[2]}.json"


def read_beginnings(reader: Reader, run: RunRecord) -> Beginnings | None:
    """Return what the study that a sweep is at started from; None if it has none, or none yet."""
    study = run.tags.get(Tag.STUDY)
    if not study:
        return None
    path = reader.artifact(run, artifact_name(study))
    return Beginnings.from_document(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


@dataclass
class Ledger:
    """Writes down what a study asks and is told; what is written comes before what it leads to.

    ``run`` is the sweep's own; ``labels`` are tags for each trial's run.
    """

    store: ApiStore
    run: OpenRun | RunRecord
    spec: Spec
    beginnings: Beginnings
    labels: Mapping[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Write down what the study starts from; only then does the sweep go by it."""
        with make_scratch(self.run.run_id) as folder:
            path = Path(folder) / artifact_name(self.beginnings.study)
            path.write_text(json.dumps(self.beginnings.to_document(), indent=1), encoding="utf-8")
            self.store.save_artifact(self.run, path, path.name)
        self.store.log(self.run.run_id, tags={Tag.STUDY: self.beginnings.study})

    def ask(self, trial: Trial) -> Trial:
        """Write down what is to be tried; return the trial with its run."""
        tags = {
            **self.labels,
            PARENT_TAG: self.run.run_id,
            Tag.KIND: Kind.TRIAL,
            Tag.NAME: self.spec.name,
            Tag.STUDY: self.beginnings.study,
            **asked_tags(trial),
        }
        name = f"{self.spec.name} trial {trial.number}"
        opened = self.store.start_run(self.run.experiment, name, tags=tags)
        return replace(trial, run_id=opened.run_id, start_time=opened.start_time)

    def revise(self, trial: Trial) -> None:
        """Write down a trial once more, at one stroke: parameters were added to the space since."""
        told = told_tags(trial.told, replaces=True) if trial.told else {}
        self.store.log(trial.run_id, tags={**asked_tags(trial), **told})

    def reopen(self, trial: Trial) -> None:
        """Let a trial be under way again."""
        self.store.log(trial.run_id, tags=self.labels)
        self.store.reopen_run(trial.run_id)

    def tell(self, trial: Trial, told: Told) -> None:
        """Write down what came of a trial."""
        now = int(time.time() * 1000)
        measured = zip(self.spec.objectives, told.values, strict=False)
        metrics = [MetricPoint(objective.metric, value, told.order, now) for objective, value in measured]
        tags = {**told_tags(told, replaces=trial.told is not None), Tag.REASON.value: told.reason}
        tags |= {Tag.SUPERSEDED.value: ""} if trial.invalidated else {}
        self.store.log(trial.run_id, metrics=metrics, params=_params(trial), tags=tags)
        self.store.end_run(trial.run_id, told.state.status)

    def leave(self, trial: Trial, reason: str) -> None:
        """Close the run of a trial that did not come to its end, and will be asked for again."""
        self.store.log(trial.run_id, tags={Tag.REASON: reason})
        self.store.end_run(trial.run_id, RunStatus.KILLED)


def _params(trial: Trial) -> dict[str, str]:
    return {name: str(value) for name, value in trial.values.items()}
