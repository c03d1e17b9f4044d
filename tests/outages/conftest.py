"""A store behind a faulty proxy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sweeper.store import open_store, patience
from sweeper.store.patience import Patience
from tests.outages.proxy import Proxy

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

SECONDS = 30.0


@pytest.fixture
def proxy(server_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy in front of the tracking server, without a fault as yet; what fails is tried again soon."""
    monkeypatch.setattr(patience, "FIRST_DELAY", 0.02)
    with Proxy(server_uri) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: Proxy) -> ApiStore:
    """The store behind the proxy."""
    return open_store(proxy.uri, Patience(SECONDS, lambda _: None))


@pytest.fixture
def name() -> str:
    """A name that nothing else in the server has."""
    return f"n{uuid.uuid4().hex}"
