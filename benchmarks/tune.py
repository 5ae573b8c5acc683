"""What tuning gains on the embedded model, by the path that users take; the table stands in docs/tuning.md.

    python benchmarks/tune.py ../shared/data
    python benchmarks/tune.py ../shared/data --only labels aspects --documents 150 --candidates 4

Of each set the first documents are taken. `labels` is the sentiment alone, by a schema without examples; `sentiment`
and `entities` are the built-in schemas, which bring examples that were chosen on the even half of these very sets;
`aspects` is a schema without examples for two aspects of a restaurant.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded import TYPES

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.tuning_session import Tuning, tune
from slotfill.extractors.tuning.variant_runs import VariantRuns
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

ASPECTS = ("food", "service")
Row = dict[str, Any]


def labels_schema() -> Schema[Any]:
    label = {"enum": ["positive", "negative"], "description": "Whether the writer is pleased."}
    return resolve({"title": "labels", "type": "object", "required": ["sentiment"], "properties": {"sentiment": label}})


def aspects_schema() -> Schema[Any]:
    polarity = ["positive", "negative", "neutral", None]
    members = {name: {"enum": polarity, "description": f"What is said of the {name}."} for name in ASPECTS}
    told = "What a sentence of a review says of each aspect of a restaurant; null where it says nothing of it."
    return resolve(
        {"title": "aspects", "description": told, "type": "object", "required": [*ASPECTS], "properties": members}
    )


def sentiment_of(row: Row) -> Row:
    return {"sentiment": row["sentiment"]}


def entities_of(row: Row) -> Row:
    return {"entities": [{"text": one["text"], "type": TYPES[one["type"]]} for one in row["entities"]]}


def aspects_of(row: Row) -> Row:
    return dict.fromkeys(ASPECTS) | {
        one["category"]: one["polarity"] for one in row["aspects"] if one["category"] in ASPECTS
    }


SETS: dict[str, tuple[str, Callable[[], Schema[Any]], Callable[[Row], Row]]] = {
    "labels": ("sentiment", labels_schema, sentiment_of),
    "aspects": ("aspects", aspects_schema, aspects_of),
    "entities": ("entities", lambda: resolve("entities"), entities_of),
    "sentiment": ("sentiment", lambda: resolve("sentiment"), sentiment_of),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with sentiment.jsonl, entities.jsonl and aspects.jsonl")
    parser.add_argument("--only", nargs="+", choices=[*SETS], default=[*SETS])
    parser.add_argument("--documents", type=int, default=300, help="of each set, at most")
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--model", default="local")
    parser.add_argument("--folder", type=Path, help="where ledgers and tuned files stay, to go on with")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    os.environ["SLOTFILL_STATE"] = str(folder / "state")
    print("| set | untuned | tuned | difference | on | what was chosen |\n|---|---|---|---|---|---|", flush=True)
    for name in options.only:
        print(measured(name, options, folder), flush=True)


def measured(name: str, options: argparse.Namespace, folder: Path) -> str:
    file, schema, value_of = SETS[name]
    lines = (options.data / f"{file}.jsonl").read_text("utf-8").splitlines()[: options.documents]
    gold = [GoldDocument.of(value_of(row), text=row["text"]) for row in map(json.loads, lines)]
    output, started = folder / f"{name}.json", time.monotonic()
    runs = VariantRuns(str(output), {"model": options.model}, concurrency=2)
    found = tune(schema(), gold, runs, model=options.model, variants=options.candidates)
    output.write_bytes(found.tuned.write())
    return f"| {name} | {row_of(found)} | ({time.monotonic() - started:.0f} s)"


def row_of(found: Tuning) -> str:
    result = found.comparison
    if result is None:
        return f"stopped: {found.stopped}"
    scores = (result.untuned, result.tuned, result.difference)
    shown = ("—" if one is None else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]" for one in scores)
    return f"{' | '.join(shown)}: {result.verdict} | {result.documents} | {found.choice.best.name}"


if __name__ == "__main__":
    main()
