"""What this machine has that tasks may ask for: GPUs and cores."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sweeper.errors import InputError

TOLERANCE = 1e-9
"""By how much amounts may differ and be equal: ten tenths are one."""

DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_FOLLOWERS = frozenset({"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"})
"""Where these are not set, their libraries go by OMP_NUM_THREADS."""

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """The GPUs, as CUDA_VISIBLE_DEVICES names them, and the number of cores that tasks may use.

    ``shared_out`` are those of "gpu" and "cpu" that some task asks for: only then has each what it asks for, and no
    more. Else workers take the devices in turn, and an equal part of the cores.
    """

    devices: tuple[str, ...] = ()
    cores: float = 1.0
    shared_out: frozenset[str] = frozenset()

    @property
    def resources(self) -> dict[str, float]:
        """How much there is, by name."""
        return {"cpu": self.cores, **({"gpu": len(self.devices)} if self.devices else {})}


def named_devices(text: str) -> tuple[str, ...]:
    """Return the devices that ``--gpus`` names: indices or UUIDs, as in ``0,1``. Raises ``InputError``."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise InputError(f"--gpus {text}: must be distinct devices, as in --gpus 0,1")
    if wrong := next((name for name in names if not _is_device(name)), None):
        raise InputError(f"--gpus {text}: {wrong} is no device; write indices, as in --gpus 0,1, or UUIDs of GPUs")
    return names


def visible_devices() -> tuple[str, ...]:
    """Return the devices that CUDA_VISIBLE_DEVICES leaves to this process; none where it is not set."""
    names = [name.strip() for name in os.environ.get(DEVICES_VARIABLE, "").split(",")]
    end = next((place for place, name in enumerate(names) if not _is_device(name)), len(names))
    return tuple(dict.fromkeys(names[:end]))  # CUDA, too, stops reading at what is no device


def available_cores() -> float:
    """Return how many cores this process may use, by its affinity, where the system has that, and its group's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(float(len(affinity(0)) if affinity else os.cpu_count() or 1), _quota())


def thread_variables(threads: int) -> dict[str, str]:
    """Return the variables that give a process so many threads; what the user has set is left alone."""
    names = [name for name in THREAD_VARIABLES if name not in os.environ]
    if "OMP_NUM_THREADS" in os.environ:
        names = [name for name in names if name not in _FOLLOWERS]
    return {name: str(threads) for name in names}


def thread_shares(slots: int) -> dict[str, str]:
    """Return the variables that give each slot its share of the cores; what the user has set is left alone."""
    return thread_variables(whole_threads(available_cores() / slots))


def whole_threads(cores: float) -> int:
    """Return how many threads go with a number of cores."""
    return max(1, int(cores + TOLERANCE))


def set_loaded_threads(environment: Mapping[str, str]) -> None:
    """Give the libraries that are loaded already the threads that an environment says: they read theirs long ago."""
    if environment.keys().isdisjoint(THREAD_VARIABLES):
        return
    from threadpoolctl import ThreadpoolController

    variables = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS", "openmp": "OMP_NUM_THREADS"}
    for library in ThreadpoolController().lib_controllers:
        number = environment.get(variables.get(library.internal_api, ""))
        if number is not None:
            library.set_num_threads(int(number))


def _is_device(name: str) -> bool:
    return (name.isascii() and name.isdigit()) or name.upper().startswith(("GPU-", "MIG-"))


def _quota() -> float:
    """Return how many cores' time the control group (version 2) of this process has; infinite without a limit."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.inf
    group = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    least = math.inf
    for part in (PurePosixPath(group), *PurePosixPath(group).parents):
        try:
            quota, period = (_CGROUPS / part / "cpu.max").read_text(encoding="ascii").split()
            least = min(least, math.inf if quota == "max" else int(quota) / int(period))
        except (OSError, ValueError):
            continue
    return least
