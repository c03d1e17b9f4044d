"""The frozen store, thawed once for all tests of it."""

from __future__ import annotations

import pytest

from tests.report.frozen.restore import restore


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the frozen store."""
    return restore(tmp_path_factory.mktemp("frozen"))


@pytest.fixture(autouse=True)
def importances() -> None:
    """Compute importances as users do, and not by a stand-in."""
