"""Secrets are masked wherever text leaves, and nothing else is touched."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper import masking
from sweeper.errors import Problem, SpecError, StoreError
from sweeper.masking import mask, mask_address, mask_command, mask_file, mask_tracebacks, remember
from sweeper.store.values import one_line

SECRET = "s3cr#t/Pass word"


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without what the environment of the tests may hold."""
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(masking, "_given", set())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://ada:hunter2@db/x", "postgresql://ada:***@db/x"),
        ("mysql+pymysql://ada:h%40nter2@db:3306/x", "mysql+pymysql://ada:***@db:3306/x"),
        ("see http://ada:a@b@db/x and", "see http://ada:***@db/x and"),
        ("https://ghp_Ab12@host/repo.git", "https://***@host/repo.git"),
        ("GET /api?run=7&access_token=abc&page=2", "GET /api?run=7&access_token=***&page=2"),
        ("s3://b/x?X-Amz-Signature=f00&X-Amz-Date=1", "s3://b/x?X-Amz-Signature=***&X-Amz-Date=1"),
        ("host=db password=hunter2 dbname=x", "host=db password=*** dbname=x"),
        ("{'user': 'ada', 'password': 'two words'}", "{'user': 'ada', 'password': '***'}"),
        ("odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2%3BUID%3Dada", "odbc_connect=DRIVER%3Dx%3BPWD%3D***%3BUID%3Dada"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic YTpi'}", "{'Authorization': 'Basic ***'}"),
    ],
)
def test_a_secret_is_known_by_its_place(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "ssh://git@host/repo.git",
        "http://localhost:5000/#/experiments/1",
        "tokens: 128, secretary, passed = 3, key=value",
        "mail ada@example.org",
        "PWD=/home/ada",
        "bearer of bad news",
        "'/etc/passwd': not there",
        "/etc/passwd: not there",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text or text.startswith("PWD")


@pytest.mark.parametrize(
    "name",
    ["MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY", "HUB_API_KEY", "MYSQL_PWD"],
)
@pytest.mark.parametrize("form", [str, quote, lambda text: repr(text)[1:-1]], ids=["bare", "quoted", "escaped"])
def test_a_value_of_the_environment_is_masked_wherever_it_stands(
    name: str, form: type[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, name, SECRET)
    assert mask(f"<{form(SECRET)}>") == "<***>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZERS_PARALLELISM", "warning-level"),
        ("API_TOKEN", "short"),
        ("MAX_TOKEN_", "1234567890"),
        ("SORT_KEY", "accuracy"),
        ("DB_PASSWORD", "postgres"),
        ("SSH_KEY", os.path.realpath(sys.executable)),
        ("HOME", "/home/ada-lovelace"),
    ],
)
def test_what_hides_nothing_is_not_looked_for(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, name, value)
    assert mask(f"it is {value}.") == f"it is {value}."


def test_the_passwords_of_addresses_are_known_by_value_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DATABASE", "postgresql://ada:correct%20horse@db")
    remember("postgresql://ada:battery/staple@db")
    assert mask("correct horse, battery/staple") == "***, ***"


def test_each_line_of_a_private_key_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SIGNING_KEY", "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----")
    assert mask("> MIIEvQIBADANBgkq") == "> ***"


@pytest.mark.parametrize("address", ["postgresql://ada:a/b@db/x", "postgresql://ada:a b@db/x"])
def test_an_address_is_shown_without_the_oddest_password(address: str) -> None:
    assert mask_address(address) == "postgresql://ada:***@db/x"


def test_a_command_line_is_without_secrets() -> None:
    words = ["run.py", "--api-key", "k-1", "--token=t-1", "--uri", "http://ada:pw@h", "--password", "--seed", "3"]
    assert mask_command(words) == "run.py --api-key *** --token=*** --uri http://ada:**@h --password --seed 3"


def test_every_error_and_reason_of_ours_is_masked() -> None:
    told = "postgresql://ada:hunter2@db: no"
    assert str(StoreError(told)) == one_line(told) == "postgresql://ada:***@db: no"
    assert "hunter2" not in str(SpecError([Problem("a.toml", "url", "is odd", told)]))


def test_a_traceback_that_nobody_catches_is_masked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "excepthook", None)
    monkeypatch.setattr(threading, "excepthook", None)
    mask_tracebacks()
    try:
        raise ValueError("http://ada:hunter2@db")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=int, args=["http://ada:hunter2@db"])
    thread.start()
    thread.join()
    shown = capsys.readouterr().err
    assert shown.count("\nValueError: ") == 2
    assert "hunter2" not in shown


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked
    assert len(masked) <= len(text)


class TestFiles:
    """A log may be larger than memory, and a secret may lie anywhere in it."""

    @pytest.fixture(autouse=True)
    def small_pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(masking, "_CHUNK", 7)
        monkeypatch.setattr(masking, "_OVERLAP", 64)
        monkeypatch.setitem(os.environ, "A_TOKEN", "abcdefghij")

    @given(
        st.lists(st.sampled_from([b"abcdefghij", b"http://u:pass@h ", b"\xff\x00", b"x" * 50, b"\n", b"://", b"abcde"]))
    )
    def test_it_is_masked_as_if_in_one_piece(self, parts: list[bytes]) -> None:
        content = b"".join(parts)
        pieces = [content[start : start + 7] for start in range(0, len(content), 7)]
        secrets = masking._secrets()
        masked = b"".join(piece for _, piece in masking._pieces(pieces, secrets))
        assert masked == b"".join(piece for _, piece in masking._pieces([content], secrets))
        assert b"abcdefghij" not in masked
        assert b"pass@" not in masked

    def test_it_is_masked_in_place(self, tmp_path: Path) -> None:
        log = tmp_path / "task.log"
        log.write_bytes(b"one\xff abcdefghij two http://u:password@h\n" * 50)
        log.chmod(0o640)
        before = log.stat()
        mask_file(log)
        assert log.read_bytes() == b"one\xff *** two http://u:***@h\n" * 50
        assert (log.stat().st_ino, log.stat().st_mode) == (before.st_ino, before.st_mode)

    def test_what_holds_no_secret_is_not_written_to(self, tmp_path: Path) -> None:
        log = tmp_path / "task.log"
        log.write_bytes(b"loss 0.5\n" * 100)
        os.utime(log, (1, 1))
        mask_file(log)
        assert log.stat().st_mtime == 1
