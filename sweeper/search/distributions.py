"""A study's space in Optuna's terms: distributions for its dimensions, parameters for its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from sweeper.identity import canonical_json
from sweeper.spec.space import Choice, Dimension, Interval


def distribution(domain: Interval | Choice) -> BaseDistribution:
    """Return Optuna's distribution over a domain."""
    if isinstance(domain, Choice):
        return CategoricalDistribution(labels(domain))
    if domain.is_whole:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.is_log, step=int(domain.step or 1))
    return FloatDistribution(domain.low, domain.high, log=domain.is_log, step=domain.step)


def labels(choice: Choice) -> tuple[Any, ...]:
    """Return what Optuna knows the values of a choice by: themselves, or their JSON where it could not tell them apart.

    It takes None, truth values, numbers and strings, and holds ``1``, ``1.0`` and ``true`` for equal.
    """
    is_plain = all(isinstance(value, bool | int | float | str) for value in choice.values)
    if is_plain and len(set(choice.values)) == len(choice.values):
        return choice.values
    return tuple(canonical_json(value) for value in choice.values)


def to_parameter(domain: Interval | Choice, value: Any) -> Any:
    """Return Optuna's parameter for a value of a domain."""
    if isinstance(domain, Choice):
        form = canonical_json(value)
        return next(
            label for own, label in zip(domain.values, labels(domain), strict=True) if canonical_json(own) == form
        )
    return domain.level(value)


def to_value(domain: Interval | Choice, parameter: Any) -> Any:
    """Return the value that a parameter of Optuna's stands for: a stepped one without the error of its arithmetic."""
    if isinstance(domain, Choice):
        return domain.values[int(CategoricalDistribution(labels(domain)).to_internal_repr(parameter))]
    return domain.level(parameter)


def parameters(space: tuple[Dimension, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return Optuna's parameters for an assignment, which need not be whole."""
    return {one.name: to_parameter(one.domain, values[one.name]) for one in space if one.name in values}


def distributions(space: tuple[Dimension, ...], names: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """Return the distributions of the named dimensions."""
    return {one.name: distribution(one.domain) for one in space if one.name in names}


def suggest(trial: optuna.Trial, space: tuple[Dimension, ...]) -> dict[str, Any]:
    """Return the values that a trial is given, one after the other, as their conditions allow."""
    values: dict[str, Any] = {}
    for dimension in space:
        if dimension.is_active(values):
            values[dimension.name] = to_value(dimension.domain, _suggested(trial, dimension))
    return values


def _suggested(trial: optuna.Trial, dimension: Dimension) -> Any:
    domain = dimension.domain
    if isinstance(domain, Choice):
        return trial.suggest_categorical(dimension.name, labels(domain))
    if domain.is_whole:
        low, high = int(domain.low), int(domain.high)
        return trial.suggest_int(dimension.name, low, high, step=int(domain.step or 1), log=domain.is_log)
    return trial.suggest_float(dimension.name, domain.low, domain.high, step=domain.step, log=domain.is_log)
