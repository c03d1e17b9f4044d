"""Tasks that end in every way a task can end."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import luigi
import mlflow

from sweeper import MlflowTask
from sweeper.errors import StoreError

PATIENCE_SECONDS = 180
"""How long a task waits for a file before it gives up, so that no test can hang."""


class OddError(Exception):
    """An exception with two arguments, which does not survive pickling."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"odd {code}: {text}")


def raise_odd_error() -> None:
    """Raise."""
    raise OddError(7, "the data\nare gone")


def prune() -> None:
    """Find that it is not worth going on."""
    from optuna import TrialPruned

    raise TrialPruned("the loss is\nno number")


def lose_the_store() -> None:
    """Fail as the store does when it is gone."""
    raise StoreError("the store is gone")


ENDINGS: dict[str, Callable[[], object]] = {
    "well": lambda: None,
    "error": raise_odd_error,
    "prune": prune,
    "sys.exit": lambda: sys.exit(3),
    "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt),
    "no store": lose_the_store,
    "os._exit": lambda: os._exit(0),
    "kill -9": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "signal 40": lambda: os.kill(os.getpid(), 40),
    "segfault": lambda: ctypes.string_at(0),
    "hang": lambda: time.sleep(PATIENCE_SECONDS),
}


def wait_for(*paths: Path) -> None:
    """Wait until one of some files is there."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not any(path.exists() for path in paths):
        if time.monotonic() > until:
            raise TimeoutError(paths)
        time.sleep(0.01)


class Trouble(MlflowTask):
    """Print a line, end in the way that is asked for, and else log a score."""

    ending: str = luigi.StrParameter(default="well")
    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        print(f"number {self.number} ends {self.ending}", flush=True)  # noqa: T201 (the log is to hold it)
        ENDINGS[self.ending]()
        self.save_to_mlflow(metrics={"score": self.number})


class Hanging(MlflowTask):
    """Start a process, write its id to the file ``grandchild``, and wait for ever."""

    def _run(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path("grandchild.new").write_text(str(child.pid), encoding="ascii")
        Path("grandchild.new").rename(Path("grandchild"))
        child.wait()


class Threads(MlflowTask):
    """Score the number of threads that libraries may use here."""

    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": int(os.environ["OMP_NUM_THREADS"])})


class Yielding(MlflowTask):
    """Require a task while it runs."""

    def _run(self) -> Any:
        yield Trouble()


class Writes(luigi.Task):
    """Write a file, without MLflow."""

    path: str = luigi.StrParameter()

    def output(self) -> luigi.LocalTarget:
        """Return the file."""
        return luigi.LocalTarget(self.path)

    def run(self) -> None:
        """Write the file."""
        Path(self.path).touch()


class Mended(MlflowTask):
    """Fail until the file ``mended`` is there."""

    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        if self.number == 1 and not Path("mended").exists():
            raise RuntimeError("not mended yet")
        self.save_to_mlflow(metrics={"score": self.number})


class Dependent(MlflowTask):
    """Require a task that may fail."""

    ending: str = luigi.StrParameter(default="well")
    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"trouble": Trouble(ending=self.ending)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})


class Picky(MlflowTask):
    """Have requirements that cannot be told for one value of a parameter."""

    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        if self.number == 2:
            raise RuntimeError("two is not known")
        return {"trouble": Trouble()}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})


class File(luigi.ExternalTask):
    """A file that somebody else has to bring."""

    path: str = luigi.StrParameter()

    def output(self) -> luigi.LocalTarget:
        """Return the file."""
        return luigi.LocalTarget(self.path)


class NeedsFile(MlflowTask):
    """Require a file of each number."""

    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"file": File(path=f"{self.number}.txt")}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})


class Metrics(MlflowTask):
    """Log the score in one of the ways in which it can be logged, or missing."""

    way: str = luigi.StrParameter()

    def _run(self) -> None:
        match self.way:
            case "saved":
                self.save_to_mlflow(metrics={"score": 1.0})
            case "curve":
                for step in range(3):
                    self.log_metric("score", step / 2, step)
            case "reported":
                self.report(1.0, 1)
            case "fluent":
                mlflow.log_metric("score", 1.0)
            case "two":
                self.save_to_mlflow(metrics={"score": 1.0})
                mlflow.log_metric("cost", 2.0)
            case "nan" | "infinity":
                self.save_to_mlflow(metrics={"score": float(self.way)})
            case "other":
                self.save_to_mlflow(metrics={"loss": 1.0})
            case "none":
                pass


class Gate(MlflowTask):
    """Write its process id to the file ``begun-<number>``, and wait for the file ``open-<number>`` or ``open-all``."""

    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        Path(f"begun-{self.number}").write_text(str(os.getpid()), encoding="ascii")
        wait_for(Path(f"open-{self.number}"), Path("open-all"))
        self.save_to_mlflow(metrics={"score": self.number})


class TwoRoads(MlflowTask):
    """Require a task that fails at once, and one that takes as long as the test wants."""

    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"slow": Gate(number=self.number), "failing": Trouble(ending="error")}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})


class Noted(MlflowTask):
    """Carry a note that does not matter for what is computed, though Luigi takes it to."""

    note: str = luigi.StrParameter(default="")

    def to_mlflow_tags(self) -> dict[str, Any]:
        """Return nothing: all notes are one work."""
        return {}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": 1.0})


class Twins(MlflowTask):
    """Require two instances that are the same work."""

    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"one": Noted(note="one"), "other": Noted(note="other")}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})
