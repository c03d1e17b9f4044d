"""The workers of a cluster: what each has, what is taken, and which is given a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from sweeper.engine.machine import TOLERANCE


@dataclass(eq=False, slots=True)
class Site:
    """A Dask worker as a place for calls: so many ``slots``, and so much of each of its ``resources``.

    ``incarnation`` tells it from one that has the same address later; ``taken`` is what the calls that are there need,
    by their keys.
    """

    address: str
    slots: int
    resources: Mapping[str, float]
    incarnation: str = ""
    taken: dict[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def free(self) -> int:
        """How many slots have no call."""
        return self.slots - len(self.taken)

    def declared(self, needs: Mapping[str, float]) -> dict[str, float]:
        """Return what of a call's needs is counted here."""
        return counted(needs, self.resources)

    def could_run(self, needs: Mapping[str, float]) -> bool:
        """Whether a call that needs so much fits if there is no other."""
        return is_enough(self.resources, needs)

    def has_room(self, needs: Mapping[str, float]) -> bool:
        """Whether a call that needs so much fits beside the others."""
        if self.free <= 0:  # as on most sites, most of the time
            return False
        taken = Counter[str]()
        for others in self.taken.values():
            taken.update(others)
        return is_enough({name: amount - taken[name] for name, amount in self.resources.items()}, needs)


def counted(needs: Mapping[str, float], declared: Container[str]) -> dict[str, float]:
    """Return what of a call's needs is counted where so much is declared: cores only where these are."""
    return {name: amount for name, amount in needs.items() if name != "cpu" or name in declared}


def is_enough(there: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    """Whether what is there is what a call needs of it."""
    return all(there.get(name, 0.0) >= amount - TOLERANCE for name, amount in counted(needs, there).items())


def choose(sites: Iterable[Site], needs: Mapping[str, float]) -> Site | None:
    """Return where a call goes: where little is that it does not need, and many slots are free; None if all is full."""
    fit = [site for site in sites if site.has_room(needs)]
    return min(fit, key=lambda one: (len(one.resources.keys() - needs.keys()), -one.free / one.slots), default=None)


def totals(sites: Iterable[Site]) -> dict[str, float]:
    """Return how much of each resource there is on all sites."""
    found = Counter[str]()
    for site in sites:
        found.update(site.resources)
    return {name: float(amount) for name, amount in found.items()}


def shortage(name: str, needs: Mapping[str, float], sites: Iterable[Site], address: str) -> str:
    """Return what to say where no site has what a task needs."""
    kinds = Counter(described(site.resources) or "nothing" for site in sites)
    there = ", ".join(f"{number} with {what}" for what, number in sorted(kinds.items())) or "none"
    wanted = " ".join(f"{resource}={amount:g}" for resource, amount in sorted(needs.items()))
    return (
        f"{name} needs {described(needs)}, and no worker has that; workers, by what they declare: {there}; "
        f'start one that has it: dask worker {address} --resources "{wanted}"'
    )


def described(resources: Mapping[str, float]) -> str:
    """Return amounts of resources, as in ``gpu = 1, licence = 2``."""
    return ", ".join(f"{name} = {amount:g}" for name, amount in sorted(resources.items()))
