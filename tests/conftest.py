"""What the tests share: real stores that start quickly, and nothing left behind by the test before."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from filelock import FileLock
from luigi.task_register import Register

from sweeper.engine.machine import THREAD_VARIABLES
from sweeper.store.connections import disconnect
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import DRIVERS_EXPERIMENT
from tests.postgres import Postgres, is_installed, running
from tests.servers import tracking_server

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore
    from sweeper.task.context import Context

pytest_plugins = ["tests.chaos.tally"]

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

with pytest.MonkeyPatch.context() as patched:  # there are as many test processes as cores: more threads only spin
    for variable in THREAD_VARIABLES:
        patched.setenv(variable, "1")
    for library in ("numpy", "scipy.linalg"):
        importlib.import_module(library)

# what runs in the background may have been told to ignore these, and would hand that on to what it starts
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

hypothesis.settings.register_profile("sweeper", deadline=None)  # how long an example takes is the machine's affair
hypothesis.settings.load_profile("sweeper")


LONGEST_FIRST = ("test_docs.py", "chaos/", "engine/", "cli/", "outages/", "test_gallery.py", "sweeps/", "task/")
"""What takes longest, a file at a time, so that no test process is left with it alone in the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Let pass what MLflow's own code is warned of."""
    config.addinivalue_line("filterwarnings", "ignore:The ``noload`` loader strategy is deprecated")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest."""

    def place(item: pytest.Item) -> int:
        name = item.nodeid.removeprefix("tests/")
        return next((place for place, begin in enumerate(LONGEST_FIRST) if name.startswith(begin)), len(LONGEST_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new SQLite store, made once for all workers: MLflow takes seconds over its tables."""
    base = tmp_path_factory.getbasetemp()
    database = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "template" / "mlflow.db"
    with FileLock(f"{database.parent}.lock"):
        if not database.exists():
            from sweeper.store.setup import prepare

            prepare(database)
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database


@pytest.fixture
def store_uri(template: Path, tmp_path: Path) -> str:
    """The URI of an empty SQLite store of the test's own, in ``tmp_path / "results"``."""
    database = tmp_path / "results" / "mlflow.db"
    database.parent.mkdir(exist_ok=True)
    shutil.copyfile(template, database)
    return sqlite_uri(database)


@pytest.fixture
def store(store_uri: str) -> ApiStore:
    """An empty SQLite store of the test's own, open."""
    from sweeper.store import open_store

    return open_store(store_uri)


@pytest.fixture
def context(store: ApiStore) -> Iterator[Context]:
    """The surroundings of tasks, in use for the test: what runs is kept in ``store``, on behalf of a living driver."""
    from sweeper.store.driver import Driver
    from sweeper.store.index import Index
    from sweeper.store.tags import Tag
    from sweeper.task.context import Context, use

    with contextlib.closing(Driver(store)) as driver, use(Context(store, Index(store))) as context:
        context.labels = {Tag.DRIVER: driver.run_id}
        yield context


@pytest.fixture(scope="session")
def quick_sweeper() -> Iterator[Path]:
    """The program, quick to start: for tests of what it does, and not of its start or its end."""
    from tests.warm import warm_sweeper

    with warm_sweeper() as program:
        yield program


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this test process. Where none is installed: a failure in CI, a skip elsewhere."""
    if not is_installed() and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed")
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with MLflow's tables, and nothing in them."""
    from sweeper.store import open_store

    open_store(postgres.create("template"))
    disconnect()
    return "template"


@pytest.fixture(scope="session")
def shared_postgres_uri(postgres: Postgres, postgres_template: str) -> str:
    """The URI of a PostgreSQL store; tests share it, so they name experiments of their own."""
    return postgres.create("shared", postgres_template)


@pytest.fixture
def postgres_uri(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """The URI of an empty PostgreSQL store of the test's own."""
    yield postgres.create(f"own{uuid.uuid4().hex}", postgres_template)
    disconnect()


@pytest.fixture(scope="session")
def server_uri(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URI of a real MLflow server that serves artifacts; tests share it, so they name experiments of their own.

    It keeps its runs in PostgreSQL, as servers that many share do; where none is installed, in SQLite.
    """
    folder = tmp_path_factory.mktemp("server")
    if is_installed() or os.environ.get("CI"):
        postgres: Postgres = request.getfixturevalue("postgres")
        database = postgres.create("served", request.getfixturevalue("postgres_template"))
    else:
        database = sqlite_uri(folder / "mlflow.db")
        shutil.copyfile(template, folder / "mlflow.db")
        with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as connection, connection:
            connection.execute("DELETE FROM experiments WHERE name = ?", (DRIVERS_EXPERIMENT,))
    with tracking_server(folder, database) as uri:
        yield uri


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start each test in an empty folder and without settings, and forget what it loaded, ran and set."""
    for name in [*os.environ]:
        if name.startswith(("MLFLOW_", "LUIGI_")) and name != "MLFLOW_DISABLE_TELEMETRY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    yield
    _forget_context()
    _forget_modules(tmp_path)
    _forget_tasks()


def _forget_context() -> None:
    """Close what a plain ``luigi.build`` left open, and MLflow's own idea of where it is."""
    if "sweeper.task.context" in sys.modules:
        from sweeper.task import context

        if context._driver is not None:
            context._driver.close()
        context._current = context._driver = None
    if "mlflow.tracking.fluent" in sys.modules:
        import mlflow

        left = mlflow.active_run()
        while mlflow.active_run() is not None:
            mlflow.end_run()
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
        assert left is None, "the test left a run active"


def _forget_modules(folder: Path) -> None:
    for name, module in [*sys.modules.items()]:
        if (getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
            del sys.modules[name]
    if "sweeper.task.source" in sys.modules:
        from sweeper.task import source

        source._digest.cache_clear()


def _forget_tasks() -> None:
    """Let go of instances, and of the classes that a test defined: a family means one class to Luigi."""
    Register.clear_instance_cache()
    if "sweeper.task.tasktype" in sys.modules:
        from sweeper.task.tasktype import TaskType

        vars(TaskType).get("_Register__instance_cache", {}).clear()  # a task's own clear_instance_cache() makes one
    Register._reg[:] = [
        task for task in Register._reg if "<locals>" not in task.__qualname__ and task.__module__ in sys.modules
    ]
