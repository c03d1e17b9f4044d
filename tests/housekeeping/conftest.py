"""Stores in which a sweep has run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sweeper.store.locate import sqlite_uri
from tests.sweeping import CHAIN, sweep


@pytest.fixture(scope="module")
def swept_uri(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store in which the sweep ``sweep`` has run; tests that share it change nothing."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "results").mkdir()
    shutil.copyfile(template, folder / "results" / "mlflow.db")
    uri = sqlite_uri(folder / "results" / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sweep(f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nseed = [0, 1]\n', uri)
    return uri
