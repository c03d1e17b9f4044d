"""What cannot be the address of a store is refused at once, in words, before anybody is asked."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import StoreError
from sweeper.store.locate import locate

WRONG = [
    *(
        (uri, "it names no host")
        for uri in ("http://", "https://", "HTTP://", "http:///x", "http://:5000", "http://a b")
    ),
    *((uri, "no address of a store: ") for uri in ("http://[", "http://x:99999999", "http://127.0.0.1:port")),
    *(
        (uri, "it names no file")
        for uri in ("sqlite:", "sqlite://", "sqlite:///", "sqlite://host/x.db", "sqlite:///?x=1")
    ),
    ("sqlite:///:memory:", "gone with this process"),
    *((uri, "plain files") for uri in ("file:/x", "file:///x", "file://host/x", ".", "/", "~", "a b", "ünï", ":")),
    *(
        (uri, "no kind of store")
        for uri in ("://", "s3://b/x", "foo:bar", "javascript:alert(1)", "uc:x", "mlflow-artifacts:/x")
    ),
    ("postgres://127.0.0.1/x", "did you mean postgresql"),
    ("SQLite:///x.db", "no kind of store"),
    *(
        (uri, "cannot be printed")
        for uri in (" ", "\x1b[31m", "\udcff", "http://h\n", "sqlite:///a\0b", "sqlite:///x.db ")
    ),
]


@pytest.mark.parametrize(("uri", "reason"), WRONG)
def test_a_wrong_address_is_refused_with_the_reason(uri: str, reason: str) -> None:
    with pytest.raises(StoreError, match=reason) as caught:
        locate(uri)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "uri",
    [
        *("http://127.0.0.1:5000", "https://user:pw@host.org/path?x=1", "http://[::1]:5000", "HTTP://host"),
        *(
            "sqlite:////tmp/a b.db",
            "sqlite+pysqlite:////tmp/x.db",
            "postgresql:///mlflow",
            "postgresql+psycopg://u:p@h/x",
        ),
        *("mysql://h/x", "mssql://h/x", "databricks", "databricks://profile"),
    ],
)
def test_what_mlflow_takes_is_left_to_mlflow(uri: str) -> None:
    assert locate(uri)


@given(st.text() | st.sampled_from([uri for uri, _ in WRONG]).flatmap(lambda uri: st.text().map(uri.__add__)))
def test_any_text_is_an_address_or_refused_at_once(uri: str) -> None:
    began = time.process_time()
    try:
        locate(uri)
    except StoreError as error:
        assert str(error).isprintable()  # noqa: PT017 (most texts raise nothing else, and some none)
    assert time.process_time() - began < 1
