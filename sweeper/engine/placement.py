"""Which GPUs and how many cores each call of a machine has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sweeper.engine.machine import DEVICES_VARIABLE, TOLERANCE, Machine, thread_variables, whole_threads

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """What a call has: so much of each of its ``devices``, and so many ``cores``.

    None stands for what is not shared out: the worker's own devices, and its equal part of the cores.
    """

    devices: tuple[str, ...] | None = None
    share: float = 0.0
    cores: float | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a process knows."""
        devices = {} if self.devices is None else {DEVICES_VARIABLE: ",".join(self.devices)}
        return devices | ({} if self.cores is None else thread_variables(whole_threads(self.cores)))


class Placement:
    """The places that calls have on a machine with so many slots."""

    def __init__(self, machine: Machine, slots: int) -> None:
        self._machine = machine
        self._part = machine.cores / slots
        self._taken = dict.fromkeys(machine.devices, 0.0)
        self._cores = 0.0

    def find(self, resources: Mapping[str, float], preferred: Iterable[Place] = ()) -> Place | None:
        """Return a place with what a call asks for, one of the preferred if it can be; None if nothing is free."""
        cores = None
        if "cpu" in self._machine.shared_out:
            cores = resources.get("cpu", self._part)
            if self._cores + cores > self._machine.cores + TOLERANCE:
                return None
        if "gpu" not in self._machine.shared_out:
            return Place(cores=cores)
        amount = resources.get("gpu", 0.0)
        found = self._whole(round(amount), preferred) if amount >= 1 else self._part_of_one(amount, preferred)
        return None if found is None else Place(found, min(amount, 1.0), cores)

    def take(self, place: Place) -> None:
        """Take a place that was found."""
        self._change(place, 1)

    def give_back(self, place: Place) -> None:
        """Let go of a place."""
        self._change(place, -1)

    def crowded_out(self, idle: Mapping[T, Place]) -> list[T]:
        """Return which of those that idle have no room beside the calls and each other: they may still keep memory."""
        taken, crowded = dict(self._taken), []
        for one, place in idle.items():
            devices = place.devices or ()
            if any(taken[device] + place.share > 1 + TOLERANCE for device in devices):
                crowded.append(one)
            else:
                taken |= {device: taken[device] + place.share for device in devices}
        return crowded

    def _whole(self, number: int, preferred: Iterable[Place]) -> tuple[str, ...] | None:
        free = [device for device, taken in self._taken.items() if taken <= TOLERANCE]
        for place in preferred:
            if place.devices is not None and len(place.devices) == number and set(place.devices) <= set(free):
                return place.devices
        return tuple(free[:number]) if len(free) >= number else None

    def _part_of_one(self, amount: float, preferred: Iterable[Place]) -> tuple[str, ...] | None:
        """Return the fullest device that has room, so that whole ones stay whole."""
        if amount == 0:
            return ()
        fitting = {device: taken for device, taken in self._taken.items() if taken + amount <= 1 + TOLERANCE}
        if not fitting:
            return None
        fullest = [device for device, taken in fitting.items() if taken >= max(fitting.values()) - TOLERANCE]
        known = (place.devices[0] for place in preferred if place.devices is not None and len(place.devices) == 1)
        return (next((device for device in known if device in fullest), fullest[0]),)

    def _change(self, place: Place, sign: int) -> None:
        for device in place.devices or ():
            self._taken[device] = max(0.0, self._taken[device] + sign * place.share)
        self._cores = max(0.0, self._cores + sign * (place.cores or 0.0))
