"""How long a reviewer waits, and what a review needs, as the command is used: by its page's own requests.

python benchmarks/review.py [DOCUMENTS]

Three folders: 10,000 mails of 2 kB of which nothing is decided; the same when all but ten are gold, by two reviewers
who have decided each field; and one text of 1 MB with 2,000 values. Of what is asked again and again the middle of nine
times counts, from the request to its whole answer, over the loopback.
"""

from __future__ import annotations

import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from slotfill import Document, Extractor
from slotfill.extractors.review.decisions import Decision, ReviewAction
from slotfill.extractors.testing import SimulatedClaude

TIMES = 9

DOCUMENTS = 10_000

LARGE = 1_000_000

VALUE = {"sentiment": "negative", "key_issues": ["late", "broken"], "urgency": 4, "suggested_action": "Call Ada."}

PATHS = ("/sentiment", "/key_issues/0", "/key_issues/1", "/urgency", "/suggested_action")

TEXT = "Dear team, the lamp came late, and it was broken. Call me, and do so soon. Ada\n"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    mails = [(f"mails/{number:05}.txt", f"Mail {number}. {TEXT * 25}"[:2_000]) for number in range(count)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "records.jsonl").open("w", encoding="utf-8") as records:
            records.writelines(f"{json.dumps(one)}\n" for one in _records("feedback", VALUE, mails))
        for source, text in mails:
            _write(folder / source, text)
        _measure(folder, f"{count:,} mails, nothing decided")
        with (folder / "gold.log.jsonl").open("w", encoding="utf-8") as log:
            log.writelines(f"{json.dumps(row.to_json())}\n" for row in _rows(mails[:-10]))
        _measure(folder, f"{count:,} mails, {count - 10:,} of them gold by two reviewers")
    with tempfile.TemporaryDirectory() as name:
        _large(Path(name))
        _measure(Path(name), "1 MB, 2,000 values", "-s", "words.json")


def _measure(folder: Path, name: str, *options: str) -> None:
    start = time.perf_counter()
    with _review(folder, *options) as (process, address), httpx2.Client(base_url=address, timeout=600) as client:
        print(f"{name}: starts in {time.perf_counter() - start:.1f} s")
        page = _told("its page", 1, lambda _: client.get(""))
        number = client.get("status").json()["status"]["documents"] - 1  # the last is open in each folder
        view = client.get(f"documents/{number}").json()["view"]
        fields = [row["path"] for row in view["fields"] if row["review"]["open"]]
        _told("opening a document", TIMES, lambda _: client.get(f"documents/{number}"))
        _told("how far it is", TIMES, lambda _: client.get("status"))
        text_field = next(row["path"] for row in view["fields"] if row["review"]["editor"]["kind"] == "text")
        body = {"action": "accept", "document": number}
        paths = iter(fields)
        count = min(TIMES, len(fields) - 1)
        one = _told("an acceptance", count, lambda _: client.post("decisions", json={**body, "path": next(paths)}))
        last = {**body, "path": fields[-1]}
        if len(fields) - count == 1:
            _told("one that makes gold", TIMES, lambda _: client.post("decisions", json=last), lambda: _undo(client))
        _told("an undo", count, lambda _: client.post("undo", json={}))
        typed = {**body, "action": "correct", "path": text_field, "typed": "Call Bob"}
        _told("a correction", TIMES, lambda _: client.post("decisions", json=typed), lambda: _undo(client))
        print(
            f"  its page {len(page) / 1e6:.1f} MB, an answer {len(one) / 1e3:.1f} kB, memory {_memory(process):.0f} MB"
        )


def _undo(client: httpx2.Client) -> None:
    client.post("undo", json={})


def _told(
    name: str, times: int, ask: Callable[[int], httpx2.Response], back: Callable[[], None] | None = None
) -> bytes:
    taken = []
    for number in range(times):
        start = time.perf_counter()
        answer = ask(number)
        taken.append(time.perf_counter() - start)
        if answer.is_error or answer.text.startswith('{"refused"'):
            raise SystemExit(answer.text[:1000])
        if back:
            back()
    print(f"  {name}: {1000 * statistics.median(taken):.1f} ms")
    return answer.content


@contextmanager
def _review(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "slotfill", "review", "records.jsonl", "--gold", "gold.jsonl", "--by", "ada"]
    with subprocess.Popen([*command, *options], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


def _memory(process: subprocess.Popen[str]) -> float:
    """Return the most that a process has held, in MB, where the system tells it as Linux does."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _records(schema: Any, value: Any, documents: list[tuple[str, str]], **others: Any) -> Iterator[dict[str, Any]]:
    with Extractor(schema, client=SimulatedClaude(lambda _: value).client()) as extractor:
        record = extractor.extract(Document.of(documents[0][1], documents[0][0])).to_json()
    for source, text in documents:
        about = {"id": hashlib.sha256(text.encode()).hexdigest(), "source": source, "chars": len(text)}
        yield {**record, "document": {**record["document"], **about}, **others}


def _rows(mails: list[tuple[str, str]]) -> Iterator[Decision]:
    for who in ("ada", "bob"):
        for source, text in mails:
            about = {"document": hashlib.sha256(text.encode()).hexdigest(), "source": source, "who": who}
            for path in PATHS:
                value: Any = VALUE[path.split("/")[1]]
                after = value[int(path[-1])] if isinstance(value, list) else value
                yield Decision(path=path, action=ReviewAction.ACCEPT, before=after, after=after, **about)
            yield Decision(path="", action=ReviewAction.GOLD, replaced="", **about)


def _large(folder: Path) -> None:
    chance = random.Random(7)
    words = ("letter", "\U0001f600", "offer", "caf\u00e9", "Hamburg", "chairs,", "and", "the", "price.\n")
    text = ""
    while len(text) < LARGE:
        text += " ".join(chance.choices(words, k=2_000))
    spans, found = {}, []
    for number in range(2_000):
        start = chance.randrange(len(text) - 20)
        found.append(text[start : start + 20])
        spans[f"/words/{number}"] = {"start": start, "end": start + 20, "match": "exact"}
    schema = {
        "title": "words",
        "type": "object",
        "properties": {"words": {"type": "array", "items": {"type": "string"}}},
    }
    _write(folder / "words.json", json.dumps({**schema, "required": ["words"]}))
    _write(folder / "book.txt", text)
    value = {"words": found}
    made = next(_records(json.loads((folder / "words.json").read_text()), value, [("book.txt", text)]))
    _write(folder / "records.jsonl", json.dumps({**made, "spans": spans}) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


if __name__ == "__main__":
    main()
