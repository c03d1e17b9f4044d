"""A reader of pages, who notices whatever a page does that none should do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from sweeper.report.page import Page, render

_NOT_OURS = "GL Driver Message"
"""What the browser says of its own drawing in software."""


class Reader:
    """Opens pages offline, and notes each request, error, warning and dialog of theirs."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(self, page: Page, *, before: str = "", **options: Any) -> Tab:
        """Return the page in a tab, without a network; ``before`` runs ahead of the page's scripts."""
        file = self._folder / "page.html"
        file.write_text(render(page), encoding="utf-8")
        context = self._browser.new_context(offline=True, **options)
        self._contexts.append(context)
        tab = context.new_page()
        if before:
            tab.add_init_script(before)
        tab.on("request", lambda request: self._hear("request", request.url, request.url != file.as_uri()))
        tab.on("pageerror", lambda error: self._hear("error", str(error)))
        tab.on("console", lambda message: self._hear(message.type, message.text, _NOT_OURS not in message.text))
        tab.on("dialog", lambda dialog: (self._hear("dialog", dialog.message), dialog.dismiss()))
        tab.goto(file.as_uri())
        return tab

    def close(self) -> None:
        """Close what was opened."""
        for context in self._contexts:
            context.close()

    def _hear(self, kind: str, words: str, counts: bool = True) -> None:  # noqa: FBT001, FBT002
        if counts:
            self.complaints.append(f"{kind}: {words}")
