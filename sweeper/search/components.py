"""Samplers and pruners by name: what there is, what arguments they take, and making them."""

from __future__ import annotations

import enum
import hashlib
import importlib.util
import inspect
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from sweeper.errors import Problem, did_you_mean
from sweeper.search.distributions import suggest
from sweeper.search.quiet import optuna
from sweeper.spec import Spec
from sweeper.spec.space import Choice
from sweeper.spec.study import Component, Study

SAMPLERS: Mapping[str, str] = {
    "random": "RandomSampler",
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "cmaes": "CmaEsSampler",
    "nsga2": "NSGAIISampler",
    "nsga3": "NSGAIIISampler",
    "qmc": "QMCSampler",
}
PRUNERS: Mapping[str, str] = {
    "median": "MedianPruner",
    "percentile": "PercentilePruner",
    "threshold": "ThresholdPruner",
    "hyperband": "HyperbandPruner",
    "asha": "SuccessiveHalvingPruner",
    "successive_halving": "SuccessiveHalvingPruner",
    "patient": "PatientPruner",
    "wilcoxon": "WilcoxonPruner",
}
_NEEDS = {"gp": "torch", "cmaes": "cmaes"}
_SINGLE = {"cmaes"}
_OWN = {"seed": "it is study.seed", "constraints_func": "write study.constraints", "source_trials": ""}


class Upkeep(enum.Enum):
    """What a sampler needs, to go on as if the study had never been interrupted.

    ``SEEDED``: nothing of its own; each trial gets a new one, seeded by its number. ``NOTED``: the same, and what it
    noted on each trial. ``REPLAYED``: everything that it was ever asked and told, again.
    """

    SEEDED = "seeded"
    NOTED = "noted"
    REPLAYED = "replayed"


_UPKEEP = {
    "random": Upkeep.SEEDED,
    "tpe": Upkeep.SEEDED,
    "gp": Upkeep.SEEDED,
    "nsga2": Upkeep.NOTED,
    "nsga3": Upkeep.NOTED,
}


def upkeep_of(sampler: Component) -> Upkeep:
    """Return what a sampler needs; one of the user's own is replayed."""
    return _UPKEEP.get(sampler.name, Upkeep.REPLAYED)


