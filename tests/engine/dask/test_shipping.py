"""The user's code, packed where it is and unpacked where it is not."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sweeper.engine.dask import shipping
from sweeper.engine.dask.shipping import pack, unpack
from sweeper.errors import InputError, StoreError
from tests.pipelines.chain import Fit

TASK = "import luigi\nclass {name}(luigi.Task):\n    pass\n"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files, by their paths."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")


def task(module: str, name: str) -> Any:
    """Return a task class of a module in the working directory."""
    sys.path.insert(0, str(Path.cwd()))
    __import__(module)
    return getattr(sys.modules[module], name)


def packed(*tasks: type) -> list[str]:
    """Return the names of the files that go with tasks."""
    with zipfile.ZipFile(io.BytesIO(pack(tasks).archive)) as archive:
        return archive.namelist()


def test_a_module_goes_with_what_it_imports_and_without_its_neighbours(tmp_path: Path) -> None:
    code = "import lib_of_alone\nimport json\n" + TASK.format(name="Alone")
    write(tmp_path, {"alone.py": code, "lib_of_alone.py": "", "other.py": "", "data.csv": ""})
    assert packed(task("alone", "Alone")) == ["alone.py", "lib_of_alone.py"]


def test_a_package_goes_with_its_data(tmp_path: Path) -> None:
    """But not what is hidden, compiled, or a store that lies in it."""
    files = {"__init__.py": "", "sub/__init__.py": "", "sub/tasks.py": TASK.format(name="InPackage")}
    data = {
        "words.txt": "a",
        "sub/more.json": "{}",
        ".git/config": "",
        "results/mlflow.db": "",
        "results/artifacts/x": "",
    }
    write(tmp_path / "pack_a", files | data | {"__pycache__/x.pyc": ""})
    found = packed(task("pack_a.sub.tasks", "InPackage"))
    assert found == [f"pack_a/{name}" for name in sorted([*files, "words.txt", "sub/more.json"])]


def test_a_package_without_a_file_of_its_own_keeps_its_modules_apart(tmp_path: Path) -> None:
    write(tmp_path, {"space_a/tasks.py": TASK.format(name="InSpace"), "space_a/huge.bin": "", "space_a/other.py": ""})
    assert packed(task("space_a.tasks", "InSpace")) == ["space_a/tasks.py"]


def test_what_is_installed_is_not_sent() -> None:
    import luigi

    assert packed(luigi.ExternalTask) == []


def test_equal_code_is_one_parcel_wherever_it_lies() -> None:
    assert pack([Fit]).digest == pack([Fit, Fit]).digest


def test_another_byte_is_another_parcel(tmp_path: Path) -> None:
    write(tmp_path, {"changing.py": TASK.format(name="Changing")})
    changing = task("changing", "Changing")
    before = pack([changing]).digest
    with (tmp_path / "changing.py").open("a") as file:
        file.write("# more\n")
    assert pack([changing]).digest != before


def test_bulk_is_refused_with_the_largest_file_and_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "MOST_BYTES", 1 << 20)
    write(
        tmp_path,
        {"pack_b/__init__.py": "", "pack_b/tasks.py": TASK.format(name="Bulky"), "pack_b/w.bin": "x" * (2 << 20)},
    )
    with pytest.raises(InputError, match=r"comes to 2 MB, and at most 1 MB .*pack_b/w\.bin: keep data outside"):
        pack([task("pack_b.tasks", "Bulky")])


def test_what_is_unpacked_is_what_was_packed(tmp_path: Path) -> None:
    place = unpack(pack([Fit]), tmp_path)
    assert (place / "tests/pipelines/chain.py").read_bytes() == Path(
        sys.modules[Fit.__module__].__file__ or ""
    ).read_bytes()


def test_it_is_unpacked_once_for_its_user_alone(tmp_path: Path) -> None:
    place = unpack(pack([Fit]), tmp_path)
    (place / "mark").touch()
    assert unpack(pack([Fit]), tmp_path) == place
    assert (place / "mark").exists()
    assert place.stat().st_mode & 0o077 == 0
    assert [*tmp_path.iterdir()] == [place]


def test_half_of_a_parcel_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left")

    parcel = pack([Fit])
    monkeypatch.setattr(shipping, "_move", fail)
    with pytest.raises(OSError, match="no space"):
        unpack(parcel, tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../evil.py", "")
    with pytest.raises(StoreError, match="not a name within a folder"):
        unpack(shipping.Parcel("0", evil.getvalue()), tmp_path)
