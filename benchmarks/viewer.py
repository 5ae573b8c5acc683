"""How long the viewer's page takes to open, in Chromium, and what it weighs without data.

python benchmarks/viewer.py

Three pages: 10,000 records; one document of 1 MB with 2,000 values whose places overlap; and one whose value is a list
of 50,000 items, each of which stands in the text. Each is opened five times, in a fresh context, and the middle time
counts: from the address to the moment when the list, the text and the values of the first document are laid out and
drawn.
"""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from slotfill import Document, Extractor
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.viewing.record_view import record_view
from slotfill.extractors.viewing.viewer_page import viewer_page

TIMES = 5

LARGE = 1_000_000

DRAWN = """() => new Promise((done) => {
  const drawn = () => document.querySelector("#text").firstChild && document.querySelector("#fields .field");
  const tell = () => setTimeout(() => done(performance.now()));
  const look = () => (drawn() ? requestAnimationFrame(tell) : setTimeout(look, 5));
  look();
})"""
"""Milliseconds from the start of the navigation to the frame after everything stands there."""

CHOOSE = """(path) => {
  const start = performance.now();
  viewer.select(path);
  document.body.getBoundingClientRect();
  return performance.now() - start;
}"""


def main() -> None:
    print(f"without data: {len(''.join(viewer_page([], '')).encode()) / 1000:.1f} kB")
    record = _record()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print(f"Chromium {browser.version}")
        _measure(browser, "10,000 records", _page(Path(folder), _many(record)), None)
        _measure(browser, "1 MB, 2,000 values", _page(Path(folder), [_large(record)]), "/v1999")
        _measure(browser, "a list of 50,000 items", _page(Path(folder), [_listed(record)]), "/items/49999")
        browser.close()


def _measure(browser: Browser, name: str, path: Path, far: str | None) -> None:
    opened, chosen = [], []
    for _ in range(TIMES):
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.goto(path.as_uri())
        opened.append(page.evaluate(DRAWN))
        if far:
            chosen.append(page.evaluate(CHOOSE, far))
        page.context.close()
    line = f"{name} ({path.stat().st_size / 1e6:.1f} MB): opens in {statistics.median(opened):.0f} ms"
    print(line + (f", its last value is chosen in {statistics.median(chosen):.0f} ms" if far else ""))


def _page(folder: Path, views: Any) -> Path:
    path = folder / f"{time.monotonic_ns()}.html"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(viewer_page(views, "benchmark"))
    return path


def _record() -> dict[str, Any]:
    claude = SimulatedClaude(lambda _: {"customer": "Ada", "city": "London", "total": 12.5, "wish": "a lamp"})
    with Extractor("customer, city, total float, wish", client=claude.client()) as extractor:
        return extractor.extract(Document.of(TEXT, "mails/00000.txt")).to_json()


TEXT = "Dear team, this is Ada from London. I paid 12.50 and wish for a lamp. " * 8


def _many(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number in range(10_000):
        document = {**record["document"], "source": f"mails/{number:05}.txt"}
        yield record_view({**record, "document": document}, TEXT)


def _large(record: dict[str, Any]) -> dict[str, Any]:
    chance = random.Random(7)
    words = (
        "letter",
        "\U0001f600",
        "offer",
        "caf\u00e9",
        "\u05e9\u05dc\u05d5\u05dd",
        "Hamburg",
        "chairs,",
        "and",
        "the",
        "price.\n",
    )
    text = ""
    while len(text) < LARGE:
        text += " ".join(chance.choices(words, k=2_000))
    value, spans = {}, {}
    for number in range(2_000):
        start = chance.randrange(len(text) - 2_000)
        end = start + chance.choice((20, 200, 2_000))
        value[f"v{number}"] = text[start : start + 20]
        spans[f"/v{number}"] = {"start": start, "end": end, "match": "exact"}
    return record_view({**record, "value": value, "spans": spans}, text)


def _listed(record: dict[str, Any]) -> dict[str, Any]:
    items = [f"item-{number:05}" for number in range(50_000)]
    spans = {
        f"/items/{number}": {"start": 11 * number, "end": 11 * number + 10, "match": "exact"}
        for number in range(50_000)
    }
    return record_view({**record, "value": {"items": items}, "spans": spans}, "\n".join(items))


if __name__ == "__main__":
    sys.exit(main())
