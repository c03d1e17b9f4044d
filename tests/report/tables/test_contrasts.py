"""Rows are compared with the best and with a baseline over the replicates that both have, and with nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from scipy import stats

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import STANDARD, Question
from sweeper.report.statistics.significance import Comparison, PairedTest, Reason
from sweeper.report.tables.formats import render
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table
from sweeper.spec import Direction
from tests.report.records import answered, experiment, failed, foreign, pareto, run, sweep

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\nreplicates = "seed"\n'
SGD = [0.50, 0.52, 0.49, 0.55, 0.51, 0.53]
ADAM = [0.41, 0.45, 0.40, 0.44, 0.43, 0.42]
RMS = [0.44, 0.43, 0.40, 0.45, 0.41, 0.43]


def is_(name: str, value: Any) -> Condition:
    return Condition(name, "=", (value,))


SGD_ROWS = (is_("optimizer", "sgd"),)


def losses(of: Mapping[str, Sequence[float]], asked: Question = STANDARD, **more: Sequence[float]) -> Table:
    """Return the table of optimizers, each with a loss a seed; ``more`` are other metrics of all of them."""
    runs = [
        run(
            {"optimizer": optimizer, "seed": seed},
            metrics={"loss": loss, **{name: values[seed] for name, values in more.items()}},
        )
        for optimizer, values in of.items()
        for seed, loss in enumerate(values)
        if not math.isnan(loss)
    ]
    most = max(map(len, of.values()))
    toml = f"{HEAD}[grid]\noptimizer = {[*of]}\nseed = {{ range = [{most}] }}\n"
    return answered(sweep(toml, runs), question=asked)


def by_optimizer(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.values["optimizer"]: row for row in rows}


def compared(table: Table, metric: str = "loss") -> dict[str, Comparison | None]:
    return {row.values["optimizer"]: row.comparisons.get(metric) for row in table.rows}


class TestBaseline:
    def test_a_row_is_compared_over_the_replicates_that_both_have(self) -> None:
        table = losses({"sgd": SGD, "adam": ADAM[:4]}, Question(baseline=SGD_ROWS))
        found = compared(table)["adam"]
        expected = stats.ttest_rel(ADAM[:4], SGD[:4])
        assert found is not None
        assert (found.pairs, found.difference, found.p) == (
            4, pytest.approx(-0.09), pytest.approx(expected.pvalue),
        )  # fmt: skip
        assert found.interval is not None
        assert (found.interval.low, found.interval.high) == pytest.approx(tuple(expected.confidence_interval()))

    def test_a_row_with_more_results_than_pairs_is_told_of(self) -> None:
        question = Question(baseline=SGD_ROWS)
        line = "1 comparison is over fewer pairs than its row has results: only shared replicates count"
        assert line in render(losses({"sgd": SGD[:5], "adam": ADAM}, question))
        assert "2 comparisons are over fewer" in render(losses({"sgd": SGD[:5], "adam": ADAM, "rms": RMS}, question))
        for adam in (ADAM[:5], ADAM[:4], [math.nan, math.nan, math.nan, math.nan, math.nan, 0.4]):
            assert "fewer pairs" not in render(losses({"sgd": SGD[:5], "adam": adam}, question))

    def test_the_best_of_each_are_compared_whatever_made_them_the_best(self) -> None:
        """Their learning rates are what was chosen, and the seeds what is shared."""
        losses = {("sgd", 1.0): SGD, ("sgd", 0.1): ADAM, ("adam", 1.0): RMS, ("adam", 0.1): SGD}
        runs = [
            run({"optimizer": optimizer, "rate": rate, "seed": seed}, metrics={"loss": loss})
            for (optimizer, rate), values in losses.items()
            for seed, loss in enumerate(values)
        ]
        toml = f'{HEAD}[grid]\noptimizer = ["sgd", "adam"]\nrate = [0.1, 1.0]\nseed = {{ range = [6] }}\n'
        for grouped in ((), ("optimizer",)):
            asked = Question(baseline=SGD_ROWS, best_per=("optimizer",), group_by=grouped)
            found = compared(answered(sweep(toml, runs), question=asked))["adam"]
            assert found is not None
            assert (found.pairs, found.p) == (6, pytest.approx(stats.ttest_rel(RMS, ADAM).pvalue))

    def test_replicates_are_paired_by_their_parameter_and_not_by_their_place(self) -> None:
        table = losses(
            {"sgd": [0.5, math.nan, 0.4, 0.6, 0.7], "adam": [math.nan, 9.0, 0.3, 0.4, 0.6]},
            Question(baseline=SGD_ROWS),
        )
        found = compared(table)["adam"]
        assert found is not None
        assert (found.pairs, found.difference) == (3, pytest.approx((-0.1 - 0.2 - 0.1) / 3))

    def test_the_baseline_is_marked_and_compared_with_nothing(self) -> None:
        table = losses({"sgd": SGD, "adam": ADAM}, Question(baseline=SGD_ROWS))
        assert [(row.values["optimizer"], row.is_baseline) for row in table.rows] == [("adam", False), ("sgd", True)]
        assert compared(table)["sgd"] is None

    def test_too_few_replicates_say_so_and_have_a_difference_and_no_p(self) -> None:
        question = Question(baseline=SGD_ROWS)
        found = compared(losses({"sgd": SGD[:2], "adam": ADAM[:2]}, question))["adam"]
        assert found is not None
        assert (found.pairs, found.difference, found.p, found.reason) == (2, pytest.approx(-0.08), None, "too few")
        five = Question(baseline=SGD_ROWS, test=PairedTest.WILCOXON)
        found = compared(losses({"sgd": SGD[:5], "adam": ADAM[:5]}, five))["adam"]
        assert found is not None
        assert (found.pairs, found.p, found.reason) == (5, None, "too few")

    def test_one_result_a_row_has_a_difference_that_cannot_be_tested(self) -> None:
        toml = 'task = "m:T"\nmetric = "loss"\n[grid]\noptimizer = ["sgd", "adam"]\n'
        runs = [run({"optimizer": name}, metrics={"loss": loss}) for name, loss in (("sgd", 0.5), ("adam", 0.4))]
        found = compared(answered(sweep(toml, runs), question=Question(baseline=SGD_ROWS)))["adam"]
        assert found is not None
        assert (found.pairs, found.difference, found.reason) == (1, pytest.approx(-0.1), "too few")

    def test_repeated_runs_that_nothing_tells_apart_are_not_paired(self) -> None:
        runs = [foreign({"optimizer": name}, loss=loss) for name in ("sgd", "adam") for loss in (0.1, 0.2, 0.4)]
        question = Question(metrics=("loss",), baseline=SGD_ROWS)
        found = compared(answered(experiment(*runs), question=question))["adam"]
        assert found == Comparison(0, reason=Reason.NOTHING_SHARED)

    def test_repeated_runs_with_a_seed_are_paired_by_it_and_those_of_one_seed_count_as_their_mean(self) -> None:
        measured = {"sgd": [(0, 0.5), (1, 0.6), (2, 0.7)], "adam": [(0, 0.1), (0, 0.3), (1, 0.3), (2, 0.3)]}
        runs = [
            foreign({"optimizer": name, "seed": str(seed)}, loss=loss)
            for name, of in measured.items()
            for seed, loss in of
        ]
        question = Question(metrics=("loss",), replicates=("seed",), baseline=SGD_ROWS)
        found = compared(answered(experiment(*runs), question=question))["adam"]
        assert found is not None
        assert (found.pairs, found.difference) == (3, pytest.approx((-0.3 - 0.3 - 0.4) / 3))

    def test_of_several_baselines_it_is_the_one_that_agrees_in_all_else(self) -> None:
        points = [(name, rate, seed) for name in ("sgd", "adam") for rate in (1, 2) for seed in range(3)]
        runs = [
            run({"optimizer": name, "rate": rate, "seed": seed}, metrics={"loss": rate * 10 + seed - (name == "adam")})
            for name, rate, seed in points
        ]
        toml = f'{HEAD}[grid]\noptimizer = ["sgd", "adam"]\nrate = [1, 2]\nseed = [0, 1, 2]\n'
        table = answered(sweep(toml, runs), question=Question(baseline=SGD_ROWS))
        found = {(row.values["optimizer"], row.values["rate"]): row.comparisons.get("loss") for row in table.rows}
        assert {key: one and one.difference for key, one in found.items()} == {
            ("sgd", 1): None, ("sgd", 2): None, ("adam", 1): -1.0, ("adam", 2): -1.0,
        }  # fmt: skip
        one = answered(sweep(toml, runs), question=Question(baseline=(is_("optimizer", "sgd"), is_("rate", 1))))
        differences = [row.comparisons["loss"].difference for row in one.rows if row.comparisons]
        assert differences == [-1.0, 9.0, 10.0], "with one baseline all rows are compared with it"

    def test_a_row_without_a_baseline_of_its_own_says_so(self) -> None:
        grids = [
            f'[[grid]]\noptimizer = ["{name}"]\nrate = {rates}\nseed = [0]\n'
            for name, rates in (("sgd", [1, 2]), ("adam", [3]))
        ]
        runs = [run({"optimizer": "adam", "rate": 3, "seed": 0}, metrics={"loss": 1.0})]
        table = answered(sweep(HEAD + "".join(grids), runs), question=Question(baseline=SGD_ROWS))
        assert compared(table)["adam"] == Comparison(0, reason=Reason.NO_BASELINE)
        assert "no baseline" in render(table)

    def test_sweeps_are_compared_with_each_other(self) -> None:
        old, new = (
            sweep(
                f"{HEAD}[grid]\nx = [1]\nseed = [0, 1, 2]\n",
                [run({"x": 1, "seed": s}, metrics={"loss": base + s + s / 100 * base}, sweeps=[n]) for s in range(3)],
                name=n,
            )
            for n, base in (("old", 2), ("new", 1))
        )
        table = answered(old, new, question=Question(baseline=(is_("sweep", "old"),)))
        found = {row.values["sweep"]: row.comparisons.get("loss") for row in table.rows}
        assert found["old"] is None
        assert found["new"] is not None
        assert (found["new"].pairs, found["new"].difference) == (3, pytest.approx(-1.01))

    def test_a_group_is_compared_over_all_that_it_averages(self) -> None:
        table = losses({"sgd": SGD, "adam": ADAM}, Question(group_by=("optimizer",), baseline=SGD_ROWS))
        found = compared(table)["adam"]
        assert found is not None
        assert found.pairs == 6

    def test_holms_correction_is_over_all_rows_and_metrics(self) -> None:
        question = Question(metrics=("loss", "cost"), directions={"cost": Direction.MINIMIZE}, baseline=SGD_ROWS)
        table = losses({"sgd": SGD, "adam": ADAM, "rms": RMS}, question, cost=[1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
        found = [one for row in table.rows for one in row.comparisons.values() if one.p is not None]
        assert table.tests == len(found) == 4
        ordered = sorted(found, key=lambda one: one.p or 0)
        assert ordered[0].adjusted == pytest.approx(4 * (ordered[0].p or 0))
        assert ordered[1].adjusted == pytest.approx(max(4 * (ordered[0].p or 0), 3 * (ordered[1].p or 0)))
        assert [one.adjusted for one in ordered[2:]] == [1.0, 1.0], "equal costs are identical, and count"

    def test_the_correction_is_over_rows_that_are_left_out_too(self) -> None:
        table = losses({"sgd": SGD, "adam": ADAM, "rms": RMS}, Question(baseline=SGD_ROWS, top=1))
        assert len(table.rows) == 1
        assert table.tests == 2
        assert "Holm's correction over 2 comparisons" in render(table)

    def test_the_names_of_test_and_effect_are_told(self) -> None:
        by_t = render(losses({"sgd": SGD, "adam": ADAM}, Question(baseline=SGD_ROWS)))
        assert "p (paired t-test, Holm)" in by_t
        assert "difference: to optimizer = sgd over seed; p: paired t-test, two-sided, Holm's correction" in by_t
        assert " over 1 comparison; d_z: mean difference / standard deviation of the differences (Cohen)" in by_t
        by_ranks = render(losses({"sgd": SGD, "adam": ADAM}, Question(baseline=SGD_ROWS, test=PairedTest.WILCOXON)))
        assert "p (Wilcoxon signed-rank test, Holm)" in by_ranks
        assert "r: matched-pairs rank-biserial correlation" in by_ranks

    @pytest.mark.parametrize(
        ("baseline", "message"),
        [
            ([is_("optimizer", "sdg")], "no row is the baseline optimizer = sdg; did you mean sgd?"),
            ([is_("seed", 0)], "no row is the baseline seed = 0: rows are means over seed"),
            ([is_("optimizer", "sgd"), is_("seed", 0)], "optimizer = sgd, seed = 0: rows are means over seed"),
        ],
    )
    def test_a_baseline_that_is_no_row_is_refused(self, baseline: Sequence[Condition], message: str) -> None:
        with pytest.raises(InputError) as refused:
            losses({"sgd": SGD, "adam": ADAM}, Question(baseline=tuple(baseline)))
        assert message in str(refused.value)

    def test_a_baseline_that_conditions_left_out_is_refused(self) -> None:
        question = Question(baseline=SGD_ROWS, where=(Condition("loss", "<", (0,)),))
        with pytest.raises(InputError, match="there are no rows"):
            losses({"sgd": SGD, "adam": ADAM}, question)

    def test_levels_that_do_not_occur_together_are_refused(self) -> None:
        toml = 'task = "m:T"\nmetric = "loss"\n[[points]]\nx = 1\ny = 1\n[[points]]\nx = 2\ny = 2\n'
        with pytest.raises(InputError, match="each of these holds for some rows, but all together for none"):
            answered(sweep(toml), question=Question(baseline=(is_("x", 1), is_("y", 2))))

    def test_a_diverged_replicate_is_not_finite_and_has_no_p(self) -> None:
        question = Question(baseline=SGD_ROWS)
        found = compared(losses({"sgd": SGD, "adam": [*ADAM[:5], math.inf]}, question))["adam"]
        assert found is not None
        assert (found.reason, found.p, found.difference) == ("not finite", None, None)
        assert "not finite" in render(losses({"sgd": SGD, "adam": [*ADAM[:5], math.inf]}, question))

    def test_a_difference_without_spread_says_so_and_has_four_digits(self) -> None:
        table = losses({"sgd": [3e-9, 3.1e-9, 2.9e-9], "adam": [1e-9, 1.1e-9, 0.9e-9]}, Question(baseline=SGD_ROWS))
        line = render(table).splitlines()[4]
        assert line.split("3  ")[-1].split() == ["-2.000e-09", "[-2.000,", "-2.000]e-09", "no", "spread"]

    def test_equal_rows_are_identical_and_have_a_p_of_one(self) -> None:
        found = compared(losses({"sgd": SGD, "adam": SGD}, Question(baseline=SGD_ROWS)))["adam"]
        assert found is not None
        assert (found.difference, found.p, found.adjusted, found.reason) == (0.0, 1.0, 1.0, "identical")


class TestAlike:
    def test_rows_that_the_test_cannot_tell_from_the_best_are_marked(self) -> None:
        rows = by_optimizer(losses({"sgd": SGD, "adam": ADAM, "rms": RMS}).rows)
        assert (rows["adam"].is_best, rows["adam"].alike) == (True, frozenset())
        assert rows["rms"].alike == {"loss"}
        assert (rows["sgd"].alike, rows["sgd"].untold) == (frozenset(), frozenset())

    def test_rows_that_share_too_few_with_the_best_are_neither(self) -> None:
        rows = by_optimizer(losses({"adam": ADAM, "rms": [math.nan, math.nan, math.nan, *RMS[3:5]]}).rows)
        assert (rows["rms"].alike, rows["rms"].untold) == (frozenset(), {"loss"})
        table = losses({"adam": ADAM, "rms": RMS[:2]})
        assert "1 row shares too few replicates with the best to be told from it: 3 are needed" in render(table)

    def test_without_replicates_nothing_is_said_of_telling_apart(self) -> None:
        runs = [run({"x": x}, metrics={"loss": x}) for x in (1, 2)]
        text = render(
            answered(sweep('task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n[grid]\nx = [1, 2]\n', runs))
        )
        assert "too few" not in text
        assert "~" not in text

    def test_a_tie_for_the_best_is_best_and_not_alike(self) -> None:
        rows = losses({"adam": ADAM, "rms": ADAM[::-1]}).rows
        assert [(row.is_best, row.alike) for row in rows] == [(True, frozenset())] * 2

    def test_rows_of_equal_replicates_are_ties(self) -> None:
        rows = losses({"adam": ADAM, "rms": ADAM, "sgd": SGD}).rows
        assert [sorted(row.best) for row in rows] == [["loss"], ["loss"], []]

    def test_each_metric_has_its_own(self) -> None:
        question = Question(metrics=("loss", "cost"), directions={"cost": Direction.MAXIMIZE})
        table = losses({"sgd": SGD, "adam": ADAM}, question, cost=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        rows = by_optimizer(table.rows)
        assert (rows["adam"].best, rows["sgd"].best) == ({"loss", "cost"}, {"cost"}), "equal costs are ties"

    def test_of_a_pareto_front_there_are_none(self) -> None:
        assert all(not row.alike and not row.untold for row in answered(pareto()).rows)

    def test_a_row_without_a_result_is_neither(self) -> None:
        toml = f'{HEAD}[grid]\noptimizer = ["a", "b"]\nseed = [0, 1, 2]\n'
        runs = [run({"optimizer": "a", "seed": seed}, metrics={"loss": seed}) for seed in range(3)]
        rows = by_optimizer(answered(sweep(toml, [*runs, failed({"optimizer": "b", "seed": 0})])).rows)
        assert (rows["b"].alike, rows["b"].untold) == (frozenset(), frozenset())
