"""Notes on where results come from: what a reader must know before they are compared, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from sweeper.report.lineage.notes import notes
from sweeper.report.lineage.trace import Lineage
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag
from tests.report.made import dirty, made


def told(*runs: RunRecord, upstream: tuple[RunRecord, ...] = (), missing: tuple[str, ...] = ()) -> list[str]:
    return [*notes(runs, Lineage({str(run.key): run for run in upstream}, frozenset(missing)))]


def test_results_of_one_making_need_no_note() -> None:
    fetched = made("Fetch", source="another", **dirty("false"))
    assert told(made(params={"seed": "0"}), made(params={"seed": "1"}), upstream=(fetched,)) == []
    assert told() == []


def test_versions_of_the_code_are_those_of_a_class() -> None:
    upstream = (made("Fetch", {"limit": "1"}, source="old"), made("Fetch", {"limit": "2"}, source="new"))
    assert told(made(source="new"), upstream=upstream) == ["made by 2 versions of the code (Fetch): compare with care"]


def test_classes_of_as_many_versions_share_a_line() -> None:
    runs = [made("Train", {"seed": source}, source=source) for source in "abc"]
    tested = [made("Test", {"seed": source}, source=source) for source in "ab"]
    plotted = [made("Plot", {"seed": source}, source=source) for source in "ab"]
    assert told(*runs, *tested, upstream=tuple(plotted)) == [
        "made by 2 versions of the code (Test, Plot): compare with care",
        "made by 3 versions of the code (Train): compare with care",
    ]


def test_runs_that_sweeper_did_not_make_go_by_their_commits() -> None:
    def foreign(commit: str) -> RunRecord:
        return replace(made(experiment="theirs"), tags={"mlflow.source.git.commit": commit})

    assert told(foreign("a"), foreign("b")) == ["made by 2 versions of the code (theirs): compare with care"]
    assert told(foreign("a"), foreign("a")) == []


def test_commits_do_not_matter_where_the_code_itself_is_known() -> None:
    one = made(params={"seed": "0"}, **{"mlflow.source.git.commit": "a"})
    assert told(one, made(params={"seed": "1"}, **{"mlflow.source.git.commit": "b"})) == []


def test_uncommitted_changes_are_counted_in_the_table_and_upstream_of_it() -> None:
    runs = [made(params={"seed": str(seed)}, **dirty("true" if seed else "false")) for seed in range(3)]
    assert told(*runs) == ["2 of 3 results from a checkout with uncommitted changes"]
    assert told(*runs, upstream=(made("Fetch", **dirty()), runs[0])) == [
        "2 of 3 results and 1 of 1 upstream result from a checkout with uncommitted changes"
    ]


def test_different_data_are_named_with_their_digests_counted() -> None:
    upstream = (
        made("Fetch", {"limit": "1"}, data={"titles": "a"}),
        made("Fetch", {"limit": "2"}, data={"titles": "b"}),
    )
    assert told(made(data={"titles": "c"}), upstream=upstream) == ["from different data: titles (2 digests)"]


def test_work_that_differs_in_nothing_that_can_be_seen_is_told() -> None:
    old, new = (made("Fetch", {"limit": "600"}) for _ in range(2))
    users = [made("Train", {"seed": "0"}, {"titles": one}) for one in (old, new)]
    assert told(*users, upstream=(old, new)) == [
        "made in different ways from equal parameters: Fetch(limit=600) in 2; was Meta.version raised?"
    ]


def test_work_on_parameters_that_differ_further_up_is_not() -> None:
    fetched = [made("Fetch", {"limit": limit}) for limit in ("600", "900")]
    cleaned = [made("Clean", {}, {"titles": one}) for one in fetched]
    users = [made("Train", {"seed": "0"}, {"titles": one}) for one in cleaned]
    assert told(*users, upstream=(*fetched, *cleaned)) == []


def test_upstream_results_that_are_gone_or_made_again_are_told() -> None:
    young = made("Fetch", key="1-young", start=90_000)
    runs = [made(params={"seed": str(seed)}, upstream={"a": "1-young", "b": "1-gone"}) for seed in range(2)]
    assert told(*runs, upstream=(young,), missing=("1-gone",)) == [
        "1 upstream result no longer in the store",
        "2 results made from upstream results that were made again since",
    ]


def test_many_names_are_cut_and_hostile_ones_spelled_out() -> None:
    runs = [made(f"T{number}\x1b[2J", {"seed": source}, source=source) for number in range(5) for source in "ab"]
    assert told(*runs) == [
        "made by 2 versions of the code (T0\\x1b[2J, T1\\x1b[2J, T2\\x1b[2J and 2 more): compare with care"
    ]
    doubles = [made("Fetch", {"query": "a\nb" + "x" * 500}) for _ in range(2)]
    (note,) = told(*doubles)
    assert "\n" not in note
    assert len(note) < 150


def test_a_run_without_a_key_is_no_double_of_another() -> None:
    failed = replace(made(params={"seed": "0"}), tags={Tag.TASK: "news:Train", Tag.SOURCE: "abc"})
    assert told(failed, failed, made(params={"seed": "0"})) == []
