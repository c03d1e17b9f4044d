from __future__ import annotations

import numpy as np

import digits


def test_digits_are_read_well_and_each_epoch_is_on_the_curve(run_body) -> None:
    split = run_body(digits.SplitDigits())

    fitted = run_body(digits.FitDigits(learning_rate=0.1), split=split)

    steps, accuracies = zip(*fitted.curves["train_accuracy"], strict=True)
    assert fitted.metrics["accuracy"] > 0.9
    assert steps == (1, 2, 3, 4, 5)
    assert accuracies[-1] > accuracies[0]
    assert fitted.curves["reported"][-1] == (5, fitted.metrics["accuracy"])


def test_a_penalty_on_the_weights_makes_most_of_them_zero(run_body) -> None:
    split = run_body(digits.SplitDigits())

    plain, sparse = (
        run_body(digits.FitDigits(penalty=penalty, alpha=0.01), split=split).metrics for penalty in ("l2", "l1")
    )

    assert sparse["weights"] < plain["weights"] / 2
    assert sparse["accuracy"] > 0.8


def test_a_seed_draws_the_digits_held_out(run_body) -> None:
    def held_out(seed: int):
        return np.load(run_body(digits.SplitDigits(seed=seed)).artifacts["digits"].path)["x_test"]

    assert np.array_equal(held_out(0), held_out(0))
    assert not np.array_equal(held_out(0), held_out(1))


def test_a_point_comes_out_the_same_again(run_body) -> None:
    split = run_body(digits.SplitDigits(seed=2))

    first, second = (run_body(digits.FitDigits(seed=2), split=split) for _ in range(2))

    assert first == second


def test_the_learning_rate_has_a_best_in_the_middle(run_body) -> None:
    splits = {seed: run_body(digits.SplitDigits(seed=seed)) for seed in range(3)}

    def mean_accuracy(learning_rate: float) -> float:
        tasks = {seed: digits.FitDigits(learning_rate=learning_rate, seed=seed) for seed in splits}
        return float(np.mean([run_body(task, split=splits[seed]).metrics["accuracy"] for seed, task in tasks.items()]))

    assert mean_accuracy(0.001) < mean_accuracy(0.1) > mean_accuracy(10.0)
