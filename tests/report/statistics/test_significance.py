"""Comparisons are those of published examples and of SciPy, and say so where there is nothing to test."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from sweeper.report.statistics.interval import Interval
from sweeper.report.statistics.significance import ALPHA, Comparison, PairedTest, Reason, adjust, compare

T, WILCOXON = PairedTest.T, PairedTest.WILCOXON

Pairs = Sequence[tuple[float, float]]

SLEEP = [
    *zip(
        [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
        [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
        strict=True,
    )
]
"""Hours of sleep that ten patients gained by each of two drugs: Student (1908); ``sleep`` in R."""

MAIZE = [(float(eighths), 0.0) for eighths in (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)]
"""By how much crossed plants outgrew their self-fertilised partners: Darwin (1876), in eighths of an inch."""

DEPRESSION = [
    *zip(
        [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
        [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
        strict=True,
    )
]
"""Hamilton's depression factor at two visits: Hollander and Wolfe (1973, p. 29), in R's ``wilcox.test``."""

TIED = [
    *zip(
        [9.0, 14, 8, 11, 14, 10, 8, 14, 12, 14, 13, 9, 15, 12, 9],
        [13.0, 15, 9, 12, 16, 10, 8, 13, 12, 16, 9, 10, 16, 12, 9],
        strict=True,
    )
]
"""Fifteen pairs with ties, and five of them with no difference: Bortz, Lienert and Boehnke (1990)."""

whole = st.integers(-1000, 1000).map(float)
decimals = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def listed(values: st.SearchStrategy[float], least: int, most: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(st.tuples(values, values), min_size=least, max_size=most)


def differing(pairs: Pairs) -> list[float]:
    return [value - baseline for value, baseline in pairs]


def p_of(pairs: Pairs, test: PairedTest = T) -> float:
    p = compare(pairs, test).p
    assert p is not None
    return p


def enumerated_p(differences: Sequence[float]) -> float:
    """Return the share of all ways to give signs in which the rank sums are as far apart as they are."""
    ranks = stats.rankdata(np.abs(differences))
    observed = abs(np.sum(np.sign(differences) * ranks))
    sums = [abs(np.dot(signs, ranks)) for signs in itertools.product((-1, 1), repeat=len(ranks))]
    return float(np.mean(np.array(sums) >= observed - 1e-9))


def holm(ps: Sequence[float]) -> list[float]:
    """Return the smallest level at which Holm's procedure rejects each: tried, not computed."""

    def rejected(level: float) -> set[int]:
        found: set[int] = set()
        for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
            if ps[place] * (len(ps) - rank) > level:
                break
            found.add(place)
        return found

    levels = sorted({min(1.0, p * factor) for p in ps for factor in range(1, len(ps) + 1)})
    return [next((level for level in levels if place in rejected(level)), 1.0) for place in range(len(ps))]


def test_the_t_test_is_that_of_student_1908() -> None:
    """R prints t = -4.0621, df = 9, p-value = 0.002833, a mean of -1.58, and -2.4598858 to -0.7001142."""
    found = compare(SLEEP)
    assert found.pairs == 10
    assert found.difference == pytest.approx(-1.58, abs=1e-12)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert found.effect == pytest.approx(-4.0621 / math.sqrt(10), abs=5e-5)
    assert found.reason is None


def test_the_t_test_is_that_of_fisher_1935() -> None:
    """The Design of Experiments, section 17: a mean of 20.93, and t = 2.148 of 14 degrees of freedom."""
    found = compare(MAIZE)
    assert found.difference == pytest.approx(20.93, abs=5e-3)
    assert found.effect is not None
    assert found.effect * math.sqrt(15) == pytest.approx(2.148, abs=5e-4)
    assert found.p == pytest.approx(0.0497, abs=5e-5)


