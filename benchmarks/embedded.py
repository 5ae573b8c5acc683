"""What the embedded model is worth: accuracy, calibration, form and speed, by the path that users take.

    python benchmarks/embedded.py ../shared/data
    python benchmarks/embedded.py ../shared/data --half even --only sentiment entities
    python benchmarks/embedded.py ../shared/data --only candidates
    python benchmarks/embedded.py ../shared/data --only speed

Examples and settings were chosen on the even half of every set (rows 0, 2, 4, …); the odd half is reported. `shapes` is
split by schema. An extraction without a value counts as wrong. `candidates` asks no model: it tells how many of the
entities stand among what is asked about.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.local.candidates.candidates import candidates
from slotfill.schemas.built_in.entities import Entities
from slotfill.schemas.built_in.feedback import Feedback
from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.built_in.summary import Summary
from slotfill.schemas.example import Example
from slotfill.schemas.schema import Schema

FIXTURES = Path(__file__).parent.parent / "fixtures"
TYPES = {
    "person": "person",
    "location": "location",
    "corporation": "organization",
    "group": "organization",
    "product": "product",
    "creative-work": "product",
}
BINS = 10
SLOTS = (1, 2, 4)
WAITING = 8
"""Documents that wait at once: the default concurrency of a run."""

Rows = list[dict[str, Any]]


class Label(BaseModel):
    """The sentiment of a text."""

    sentiment: Literal["positive", "negative", "neutral"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with sentiment.jsonl and entities.jsonl")
    parser.add_argument("--half", choices=["even", "odd", "all"], default="odd")
    parser.add_argument("--model", default="local")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    parser.add_argument("--slots", type=int, help="measure the speed with so many slots, in this process")
    options = parser.parse_args()
    if options.slots:
        measure(options)
        return
    for part in options.only:
        print(f"{part} ({options.half} half)")
        for line in PARTS[part](options):
            print(f"  {line}", flush=True)


def rows_of(path: Path, half: str) -> Rows:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return rows if half == "all" else rows[half == "odd" :: 2]


def extracted(schema: Any, texts: Iterable[str], model: str) -> list[Extraction[Any]]:
    with Extractor(schema, model=model) as extractor:
        return list(extractor.map(texts))


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / max(1, len(hits)):.3f} of {len(hits)}"


def sentiment(options: argparse.Namespace) -> Iterator[str]:
    polar = rows_of(options.data / "sentiment.jsonl", options.half)
    neutral = rows_of(FIXTURES / "labelled" / "neutral.jsonl", options.half)
    longer = rows_of(FIXTURES / "labelled" / "longer.jsonl", options.half)
    pairs: dict[str, list[tuple[float, bool]]] = {}
    for name, rows in (("positive, negative", polar), ("neutral", neutral), ("longer reviews", longer)):
        found = extracted(Sentiment, [row["text"] for row in rows], options.model)
        hits = [one.has_value and one.value.sentiment == row["sentiment"] for one, row in zip(found, rows, strict=True)]
        pairs[name] = [(one.value.confidence, hit) for one, hit in zip(found, hits, strict=True) if one.has_value]
        yield f"{name}: right {share(hits)}; {verbatim(found, 'key_phrases')}"
    yield f"calibration error, positive and negative: {calibration_error(pairs['positive, negative']):.3f}"
    both = pairs["positive, negative"] + pairs["neutral"]
    yield f"calibration error, with the neutral ones: {calibration_error(both):.3f}"


def calibration_error(pairs: list[tuple[float, bool]]) -> float:
    """Give the expected calibration error: the mean distance of confidence and accuracy, over ten bins."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, hit in pairs:
        bins[min(BINS - 1, int(confidence * BINS))].append((confidence, hit))
    distances = (abs(sum(confidence - hit for confidence, hit in entries)) for entries in bins)
    return sum(distances) / len(pairs)


def verbatim(found: list[Extraction[Any]], field: str) -> str:
    quotes = [quote in one.document.text for one in found if one.has_value for quote in getattr(one.value, field)]
    return f"quotes that stand in the text {share(quotes)}"


def entities(options: argparse.Namespace) -> Iterator[str]:
    rows = rows_of(options.data / "entities.jsonl", options.half)
    found = extracted(Entities, [row["text"] for row in rows], options.model)
    right = said = there = 0
    for one, row in zip(found, rows, strict=True):
        gold = {(entity["start"], entity["end"], TYPES[entity["type"]]) for entity in row["entities"]}
        spans = set(placed(one, row["text"])) if one.has_value else set()
        right, said, there = right + len(gold & spans), said + len(spans), there + len(gold)
    yield f"strict F1 {2 * right / (said + there):.3f}, precision {right / said:.3f}, recall {right / there:.3f}"
    texts = [entity.text in one.document.text for one in found if one.has_value for entity in one.value.entities]
    yield f"quotes that stand in the text {share(texts)}"


