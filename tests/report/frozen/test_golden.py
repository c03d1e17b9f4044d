"""Each format of each kind of table, on a store that real sweeps and a real experiment left behind.

Where a change is meant, ``python -m tests.report.frozen.golden`` writes the tables anew; read the difference.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sweeper.store import open_reader
from tests.report.frozen.golden import CASES, GOLDEN, printed, reported
from tests.report.latex import PDFLATEX, check, compile_all

TABLES = Path(__file__).parents[1] / "golden"


def of_suffix(suffix: str) -> list[Path]:
    """Return all golden tables of a format, the other ones too."""
    return sorted([*GOLDEN.glob(f"*{suffix}"), *TABLES.glob(f"*{suffix}")])


@pytest.mark.parametrize("name", CASES)
def test_the_command_prints_what_it_did(name: str, frozen: str) -> None:
    assert printed(frozen, CASES[name]) == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_golden_table_is_of_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*CASES}


def test_the_store_is_read_without_mlflow(frozen: str) -> None:
    assert type(open_reader(frozen)).__module__ == "sweeper.store.sql"


@pytest.mark.parametrize("path", of_suffix(".tex"), ids=lambda path: path.name)
def test_the_latex_is_whole(path: Path) -> None:
    assert len(check(path.read_text(encoding="utf-8"))) > 1


@pytest.mark.skipif(PDFLATEX is None, reason="no pdflatex")
def test_the_latex_compiles(tmp_path: Path) -> None:
    compile_all([path.read_text(encoding="utf-8") for path in of_suffix(".tex")], tmp_path)


@pytest.mark.parametrize("path", of_suffix(".csv"), ids=lambda path: path.name)
def test_the_csv_has_as_many_cells_in_each_row_and_no_name_twice(path: Path) -> None:
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    assert rows
    assert {len(row) for row in rows} == {len(header)}
    assert len({*header}) == len(header)


@pytest.mark.parametrize("path", of_suffix(".json"), ids=lambda path: path.name)
def test_the_json_is_strict(path: Path) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    assert json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_the_store_can_lie_anywhere(frozen: str) -> None:
    """The golden tables name the place where it was made; what is printed names the place where it is."""
    rows = csv.DictReader(io.StringIO(reported(frozen, "optimizers --format csv --long")))
    (log,) = (row["log"] for row in rows if row["state"] == "failed")
    assert "ValueError: the loss is not finite" in Path(log).read_text(encoding="utf-8")
