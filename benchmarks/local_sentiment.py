"""Accuracy of the embedded model on labelled sentences, by the path that users take.

    python benchmarks/local_sentiment.py ../shared/data/sentiment.jsonl --limit 100

An extraction that holds no value counts as wrong, and so does `neutral`, which no sentence is labelled.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from pathlib import Path

from slotfill.extractors.extractor import Extractor
from slotfill.schemas.sentiment import Sentiment

PLACES = {True: "verbatim", False: "absent"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help='JSON lines with "text" and "sentiment"')
    parser.add_argument("--limit", type=int, help="only so many, spread over the file")
    parser.add_argument("--model", default="local")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.rows.read_text("utf-8").splitlines()]
    rows = rows[:: max(1, len(rows) // options.limit)][: options.limit] if options.limit else rows
    report(rows, options.model)


def report(rows: list[dict[str, str]], model: str) -> None:
    outcomes: Counter[str] = Counter()
    confusion: Counter[tuple[str, str]] = Counter()
    phrases: Counter[str] = Counter()
    started = time.monotonic()
    with Extractor(Sentiment, model=model) as extractor:
        for row in rows:
            extraction = extractor.extract(row["text"])
            outcomes[extraction.outcome.value] += 1
            said = extraction.value.sentiment if extraction.has_value else "none"
            confusion[row["sentiment"], said] += 1
            if extraction.has_value:
                phrases.update(PLACES[phrase in row["text"]] for phrase in extraction.value.key_phrases)
    seconds = time.monotonic() - started
    right = sum(count for (label, said), count in confusion.items() if label == said)
    print(f"n {len(rows)}  accuracy {right / len(rows):.3f}  seconds per document {seconds / len(rows):.2f}")
    print("outcomes:", dict(outcomes), " key phrases:", dict(phrases))
    # Kilobytes on Linux, bytes on macOS.
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    for (label, said), count in sorted(confusion.items()):
        print(f"  {label} -> {said}: {count}")


if __name__ == "__main__":
    main()
