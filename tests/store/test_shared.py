"""Whether two machines see one folder of artifacts is found out with a sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import StoreError
from sweeper.store.shared import fault_of, signed


def test_who_sees_the_sign_shares_the_folder(tmp_path: Path) -> None:
    places = [(tmp_path / "artifacts").as_uri(), "s3://bucket/artifacts", "mlflow-artifacts:/1"]
    with signed(places, "sign"):
        assert fault_of(places, "sign") == ""
    assert [*(tmp_path / "artifacts").iterdir()] == []


def test_who_does_not_see_it_is_told_where(tmp_path: Path) -> None:
    assert f"the artifacts that the driver sees in {tmp_path}: no such file" in fault_of([str(tmp_path)], "sign")


def test_another_folder_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / ".sweeper-sign").write_text("another", encoding="ascii")
    assert f"it sees other files in {tmp_path} than the driver" in fault_of([str(tmp_path)], "sign")


def test_who_may_only_read_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with signed([str(tmp_path)], "sign"):
        monkeypatch.setattr(Path, "write_text", refuse)
        assert f"it cannot write artifacts to {tmp_path}: permission denied" in fault_of([str(tmp_path)], "sign")


def test_a_driver_that_cannot_write_there_is_told_before_its_workers(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="and here file exists; keep artifacts"),
        signed([str(tmp_path / "file")], "sign"),
    ):
        pass
