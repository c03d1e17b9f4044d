"""The names of a run's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeper.store.artifacts import local_names

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_still_being_written_is_not_named(tmp_path: Path):
    (tmp_path / "model").mkdir()
    for name in (".artifact.uploading.weights.12ab", "weights"):
        (tmp_path / "model" / name).touch()
    assert local_names(tmp_path) == ["model/weights"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path):
    assert local_names(tmp_path / "missing") == []
