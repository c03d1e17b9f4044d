"""What tasks need while they run, what is limited, and whether the machines have it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

import luigi
import luigi.configuration

from sweeper.binding import Binding
from sweeper.engine.base import Engine
from sweeper.engine.machine import Machine, available_cores, visible_devices
from sweeper.errors import InputError, Problem, SpecError, TaskError
from sweeper.spec.toml import to_key
from sweeper.task.needs import own_needs

ROOM_OF_A_TASK = "task:{}"
"""The resource of which a task with a limit needs one."""

NOTHING: Mapping[str, float] = {}

_ON_DASK = '; on Dask, start workers that have some: --resources "{}=1"'
_GPU_REMEDY = "name the devices, as in --gpus 0,1" + _ON_DASK.format("gpu")


class Resources:
    """The needs of a sweep's tasks, and the limits on them.

    ``limits`` are the totals that are counted here: of ``[limits]``, and of Luigi's own configuration. All else is the
    engine's. One that executes nothing beside the driver has all there is for each task.
    """

    def __init__(self, binding: Binding, engine: Engine) -> None:
        self._binding = binding
        self._engine = engine
        self._seen = dict(engine.resources)
        self.limits: dict[str, float] = _limits(binding, self._seen) if engine.is_concurrent else {}

    def check(self) -> None:
        """Raise ``SpecError`` with all that tasks need and could never have."""
        if problems := list(self._problems()):
            raise SpecError(problems)

    def needs(self, task: luigi.Task) -> Mapping[str, float]:
        """Return what a task needs. Raises ``TaskError`` for what says no amount, or more than there is."""
        family, spec = task.get_task_family(), self._binding.spec
        given, own = spec.resources.get(family), self._own(task)
        if not self._engine.is_concurrent:
            return NOTHING
        needs = {**own, **given} if given else own
        for name, amount in needs.items():
            if why := self._lack(name, amount):
                raise TaskError(f"{family} needs {name} = {amount:g}, and {why}")
        if (room := ROOM_OF_A_TASK.format(family)) in self.limits:
            needs = {**needs, room: 1.0}
        return needs

    def _own(self, task: luigi.Task) -> Mapping[str, float]:
        try:
            return own_needs(task)
        except TaskError:
            raise
        except Exception as error:
            raise TaskError(f"{task.get_task_family()}: what it needs is not known: {error}") from error

    def _problems(self) -> Iterator[Problem]:
        source = str(self._binding.spec.path or self._binding.spec.name)
        for family, needs in self._binding.asked.items() if self._engine.is_concurrent else ():
            lacking = {name: why for name, amount in needs.items() if (why := self._lack(name, amount))}
            for name, why in lacking.items():
                if name in self._binding.spec.resources.get(family, {}):
                    reason = f"{family} could never run: {why}"
                    yield Problem(source, to_key("resources", family, name), reason, f"{needs[name]:g}")
                else:
                    reason = f"{family}'s own resources ask for {name} = {needs[name]:g}, so it could never run: {why}"
                    yield Problem(source, "task", reason)

    def _lack(self, name: str, amount: float) -> str:
        """Return why so much of a resource is never there and what to do, '' if it may be.

        What went with a machine that is gone may come back with another.
        """
        for known, total in self._engine.resources.items():
            self._seen[known] = max(total, self._seen.get(known, 0.0))
        if name == "cpu" and "cpu" not in self._seen | self.limits:
            return ""  # workers that do not say how many they have: as many tasks run there as these have threads
        totals = [there[name] for there in (self.limits, self._seen) if name in there]
        if name == "gpu" and name not in self._seen:  # a limit makes none
            return f"no worker has any; {_GPU_REMEDY}"
        if not totals:
            return f"no worker has any; say how much there is, as in {name} = 1 under [limits]{_ON_DASK.format(name)}"
        return "" if amount <= min(totals) else f"there is {min(totals):g}; let it need less, or give it more"


def machine_for(binding: Binding, devices: tuple[str, ...]) -> Machine:
    """Return what this machine has for a sweep: the devices that it is given, else those that the environment names."""
    names = {name for needs in binding.asked.values() for name in needs} | ({"cpu"} & binding.spec.limits.keys())
    return Machine(
        devices=devices or (visible_devices() if "gpu" in names else ()),
        cores=binding.spec.limits.get("cpu") or available_cores(),
        shared_out=frozenset(names & {"cpu", "gpu"}),
    )


def _limits(binding: Binding, of_machines: Container[str]) -> dict[str, float]:
    """Return the totals that a driver counts; of what only a task's class speaks Luigi's is 1."""
    spec = binding.spec
    in_spec = {name for needs in spec.resources.values() for name in needs} | {"cpu", "gpu"}
    by_class = {name for needs in binding.asked.values() for name in needs} - in_spec
    totals = {name: 1.0 for name in by_class if name not in of_machines}
    try:
        totals |= luigi.configuration.get_config().getintdict("resources")
    except ValueError as error:
        raise InputError(f"luigi.cfg: [resources]: {error}") from error
    totals |= spec.limits
    return {ROOM_OF_A_TASK.format(name) if name in binding.families else name: total for name, total in totals.items()}
