"""A table is made of points and runs on equal terms: all that is known of them, and what a question asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.lineage.trace import Lineage
from sweeper.report.question import Order, Question
from sweeper.report.sources.observations import Observations
from sweeper.spec import Direction
from sweeper.store.records import Blocked, RunRecord, RunStatus, SweepRecord
from tests.report.records import ALONE, answered, experiment, failed, foreign, learning_rates, observed, run, sweep

HEAD = 'task = "m:Train"\nmetric = "loss"\ndirection = "minimize"\n'
GRID = f"{HEAD}[grid]\nx = [1, 2]\n"


def titles(limit: int, **more: Any) -> RunRecord:
    """Return an upstream result."""
    return run({}, kind="task", task="m:Titles", key=f"1-titles{limit}", params={"limit": str(limit)}, **more)


def trained(point: Mapping[str, Any], limit: int, **more: Any) -> RunRecord:
    """Return a result that was made from titles."""
    upstream = {"upstream.titles": f"1-titles{limit}"}
    made = {"key": f"1-{sorted(point.items())}-{limit}", "kind": "task", "task": "m:Train", "metrics": {"loss": 1.0}}
    return run(point, **{**made, **upstream, **more})


def lineage(*results: RunRecord) -> Lineage:
    return Lineage({result.key: result for result in results if result.key})


UPSTREAM = lineage(titles(100), titles(200))


def values(found: Observations, name: str) -> list[Any]:
    return [one.parameter(name) for one in found.every]


def kept(*conditions: str) -> list[tuple[Any, ...]]:
    """Return rate, seed and state of the points of a sweep for which some conditions hold."""
    question = Question(where=tuple(map(Condition.parse, conditions)))
    found = observed(learning_rates(), question=question)
    return [(one.parameter("learning_rate"), one.parameter("seed"), one.cell.state.value) for one in found.every]


class TestWhere:
    def test_it_is_about_parameters_swept_and_fixed(self) -> None:
        assert len(kept("learning_rate < 0.1")) == 6
        assert len(kept("learning_rate = 0.01,1")) == 6
        assert len(kept("epochs = 20")) == 12
        assert kept("epochs != 20") == []

    def test_it_is_about_replicates(self) -> None:
        assert {seed for _, seed, _ in kept("seed != 1")} == {0, 2}

    def test_it_is_about_states(self) -> None:
        assert kept("state = failed,running") == [(0.1, 2, "failed"), (1.0, 0, "running")]
        assert len(kept("state != finished")) == 4

    def test_it_is_about_any_metric_that_was_logged(self) -> None:
        assert [(rate, seed) for rate, seed, _ in kept("accuracy >= 0.97")] == [(0.01, 0), (0.01, 1), (0.1, 1)]
        assert [(rate, seed) for rate, seed, _ in kept("loss < 0.03")] == [(0.01, 0), (0.01, 1)]

    def test_all_conditions_must_hold(self) -> None:
        assert kept("learning_rate >= 0.1", "state = finished") == [(0.1, 0, "finished"), (0.1, 1, "finished")]

    def test_it_is_about_the_sweep(self) -> None:
        a, b = sweep(GRID, name="a"), sweep(GRID, name="b")
        found = observed(a, b, question=Question(where=(Condition("sweep", "=", ("b",)),)))
        assert {one.source for one in found.every} == {"b"}
        assert found.left_out == 2

    def test_it_is_about_dates_also_where_they_are_text(self) -> None:
        after = Question(where=(Condition.parse("day > 2026-01-31"),))
        record = sweep(f"{HEAD}[grid]\nday = [2026-01-31, 2026-02-01]\n")
        assert values(observed(record, question=after), "day") == [dt.date(2026, 2, 1)]
        runs = experiment(*(foreign({"day": day}, loss=1.0) for day in ("2026-01-31", "2026-02-01")))
        assert values(observed(runs, question=after), "day") == [dt.date(2026, 2, 1)]

    def test_it_is_about_upstream_parameters_that_the_spec_leaves_to_their_defaults(self) -> None:
        record = sweep(GRID, [trained({"x": 1}, 100), trained({"x": 2}, 200)])
        found = observed(record, question=Question(where=(Condition("Titles.limit", ">", (100,)),)), lineage=UPSTREAM)
        assert values(found, "x") == [2]

    def test_what_is_left_is_counted_by_state(self) -> None:
        found = observed(learning_rates(), question=Question(where=(Condition.parse("learning_rate >= 0.1"),)))
        assert found.counts == {"finished": 2, "failed": 1, "running": 1, "blocked": 1, "missing": 1}
        assert found.left_out == 6

    def test_a_parameter_goes_before_a_metric_or_a_state_of_its_name(self) -> None:
        toml = 'task = "m:T"\nmetric = "loss"\n[grid]\nstate = ["raw", "clean"]\nsweep = [1, 2]\n'
        question = Question(where=(Condition("state", "=", ("raw",)), Condition("sweep", "<", (2,))))
        assert values(observed(sweep(toml), question=question), "state") == ["raw"]

    def test_a_prefix_says_which_of_two_things_of_one_name_is_meant(self) -> None:
        runs = [run({"x": x}, metrics={"loss": 1.0, "x": -float(x)}) for x in (1, 2, 3)]
        record = sweep('task = "m:T"\nmetric = "loss"\n[grid]\nx = [1, 2, 3]\n', runs)
        for text, left in (("x >= 2", {2, 3}), ("params.x >= 2", {2, 3}), ("metrics.x >= -2", {1, 2})):
            question = Question(where=(Condition.parse(text),))
            assert {one.values["x"] for one in observed(record, question=question).every} == left


class TestDefaults:
    """What a spec leaves to its tasks' defaults is told from the runs, where the table needs to know it."""

    def test_a_sweep_alone_has_what_its_spec_sets(self) -> None:
        found = observed(sweep(GRID, [trained({"x": 1}, 100)]), lineage=UPSTREAM)
        assert found.parameters == ("x",)

    def test_a_parameter_upstream_that_another_sweep_sets_is_told_from_the_lineage(self) -> None:
        sets = sweep(f'{HEAD}[grid]\nx = [1]\n"Titles.limit" = [100, 200]\n', name="sets")
        leaves = sweep(GRID, [trained({"x": 1}, 100, sweeps=["leaves"])], name="leaves")
        found = observed(sets, leaves, lineage=UPSTREAM)
        assert values(found, "Titles.limit") == [100, 200, 100, 100]

    def test_a_parameter_of_the_task_itself_is_told_from_the_run(self) -> None:
        sets = sweep(f"{HEAD}[grid]\nx = [1]\nepochs = [5, 20]\n", name="sets")
        made = run({"x": 1}, params={"x": "1", "epochs": "20"}, metrics={"loss": 1.0}, sweeps=["leaves"])
        found = observed(sets, sweep(f"{HEAD}[grid]\nx = [1]\n", [made], name="leaves"))
        assert values(found, "epochs") == [5, 20, 20]

    def test_a_point_without_a_run_has_what_all_others_of_its_sweep_agree_on(self) -> None:
        question = Question(group_by=("Titles.limit",))
        missing = sweep(GRID, [trained({"x": 1}, 100)], [Blocked({"x": 2}, "upstream")])
        assert values(observed(missing, question=question, lineage=UPSTREAM), "Titles.limit") == [100, 100]
        three = sweep(f"{HEAD}[grid]\nx = [1, 2, 3]\n", [trained({"x": 1}, 100), trained({"x": 2}, 200)])
        assert values(observed(three, question=question, lineage=UPSTREAM), "Titles.limit") == [100, 200, None]

    def test_upstream_results_that_do_not_agree_tell_nothing(self) -> None:
        runs = [trained({"x": 1}, 100, **{"upstream.more": "1-titles200"}), trained({"x": 2}, 100)]
        found = observed(sweep(GRID, runs), question=Question(group_by=("Titles.limit",)), lineage=UPSTREAM)
        assert values(found, "Titles.limit") == [None, 100]

    def test_a_parameter_that_a_sweep_sets_at_other_points_has_no_meaning_where_it_does_not(self) -> None:
        toml = f"{HEAD}[[grid]]\nx = [1]\n[[grid]]\nx = [2]\nmomentum = [0.9]\n"
        runs = [run({"x": 1}, params={"x": "1", "momentum": "0.0"}, metrics={"loss": 1.0})]
        found = observed(sweep(toml, runs), question=Question(group_by=("momentum",)))
        assert values(found, "momentum") == [None, 0.9]

    def test_a_string_that_reads_like_a_number_stays_one_where_the_other_sweep_has_strings(self) -> None:
        sets = sweep(f'{HEAD}[grid]\nrevision = ["1", "2"]\n', name="sets")
        made = run({}, params={"revision": "1"}, metrics={"loss": 1.0}, sweeps=["leaves"])
        found = observed(sets, sweep(f"{HEAD}[fixed]\n", [made], name="leaves"))
        assert values(found, "revision") == ["1", "2", "1"]

    def test_what_tells_equal_points_of_two_sweeps_apart_is_a_parameter(self) -> None:
        old = run({"x": 1}, params={"x": "1", "epochs": "5"}, key="old", metrics={"loss": 1.0}, sweeps=["a"])
        new = run({"x": 1}, params={"x": "1", "epochs": "9"}, key="new", metrics={"loss": 2.0}, sweeps=["b"])
        a, b = (sweep(f"{HEAD}[grid]\nx = [1]\n", [one], name=name) for name, one in (("a", old), ("b", new)))
        assert values(observed(a, b), "epochs") == [5, 9]
        assert answered(a, b, question=Question(group_by=("x",))).averaged == ("sweep", "epochs")

    def test_what_tells_runs_of_an_experiment_apart_is_a_parameter(self) -> None:
        runs = experiment(trained({"x": 1}, 100), trained({"x": 1}, 200))
        found = observed(runs, question=Question(metrics=("loss",)), lineage=UPSTREAM)
        assert values(found, "Titles.limit") == [100, 200]

    def test_runs_with_equal_parameters_and_upstream_are_repeated(self) -> None:
        runs = experiment(trained({"x": 1}, 100, key="k1"), trained({"x": 1}, 100, key="k2"))
        table = answered(runs, question=Question(metrics=("loss",)), lineage=UPSTREAM)
        assert [(row.values, row.n) for row in table.rows] == [({"x": 1}, 2)]

    def test_a_sweep_and_the_experiment_of_its_runs_are_told_in_the_same_words(self) -> None:
        made = run({"x": 1}, params={"x": "1", "epochs": "5"}, kind="task", metrics={"loss": 1.0})
        found = observed(sweep(f"{HEAD}[grid]\nx = [1]\n", [made]), experiment(made))
        assert [dict(one.values) for one in found.every] == [{"x": 1, "epochs": 5}] * 2


