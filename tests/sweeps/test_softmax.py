from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import softmax
from softmax import AdamW, Softmax

HOW = AdamW(learning_rate=0.01, weight_decay=0.01, batch_size=7, epochs=4, seed=0)
CLASSES = ("business", "sports", "tech")


@pytest.fixture
def examples() -> tuple[softmax.Array, softmax.Labels]:
    """Three clouds of points, one a class, that a line can part."""
    labels = np.repeat([0, 1, 2], 20)
    return np.eye(3)[labels] + np.random.default_rng(0).normal(scale=0.1, size=(60, 3)), labels


def last(epochs) -> Softmax:
    return list(epochs)[-1].classifier


def equal(one: Softmax, other: Softmax) -> bool:
    return np.array_equal(one.weights, other.weights) and np.array_equal(one.bias, other.bias)


def test_a_classifier_is_read_as_it_was_saved(tmp_path) -> None:
    classifier = softmax.initialise(CLASSES, 5, seed=1)
    classifier.save(tmp_path / "classifier.npz")

    read = Softmax.load(tmp_path / "classifier.npz")

    assert read.classes == CLASSES
    assert equal(read, classifier)


@given(arrays(np.float64, (4, 5), elements=st.floats(-1e6, 1e6)))
def test_probabilities_add_up_to_one_whatever_the_features(features) -> None:
    log_probabilities = softmax.initialise(CLASSES, 5, seed=0).log_probabilities(features)

    np.testing.assert_allclose(np.exp(log_probabilities).sum(axis=1), 1)


def test_training_lowers_the_loss_and_learns_the_classes(examples) -> None:
    features, labels = examples

    epochs = list(softmax.train(softmax.initialise(CLASSES, 3, seed=0), features, labels, HOW))

    losses = [epoch.loss for epoch in epochs]
    assert [epoch.number for epoch in epochs] == [0, 1, 2, 3, 4]
    assert losses == sorted(losses, reverse=True)
    assert np.array_equal(epochs[-1].classifier.log_probabilities(features).argmax(axis=1), labels)


def test_later_epochs_leave_the_classifiers_of_earlier_ones_alone(examples) -> None:
    features, labels = examples

    for epoch in list(softmax.train(softmax.initialise(CLASSES, 3, seed=0), features, labels, HOW)):
        loss = softmax.cross_entropy(epoch.classifier.log_probabilities(features), labels)
        assert loss == pytest.approx(epoch.loss)


def test_the_first_step_of_adam_moves_every_weight_by_the_learning_rate(examples) -> None:
    features, labels = examples
    start = softmax.initialise(CLASSES, 3, seed=0)
    one_step = AdamW(learning_rate=0.01, weight_decay=0, batch_size=len(labels), epochs=1, seed=0)

    trained = last(softmax.train(start, features, labels, one_step))

    np.testing.assert_allclose(np.abs(trained.weights - start.weights), 0.01, rtol=1e-4)


def test_weight_decay_shrinks_weights_that_nothing_pulls_at() -> None:
    start = Softmax(CLASSES, np.ones((2, 3)), np.zeros(3))
    balanced = np.zeros((3, 2)), np.array([0, 1, 2])
    one_step = AdamW(learning_rate=0.1, weight_decay=0.5, batch_size=3, epochs=1, seed=0)

    trained = last(softmax.train(start, *balanced, one_step))

    np.testing.assert_allclose(trained.weights, 0.95)


def test_a_seed_draws_the_order_of_the_examples(examples) -> None:
    start = softmax.initialise(CLASSES, 3, seed=0)
    trained = last(softmax.train(start, *examples, HOW))

    assert equal(last(softmax.train(start, *examples, HOW)), trained)
    assert not equal(last(softmax.train(start, *examples, dataclasses.replace(HOW, seed=1))), trained)


def test_a_seed_draws_the_initial_weights() -> None:
    start = softmax.initialise(CLASSES, 3, seed=0)

    assert equal(softmax.initialise(CLASSES, 3, seed=0), start)
    assert not equal(softmax.initialise(CLASSES, 3, seed=1), start)
