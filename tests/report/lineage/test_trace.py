"""Lineage: what runs were made from, and what sharing it saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from sweeper.report.lineage.dag import dag
from sweeper.report.lineage.trace import (
    Lineage,
    ancestors,
    class_name,
    is_remade,
    saved_seconds,
    task_of,
    trace,
    upstream,
    users,
)
from sweeper.report.lineage.tree import branches
from sweeper.store import open_reader
from tests.report.made import Results, made
from tests.sweeping import CHAIN, runs, sweep

if TYPE_CHECKING:
    from sweeper.store.base import Reader
    from sweeper.store.records import RunRecord


def traced(known: Iterable[RunRecord], *of: RunRecord) -> tuple[Lineage, Results]:
    results = Results.of(known)
    return trace(cast("Reader", results), of), results


def diamond(points: int) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return what some points share, a root that each reaches in three ways, and the points' results."""
    root = made("Fetch", {"limit": "600"}, seconds=1)
    left = made("Titles", {}, {"ids": root}, seconds=2)
    right = made("Bodies", {}, {"ids": root}, seconds=3)
    both = {"titles": left, "bodies": right, "ids": root}
    return [root, left, right], [made("Train", {"seed": str(seed)}, both, seconds=4) for seed in range(points)]


def test_the_lineage_of_a_real_sweep_is_its_pipeline(store_uri: str) -> None:
    sweep(f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nseed = [0, 1]\n', store_uri)
    final = runs(store_uri, "fit")
    lineage = trace(open_reader(store_uri), final)
    (scaled,) = upstream(final[0]).values()
    (numbers,) = upstream(lineage.results[scaled]).values()
    assert upstream(final[0]) == {"scaled": scaled}
    assert {class_name(task_of(one)) for one in lineage.results.values()} == {"Scale", "Collect"}
    assert [*ancestors(lineage, [scaled])] == [scaled, numbers]
    assert lineage.missing == frozenset()


def test_a_thousand_runs_on_one_root_cost_one_question_a_level() -> None:
    shared, results = diamond(1000)
    lineage, store = traced(shared, *results)
    assert lineage.results.keys() == {run.key for run in shared}
    assert len(store.asked) == 1  # the root is required by the runs themselves too
    assert len(traced(shared[:1], shared[1])[1].asked) == 1


def test_no_key_is_asked_for_twice() -> None:
    shared, results = diamond(3)
    top = [made("Plot", {}, {"model": one}) for one in results]
    _, store = traced([*shared, *results], *top)
    asked = [key for question in store.asked for key in question]
    assert len(asked) == len(set(asked)) == 6


def test_a_key_without_a_result_is_missing_and_a_plain_luigi_task_is_not() -> None:
    run = made("Train", {}, {"gone": "1-gone", "file": "0123abcd"})
    lineage, store = traced([], run)
    assert lineage.missing == {"1-gone"}
    assert store.asked == [{"1-gone"}]


def test_requirements_in_lists_go_by_their_path() -> None:
    parts = [made("Part", {"number": str(number)}) for number in range(2)]
    run = made("Join", {}, {f"parts.{number}": part for number, part in enumerate(parts)})
    assert upstream(run) == {"parts.0": parts[0].key, "parts.1": parts[1].key}


def test_tags_that_lead_in_a_circle_end_somewhere() -> None:
    one = made("One", {}, {"other": "1-two"}, key="1-one")
    two = made("Two", {}, {"other": "1-one"}, key="1-two")
    lineage, _ = traced([one, two], one)
    assert [*ancestors(lineage, ["1-two"])] == ["1-two", "1-one"]
    assert [branch.key for branch in branches(one, lineage)] == ["1-two", "1-one", "1-two"]
    assert {edge.upstream for edge in dag([one], lineage).edges} == {"news:One", "news:Two"}


def test_a_result_is_used_once_by_a_run_that_reaches_it_in_three_ways() -> None:
    shared, results = diamond(5)
    lineage, _ = traced(shared, *results)
    assert users(lineage, results) == dict.fromkeys((str(run.key) for run in shared), 5)


def test_sharing_saves_what_all_users_but_one_would_have_spent() -> None:
    run = made(seconds=3)
    assert [saved_seconds(run, uses) for uses in (0, 1, 2, 30)] == [0, 0, 3, 87]


def test_the_dag_counts_what_was_made_and_shared_upstream_first() -> None:
    shared, results = diamond(10)
    found = dag(results, traced(shared, *results)[0])
    assert [(node.name, node.results, node.seconds, node.sharing, node.saved) for node in found.nodes] == [
        ("Fetch", 1, 1.0, 10.0, 9.0),
        ("Bodies", 1, 3.0, 10.0, 27.0),
        ("Titles", 1, 2.0, 10.0, 18.0),
        ("Train", 10, 40.0, 0.0, 0.0),
    ]
    assert found.saved == 54.0
    assert {(edge.upstream[5:], edge.downstream[5:]) for edge in found.edges} == {
        ("Fetch", "Titles"),
        ("Fetch", "Bodies"),
        ("Fetch", "Train"),
        ("Titles", "Train"),
        ("Bodies", "Train"),
    }


def test_instances_that_some_points_share_are_counted_by_those() -> None:
    splits = [made("Split", {"seed": str(seed)}, seconds=10) for seed in range(2)]
    results = [made("Train", {}, {"split": splits[number % 2]}) for number in range(6)]
    node = dag(results, traced(splits, *results)[0]).nodes[0]
    assert (node.results, node.uses, node.sharing, node.saved) == (2, 6, 3.0, 40.0)


def test_a_class_that_requires_itself_is_one_node_with_an_edge_to_itself() -> None:
    first = made("Epoch", {"number": "1"})
    second = made("Epoch", {"number": "2"}, {"before": first})
    found = dag([second], traced([first], second)[0])
    assert [(node.name, node.results) for node in found.nodes] == [("Epoch", 2)]
    assert [(edge.upstream, edge.downstream) for edge in found.edges] == [("news:Epoch", "news:Epoch")]


def test_classes_of_one_name_are_told_apart_by_their_modules() -> None:
    results = [made("Train"), made("Train", module="other"), made("Plot")]
    assert [node.name for node in dag(results, Lineage({})).nodes] == ["news:Train", "other:Train", "Plot"]


def test_a_result_that_is_younger_than_its_user_was_made_again() -> None:
    old, user, new = made(start=0), made(start=10_000), made(start=20_000)
    assert not is_remade(old, user)
    assert is_remade(new, user)


def test_a_tree_expands_no_result_twice() -> None:
    shared, (run,) = diamond(1)
    lineage, _ = traced(shared, run)
    drawn = [
        f"{branch.stem}{branch.requirement}{' again' if branch.is_repeated else ''}"
        for branch in branches(run, lineage)
    ]
    assert drawn == ["├─ titles", "│  └─ ids", "├─ bodies", "│  └─ ids again", "└─ ids again"]


def test_a_tree_of_three_thousand_levels_can_be_drawn() -> None:
    chain = [made("Epoch")]
    for _ in range(3_000):
        chain.append(made("Epoch", {}, {"before": chain[-1]}))
    lineage = Lineage({str(run.key): run for run in chain})
    assert len([*branches(chain[-1], lineage)]) == 3_000
    assert len(ancestors(lineage, upstream(chain[-1]).values())) == 3_000
