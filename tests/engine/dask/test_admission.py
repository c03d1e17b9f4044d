"""A worker is given tasks only if it agrees with the driver; what keeps it from that is said before any task runs."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sweeper.binding import bind
from sweeper.binding.survey import samples
from sweeper.engine.base import call_for
from sweeper.engine.dask import admission, reception
from sweeper.engine.dask import worker as worker_side
from sweeper.engine.dask.admission import Admission, refusal
from sweeper.engine.dask.shipping import pack
from sweeper.engine.dask.terms import terms_for
from sweeper.engine.process import luigi_config
from sweeper.errors import EngineError
from sweeper.spec import load
from sweeper.store import open_store
from sweeper.store.driver import Driver
from sweeper.store.index import Index
from sweeper.store.locate import sqlite_uri
from sweeper.task.context import Context, use
from tests.clusters import cluster_in_threads
from tests.sweeping import luigi_settings

if TYPE_CHECKING:
    from distributed import LocalCluster

    from sweeper.binding import Binding
    from sweeper.store.api import ApiStore

MINE = """
import luigi
import words
from sweeper import MlflowTask

class Say(MlflowTask):
    times: int = luigi.IntParameter()

    def _run(self):
        self.save_to_mlflow(metrics={"score": float(len(words.WORDS) * self.times)})
"""
SPEC = 'task = "mine:Say"\nmetric = "score"\n[grid]\ntimes = [1, 2]\n'


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A cluster of one worker."""
    with cluster_in_threads(tmp_path_factory.mktemp("dask")) as threads:
        yield threads


@pytest.fixture(scope="module")
def worker(threads: LocalCluster) -> str:
    """The address of the worker."""
    return str(next(iter(threads.workers.values())).address)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Path]:
    """A project: a spec, the module of its task beside it, which imports another, and an empty store."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "mine.py").write_text(MINE, encoding="utf-8")
    (folder / "words.py").write_text("WORDS = ['a', 'b']\n", encoding="utf-8")
    (folder / "say.toml").write_text(SPEC, encoding="utf-8")
    (folder / "results").mkdir()
    shutil.copyfile(template, folder / "results" / "mlflow.db")
    before = [*sys.path]
    yield folder
    sys.path[:] = before
    for name in ("mine", "words"):
        del sys.modules[name]


@pytest.fixture(scope="module")
def binding(folder: Path) -> Binding:
    """The sweep of the project."""
    return bind(load(folder / "say.toml"))


@pytest.fixture(scope="module")
def store(folder: Path) -> ApiStore:
    """The store of the project."""
    return open_store(sqlite_uri(folder / "results" / "mlflow.db"))


@pytest.fixture(scope="module")
def driver(store: ApiStore) -> Iterator[Driver]:
    """A driver that works on the store."""
    with contextlib.closing(Driver(store)) as driver:
        yield driver


@pytest.fixture(scope="module")
def admitting(threads: LocalCluster, binding: Binding, store: ApiStore, driver: Driver) -> Iterator[Admission]:
    """What looks at workers, for that driver."""
    from distributed import Client

    with Client(threads, set_as_default=False) as client:
        terms = terms_for(samples(binding), store, driver.run_id, 300)
        yield Admission(client, terms, pack(binding.families.values()))


def reason(admitting: Admission, worker: str, **changes: Any) -> str:
    """Return why a worker is not fit for a driver that differs."""
    other = Admission(admitting._client, replace(admitting._terms, **changes), admitting._parcel)
    return other.admit([worker])[worker]


def test_a_worker_that_agrees_is_fit_and_has_the_code(admitting: Admission, worker: str) -> None:
    """The user's code lies where its processes look first, and nobody else may change it."""
    assert admitting.admit([worker]) == {worker: ""}
    setup = worker_side._pools[admitting.driver].setup
    code = Path(setup.path[0])
    assert sorted(file.name for file in code.iterdir()) == ["mine.py", "words.py"]
    assert code.stat().st_mode & 0o077 == 0


def test_code_is_sent_once(admitting: Admission, worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    parcel = replace(admitting._parcel, digest="0" * 64)
    sender = Admission(admitting._client, admitting._terms, parcel)
    asked = sender._run

    async def note(address: str, function: Any, *arguments: Any, **options: Any) -> Any:
        if function is reception.receive:
            sent.append(arguments[-1])
        return await asked(address, function, *arguments, **options)

    monkeypatch.setattr(sender, "_run", note)
    assert sender.admit([worker]) == sender.admit([worker]) == {worker: ""}
    assert sent == [parcel, None]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"python": "3.9"}, ["it has Python 3.", "the driver has 3.9"]),
        ({"versions": {"luigi": "2.0"}}, [f"luigi {importlib.metadata.version('luigi')}", "the driver has 2.0"]),
        ({"versions": {"a-pipeline": "1.0"}}, ["it has no a-pipeline", "the driver has 1.0"]),
        ({"ours": "0"}, ["its sweeper has other code than the driver's"]),
    ],
    ids=["python", "version", "missing", "sweeper"],
)
def test_another_version_is_said_with_both_and_the_remedy(
    changes: dict[str, Any], expected: list[str], admitting: Admission, worker: str
) -> None:
    found = reason(admitting, worker, **changes)
    assert all(words in found for words in [*expected, "install the same"]), found


def test_other_code_of_the_task_is_said(admitting: Admission, worker: str) -> None:
    (task,) = admitting._terms.samples
    found = reason(admitting, worker, samples=(replace(task, source="0"),))
    assert found.startswith("mine:Say has other code there than here")


