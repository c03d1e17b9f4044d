"""The keys of a spec's file that need or exclude each other, whatever else is wrong with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.errors import Problem, did_you_mean
from sweeper.spec import study_table
from sweeper.spec.checks import Invalid
from sweeper.spec.space import Dimension, demands, ordered
from sweeper.spec.toml import to_key, to_toml


def disagreements(contents: Mapping[str, Any], source: str) -> Iterator[Problem]:
    """Yield what is wrong with a file's keys as a whole."""
    yield from _about_metrics(contents, source)
    study = contents.get("study")
    if isinstance(study, Mapping):
        yield from _about_study(contents, study, source)
        if isinstance(space := study.get("space"), Mapping):
            yield from _about_conditions(space, source)


def _about_metrics(contents: Mapping[str, Any], source: str) -> Iterator[Problem]:
    if "objectives" not in contents:
        if "metric" not in contents:
            yield Problem(source, "metric", "is required", remedy='add metric = "accuracy"')
        return
    for key in ("metric", "direction"):
        if key in contents:
            yield Problem(source, key, "stands beside [objectives]", remedy="say it there alone")


def _about_study(contents: Mapping[str, Any], study: Mapping[str, Any], source: str) -> Iterator[Problem]:
    if "points" in contents:
        yield Problem(source, "points", "means nothing beside [study]", remedy="rows to try first are study.enqueue")
    if "exclude" in contents:
        yield Problem(source, "exclude", "means nothing beside [study]", remedy="narrow the space")
    if isinstance(contents.get("grid"), list):
        yield Problem(source, "grid", "is a union, beside [study]", remedy="keep one [grid], of replicates")
    objectives = contents.get("objectives")
    if "pruner" in study and isinstance(objectives, Mapping) and len(objectives) > 1:
        remedy = "take it out, or all objectives but one"
        yield Problem(source, "study.pruner", "compares one objective, and there are several", remedy=remedy)


def _about_conditions(table: Mapping[str, Any], source: str) -> Iterator[Problem]:
    """Yield what is wrong with when the parameters of a space are set, as far as it can be read."""
    entries = study_table.space_entries(table)
    space: dict[str, Dimension] = {}
    for entry in entries:
        with contextlib.suppress(Invalid):  # the shape of the table is told of where it is validated
            space[entry.key] = study_table.dimension(entry)
    names = [entry.key for entry in entries]
    for name, dimension in space.items():
        key = to_key("study", "space", name, "when")
        for other, values in dimension.when.items():
            if other not in names:
                remedy = did_you_mean(other, names)
                yield Problem(source, key, f"{other} is not searched", remedy=remedy)
            for value in values:
                if other in space and value not in space[other].domain:
                    yield Problem(source, key, f"{other} is never {to_toml(value)} in the space")
    try:
        ordered(space.values())
    except ValueError as error:
        yield Problem(source, "study.space", f"the conditions go in a circle: {error}", remedy="take one of them out")
        return
    for name, dimension in space.items():
        if empty := [other for other, values in demands(dimension, space.values()).items() if not values]:
            reason = f"can never hold: what it names has conditions too, and together they leave {empty[0]} no value"
            yield Problem(source, to_key("study", "space", name, "when"), reason)