class TestMetrics:
    def test_without_a_question_they_are_what_all_sweeps_are_about(self) -> None:
        both = sweep('task = "m:T"\n[objectives]\nloss = "minimize"\ncost = "minimize"\n[grid]\nx = [1]\n', name="both")
        assert observed(both).metrics == ("loss", "cost")
        assert observed(both, sweep(GRID)).metrics == ("loss",)

    def test_sweeps_that_are_about_nothing_in_common_need_one_to_be_named(self) -> None:
        other = sweep(
            'task = "m:T"\nmetric = "f1"\n[grid]\nx = [1]\n', [run({"x": 1}, metrics={"f1": 1.0, "loss": 1.0})]
        )
        with pytest.raises(InputError) as refused:
            answered(sweep(GRID, name="a"), other)
        assert str(refused.value) == "name what to compare by --metric; logged were: f1, loss"

    def test_an_experiment_needs_one_to_be_named(self) -> None:
        with pytest.raises(InputError, match="name what to compare by --metric; logged were: f1, loss"):
            answered(experiment(foreign({}, loss=1.0, f1=2.0)))
        with pytest.raises(InputError, match="logged were: none"):
            answered(experiment())

    def test_one_that_no_run_logged_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(InputError) as refused:
            observed(learning_rates(), question=Question(metrics=("acuracy",)))
        assert str(refused.value) == "bert_lr: no run logged a metric acuracy; did you mean accuracy?"

    def test_the_sweeps_own_is_known_before_anything_was_logged(self) -> None:
        for question in (Question(metrics=("loss",)), Question(order=Order("loss")), Question(labels={"loss": "Loss"})):
            assert observed(sweep(GRID), question=question).metrics == ("loss",)

    def test_directions_are_those_of_the_sweeps_unless_they_are_said(self) -> None:
        assert observed(learning_rates(), question=Question(metrics=("accuracy", "loss"))).directions == (
            Direction.MAXIMIZE,
            None,
        )
        said = Question(metrics=("accuracy",), directions={"accuracy": Direction.MINIMIZE})
        assert observed(learning_rates(), question=said).directions == (Direction.MINIMIZE,)

    def test_sweeps_that_disagree_on_what_is_better_need_it_to_be_said(self) -> None:
        other = sweep(GRID.replace("minimize", "maximize"), name="other")
        with pytest.raises(InputError) as refused:
            observed(sweep(GRID), other)
        message = "the sweeps do not agree which loss is better; say it by --maximize or --minimize"
        assert str(refused.value) == message
        said = Question(metrics=("loss",), directions={"loss": Direction.MINIMIZE})
        assert observed(sweep(GRID), other, question=said).directions == (Direction.MINIMIZE,)


