"""Which of a cluster's workers may be given tasks: those that agree with the driver, found out before the first task.

Versions are asked for with functions of Python's own, so that a worker without sweeper, or with another, can answer.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sweeper.engine.dask import reception
from sweeper.engine.dask.reception import INSPECTION_SECONDS, Here
from sweeper.engine.dask.terms import python_version
from sweeper.errors import EngineError
from sweeper.store.shared import signed

if TYPE_CHECKING:
    from distributed import Client

    from sweeper.engine.dask.shipping import Parcel
    from sweeper.engine.dask.terms import Terms

ANSWER_SECONDS = 30.0
"""How long a worker may take to say what it has."""

AT_A_TIME = 32
"""Workers that are looked at together: what they are sent is held once for each."""

_SHOWN = 5
"""Workers that are named, of those with one fault."""


class Admission:
    """Looks at workers, and gives those that are fit what a driver's tasks need.

    They know it by its run, ``driver``.
    """

    def __init__(self, client: Client, terms: Terms, parcel: Parcel) -> None:
        self.driver = terms.run_id
        self._client = client
        self._terms = terms
        self._parcel = parcel

    def check_scheduler(self) -> None:
        """Raise ``EngineError`` if the scheduler is of another version than what connects to it."""

        async def ask() -> str:
            here = self._terms.versions.get("distributed", "")
            return _difference("distributed", here, await _version(self._client.run_on_scheduler, "distributed"))

        fault = self._client.sync(ask)
        if fault:
            raise EngineError(f"the cluster's scheduler does not fit this driver: {fault}")

    def admit(self, addresses: Collection[str]) -> dict[str, str]:
        """Return why each worker cannot be given tasks, '' if it can.

        Takes seconds for a worker that is new, and two minutes where something hangs. Raises ``StoreError`` if
        artifacts cannot be kept where the store says.
        """
        with signed(self._terms.places, self._terms.run_id):
            reasons: list[str] = self._client.sync(self._admit_all, addresses)
        return dict(zip(addresses, reasons, strict=True))

    async def _admit_all(self, addresses: Collection[str]) -> list[str]:
        few = asyncio.Semaphore(AT_A_TIME)

        async def admit(address: str) -> str:
            async with few:
                try:
                    return "; ".join(await self._faults(address))
                except TimeoutError:
                    return "it does not answer"
                except Exception as error:  # noqa: BLE001 (whatever its connection raises when it goes)
                    return f"it cannot be asked: {type(error).__name__}: {error}"

        return await asyncio.gather(*map(admit, addresses))

    async def _faults(self, address: str) -> list[str]:
        versions = await self._faults_of_versions(address)
        if versions:
            return versions
        digest = self._parcel.digest
        here = await self._run(address, reception.look, digest)
        if isinstance(here, ImportError):
            return [f"it cannot import sweeper: {here}"]
        assert isinstance(here, Here)
        if here.ours != self._terms.ours:
            same = "install the same there, and start the worker again"
            return [f"its sweeper has other code than the driver's, under the same version: {same}"]
        given = (self.driver, self._terms, digest, None if here.has_code else self._parcel)
        found = await self._run(address, reception.receive, *given, seconds=INSPECTION_SECONDS)
        return [*found]

    async def _faults_of_versions(self, address: str) -> list[str]:
        def run(*asked: Any) -> Awaitable[Any]:
            return self._run(address, *asked)

        python = python_version(await run(platform.python_version))
        names = [*self._terms.versions]
        there = await asyncio.gather(*(_version(run, name) for name in names))
        found = [_difference("Python", self._terms.python, python)]
        found += [
            _difference(name, self._terms.versions[name], other) for name, other in zip(names, there, strict=True)
        ]
        return [fault for fault in found if fault]

    async def _run(self, address: str, function: Any, *arguments: Any, seconds: float = 0.0) -> Any:
        """Return what a function that takes ``seconds`` returns on a worker.

        An ``ImportError`` is returned too, any other error is raised; ``TimeoutError`` where no answer comes.
        """
        asked = self._client.run(function, *arguments, workers=[address], on_error="return")
        answer = (await asyncio.wait_for(asked, seconds + ANSWER_SECONDS))[address]
        if isinstance(answer, Exception) and not isinstance(answer, ImportError):
            raise answer
        return answer


def refusal(reasons: Mapping[str, str]) -> EngineError:
    """Return the error that names workers that are not fit, by what is wrong with them."""
    unfit: defaultdict[str, list[str]] = defaultdict(list)
    for address, reason in reasons.items():
        unfit[reason].append(address)
    lines = [f"{_named(addresses)}: {reason}" for reason, addresses in unfit.items()]
    workers = "a worker does" if len(reasons) == 1 else f"{len(reasons)} workers do"
    return EngineError(f"{workers} not fit this driver, and nothing has run:\n" + "\n".join(lines))


def _named(addresses: Iterable[str]) -> str:
    names = [*addresses]
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _difference(name: str, here: str, there: str) -> str:
    if here == there:
        return ""
    has = f"it has {name} {there}" if there else f"it has no {name}"
    return f"{has}, and the driver has {here or 'none'}: install the same in both environments"


async def _version(run: Callable[..., Awaitable[Any]], name: str) -> str:
    """Return the version of a distribution where something is run; '' if it is not installed there."""
    try:
        found = await run(importlib.metadata.version, name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    return "" if isinstance(found, importlib.metadata.PackageNotFoundError) else str(found)
