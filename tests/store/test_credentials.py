"""Credentials stay on their machine: an address is told without them, and completed where it is used."""

from __future__ import annotations

import pytest

from sweeper.store.credentials import completed, remedy, travelling, variables_set


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://me:s3cret@host:1/path", "https://host:1/path"),
        ("https://a-token@host/path", "https://host/path"),
        ("http://host/path@2", "http://host/path@2"),
        ("postgresql://me:s3cret@db:5432/runs?sslmode=require", "postgresql://me@db:5432/runs?sslmode=require"),
        ("postgresql+psycopg://me:s3c/r@t@db/runs", "postgresql+psycopg://me@db/runs"),
        ("postgresql://db/runs?user=me&password=s3cret", "postgresql://db/runs?user=me"),
        ("postgresql://db/runs?password=s3cret", "postgresql://db/runs"),
        ("mysql://me@db/runs", "mysql://me@db/runs"),
    ],
)
def test_an_address_is_told_without_what_is_secret_in_it(address: str, told: str) -> None:
    assert travelling(address) == told


def test_a_machine_puts_its_own_password_into_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:mine@db/runs")
    assert completed("postgresql://me@db/runs") == "postgresql://me:mine@db/runs"


@pytest.mark.parametrize("own", ["postgresql://me:mine@other/runs", "postgresql://you:mine@db/runs", ""])
def test_it_is_not_told_to_another_store(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", own)
    assert completed("postgresql://me@db/runs") == "postgresql://me@db/runs"


def test_variables_are_named_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:s3cret@host")
    assert "AWS_SECRET_ACCESS_KEY" in variables_set()
    assert "MLFLOW_TRACKING_URI" not in variables_set()
    assert "s3cret" not in str(variables_set())


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    found = remedy("postgresql://me@db/runs", ["AWS_PROFILE", "PGPASSFILE"], had_password=True)
    assert found == (
        "passwords do not travel: set MLFLOW_TRACKING_URI, with its password, or PGPASSWORD there; "
        "not set there, and set for the driver: PGPASSFILE"
    )


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert remedy("http://127.0.0.1:5000", [], had_password=False) == ""