class TestNames:
    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"group_by": ("learning_rat",)}, "there is no parameter learning_rat; did you mean learning_rate?"),
            ({"best_per": ("sed",)}, "there is no parameter sed; did you mean seed?"),
            ({"columns": ("epoch",)}, "there is no parameter epoch; did you mean epochs?"),
            ({"replicates": ("seeds",)}, "there is no parameter seeds; did you mean seed?"),
            ({"baseline": (Condition("learning_rates", "=", (1,)),)}, "no parameter learning_rates; did you mean"),
            ({"group_by": ("accuracy",)}, "there is no parameter accuracy; choose from epochs, learning_rate,"),
            ({"group_by": ("state",)}, "there is no parameter state; choose from epochs, learning_rate, seed, sweep"),
            ({"where": (Condition("acuracy", "=", (1,)),)}, "no parameter or metric acuracy; did you mean accuracy?"),
            ({"order": Order("los")}, "there is no parameter or metric los; did you mean loss?"),
            ({"labels": {"acc": "Accuracy"}}, "--label acc: nothing is called so; choose from accuracy, epochs,"),
            ({"where": (Condition("state", "=", ("faild",)),)}, "there is no state faild; did you mean failed?"),
            ({"where": (Condition("state", "!=", (1,)),)}, "there is no state 1; choose from blocked, failed,"),
            ({"where": (Condition("sweep", "=", ("bert",)),)}, "there is no sweep bert; did you mean bert_lr?"),
        ],
    )  # fmt: skip
    def test_one_that_nothing_has_is_refused_with_the_nearest(self, asked: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError) as refused:
            observed(learning_rates(), question=Question(**asked))
        assert message in str(refused.value)

    def test_the_nearest_may_be_what_the_spec_leaves_to_a_task_upstream(self) -> None:
        question = Question(group_by=("Titles.limits",))
        with pytest.raises(InputError, match=r"there is no parameter Titles\.limits; did you mean Titles\.limit\?"):
            observed(sweep(GRID, [trained({"x": 1}, 100)]), question=question, lineage=UPSTREAM)

    def test_all_sources_are_named(self) -> None:
        with pytest.raises(InputError, match=r"^bert_lr, by_hand: there is no parameter y"):
            observed(sweep(GRID), experiment(foreign({"x": "1"})), question=Question(group_by=("y",)))