def test_the_signed_rank_test_is_that_of_hollander_and_wolfe() -> None:
    """R prints V = 40 of 45, and a one-sided p-value of 0.01953."""
    found = compare(DEPRESSION, WILCOXON)
    assert found.p == pytest.approx(2 * 0.01953, abs=1e-5)
    assert found.effect == pytest.approx((40 - 5) / 45)
    assert found.difference == pytest.approx(sum(differing(DEPRESSION)) / 9)


def test_the_signed_rank_test_drops_zeros_and_is_exact_with_ties() -> None:
    """``wilcox.exact`` in R's exactRankTests prints V = 13 and a p-value of 0.1367; the ten ranks sum to 55."""
    found = compare(TIED, WILCOXON)
    assert found.p == pytest.approx(0.1367, abs=5e-5)
    assert found.effect == pytest.approx((13 - 42) / 55)


def test_a_tie_in_decimals_is_one() -> None:
    """One of Student's patients slept the same by both drugs, and the others more by the second, two by 1.3 hours."""
    assert p_of(SLEEP, WILCOXON) == 2 / 2**9
    assert compare(SLEEP, WILCOXON).effect == -1.0


def test_holms_correction_is_that_of_a_textbook() -> None:
    """At 0.05: 0.005 < 0.05 / 4 and 0.01 < 0.05 / 3 are rejected, then 0.03 > 0.05 / 2 ends it."""
    made = adjust([Comparison(5, p=p) for p in (0.01, 0.04, 0.03, 0.005)])
    assert [one.adjusted for one in made] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [one.is_significant for one in made] == [True, False, False, True]


@given(listed(decimals, 3, 30))
def test_the_t_test_is_that_of_scipy(pairs: list[tuple[float, float]]) -> None:
    differences = differing(pairs)
    largest = max(abs(value) for pair in pairs for value in pair)
    assume(np.std(differences) > 1e-6 * largest)  # below that SciPy warns that it has lost its digits
    found = compare(pairs)
    expected = stats.ttest_rel(*zip(*pairs, strict=True))
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
    assert found.effect is not None
    assert found.effect * math.sqrt(len(pairs)) == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
    limits = expected.confidence_interval(0.95)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(limits, rel=1e-6, abs=1e-9 * largest)


@settings(deadline=None)
@given(listed(whole, 6, 30))
def test_the_signed_rank_test_is_that_of_scipy_without_zeros_and_ties(pairs: list[tuple[float, float]]) -> None:
    differences = differing(pairs)
    assume(0 not in differences and len(set(map(abs, differences))) == len(differences))
    assert p_of(pairs, WILCOXON) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, rel=1e-12)


@settings(deadline=None)
@given(listed(st.integers(-4, 4).map(float), 60, 90))
def test_the_signed_rank_test_of_many_pairs_is_scipys_approximation(pairs: list[tuple[float, float]]) -> None:
    nonzero = [one for one in differing(pairs) if one]
    assume(len(nonzero) > 50)
    assert p_of(pairs, WILCOXON) == pytest.approx(stats.wilcoxon(nonzero, method="asymptotic").pvalue, rel=1e-9)


@settings(deadline=None, max_examples=50)
@given(listed(st.integers(-4, 4).map(float), 6, 10))
def test_the_signed_rank_test_with_ties_counts_every_way_to_give_signs(pairs: list[tuple[float, float]]) -> None:
    nonzero = [one for one in differing(pairs) if one]
    assume(nonzero)
    assert p_of(pairs, WILCOXON) == pytest.approx(enumerated_p(nonzero), rel=1e-12)


def test_the_exact_test_and_the_approximation_meet() -> None:
    rng = random.Random(4)
    pairs = [(rng.gauss(0.3, 1), 0.0) for _ in range(50)]
    normal = stats.wilcoxon(differing(pairs), method="asymptotic").pvalue
    assert p_of(pairs, WILCOXON) == pytest.approx(normal, rel=0.03)


