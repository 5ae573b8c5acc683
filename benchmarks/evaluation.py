"""Processor time of holding records against gold: 10,000 documents of 20 fields, on one core.

python benchmarks/evaluation.py [DOCUMENTS] [--profile]

The values are made up by a seed: labels, numbers, dates, texts, quotes, a list of labels and two of three objects; one
field in five is wrong, omitted or written otherwise. All is measured: fields with tolerance, aligned lists, spans,
entities, confidences, slices, and intervals of 1,000 resamples. Then two such evaluations are compared, and the two
sets of records without gold. Target: 30 s for the evaluation.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from slotfill.extractors.evaluation.drifting.drift import drift
from slotfill.extractors.evaluation.evaluation import evaluate_pairs
from slotfill.extractors.evaluation.paired_comparison import compare
from slotfill.extractors.gold.gold_document import GoldDocument

DOCUMENTS = 10_000
TARGET = 30

WORDS = [
    "the",
    "battery",
    "lasts",
    "an",
    "hour",
    "support",
    "has",
    "not",
    "answered",
    "since",
    "we",
    "ordered",
    "lamps",
]
LABELS = {"type": "string", "enum": ["negative", "neutral", "positive"]}
TEXT = {"type": "string"}
ROW = {"type": "object", "properties": {"name": TEXT, "count": {"type": "integer"}, "price": {"type": "number"}}}
ENTITY = {"properties": {"text": {"type": "string", "format": "verbatim"}, "type": LABELS}, "type": "object"}
SCHEMA = {
    "type": "object",
    "properties": {
        **{f"label_{at}": LABELS for at in range(4)},
        **{f"number_{at}": {"type": "number"} for at in range(3)},
        **{f"date_{at}": {"type": "string", "format": "date"} for at in range(2)},
        **{f"text_{at}": TEXT for at in range(5)},
        **{f"quote_{at}": {"type": "string", "format": "verbatim"} for at in range(3)},
        "tags": {"type": "array", "items": TEXT},
        "rows": {"type": "array", "items": ROW},
        "entities": {"type": "array", "items": ENTITY},
    },
}


def words(dice: random.Random, count: int) -> str:
    return " ".join(dice.choices(WORDS, k=count))


def value(dice: random.Random) -> dict[str, Any]:
    return {
        **{f"label_{at}": dice.choice(LABELS["enum"]) for at in range(4)},
        **{f"number_{at}": round(dice.uniform(0, 1000), 2) for at in range(3)},
        **{f"date_{at}": f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}" for at in range(2)},
        **{f"text_{at}": words(dice, 12) for at in range(5)},
        **{f"quote_{at}": words(dice, 4) for at in range(3)},
        "tags": [words(dice, 2) for _ in range(4)],
        "rows": [{"name": words(dice, 3), "count": dice.randint(1, 9), "price": dice.random()} for _ in range(3)],
        "entities": [{"text": words(dice, 2), "type": dice.choice(LABELS["enum"])} for _ in range(3)],
    }


def changed(gold: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Make a prediction: one field in five is another, none, or written otherwise."""
    other = value(dice)
    prediction = {}
    for key, part in gold.items():
        (kind,) = dice.choices(["same", "other", "none", "otherwise"], [80, 10, 5, 5])
        ways = {"same": part, "other": other[key], "none": None, "otherwise": otherwise(part, other[key])}
        prediction[key] = ways[kind]
    return prediction


def otherwise(part: Any, other: Any) -> Any:
    if isinstance(part, list):
        return [*part[1:], other[0]]
    return part.upper() if isinstance(part, str) else part


def record(prediction: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    spans = {f"/entities/{at}/text": (at * 20, at * 20 + 8) for at in range(len(prediction["entities"] or ()))}
    return {
        "slotfill": 1,
        "outcome": "valid",
        "model": "made-up",
        "value": prediction,
        "error": None,
        "spans": {at: {"start": start, "end": end, "match": "exact"} for at, (start, end) in spans.items()},
        "confidence": {},
        "agreement": {f"/{key}": dice.choice([1 / 3, 2 / 3, 1]) for key in prediction},
        "attempts": [{"rung": "ask"}],
        "edits": [],
        "usage": {"input_tokens": 900, "output_tokens": 200},
        "cost_usd": "0.001",
        "ms": dice.randint(300, 2000),
    }


def timed(name: str, work: Callable[[], Any]) -> Any:
    start = time.process_time()
    result = work()
    print(f"{name:24}{time.process_time() - start:8.1f} s of processor time")
    return result


def main(count: int) -> None:
    dice = random.Random(1)
    golds = []
    for at in range(count):
        spans = {f"/entities/{one}/text": (one * 20, one * 20 + 8) for one in range(3)}
        labels = {"language": dice.choice(["de", "en"])}
        golds.append(GoldDocument.of(value(dice), source=str(at), spans=spans, labels=labels))
    sides = [[record(changed(gold.value, dice), dice) for gold in golds] for _ in range(2)]
    before = time.process_time()
    first = timed("evaluate", lambda: evaluate_pairs(zip(golds, sides[0], strict=True), SCHEMA, by="language"))
    seconds = time.process_time() - before
    second = evaluate_pairs(zip(golds, sides[1], strict=True), SCHEMA, resamples=0)
    timed("compare", lambda: compare(first, second))
    timed("drift", lambda: drift(*sides, SCHEMA))
    fields = sum(sum(one.counts.row) for one in first.scores.fields.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} documents, {fields / count:.1f} values each; {peak:.0f} MB at most, documents and records included")
    print(f"{'within' if seconds <= TARGET else 'over'} the target of {TARGET} s")


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one.isdecimal()]
    profile = cProfile.Profile()
    if "--profile" in sys.argv:
        profile.enable()
    main(*(numbers or [DOCUMENTS]))
    if "--profile" in sys.argv:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