class TestSources:
    def test_swept_and_fixed_parameters_of_all_are_known_in_the_order_of_the_specs(self) -> None:
        runs = experiment(foreign({"trees": "10"}, loss=1.0))
        found = observed(sweep(f"{HEAD}[fixed]\nz = 1\n[grid]\nx = [1]\ny = [1]\n"), runs)
        assert found.parameters == ("x", "y", "z", "trees")

    def test_a_run_that_stands_in_two_sweeps_is_one_run(self) -> None:
        shared = run({"x": 1}, metrics={"loss": 1.0}, sweeps=("a", "b"))
        found = observed(*(sweep(GRID, [shared, failed({"x": 2}, sweeps=[name])], name=name) for name in ("a", "b")))
        assert [one.run_id for one in found.runs] == [shared.run_id]

    def test_replicates_are_those_of_all_sweeps_and_the_question_but_for_what_groups(self) -> None:
        toml = f'{HEAD}replicates = "seed"\n[grid]\nx = [1]\nseed = [0]\nfold = [0]\n'
        assert observed(sweep(toml), question=Question(replicates=("fold",))).replicates == ("fold", "seed")
        assert observed(sweep(toml), question=Question(group_by=("seed",))).replicates == ()

    def test_a_sweep_of_which_nothing_ran_is_all_missing(self) -> None:
        found = observed(sweep(GRID))
        assert [one.cell.state.value for one in found.every] == ["missing", "missing"]
        assert found.runs == ()

    def test_a_run_that_goes_on_has_its_parameters(self) -> None:
        found = observed(experiment(foreign({"x": "1"}, RunStatus.RUNNING)), question=Question(metrics=("loss",)))
        assert values(found, "x") == [1]


def test_the_lineage_is_asked_for_once_with_every_run() -> None:
    asked: list[int] = []

    def trace(runs: Any) -> Lineage:
        asked.append(len(list(runs)))
        return ALONE

    from sweeper.report.sources.observations import observe
    from sweeper.report.sources.outcomes import outcomes

    record: SweepRecord = learning_rates()
    observe([outcomes(record)], Question(), trace)
    assert asked == [10]
