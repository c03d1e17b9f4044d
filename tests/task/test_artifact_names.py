"""Artifacts are files inside their run's folder, each one's own, whatever a pipeline calls them."""

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import TaskError
from sweeper.task import MlflowTask
from sweeper.task.artifact_names import fault_of_names
from sweeper.task.meta import meta_of

COMPOSED, DECOMPOSED = "caf\u00e9.csv", "cafe\u0301.csv"


@pytest.mark.parametrize(
    "name",
    [
        "a.csv",
        "sub/a.csv",
        "ü ñ+&;~名.txt",
        "...",
        "a..b",
        ".hidden",
        "x" * 255,
        "a/task.log",
        "sweep.json",
        DECOMPOSED,
    ],
)
def test_any_path_inside_the_folder_will_do(name: str) -> None:
    assert not fault_of_names({"a": name})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((name, "not a file inside") for name in ("", ".", "/", "..", "../../x", "/etc/passwd", "a/../../x", "//x")),
        *((name, "not written plainly; write") for name in ("a/", "a//b", "./a", "a/./b")),
        *(
            (name, "not every store takes")
            for name in ("a\0b", "a\nb", "\x1b[31m", "..\\x", "C:x", "a%2e%2e", "a#b", "a?b")
        ),
        *((name, "not every store takes") for name in ("\u202etxt.exe", "\ud800", "a\u2028b")),
        *((name, "a space") for name in (" a", "a ", "a / b")),
        *((name, "too long") for name in ("x" * 300, "é" * 128, "/".join(["x" * 200] * 6))),
        *((name, "task's log") for name in ("task.log", "TASK.LOG", "task.log/a")),
        (".artifact.uploading.x", "still writing"),
        *((name, "is no text") for name in (5, None, b"a")),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_artifact(name: object, reason: str) -> None:
    assert reason in fault_of_names({"first": "fine.csv", "model": name})
    assert fault_of_names({"first": "fine.csv", "model": name}).startswith("artifact 'model': ")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("a.csv", "a.csv", "is the file of artifact 'first' too"),
        ("a.csv", "A.CSV", "is the file of artifact 'first' too"),
        (COMPOSED, DECOMPOSED, "is the file of artifact 'first' too"),
        ("a", "a/b", "one lies inside the other"),
        ("A/b/c", "a/B", "one lies inside the other"),
    ],
)
def test_no_two_artifacts_share_a_file(first: str, second: str, reason: str) -> None:
    assert reason in fault_of_names({"first": first, "second": second})
    assert reason in fault_of_names({"second": second, "first": first}).replace("'second'", "'first'")


@pytest.mark.parametrize("name", ["", "a\nb", 5, None])
def test_an_artifact_is_asked_for_by_text(name: object) -> None:
    assert fault_of_names({name: "a.csv"}).endswith("a name is text that can be printed")


@given(st.dictionaries(st.text(max_size=3), st.text(alphabet="aAb/.\\% é\u0301\0", max_size=6), max_size=3))
def test_what_is_accepted_lies_in_its_folder_and_nowhere_else(artifacts: dict[str, str]) -> None:
    if fault_of_names(artifacts):
        return
    paths = [PurePosixPath(unicodedata.normalize("NFC", name).lower()) for name in artifacts.values()]
    assert len({*paths}) == len(paths)
    for path in paths:
        assert path.parts
        assert not {"..", "/", "."} & {*path.parts}
        assert not any(other in path.parents for other in paths)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("mlflow_artifact_fnames", {"model": "../x"}, r"artifact 'model': '\.\./x' is not a file inside its folder"),
        ("mlflow_artifact_fnames", ["model"], "write a dict"),
        ("mlflow_experiment_name", 5, "an experiment's name is text"),
        ("mlflow_experiment_name", " ", "an experiment's name is text"),
        ("mlflow_experiment_name", "a\x1b[2Jb", "an experiment's name is text"),
        ("mlflow_experiment_name", "x" * 251, "an experiment's name is text"),
        ("mlflow_experiment_name", "sweeper.drivers", "not sweeper's own"),
        ("version", "2", "a version is a whole number"),
        ("version", True, "a version is a whole number"),
        ("added", ["rate"], "write a dict of parameters"),
        ("formerly", "old:Name", "write a list of names"),
        ("formerly", [5], "write a list of names"),
    ],
)
def test_a_setting_that_cannot_be_names_its_class(setting: str, value: object, words: str) -> None:
    class Wrong(MlflowTask):
        Meta = type("Meta", (), {setting: value})

    with pytest.raises(TaskError, match=rf"^Wrong\.Meta: .*{words}"):
        meta_of(Wrong)
