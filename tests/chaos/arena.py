"""A project in which sweeps are run to be killed, and the processes that run them.

A driver is started in one of two ways. ``Arena.command`` is what a user does; importing MLflow takes it seconds.
``Arena.fork`` is quick: the driver is a fork of this process, which has imported everything, and its workers are forks
of the one server that this process has. Both are real processes, and the store sees no difference.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path

import psutil

from sweeper.engine.local import warm_up
from sweeper.errors import SweeperError
from sweeper.listener import Summary
from sweeper.policy import STANDARD, Policy
from sweeper.session import EngineName, run_spec
from sweeper.store.locate import sqlite_uri
from tests.sweeping import Recorder

HERE = Path(__file__).parent
SWEEPER = Path(sys.executable).with_name("sweeper")
MARK = "SWEEPER_CHAOS_ID"
PATIENCE_SECONDS = 120
CRASHED = 70
"""Exit code of a driver that ended by an exception: no kill may lead to one."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A process that runs a sweep; ``mark`` is in the environment of all that descend from it, '' if it is a fork."""

    process: psutil.Process
    wait: Callable[[], int]
    mark: str = ""

    @property
    def pid(self) -> int:
        """The number of the process; another process may have it once this one was waited for."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process is there and has not ended."""
        try:
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    @property
    def server(self) -> int | None:
        """The process that workers are forked from, if it is there."""
        if not self.mark:
            return forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        return next(filter(_is_forkserver, _children(self.pid)), None)

    @property
    def keepers(self) -> list[int]:
        """The processes that watch over a worker each."""
        server = self.server
        return _children(server) if server else []

    @property
    def workers(self) -> list[int]:
        """The worker processes."""
        return [worker for keeper in self.keepers for worker in _children(keeper)]

    @property
    def has_orphans(self) -> bool:
        """Whether a driver that is gone has left processes that have not ended yet; of forks there is one at a time."""
        return any(_mark_of(pid) == self.mark for pid in psutil.pids()) if self.mark else bool(self.keepers)


@dataclass(frozen=True)
class Arena:
    """A folder with the mill, a spec and a store that belong to one sweep after the other."""

    folder: Path
    drivers: list[Driver] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="chaos-")))  # for a socket's short name
    other_uri: str = ""

    @property
    def uri(self) -> str:
        """The address of the store."""
        return self.other_uri or sqlite_uri(self.folder / "results" / "mlflow.db")

    @property
    def ledger(self) -> list[list[str]]:
        """What the tasks have noted so far: event, task and process."""
        path = self.folder / "ledger"
        return [line.split() for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []

    @property
    def output(self) -> str:
        """What the drivers have printed, for whoever looks into a failure."""
        paths = sorted(self.folder.glob("*.out"), key=lambda path: int(path.stem))
        return "\n".join(f"-- {path.stem}\n{path.read_text(encoding='utf-8', errors='replace')}" for path in paths)

    def command(self, spec: str, *options: str) -> Driver:
        """Start ``sweeper run`` as a terminal does, in a process group of its own."""
        mark = uuid.uuid4().hex
        with self._next_output().open("wb") as output:
            process = subprocess.Popen(
                [SWEEPER, "run", f"{spec}.toml", *options],
                cwd=self.folder,
                env=os.environ
                | {MARK: mark, "TMPDIR": str(self.scratch)}
                | ({"MLFLOW_TRACKING_URI": self.other_uri} if self.other_uri else {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.marks.append(mark)
        return self._add(Driver(psutil.Process(process.pid), lambda: process.wait(PATIENCE_SECONDS), mark))

    def fork(
        self,
        spec: str,
        *,
        workers: int = 0,
        policy: Policy = STANDARD,
        before: Callable[[], object] = lambda: None,
    ) -> Driver:
        """Start a driver as a fork of this process; without ``workers`` it runs the tasks itself.

        ``before`` is called in the new process before anything else.
        """
        if workers:
            warm_up(2)
        output = self._next_output()
        pid = os.fork()
        if pid == 0:
            _become_driver(self.folder, output, lambda: before() or self._run(spec, workers, policy))
        return self._add(Driver(psutil.Process(pid), lambda: _wait(pid)))

    def finish(self, start: Callable[[], Driver], *, attempts: int = 3) -> None:
        """Run the sweep again until it is done: what a worker's end has failed is tried once more."""
        for _ in range(attempts):
            code = start().wait()
            if code == 0:
                return
            assert code == 1, f"exit code {code}\n{self.output}"
        raise AssertionError(f"not done after {attempts} runs\n{self.output}")

    def close(self) -> None:
        """Kill what a failed test has left running."""
        for driver in self.drivers:
            if driver.is_alive:
                driver.process.kill()  # looks first whether it is still the process that was started
                driver.wait()
        for pid in self.left_over():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def left_over(self) -> list[int]:
        """Return the processes that drivers left behind."""
        return [pid for pid in psutil.pids() if _mark_of(pid) in self.marks]

    def _run(self, spec: str, workers: int, policy: Policy) -> int:
        if not workers:  # the workers of a fork have the temporary folder of their server
            tempfile.tempdir = str(self.scratch)
        engine = EngineName.LOCAL if workers else EngineName.INLINE
        path, recorder = self.folder / f"{spec}.toml", _Printing()
        summary: Summary = run_spec(
            path, recorder, engine=engine, workers=workers or 1, tracking_uri=self.uri, policy=policy
        )
        print(summary, flush=True)  # noqa: T201 (into the driver's own output)
        return summary.exit_code

    def _next_output(self) -> Path:
        return self.folder / f"{len(self.drivers)}.out"

    def _add(self, driver: Driver) -> Driver:
        self.drivers.append(driver)
        return driver


class _Printing(Recorder):
    """A listener that prints what it hears."""

    def told(self, outcome: object) -> None:
        """Print an outcome."""
        print(outcome, flush=True)  # noqa: T201

    def noticed(self, message: str) -> None:
        """Print a message."""
        print(message, flush=True)  # noqa: T201


def make_arena(folder: Path, template: Path | None, *, specs: Mapping[str, str], uri: str = "") -> Arena:
    """Make a project with specs; without a ``template`` of a store, the first driver makes one."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / "mill.py", folder / "mill.py")
    (folder / "results").mkdir()
    if template is not None:
        shutil.copyfile(template, folder / "results" / "mlflow.db")
    for name, text in specs.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Arena(folder, other_uri=uri)


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not so after {seconds} s: {what}"
        time.sleep(0.001)


def _become_driver(folder: Path, output: Path, body: Callable[[], object]) -> None:
    """Make a forked process a driver that leaves its parent's affairs alone; does not return."""
    code = CRASHED
    try:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(file, stream)
        sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = os.fdopen(1, "w", encoding="utf-8")
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        for owner in (forkserver, forkserver._forkserver):  # the server is the parent's, and runs
            owner.ensure_running = lambda: None
        result = body()
        code = result if isinstance(result, int) else 0
    except SweeperError as error:
        print(error, flush=True)  # noqa: T201
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _wait(pid: int) -> int:
    """Wait for a child's end; return its exit code, negative for a signal."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        assert time.monotonic() < until, f"driver {pid} still runs after {PATIENCE_SECONDS} s"
        time.sleep(0.001)


def _children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


def _is_forkserver(pid: int) -> bool:
    try:
        return "forkserver" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def _mark_of(pid: int) -> str:
    try:
        return psutil.Process(pid).environ().get(MARK, "")
    except psutil.Error:
        return ""
