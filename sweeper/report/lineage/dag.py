"""The pipeline behind some runs, by task class: what was made, what was shared, and how much time that saved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sweeper.report.lineage.trace import Lineage, class_name, saved_seconds, task_of, upstream, users
from sweeper.store.records import RunRecord


@dataclass(frozen=True, slots=True)
class Node:
    """The results of one task class.

    ``seconds`` is what they took in all. ``uses`` counts, for each of them, the runs that depend on it, and ``saved``
    is how many seconds more those would have taken if each had made its own; both are 0 for a class that nothing
    requires. ``name`` is the class alone unless another module has one of that name.
    """

    task: str
    name: str
    results: int
    seconds: float
    uses: int = 0
    saved: float = 0.0

    @property
    def sharing(self) -> float:
        """How many runs depend on one result, on average."""
        return self.uses / self.results


@dataclass(frozen=True, slots=True)
class Edge:
    """One class requires another; both as ``module:Class``. A class may require itself."""

    upstream: str
    downstream: str


@dataclass(frozen=True, slots=True)
class Dag:
    """Task classes, upstream first, and which requires which."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def saved(self) -> float:
        """How many seconds sharing saved in all."""
        return sum(node.saved for node in self.nodes)


def dag(runs: Sequence[RunRecord], lineage: Lineage) -> Dag:
    """Return the pipeline behind some runs, their own classes included."""
    uses = users(lineage, runs)
    members: defaultdict[str, dict[str, RunRecord]] = defaultdict(dict)
    for run in (*lineage.results.values(), *runs):
        members[task_of(run)][run.run_id] = run
    edges = _edges(members, lineage)
    names = Counter(map(class_name, members))
    nodes = {
        task: Node(
            task,
            class_name(task) if names[class_name(task)] == 1 else task,
            len(made),
            sum(run.seconds or 0.0 for run in made.values()),
        )
        for task, made in members.items()
    }
    return Dag(tuple(_with_uses(nodes[task], members[task].values(), uses) for task in _order(members, edges)), edges)


def _with_uses(node: Node, made: Iterable[RunRecord], uses: Mapping[str, int]) -> Node:
    used = [(run, uses[run.key]) for run in made if run.key and run.key in uses]
    saved = sum(saved_seconds(run, number) for run, number in used)
    return Node(node.task, node.name, node.results, node.seconds, sum(number for _, number in used), saved)


def _edges(members: Mapping[str, Mapping[str, RunRecord]], lineage: Lineage) -> tuple[Edge, ...]:
    """Return which classes require which, each pair once."""
    found: dict[Edge, None] = {}
    for task, made in members.items():
        keys = dict.fromkeys(key for run in made.values() for key in upstream(run).values())
        required = dict.fromkeys(task_of(lineage.results[key]) for key in keys if key in lineage.results)
        found |= dict.fromkeys(Edge(other, task) for other in required)
    return tuple(found)


def _order(tasks: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Return the classes, upstream first; in the order given if they require each other in a circle."""
    graph: dict[str, list[str]] = {task: [] for task in tasks}  # lists, for an order that is the same each time
    for edge in edges:
        if edge.upstream != edge.downstream:
            graph[edge.downstream].append(edge.upstream)
    try:
        return [*TopologicalSorter(graph).static_order()]
    except CycleError:
        return [*graph]
