"""``[keep]``: which results keep their artifacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import SpecError
from sweeper.spec import Spec, load
from sweeper.spec.keep import Keep

HEAD = 'task = "a:B"\nmetric = "m"\n'


def loaded(tmp_path: Path, table: str) -> Spec:
    path = tmp_path / "sweep.toml"
    path.write_text(HEAD + table, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("words", "best", "seconds"),
    [("all", None, None), ("best:5", 5, None), ("best: 1", 1, None), ("1 day", None, 86400.0),
     ("12 hours", None, 43200.0), ("1.5 days", None, 129600.0), ("2 weeks", None, 1209600.0)],
)  # fmt: skip
def test_words_say_what_is_kept(words: str, best: int | None, seconds: float | None, tmp_path: Path) -> None:
    spec = loaded(tmp_path, f'[keep]\nartifacts = "{words}"\n')
    assert spec.keep == Keep(words, best, seconds)
    assert Spec.from_document(spec.to_document()).keep == spec.keep


@pytest.mark.parametrize("words", ["", "best", "best:0", "best:-1", "0 days", "5", "5 minutes", "best:²", "ALL"])
def test_other_words_are_an_error_with_examples(words: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"keep\.artifacts.*best:5"):
        loaded(tmp_path, f'[keep]\nartifacts = "{words}"\n')


@pytest.mark.parametrize(
    ("table", "message"),
    [("keep = 3", "keep = 3: must be a table"), ("[keep]\nartifacts = 5", "keep.artifacts = 5: must be a string"),
     ("[keep]\nartifact = 'all'", r"keep.artifact = .*is not a key of \[keep\]; did you mean artifacts\?"),
     ("[keep]\nmetric = 'x'", "write it above the first table")],
)  # fmt: skip
def test_what_is_no_such_table_is_said_to_be(table: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        loaded(tmp_path, table)


def test_everything_is_kept_where_nothing_is_said_and_in_older_records(tmp_path: Path) -> None:
    document = loaded(tmp_path, "").to_document()
    assert Spec.from_document(document).keep.is_all
    del document["keep"]
    assert Spec.from_document(document).keep.is_all