@settings(deadline=None)
@given(listed(whole, 6, 12), st.sampled_from([0.01, 0.001, 0.1 / 3]))
def test_ties_are_not_broken_by_the_rounding_of_decimals(pairs: list[tuple[float, float]], unit: float) -> None:
    """0.83 - 0.81 and 0.91 - 0.89 are equal, though floats have it otherwise."""
    scaled = [(value * unit, baseline * unit) for value, baseline in pairs]
    assert compare(scaled, WILCOXON).p == compare(pairs, WILCOXON).p
    assert compare(scaled).reason == compare(pairs).reason


@pytest.mark.parametrize("test", PairedTest)
@given(pairs=listed(whole, 6, 12))
def test_the_other_way_round_the_difference_changes_its_sign_and_nothing_else(
    test: PairedTest, pairs: list[tuple[float, float]]
) -> None:
    found, turned = compare(pairs, test), compare([(b, a) for a, b in pairs], test)
    assert turned.p == pytest.approx(found.p, rel=1e-9)
    assert turned.reason == found.reason
    assert turned.difference == pytest.approx(-(found.difference or 0.0), abs=1e-12)
    assert turned.effect == (found.effect if found.effect is None else pytest.approx(-found.effect, rel=1e-9))


@pytest.mark.parametrize("test", PairedTest)
def test_fewer_pairs_than_a_test_needs_are_too_few(test: PairedTest) -> None:
    found = compare([(place + place**2, 0.0) for place in range(1, test.fewest)], test)
    assert found.reason == "too few"
    assert (found.p, found.effect) == (None, None)
    assert found.difference is not None
    assert found.interval is not None


@pytest.mark.parametrize("test", PairedTest)
def test_the_fewest_pairs_are_tested(test: PairedTest) -> None:
    assert compare([(1.0 + place**2, 0.0) for place in range(test.fewest)], test).is_tested


def test_wilcoxons_fewest_pairs_are_the_first_that_can_be_significant() -> None:
    assert 2 / 2 ** (WILCOXON.fewest - 1) >= ALPHA > 2 / 2**WILCOXON.fewest
    assert p_of([(1.0 + place**2, 0.0) for place in range(6)], WILCOXON) == 2 / 2**6


def test_one_pair_has_a_difference_and_no_interval() -> None:
    assert compare([(0.5, 0.25)]) == Comparison(1, 0.25, reason=Reason.TOO_FEW)


def test_nothing_shared_says_so() -> None:
    assert compare([]) == Comparison(0, reason=Reason.NOTHING_SHARED)


@pytest.mark.parametrize("test", PairedTest)
@pytest.mark.parametrize(
    "odd",
    [[(math.inf, 1.0)], [(math.inf, math.inf)], [(1.0, math.nan)], [(math.inf, 0.0), (-math.inf, 0.0)]],
)
def test_what_is_not_finite_is_not_compared(odd: Pairs, test: PairedTest) -> None:
    pairs = [(1.0, 0.0), (2.0, 0.5), (4.0, 1.0), (5.0, 1.0), (7.0, 1.5), *odd]
    assert compare(pairs, test) == Comparison(len(pairs), reason=Reason.NOT_FINITE)


@pytest.mark.parametrize("test", PairedTest)
@pytest.mark.parametrize(
    "pairs",
    [[(1.7e308, -1.7e308)] * 6, [(1.7e308, 0.0), (-1.7e308, 0.0)] * 3, [(2.0, 1.0), (1.7e308, -1.7e308)] * 3],
)
def test_differences_beyond_what_a_float_holds_are_not_finite(pairs: Pairs, test: PairedTest) -> None:
    assert compare(pairs, test).reason == "not finite"


@pytest.mark.parametrize("test", PairedTest)
def test_identical_values_are_no_evidence_of_a_difference(test: PairedTest) -> None:
    found = compare([(0.1 * place, 0.1 * place) for place in range(6)], test)
    assert found == Comparison(6, 0.0, Interval(0.0, 0.0), p=1.0, reason=Reason.IDENTICAL)


def test_values_that_differ_by_their_rounding_are_identical() -> None:
    assert 0.1 + 0.2 != 0.3
    assert compare([(0.1 + 0.2, 0.3)] * 3).reason == "identical"


