"""Tasks that break their process, or leave it unfit for the next task."""

import ctypes
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import luigi
import numpy as np

from sweeper import MlflowTask

SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
"""A process that lives on, and does not listen."""


class Silent(Exception):  # noqa: N818
    """An exception that can neither be shown nor sent."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__

    def __reduce__(self) -> NoReturn:
        raise RuntimeError("no way")


class Deceiving(Exception):  # noqa: N818
    """An exception that comes out of its pickle as another function's call, and answers to any name."""

    def __reduce__(self) -> Any:
        return (os._exit, (7,))

    def __getattr__(self, name: str) -> Any:
        return Deceiving if name == "sweeper_run_id" else super().__getattribute__(name)


class Exiting(Exception):  # noqa: N818
    """An exception that ends the program when it is asked what it is."""

    def __str__(self) -> str:
        raise SystemExit(5)


class Sudden(BaseException):
    """No ``Exception`` at all."""


def raising(error: BaseException) -> Callable[[], NoReturn]:
    """Return what raises an exception."""

    def fail() -> NoReturn:
        raise error

    return fail


def recurse() -> None:
    """Call itself."""
    recurse()


def use_up_memory() -> None:
    """Ask for more memory than is allowed."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))
    bytearray(16 << 30)


FAULTS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "os._exit(0)": lambda: os._exit(0),
    "kill -9": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "killed by its child": lambda: subprocess.run(["sh", "-c", f"kill -9 {os.getpid()}; sleep 60"], check=True),
    "kills its parent": lambda: (os.kill(os.getppid(), signal.SIGKILL), time.sleep(60)),
    "terminates its parent": lambda: (os.kill(os.getppid(), signal.SIGTERM), time.sleep(60)),
    "kills its group": lambda: (os.killpg(0, signal.SIGKILL), time.sleep(60)),
    "SystemExit": raising(SystemExit("enough")),
    "GeneratorExit": raising(GeneratorExit()),
    "StopIteration": raising(StopIteration(3)),
    "RecursionError": recurse,
    "MemoryError": use_up_memory,
    "Silent": raising(Silent()),
    "Deceiving": raising(Deceiving("all is well")),
    "Exiting": raising(Exiting()),
    "Sudden": raising(Sudden("now")),
}


class Faulty(MlflowTask):
    """Print a line, and break in the way that is asked for."""

    fault: str = luigi.StrParameter()

    def _run(self) -> None:
        print(f"{self.fault} comes", flush=True)  # noqa: T201 (the log is to hold it)
        FAULTS[self.fault]()
        self.save_to_mlflow(metrics={"score": 1.0})


def delete_folder() -> None:
    """Go to another folder, and delete it."""
    os.chdir(folder := tempfile.mkdtemp())
    shutil.rmtree(folder)


def change_environment() -> None:
    """Take out a variable, put in another, and change the path of modules."""
    os.environ.pop("PATH")
    os.environ["MARK"] = "left"
    sys.path.clear()


def change_signals() -> None:
    """Ignore and block signals."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})


def lower_limits() -> None:
    """Allow this process no more files than it has."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def fork() -> None:
    """Come back twice."""
    if os.fork():
        os.wait()


def daemon() -> None:
    """Start a process that has nothing to do with this one any more, as a daemon does."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", SLEEPER])
        os._exit(0)
    os.wait()


def seed() -> None:
    """Make random numbers the same."""
    random.seed(0)
    np.random.seed(0)


HARMS: dict[str, Callable[[], object]] = {
    "closes stdout": lambda: (sys.stdout.close(), sys.stderr.close()),
    "closes descriptors": lambda: (os.close(1), os.close(2)),
    "deletes folder": delete_folder,
    "changes environment": change_environment,
    "changes signals": change_signals,
    "lowers limits": lower_limits,
    "forks": fork,
    "leaves a child": lambda: subprocess.Popen([sys.executable, "-c", SLEEPER]),
    "leaves a daemon": daemon,
    "leaves a thread": lambda: threading.Thread(target=time.sleep, args=(5,), daemon=True).start(),
    "seeds": seed,
    "does nothing": lambda: None,
}

_FIRST_DRAWS = (random.Random(0).random(), np.random.RandomState(0).random())


class Neighbour(MlflowTask):
    """Find the process as it should be, and then do harm to it."""

    harm: str = luigi.StrParameter()

    def _run(self) -> None:
        assert Path.cwd().is_dir()
        assert "MARK" not in os.environ
        assert "PATH" in os.environ
        assert sys.path
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64
        assert random.random() != _FIRST_DRAWS[0]
        assert np.random.random() != _FIRST_DRAWS[1]
        subprocess.run(["true"], check=True)
        print(f"before {self.harm}", flush=True)  # noqa: T201 (the log is to hold it)
        self.save_to_mlflow(metrics={"score": 1.0})
        HARMS[self.harm]()


class Draw(MlflowTask):
    """Score a random number that nobody has seeded."""

    number: int = luigi.IntParameter()

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": np.random.random()})


def hold_the_lock() -> None:
    """Sleep in C with the interpreter's lock held."""
    ctypes.PyDLL(None).sleep(600)


class Stuck(MlflowTask):
    """Leave descendants of each kind behind, write their ids to ``descendants``, and hang where no thread can run."""

    def _run(self) -> None:
        script = Path("descend.py")
        script.write_text(_DESCEND, encoding="utf-8")
        for way in ("child", "session", "daemon"):
            subprocess.Popen([sys.executable, str(script), way])
        while len([*Path().glob("descendant-*")]) < 3:
            time.sleep(0.01)
        Path("stuck").touch()
        hold_the_lock()


_DESCEND = """
import os, pathlib, signal, sys, time
way = sys.argv[1]
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if way != "child":
    if os.fork():
        os._exit(0)
    os.setsid()
if way == "daemon" and os.fork():
    os._exit(0)
pathlib.Path("descendant.new-" + way).write_text(str(os.getpid()))
pathlib.Path("descendant.new-" + way).rename("descendant-" + way)
time.sleep(600)
"""


class Talkative(MlflowTask):
    """Print many megabytes, between a first and a last line."""

    megabytes: int = luigi.IntParameter()

    def _run(self) -> None:
        print("the first line")  # noqa: T201 (the log is to hold it)
        line = b"x" * 1023 + b"\n"
        for _ in range(self.megabytes):
            os.write(1, line * 1024)
        print("the last line")  # noqa: T201
        self.save_to_mlflow(metrics={"score": 1.0})


class Twice(MlflowTask):
    """Come back in two processes, each with a metric of its own."""

    def _run(self) -> None:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        self.save_to_mlflow(metrics={"score" if child else "stray": 1.0})


class LastBreath(MlflowTask):
    """Have a result, and end the process before it can say so."""

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": 1.0})

    def on_success(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Heir(MlflowTask):
    """Need what a process has made that is gone."""

    number: int = luigi.IntParameter()

    def requires(self) -> LastBreath:
        return LastBreath()

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": float(self.number)})
