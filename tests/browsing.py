"""Pages in a real browser: Chromium of the system's packages, driven by Playwright. Skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_QUIET = (
    "--no-sandbox",  # a container's root has none
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
"""The browser is to ask nobody for anything."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium. Playwright's loop runs as long: no test of the same process may need one meanwhile."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install --group dev")
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed: .ci/system-packages installs it")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=[*_QUIET])
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page that was opened, and what it has tried to do that no page of ours may."""

    def __init__(self, browser: Browser, address: str | Path, **options: Any) -> None:
        url = address.absolute().as_uri() if isinstance(address, Path) else address
        self.context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}} | options)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console", lambda line: self.errors.append(line.text) if line.type in ("error", "warning") else None
        )
        self.page.on("dialog", lambda dialog: (self.errors.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self._note(request.url, url))
        self.page.goto(url)

    def _note(self, asked: str, own: str) -> None:
        if not asked.startswith("data:") and asked.split("#", maxsplit=1)[0] != own.split("#", maxsplit=1)[0]:
            self.requests.append(asked)

    def close(self) -> None:
        """Close it; the test fails where an error was logged."""
        self.context.close()
        assert self.errors == []


def axe_violations(page: Page) -> list[str]:
    """What is wrong with a page for people who use it by keyboard or screen reader, a line each: none, one hopes."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in found for node in one["nodes"]]
