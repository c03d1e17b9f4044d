"""The shape of ``[retry]`` in a spec's file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator

from sweeper.spec.checks import EVERY_TASK, Invalid
from sweeper.spec.retry import Retry

MOST = 1000
"""Attempts, at most: more are a loop without an end."""


def _by_task(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table", "write attempts = 3 under [retry]")
    classes = {name: inner for name, inner in value.items() if isinstance(inner, Mapping)}
    every = {name: inner for name, inner in value.items() if name not in classes}
    return {**classes, EVERY_TASK: {**every, **classes.get(EVERY_TASK, {})}}


def _attempts(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise Invalid(f"must be an integer from 1 to {MOST:,}", "it counts the first attempt too")
    return value


def _lost(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise Invalid(f"must be an integer from 0 to {MOST:,}")
    return value


def _delay(value: Any) -> float:
    if not _is_finite(value) or value < 0:
        raise Invalid("must be a number of seconds, 0 or more")
    return float(value)


def _factor(value: Any) -> float:
    if not _is_finite(value) or value < 1:
        raise Invalid("must be a number of at least 1")
    return float(value)


def _classes(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise Invalid("must be names of exceptions", 'as in ["ConnectionError", "requests:Timeout"]')
    for name in names:
        if not all(part.isidentifier() for part in name.replace(":", ".", 1).split(".")):
            raise Invalid(f"{name!r} is no name of an exception", 'as in "ConnectionError" or "requests:Timeout"')
    return tuple(names)


def _is_finite(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= sys.float_info.max


class RetryTable(BaseModel):
    """The table ``[retry]``, or the one of a task's class in it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    attempts: Annotated[int, PlainValidator(_attempts)] = 1
    delay: Annotated[float, PlainValidator(_delay)] = 0.0
    backoff: Annotated[float, PlainValidator(_factor)] = 2.0
    max_delay: Annotated[float, PlainValidator(_delay)] = 600.0
    on: Annotated[tuple[str, ...], PlainValidator(_classes)] = ()
    lost: Annotated[int, PlainValidator(_lost)] = 2


RetryTables = Annotated[dict[str, RetryTable], BeforeValidator(_by_task)]


def retries(tables: Mapping[str, RetryTable]) -> dict[str, Retry]:
    """Return how tasks are tried again, by class; what a class does not say is as for every task."""
    said = {name: table.model_dump(exclude_unset=True) for name, table in tables.items()}
    every = said.get(EVERY_TASK, {})
    return {name: Retry(**{**every, **own}) for name, own in said.items()}
