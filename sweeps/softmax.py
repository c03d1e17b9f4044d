"""Softmax regression, trained with AdamW: the head on top of frozen features."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]

BETAS = 0.9, 0.999
EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class Softmax:
    """A linear classifier: ``weights`` has a row a feature and a column a class, ``bias`` a number a class."""

    classes: tuple[str, ...]
    weights: Array
    bias: Array

    def save(self, path: str | Path) -> None:
        """Write the classifier as an npz file."""
        np.savez(path, classes=np.array(self.classes), weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a classifier that ``save`` wrote."""
        with np.load(path) as arrays:
            return cls(tuple(arrays["classes"].tolist()), arrays["weights"], arrays["bias"])

    def log_probabilities(self, features: Array) -> Array:
        """Return the logarithm of each class's probability (columns) for each row of features."""
        return _log_softmax(features @ self.weights + self.bias)

    def predict(self, features: Array) -> list[str]:
        """Return the most probable class for each row of features."""
        return [self.classes[best] for best in self.log_probabilities(features).argmax(axis=1)]


@dataclass(frozen=True, slots=True)
class AdamW:
    """How to train; ``seed`` draws the order in which each epoch sees the examples."""

    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    seed: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """The classifier after so many epochs, and its loss over all that it is trained on."""

    number: int
    classifier: Softmax
    loss: float


def initialise(classes: tuple[str, ...], n_features: int, seed: int) -> Softmax:
    """Return an untrained classifier whose weights are small and random, as those of BERT's own heads are."""
    weights = np.random.default_rng(seed).normal(scale=0.02, size=(n_features, len(classes)))
    return Softmax(classes, weights, np.zeros(len(classes)))


def cross_entropy(log_probabilities: Array, labels: Labels) -> float:
    """Return the mean surprise at the labels, in nats."""
    return -float(log_probabilities[np.arange(len(labels)), labels].mean())


def train(classifier: Softmax, features: Array, labels: Labels, how: AdamW) -> Iterator[Epoch]:
    """Yield epoch 0, the classifier as it came, and then what each epoch of training makes of it.

    ``labels`` are positions in the classifier's ``classes``.
    """
    yield Epoch(0, classifier, cross_entropy(classifier.log_probabilities(features), labels))
    shuffle = np.random.default_rng(how.seed)
    inputs = np.column_stack([features, np.ones(len(features))])  # so that the bias is one more row of weights
    targets = np.eye(len(classifier.classes))[labels]
    weights = np.vstack([classifier.weights, classifier.bias])
    mean, square, step = np.zeros_like(weights), np.zeros_like(weights), 0
    for number in range(1, how.epochs + 1):
        for batch in np.array_split(shuffle.permutation(len(inputs)), math.ceil(len(inputs) / how.batch_size)):
            residuals = np.exp(_log_softmax(inputs[batch] @ weights)) - targets[batch]
            gradient = inputs[batch].T @ residuals / len(batch)
            step += 1
            mean = BETAS[0] * mean + (1 - BETAS[0]) * gradient
            square = BETAS[1] * square + (1 - BETAS[1]) * gradient**2
            direction = mean / (1 - BETAS[0] ** step) / (np.sqrt(square / (1 - BETAS[1] ** step)) + EPSILON)
            weights = weights - how.learning_rate * (direction + how.weight_decay * weights)
        trained = Softmax(classifier.classes, weights[:-1], weights[-1])
        yield Epoch(number, trained, cross_entropy(trained.log_probabilities(features), labels))


def _log_softmax(logits: Array) -> Array:
    below_top = logits - logits.max(axis=1, keepdims=True)
    logs: Array = below_top - np.log(np.exp(below_top).sum(axis=1, keepdims=True))
    return logs
