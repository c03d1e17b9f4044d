"""What a killed process has half written goes when its runs are closed; what others are at stays."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.store.api import ApiStore
from sweeper.store.host import Process
from sweeper.store.lease import bury_the_dead
from sweeper.store.locate import local_path
from sweeper.store.records import RunStatus
from sweeper.store.scratch import make_scratch
from sweeper.store.unrecorded import homes
from tests.store.test_lease import claim, register

GONE = replace(Process.current(), pid=2**22 + 1, started=0.0)


@pytest.fixture
def claims(store: ApiStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The runs of a driver that is gone and of one that is at work, each with something that is half done."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = claim(store, "one", register(store, GONE, beat=time.time()))
    alive = claim(store, "other", register(store, Process.current(), beat=time.time()))
    for run_id in (dead, alive):
        folder = _artifacts(store, run_id) / "deep"
        folder.mkdir(parents=True)
        (folder / ".artifact.uploading.x").touch()
        (folder / "model.bin").touch()
        with make_scratch(run_id) as scratch:
            pass
        (Path(scratch) / "held").mkdir(parents=True)
        (homes(store.uri)[0] / f".{run_id}.x").mkdir(parents=True)
    return dead, alive


def _artifacts(store: ApiStore, run_id: str) -> Path:
    folder = local_path(store.run(run_id).artifact_uri)
    assert folder is not None
    return folder


def test_what_is_half_written_goes_with_the_run_of_a_dead_driver(
    claims: tuple[str, str], store: ApiStore, tmp_path: Path
) -> None:
    assert bury_the_dead(store) == 1
    for run_id, is_alive in zip(claims, (False, True), strict=True):
        assert (store.run(run_id).status is RunStatus.RUNNING) == is_alive
        names = {path.name for path in (_artifacts(store, run_id) / "deep").iterdir()}
        assert names == {"model.bin"} | ({".artifact.uploading.x"} if is_alive else set())
        assert bool([*tmp_path.glob(f"sweeper-{run_id}-*")]) == is_alive
        assert (homes(store.uri)[0] / f".{run_id}.x").exists() == is_alive


def test_a_planted_link_in_the_place_of_scratch_is_left_alone(
    claims: tuple[str, str], store: ApiStore, tmp_path: Path
) -> None:
    (tmp_path / "precious").mkdir()
    link = tmp_path / f"sweeper-{claims[0]}-link"
    link.symlink_to(tmp_path / "precious")
    bury_the_dead(store)
    assert link.is_symlink()
    assert (tmp_path / "precious").exists()
