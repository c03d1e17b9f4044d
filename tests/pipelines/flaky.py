"""Tasks that go well after a while."""

import os
import signal
from pathlib import Path

import luigi

from sweeper import MlflowTask
from sweeper.errors import TaskError


class Unavailable(ConnectionError):  # noqa: N818
    """A service does not answer."""


FAILURES: dict[str, Exception] = {"unavailable": Unavailable("try later"), "contract": TaskError("broken")}


def attempts_at(name: str) -> int:
    """Count one more attempt at something; return which one it is."""
    file = Path(f"attempts-{name}")
    with file.open("a", encoding="ascii") as log:
        log.write("x")
    return file.stat().st_size


def fail(ending: str) -> None:
    """Fail in one of several ways."""
    if ending == "lost":
        os.kill(os.getpid(), signal.SIGKILL)
    raise FAILURES[ending]


class Flaky(MlflowTask):
    """Fail so many times, then log the number of the attempt."""

    number: int = luigi.IntParameter(default=0)
    failures: int = luigi.IntParameter(default=0)
    ending: str = luigi.StrParameter(default="unavailable")

    def _run(self) -> None:
        attempt = attempts_at(f"{self.number}-{self.failures}")
        print(f"attempt {attempt}")  # noqa: T201 (the log is to hold it)
        if attempt <= self.failures:
            fail(self.ending)
        self.save_to_mlflow(metrics={"score": attempt})


class Shared(Flaky):
    """The same, as what others require."""


class OnShared(MlflowTask):
    """Require a task that goes well after a while."""

    number: int = luigi.IntParameter(default=0)
    failures: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"shared": Shared(failures=self.failures)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.number})


class Learning(MlflowTask):
    """Report five steps; where ``failures`` are left, fail after the third, having reported what is not so."""

    number: int = luigi.IntParameter(default=0)
    failures: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        is_good = attempts_at(f"{self.number}") > self.failures
        for step in range(1, 6):
            self.report(float(step + self.number) if is_good else -1000.0, step)
            if step == 3 and not is_good:
                raise Unavailable("try later")
