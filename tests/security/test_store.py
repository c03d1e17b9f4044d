"""Whoever else writes to the store can make up results; he cannot have files read, files written or passwords sent."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sweeper.errors import StoreError
from sweeper.report.accounts.logs import log_path, log_tail
from sweeper.store import open_reader
from sweeper.store.api import ApiStore
from sweeper.store.cache import cache_folder, fetched
from sweeper.store.records import DOCUMENT_ARTIFACT, LOG_ARTIFACT, RunRecord, RunStatus
from sweeper.store.repository import HOSTS_VARIABLE, artifact_repository
from sweeper.store.tags import Kind, Tag

OUTSIDE = ["../secret", "a/../../secret", "/etc/passwd", "..", "", "a\0b"]
SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the user's that is nobody's business."""
    file = tmp_path / "home" / "secret"
    file.parent.mkdir()
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    return file


def failed_run(store: ApiStore, **tags: str) -> RunRecord:
    """Return a run as somebody else may have put it into the store."""
    opened = store.start_run("e", "r", tags={Tag.KIND: Kind.TASK, Tag.LOG: LOG_ARTIFACT, **tags})
    store.end_run(opened.run_id, RunStatus.FAILED)
    return store.run(opened.run_id)


def folder_of(run: RunRecord) -> Path:
    """Return the folder of a run's artifacts, made."""
    folder = Path(run.artifact_uri.removeprefix("file://"))
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", ["secret", "../../home/secret", "/etc/passwd"])
def test_the_store_does_not_choose_which_file_is_shown_as_a_log(name: str, store: ApiStore, secret: Path) -> None:
    run = failed_run(store, **{Tag.LOG: name})
    run = replace(run, artifact_uri=secret.parent.as_uri())
    assert Path(log_path(run)).name == LOG_ARTIFACT
    assert log_tail(store, run) == ()


@pytest.mark.parametrize("plant", [os.symlink, lambda _, place: os.mkfifo(place)], ids=["link", "pipe"])
def test_a_log_that_is_no_file_is_not_shown(plant, store: ApiStore, secret: Path) -> None:
    run = failed_run(store)
    plant(secret, folder_of(run) / LOG_ARTIFACT)
    assert log_tail(store, run) == ()


def test_a_sweeps_record_is_not_read_through_a_link(store: ApiStore, tmp_path: Path) -> None:
    run = failed_run(store, **{Tag.KIND: Kind.SWEEP, Tag.NAME: "s"})
    (tmp_path / "other.json").write_text('{"password": "hunter2"}', encoding="utf-8")
    (folder_of(run) / DOCUMENT_ARTIFACT).symlink_to(tmp_path / "other.json")
    with pytest.raises(StoreError, match=r"sweep\.json is damaged"):
        store.sweep("s")


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_artifact_has_a_name_outside_its_folder(name: str, store: ApiStore) -> None:
    run = failed_run(store)
    for reader in (store, open_reader(store.uri)):
        with pytest.raises(StoreError, match="not a name within a folder"):
            reader.artifact(run, name)


@pytest.mark.parametrize(("run_id", "name"), [("../../..", "x"), ("a" * 32, "../x"), ("/tmp", "x")])
def test_nothing_is_fetched_to_outside_the_cache(run_id: str, name: str, tmp_path: Path) -> None:
    def fetch(into: Path) -> Path:
        raise AssertionError("it is refused before anything is fetched")

    with pytest.raises(StoreError, match="not a name within a folder"):
        fetched(run_id, name, fetch, is_final=True)
    assert [*cache_folder().iterdir()] == []


def test_a_listing_does_not_leave_the_folder(store: ApiStore, secret: Path) -> None:
    run = failed_run(store)
    folder = folder_of(run)
    (folder / "loop").symlink_to(folder)
    (folder / "elsewhere").symlink_to(secret.parent)
    (folder / "model.txt").touch()
    assert not any("secret" in name or "/" in name for name in store.artifact_names(run))


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[str]]]:
    """The address of somebody who listens, and what he was sent."""
    received: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(str(self.headers.get("Authorization")))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


class TestPasswords:
    """MLflow sends a tracking server's password to wherever the store says that artifacts are."""

    PATH = "/api/2.0/mlflow-artifacts/artifacts/1/2/artifacts"

    @pytest.mark.parametrize("scheme", ["http", "mlflow-artifacts"])
    def test_another_host_is_not_told_them(
        self, scheme: str, stranger: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address, received = stranger
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret-token")
        with pytest.raises(StoreError, match=HOSTS_VARIABLE):
            artifact_repository(f"{scheme}://{address}{self.PATH}", "http://127.0.0.1:5000")
        assert received == []

    def test_the_tracking_server_itself_is_told_them(
        self, stranger: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address, received = stranger
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret-token")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        repository = artifact_repository(f"http://{address}{self.PATH}", f"http://{address}")
        with pytest.raises(Exception, match="404"):
            repository.list_artifacts()
        assert received == ["Bearer secret-token"]

    @pytest.mark.parametrize("place", ["mlflow-artifacts:/1/2/artifacts", "file:///tmp/a", "mlflow-artifacts://b:80/1"])
    def test_places_without_a_host_of_their_own_and_hosts_that_the_user_names_are_taken(
        self, place: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(HOSTS_VARIABLE, "a:1,b:80")
        artifact_repository(place, "http://127.0.0.1:5000")

    @pytest.mark.parametrize("scheme", ["http", "https", "mlflow-artifacts"])
    def test_what_the_refusal_says_to_set_helps(self, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
        place, server = f"{scheme}://user:word@elsewhere{self.PATH}", "https://127.0.0.1:5000"
        with pytest.raises(StoreError, match=rf"set {HOSTS_VARIABLE}=elsewhere:\d+$") as refused:
            artifact_repository(place, server)
        monkeypatch.setenv(HOSTS_VARIABLE, str(refused.value).rpartition("=")[2])
        artifact_repository(place, server)

    def test_an_address_without_a_port_that_can_be_is_refused(self) -> None:
        with pytest.raises(StoreError, match="Port"):
            artifact_repository(f"http://elsewhere:99999{self.PATH}", "http://127.0.0.1:5000")
