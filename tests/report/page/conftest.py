"""What the tests of pages share: a real browser, and a reader who uses it without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.report.page.reader import Reader

_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")

expect.set_options(timeout=30_000)  # a machine may be busy; no claim here is about time


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, headless, started once; not for the whole session, as its event loop runs until it is closed."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("no chromium on the path; install it, or name one by the variable CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_OPTIONS, *_QUIET])
        yield browser
        browser.close()


@pytest.fixture
def reader(browser: Browser, tmp_path: Path) -> Iterator[Reader]:
    """A reader of pages; the test fails if one asked for anything, complained, or opened a dialog."""
    reader = Reader(browser, tmp_path)
    yield reader
    reader.close()
    assert reader.complaints == []
