"""Everything that the store knows of a sweep as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from sweeper.report.accounts.account import Maker, maker_of
from sweeper.report.accounts.environments import Environment, environment_of
from sweeper.report.accounts.standing import SweepStanding, standing_of
from sweeper.report.lineage.dag import Dag, dag
from sweeper.report.lineage.notes import notes
from sweeper.report.lineage.trace import trace
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.outcomes import SweepOutcomes, outcomes
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, SweepRecord


@dataclass(frozen=True, slots=True)
class SweepAccount:
    """Everything that the store knows of a sweep as a whole.

    ``outcomes`` is None for a sweep that stopped before its spec was on the record. ``dag`` is the pipeline behind its
    results, and ``notes`` say what keeps them from being of one making.
    """

    record: SweepRecord
    outcomes: SweepOutcomes | None
    standing: SweepStanding
    maker: Maker | None
    environment: Environment | None
    dag: Dag
    notes: tuple[str, ...]

    @property
    def run(self) -> RunRecord:
        """The sweep's own run."""
        return self.record.run


def sweep_account(reader: Reader, record: SweepRecord) -> SweepAccount:
    """Return everything that the store knows of a sweep."""
    found = outcomes(record) if record.document else None
    results = {
        cell.run.run_id: cell.run
        for cell in (found.cells if found else ())
        if cell.run is not None and cell.state is CellState.FINISHED
    }
    runs = [*results.values()]
    lineage = trace(reader, runs)
    return SweepAccount(
        record,
        found,
        standing_of(reader, record.run, found),
        maker_of(reader, record.run),
        environment_of(reader, record.run),
        dag(runs, lineage),
        tuple(notes(runs, lineage)),
    )