def test_a_task_with_another_identity_is_said(admitting: Admission, worker: str) -> None:
    (task,) = admitting._terms.samples
    found = reason(admitting, worker, samples=(replace(task, call=replace(task.call, key="0")),))
    assert "has another identity in this worker than in the driver" in found


def test_a_task_that_cannot_be_imported_is_said(admitting: Admission, worker: str) -> None:
    (task,) = admitting._terms.samples
    found = reason(admitting, worker, samples=(replace(task, call=replace(task.call, module="not_there")),))
    assert found == "not_there:Say cannot be built there: ModuleNotFoundError: No module named 'not_there'"


def test_a_sqlite_store_of_another_machine_is_an_error_with_the_remedy(admitting: Admission, worker: str) -> None:
    elsewhere = json.dumps(["alpha", "another boot", 1, 1, ""])
    found = reason(admitting, worker, driver_process=elsewhere)
    assert "the store is a SQLite database on the driver's machine, alpha" in found
    assert "mlflow server" in found
    assert "PostgreSQL" in found


def test_a_store_that_the_worker_does_not_see_is_not_made_there(
    admitting: Admission, worker: str, tmp_path: Path
) -> None:
    found = reason(admitting, worker, uri=f"sqlite:///{tmp_path}/unmounted/mlflow.db")
    assert found.startswith("it does not see the store")
    assert not (tmp_path / "unmounted").exists()


def test_a_store_that_is_not_the_drivers_is_said(admitting: Admission, worker: str) -> None:
    found = reason(admitting, worker, run_id="0" * 32)
    assert found.startswith("it does not find the driver in the store: ")


def test_a_store_that_does_not_let_in_is_said_with_what_is_not_set(
    admitting: Admission, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "PATIENCE_SECONDS", 0.1)
    variables = ("MLFLOW_TRACKING_TOKEN",)
    found = reason(admitting, worker, uri="http://127.0.0.1:9", had_password=True, variables=variables)
    assert "127.0.0.1:9: the store cannot be reached" in found
    assert "passwords do not travel: set MLFLOW_TRACKING_URI" in found
    assert "not set there, and set for the driver: MLFLOW_TRACKING_TOKEN" in found


def test_a_database_whose_password_is_missing_is_not_asked(admitting: Admission, worker: str) -> None:
    found = reason(admitting, worker, uri="mysql://me@db/runs", had_password=True)
    assert found.startswith("it has no password for the store mysql://me@db/runs; passwords do not travel")


def test_a_folder_of_artifacts_that_the_worker_does_not_see_is_named(
    admitting: Admission, worker: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(admission, "signed", lambda *_: contextlib.nullcontext())
    found = reason(admitting, worker)
    assert found.startswith("it does not see the artifacts that the driver sees in ")
    assert str(folder / "results" / "artifacts") in found
    assert "mlflow server --serve-artifacts" in found


def test_nothing_is_left_where_artifacts_are(admitting: Admission, worker: str, folder: Path) -> None:
    assert admitting.admit([worker]) == {worker: ""}
    assert [*(folder / "results" / "artifacts").rglob(".sweeper*")] == []


def test_a_worker_that_hangs_is_said_in_time(
    admitting: Admission, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "INSPECTION_SECONDS", 0.01)
    assert reason(admitting, worker).startswith("it was not ready after 0.01 s")


def test_a_worker_that_does_not_answer_is_not_waited_for(admitting: Admission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "ANSWER_SECONDS", 0.2)
    gone = "tcp://127.0.0.1:9"
    assert admitting.admit([gone]) == {gone: "it does not answer"}


def test_workers_are_named_by_what_is_wrong_with_them() -> None:
    many = {f"tcp://w{number}": "it has Python 3.9" for number in range(7)}
    error = refusal({**many, "tcp://odd": "it has no luigi"})
    assert isinstance(error, EngineError)
    assert str(error).splitlines() == [
        "8 workers do not fit this driver, and nothing has run:",
        "tcp://w0, tcp://w1, tcp://w2, tcp://w3, tcp://w4 and 2 more: it has Python 3.9",
        "tcp://odd: it has no luigi",
    ]


def test_no_byte_of_what_travels_is_a_secret(
    binding: Binding, store: ApiStore, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the store's password, nor one in the environment or in Luigi's settings; but the settings themselves do."""
    secrets = ["in-the-address", "in-a-variable", "in-the-settings"]
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", secrets[1])
    monkeypatch.setattr(store, "uri", f"postgresql://me:{secrets[0]}@db/runs?sslmode=require")
    settings = {"kept": {"colour": "red"}, "postgres": {"password": secrets[2], "url": f"http://me:{secrets[0]}@db"}}
    with luigi_settings(settings):
        terms = terms_for(samples(binding), store, driver.run_id, 300)
        assert secrets[2] in str(luigi_config())
    assert terms.uri == "postgresql://me@db/runs?sslmode=require"
    assert terms.luigi_config["kept"] == {"colour": "red"}
    assert "MLFLOW_TRACKING_PASSWORD" in terms.variables
    with use(Context(store, Index(store))):
        call = call_for(binding.instance(next(iter(binding.points))), labels={})
    work = worker_side.Work("driver", "order", "incarnation", pickle.dumps(call))
    travelling = pickle.dumps(terms) + pickle.dumps(work)
    assert not [secret for secret in secrets if secret.encode() in travelling]


def test_what_a_worker_is_sent_takes_no_heavy_imports() -> None:
    """A Dask worker's event loop reads it: MLflow is imported by the processes of slots alone."""
    names = ("reception", "terms", "inspection", "relay")
    modules = ", ".join(f"sweeper.engine.dask.{name}" for name in names)
    code = f"import sys, {modules}; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False"