def seed_of(study: Study, number: int, draw: int = 0) -> int:
    """Return the seed for a trial, from 0 to 2**32 - 1: of the study's seed and the trial's number alone."""
    digest = hashlib.sha256(f"{study.seed}/{number}/{draw}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def make_sampler(study: Study, seed: int) -> BaseSampler:
    """Return a new sampler."""
    arguments = dict(study.sampler.arguments)
    made = _class(study.sampler, SAMPLERS, BaseSampler)
    is_conditional = any(dimension.when for dimension in study.space)
    if study.sampler.name == "tpe" and is_conditional and arguments.get("multivariate") is not False:
        arguments.setdefault("group", True)  # models what is set together; else conditional parameters are independent
    if "seed" in inspect.signature(made).parameters:
        arguments["seed"] = seed
    sampler: BaseSampler = _made(made, arguments)
    return sampler


def make_pruner(component: Component | None) -> BasePruner:
    """Return a new pruner; one that never prunes in the place of none."""
    if component is None:
        return optuna.pruners.NopPruner()
    arguments = dict(component.arguments)
    wrapped = arguments.get("wrapped_pruner")
    if wrapped is not None:
        arguments["wrapped_pruner"] = make_pruner(_nested(wrapped))
    elif component.name == "patient":
        arguments["wrapped_pruner"] = None  # Optuna has no default for it
    pruner: BasePruner = _made(_class(component, PRUNERS, BasePruner), arguments)
    return pruner


def component_problems(spec: Spec) -> list[Problem]:
    """Return what is wrong with the names and arguments of a study's sampler and pruner."""
    study = spec.study
    if study is None:
        return []
    source = str(spec.path or spec.name)
    problems = [*_problems(study.sampler, "sampler", SAMPLERS, source)]
    if study.sampler.name in _SINGLE and len(spec.objectives) > 1:
        problems.append(Problem(source, "study.sampler", f"{study.sampler.name} searches for one objective"))
    if study.pruner is not None:
        problems += _problems(study.pruner, "pruner", PRUNERS, source)
    if problems:
        return problems
    for place, make in (
        ("sampler", lambda: _try_out(study, len(spec.objectives))),
        ("pruner", lambda: make_pruner(study.pruner)),
    ):
        try:
            make()
        except Exception as error:  # noqa: BLE001 (Optuna's own checks, and those of a user's class)
            problems.append(Problem(source, f"study.{place}", f"{type(error).__name__}: {error}"))
    return problems


def _try_out(study: Study, objectives: int) -> None:
    """Let a sampler propose something twice: some of what its arguments or the space break shows only then."""
    tried = optuna.create_study(sampler=make_sampler(study, 0), directions=["minimize"] * objectives)
    vars(tried)["stop"] = lambda: None  # for who has tried everything; outside of ``optimize`` Optuna's own raises
    for _ in range(2):
        trial = tried.ask()
        suggest(trial, study.space)
        tried.tell(trial, [0.0] * objectives)


def notices(study: Study) -> Iterator[str]:
    """Yield what a user should know of how a sampler takes the space."""
    choices = [one.name for one in study.space if isinstance(one.domain, Choice)]
    conditional = [one.name for one in study.space if one.when]
    at_random = {"cmaes": [*choices, *conditional], "qmc": conditional}.get(study.sampler.name)
    if at_random:
        names = ", ".join(dict.fromkeys(at_random))
        yield f"{study.sampler.name} leaves some of the space to chance: {names}"


def _problems(component: Component, place: str, known: Mapping[str, str], source: str) -> Iterator[Problem]:
    key = f"study.{place}"
    shown = f'"{component.name}"'
    if ":" not in component.name and component.name not in known:
        remedy = did_you_mean(component.name, known)
        yield Problem(source, key, f"is no {place} of Optuna's, nor module:Class", shown, remedy)
        return
    needed = _NEEDS.get(component.name, "")
    if needed and importlib.util.find_spec(needed) is None:
        yield Problem(source, key, f"needs the package {needed}, which is not installed", shown, f"install {needed}")
        return
    try:
        made = _class(component, known, BaseSampler if place == "sampler" else BasePruner)
    except Exception as error:  # noqa: BLE001 (a module of the user's may raise whatever it likes)
        yield Problem(source, key, str(error), shown)
        return
    choices = [name for name in inspect.signature(made).parameters if name not in _OWN]
    for name in component.arguments:
        if name in _OWN:
            yield Problem(source, f"{key}.{name}", "is not said here", remedy=_OWN[name])
        elif name not in choices:
            reason = f"is no argument of {made.__name__}"
            yield Problem(source, f"{key}.{name}", reason, remedy=did_you_mean(name, choices))
    wrapped = component.arguments.get("wrapped_pruner")
    if wrapped is not None:
        yield from _problems(_nested(wrapped), "pruner", known, source)


def _nested(wrapped: Any) -> Component:
    if isinstance(wrapped, Mapping):
        rest = {name: value for name, value in wrapped.items() if name != "name"}
        return Component(str(wrapped.get("name", "")), rest)
    return Component(str(wrapped))


def _class(component: Component, known: Mapping[str, str], base: type[Any]) -> type[Any]:
    """Return the class that a name means. Raises ``ValueError``, or what importing it raises, if it means none."""
    if ":" in component.name:
        module, _, name = component.name.partition(":")
        found = getattr(importlib.import_module(module), name, None)
    else:
        home = optuna.samplers if base is BaseSampler else optuna.pruners
        found = getattr(home, known[component.name])
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ValueError(f"{component.name} is not a class of Optuna's {base.__name__}")  # noqa: TRY004
    return found


def _made(made: type[Any], arguments: Mapping[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return made(**arguments)
