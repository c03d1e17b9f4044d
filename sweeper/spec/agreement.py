"""The keys of a spec's file that need or exclude each other, whatever else is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.errors import Problem


def disagreements(contents: Mapping[str, Any], source: str) -> Iterator[Problem]:
    """Yield what is wrong with a file's keys as a whole."""
    yield from _about_metrics(contents, source)
    study = contents.get("study")
    if isinstance(study, Mapping):
        yield from _about_study(contents, study, source)


def _about_metrics(contents: Mapping[str, Any], source: str) -> Iterator[Problem]:
    if "objectives" not in contents:
        if "metric" not in contents:
            yield Problem(source, "metric", "is required", remedy='add metric = "accuracy"')
        return
    for key in ("metric", "direction"):
        if key in contents:
            yield Problem(source, key, "stands beside [objectives]", remedy="say it there alone")


def _about_study(contents: Mapping[str, Any], study: Mapping[str, Any], source: str) -> Iterator[Problem]:
    if "trials" not in study and "timeout" not in study:
        yield Problem(source, "study", "has neither trials nor a timeout", remedy="say how many, as in trials = 50")
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
