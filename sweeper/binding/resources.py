"""What tasks need and what is limited, held against the pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.binding.binding import Asked
from sweeper.binding.survey import Survey
from sweeper.errors import Problem, did_you_mean
from sweeper.spec import Spec
from sweeper.spec.toml import to_key


def needed(spec: Spec, asked: Asked) -> dict[str, dict[str, float]]:
    """Return what tasks need: by their own account, unless the spec says otherwise of a resource."""
    families = dict.fromkeys([*asked, *spec.resources])
    return {family: {**asked.get(family, {}), **spec.resources.get(family, {})} for family in families}


def resource_problems(spec: Spec, seen: Survey) -> Iterator[Problem]:
    """Yield what is wrong with ``[resources]`` and ``[limits]``, given the tasks of the pipeline."""
    source = str(spec.path or spec.name)
    needs = needed(spec, seen.asked)
    names = {name for one in needs.values() for name in one} | {"cpu"}  # of which each task has some
    for family, amounts in needs.items():
        if (gpus := amounts.get("gpu", 1.0)) > 1 and not gpus.is_integer():
            remedy = "write a whole number, or a part of one, as in 0.5"
            yield Problem(source, to_key("resources", family, "gpu"), "is no number of GPUs", f"{gpus:g}", remedy)
    for name, limit in spec.limits.items():
        key, value = to_key("limits", name), f"{limit:g}"
        if name in seen.families and name in names:
            yield Problem(source, key, "is a task and a resource", value, "give the resource another name")
        elif name in seen.families and not limit.is_integer():
            yield Problem(source, key, "must be how many of the task may run at once", value, "write a whole number")
        elif name not in seen.families and name not in names:
            remedy = did_you_mean(name, [*seen.families, *names])
            yield Problem(source, key, "is no task of the pipeline, and no resource that one needs", value, remedy)
        for family, amounts in needs.items():
            if name not in seen.families and amounts.get(name, 0.0) > limit:
                reason = f"{family} needs {amounts[name]:g}, so it would never run"
                yield Problem(source, key, reason, value, "raise it, or let the task need less")