@pytest.mark.parametrize(
    "pairs", [[(2.0, 1.0)] * 5, [(0.83, 0.81), (0.91, 0.89), (0.71, 0.69)], [(1e9 + 0.1, 1e9), (2e9 + 0.1, 2e9)] * 2]
)
def test_differences_that_are_all_the_same_have_no_spread_to_be_held_against(pairs: Pairs) -> None:
    found = compare(pairs)
    assert found.reason == "no spread"
    assert (found.p, found.effect) == (None, None)
    assert found.interval is not None
    assert found.interval.high - found.interval.low < 1e-6


def test_wilcoxons_test_needs_no_spread() -> None:
    assert p_of([(0.83, 0.81), (0.91, 0.89), (0.71, 0.69)] * 2, WILCOXON) == 2 / 2**6


@pytest.mark.parametrize("test", PairedTest)
def test_a_large_offset_changes_nothing(test: PairedTest) -> None:
    pairs = [(value + 2.0**30, baseline + 2.0**30) for value, baseline in [(x / 64, y / 64) for x, y in MAIZE]]
    found, expected = compare(pairs, test), compare(MAIZE, test)
    assert found.p == pytest.approx(expected.p, rel=1e-12)
    assert found.effect == pytest.approx(expected.effect, rel=1e-12)


def test_a_pair_that_went_astray_does_not_blur_the_others() -> None:
    """What a float holds of a loss of 1e15 says nothing of how exactly the other losses are known."""
    near = [(0.2 + 0.01 * place, 0.1) for place in range(9)]
    assert p_of([*near, (1e15, 0.3)], WILCOXON) == 2 / 2**10


@pytest.mark.parametrize("test", PairedTest)
def test_ten_thousand_pairs_are_compared(test: PairedTest) -> None:
    rng = random.Random(0)
    pairs = [(rng.gauss(0.02, 1), rng.gauss(0, 1)) for _ in range(10_000)]
    expected = {
        T: stats.ttest_rel(*zip(*pairs, strict=True)).pvalue,
        WILCOXON: stats.wilcoxon(differing(pairs), method="asymptotic").pvalue,
    }
    assert p_of(pairs, test) == pytest.approx(expected[test], rel=1e-9)


def test_a_p_of_the_smallest_kind_is_not_lost() -> None:
    """One minus the other tail would be zero."""
    pairs = [(1.0 + 1e-4 * (-1) ** place, 0.0) for place in range(30)]
    assert p_of(pairs) == pytest.approx(stats.ttest_1samp(differing(pairs), 0).pvalue, rel=1e-6)
    assert 0 < p_of(pairs) < 1e-90


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_correction_is_the_level_at_which_his_procedure_rejects(ps: list[float]) -> None:
    assert [one.adjusted for one in adjust([Comparison(5, p=p) for p in ps])] == pytest.approx(holm(ps), abs=1e-15)


@given(st.lists(st.floats(0, 1) | st.none(), max_size=12))
def test_what_was_not_tested_is_no_comparison(ps: list[float | None]) -> None:
    made = adjust([Comparison(5, p=p, reason=None if p is not None else Reason.TOO_FEW) for p in ps])
    alone = adjust([Comparison(5, p=p) for p in ps if p is not None])
    assert [one for one in made if one.is_tested] == alone
    assert all(one.adjusted is None and not one.is_significant for one in made if not one.is_tested)


def test_identical_rows_count_as_comparisons() -> None:
    """Their p is 1, so leaving them out once the results are seen would lower the bar for the others."""
    same = compare([(0.5, 0.5)] * 5)
    tested = Comparison(5, p=0.02)
    assert adjust([tested, same]) == [replace(tested, adjusted=0.04), replace(same, adjusted=1.0)]


def test_a_comparison_is_significant_only_after_the_correction() -> None:
    assert not Comparison(5, p=0.001).is_significant
    assert adjust([Comparison(5, p=0.001)])[0].is_significant
    assert not adjust([Comparison(5, p=ALPHA)])[0].is_significant