def candidate_recall(options: argparse.Namespace) -> Iterator[str]:
    for name, path in (
        ("users' texts", options.data / "entities.jsonl"),
        ("news", FIXTURES / "labelled" / "news.jsonl"),
    ):
        rows = rows_of(path, options.half)
        spans = [{*candidates(row["text"], ("amounts", "names"))} for row in rows]
        gold = [{(entity["start"], entity["end"]) for entity in row["entities"]} for row in rows]
        hits = sum(len(one & found) for one, found in zip(gold, spans, strict=True))
        there, asked = sum(map(len, gold)), sum(map(len, spans))
        yield f"{name}: {hits / there:.3f} of {there} found; {asked / len(rows):.1f} candidates a text"


def placed(extraction: Extraction[Any], text: str) -> Iterator[tuple[int, int, str]]:
    """Give each mention's span, in order of appearance."""
    at = 0
    for entity in extraction.value.entities:
        start = text.index(entity.text, at)
        at = start + len(entity.text)
        if entity.type in TYPES.values():
            yield start, at, entity.type


def feedback(options: argparse.Namespace) -> Iterator[str]:
    rows = rows_of(FIXTURES / "labelled" / "feedback.jsonl", options.half)
    found = extracted(Feedback, [row["text"] for row in rows], options.model)
    kept = [(one.value, row) for one, row in zip(found, rows, strict=True) if one.has_value]
    yield f"sentiment right {share([value.sentiment == row['sentiment'] for value, row in kept])}"
    distances = [abs(value.urgency - row["urgency"]) for value, row in kept]
    yield f"urgency right {share([distance == 0 for distance in distances])}"
    yield f"urgency off by one at most {share([distance <= 1 for distance in distances])}"
    shown = {example.value["suggested_action"] for example in Feedback.examples}
    copies = [value.suggested_action in shown for value, _ in kept]
    yield f"suggested_action copied from an example: {sum(copies)} of {len(copies)}"


def shapes(options: argparse.Namespace) -> Iterator[str]:
    texts = [json.loads(line) for line in (FIXTURES / "shapes" / "texts.jsonl").read_text("utf-8").splitlines()]
    outcomes: dict[str, list[str]] = {}
    for row in texts:
        schema = str(FIXTURES / "shapes" / row["schema"])
        (one,) = extracted(schema, [row["text"]], options.model)
        outcomes.setdefault(row["schema"], []).append(one.outcome.value if one.ok else str(one.error))
    for schema in (Sentiment, Feedback, Entities, Summary):
        found = extracted(schema, [row["text"] for row in texts[:8]], options.model)
        outcomes[schema.__name__] = [one.outcome.value if one.ok else str(one.error) for one in found]
    yield f"valid at once {share([one == 'valid' for ones in outcomes.values() for one in ones])}"
    yield from (f"{name}: {one}" for name, ones in outcomes.items() for one in ones if one != "valid")


def speed(options: argparse.Namespace) -> Iterator[str]:
    """Measure in processes of their own: a model is loaded once in each. What else the cores have to do is said."""
    for slots in SLOTS:
        settings = {"SLOTFILL_LOCAL_SLOTS": str(slots)}
        command = [sys.executable, __file__, str(options.data), "--model", options.model, "--slots", str(slots)]
        run = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
        yield f"slots {slots}: {run.stdout.strip()}; {load}"


def measure(options: argparse.Namespace) -> None:
    label = Schema(
        Label, examples=[Example(one.text, {"sentiment": one.value["sentiment"]}) for one in Sentiment.examples]
    )
    texts = [row["text"] for row in rows_of(options.data / "sentiment.jsonl", "odd")]
    names = [row["text"] for row in rows_of(options.data / "entities.jsonl", "odd")]
    rates = []
    for name, schema, documents in (
        ("label", label, texts),
        ("sentiment", Sentiment, texts),
        ("entities", Entities, names),
    ):
        with Extractor(schema, model=options.model) as extractor:  # type: ignore[arg-type]  # a schema of any kind
            list(extractor.map(documents[:24], concurrency=WAITING))
            started, spent = time.monotonic(), time.process_time()
            list(extractor.map(documents[24:72], concurrency=WAITING))
            each = 1_000 * (time.process_time() - spent) / 48
            rates.append(f"{name} {48 / (time.monotonic() - started):.1f}/s ({each:.0f} ms of processor time)")
    print(", ".join(rates), f"peak memory {peak_memory():.0f} MB")


def peak_memory() -> float:
    """Give the most memory that this process has held, in MB; what it took over from its parent does not count."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # bytes on macOS


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "sentiment": sentiment,
    "candidates": candidate_recall,
    "entities": entities,
    "feedback": feedback,
    "shapes": shapes,
    "speed": speed,
}

if __name__ == "__main__":
    main()
