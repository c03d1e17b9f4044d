"""The page of a table: the table itself, its figures, what failed, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweeper.errors import StoreError
from sweeper.report.accounts.environments import Environment, environment_of
from sweeper.report.accounts.logs import log_path, log_tail
from sweeper.report.escape import shown
from sweeper.report.figures.depict import depict
from sweeper.report.figures.interactive import pictures
from sweeper.report.lineage.dag import Dag, dag
from sweeper.report.lineage.dag import Node as Made
from sweeper.report.lineage.origins import COMMIT, is_dirty
from sweeper.report.page.page import Cell, Column, Edge, Failure, Node, Page, Picture
from sweeper.report.plan import average, duration
from sweeper.report.sources.cells import Cell as Outcome
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.status import MOST_NAMED
from sweeper.report.tables import typeset
from sweeper.report.tables.column import Column as Words
from sweeper.report.tables.column import Kind, Value
from sweeper.report.tables.layout import Layout, layout
from sweeper.report.tables.table import Table
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord

MOST_FAILURES = 50
"""Of so many reasons why there is no result the log is read and shown."""


def compose(table: Table, reader: Reader) -> Page:
    """Return the page of a table, with all its rows."""
    words = layout(table, has_all=True)
    sweep = table.observations.only_sweep
    environment = environment_of(reader, sweep.record.run) if sweep else None
    pipeline = dag(table.observations.runs, table.observations.lineage)
    return Page(
        title=words.title.partition(":")[0],
        lines=tuple(_head(words)),
        columns=tuple(Column(one.header, is_number=one.kind is not Kind.WORDS) for one in words.columns),
        rows=tuple(_rows(words.columns)),
        legend=tuple(_legend(words)),
        footer=(*words.notes, *words.footer),
        pictures=tuple(_pictures(table, reader)),
        failures=tuple(_failures(table, reader)),
        nodes=tuple(map(_node, pipeline.nodes)) if len(pipeline.nodes) > 1 else (),
        edges=tuple(_edges(pipeline)),
        shared=(f"Sharing saved {duration(pipeline.saved)} of computing.",) if pipeline.saved else (),
        spec=str(sweep.record.document.get("text", "")) if sweep else "",
        environment=tuple(_origin(sweep, environment)) if sweep else (),
        packages=tuple(environment.packages.items()) if environment else (),
    )


def _head(words: Layout) -> Iterator[str]:
    yield words.title.partition(":")[2].strip()
    if words.fixed:
        yield f"fixed: {words.fixed_words}"


def _legend(words: Layout) -> Iterator[str]:
    if words.best:
        yield f"bold: {words.best}"
    if words.alike:
        yield f"underlined: {words.alike}"
    if words.short:
        yield f"!: {words.short}"


def _rows(columns: Sequence[Words]) -> Iterator[tuple[Cell, ...]]:
    return zip(*(_cells(column) for column in columns), strict=True)


def _cells(column: Words) -> Iterator[Cell]:
    has_marks = any(isinstance(cell, Value) and cell.is_short for cell in column.cells)
    for words, cell, key in zip(typeset.plain(column), column.cells, column.keys, strict=True):
        if isinstance(cell, Value):
            mark = (" !" if cell.is_short else "  ") if has_marks else ""
            yield Cell(f"{words}{mark}", key, cell.is_best, cell.is_alike)
        else:
            yield Cell(words, key)


def _pictures(table: Table, reader: Reader) -> Iterator[Picture]:
    for title, caption, figure in pictures(depict(table, reader)):
        yield Picture(title, caption, figure.to_plotly_json())


def _failures(table: Table, reader: Reader) -> Iterator[Failure]:
    """Yield why there is no result where there should be one, the most frequent reason first."""
    groups: dict[tuple[CellState, str], list[Outcome]] = {}
    for one in table.observations.every:
        if one.cell.state in (CellState.FAILED, CellState.BLOCKED):
            groups.setdefault((one.cell.state, one.cell.reason), []).append(one.cell)
    ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
    for (state, reason), cells in ranked[:MOST_FAILURES]:
        logged = _logged(cells, reader)
        yield Failure(
            state=state.value,
            reason=reason or "no reason is known",
            points=tuple(_point(cell) for cell in cells[:MOST_NAMED]),
            more=max(len(cells) - MOST_NAMED, 0),
            log="\n".join(log_tail(reader, logged)) if logged else "",
            log_path=log_path(logged) if logged else "",
        )


def _logged(cells: Sequence[Outcome], reader: Reader) -> RunRecord | None:
    """Return a run whose log says why some points have no result: one of theirs, or the one that blocks them."""
    own = next((cell.run for cell in cells if cell.run and cell.log), None)
    blocking = next((cell.blocked_by for cell in cells if cell.blocked_by), "")
    if own or not blocking:
        return own
    try:
        return reader.run(blocking)
    except StoreError:  # deleted since
        return None


def _point(cell: Outcome) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in cell.point.values) or "the only point"


def _node(made: Made) -> Node:
    results = f"{made.results:,} result{'' if made.results == 1 else 's'}, {duration(made.seconds)}"
    shared = [f"each for {average(made.sharing)} points"] if made.uses > made.results else []
    saved = [f"saved {duration(made.saved)}"] if made.saved else []
    return Node(made.name, (results, *shared, *saved))


def _edges(pipeline: Dag) -> Iterator[Edge]:
    names = {node.task: node.name for node in pipeline.nodes}
    for edge in pipeline.edges:
        yield Edge(names[edge.upstream], names[edge.downstream])


def _origin(sweep: SweepOutcomes, environment: Environment | None) -> Iterator[tuple[str, str]]:
    run = sweep.record.run
    if run.tags.get(COMMIT):
        yield "commit", f"{run.tags[COMMIT]}{', uncommitted changes' if is_dirty(run) else ''}"
    if environment:
        yield "Python", environment.python
        yield "machine", environment.platform
