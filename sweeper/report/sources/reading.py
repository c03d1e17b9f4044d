"""Where a table's results are found: the sweeps and experiments of a store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sweeper.errors import InputError, did_you_mean
from sweeper.report.lineage.trace import trace
from sweeper.report.question import STANDARD, Question
from sweeper.report.sources.foreign import ExperimentRuns
from sweeper.report.sources.observations import Observations, observe
from sweeper.report.sources.outcomes import SweepOutcomes, outcomes
from sweeper.store import open_reader
from sweeper.store.base import Reader
from sweeper.store.bulk import uncollected
from sweeper.store.lease import as_they_are, without_the_dead
from sweeper.store.locate import locate, shown_uri
from sweeper.store.records import SweepRecord


def open_store(tracking_uri: str | None) -> Reader:
    """Return a reader of the store that is meant: see ``sweeper.store.locate.locate``."""
    return open_reader(locate(tracking_uri))


def read(
    reader: Reader, sweeps: Sequence[str] = (), experiments: Sequence[str] = (), question: Question = STANDARD
) -> Observations:
    """Return what a question is about: the named sweeps and experiments; if none is named, the newest sweep.

    Raises ``InputError`` for a name that the store does not have.
    """
    names = sweeps or ([] if experiments else [newest(reader)])
    with uncollected():
        found = [read_outcomes(reader, name, question.metrics) for name in dict.fromkeys(names)]
        others = [_read_experiment(reader, name) for name in dict.fromkeys(experiments)]
        return observe([*found, *others], question, partial(trace, reader))


def read_outcomes(reader: Reader, name: str = "", metrics: Sequence[str] = ()) -> SweepOutcomes:
    """Return what became of the points of a sweep, the newest by default."""
    return outcomes(read_record(reader, name or newest(reader)), metrics)


def read_record(reader: Reader, name: str) -> SweepRecord:
    """Return what the store remembers of a sweep; raises ``InputError`` if there is no such sweep."""
    record = reader.sweep(name)
    if record is None:
        known = reader.sweep_names()
        remedy = did_you_mean(name, known) or "it has none yet; run one: sweeper run SPEC"
        raise InputError(f"{shown_uri(reader.uri)} has no sweep {name}; {remedy}")
    return without_the_dead(reader, record)


def newest(reader: Reader) -> str:
    """Return the name of the sweep that was started last; raises ``InputError`` if there is none."""
    names = reader.sweep_names()
    if not names:
        raise InputError(f"{shown_uri(reader.uri)} has no sweeps yet; run one: sweeper run SPEC")
    return names[0]


def _read_experiment(reader: Reader, name: str) -> ExperimentRuns:
    runs = as_they_are(reader, reader.runs_in([name]))
    known = [] if runs else reader.experiment_names()
    if not runs and name not in known:
        remedy = did_you_mean(name, known) or "it has none yet"
        raise InputError(f"{shown_uri(reader.uri)} has no experiment {name}; {remedy}")
    return ExperimentRuns(name, runs)
