"""How many schemas of the official JSON Schema test suite the strategies find instances of.

python benchmarks/strategies.py DATA [FOLDER]

FOLDER holds JSON Schemas of any origin: those that slotfill takes count, and the processor time of each. Target: 99 %,
each within 5 s.

DATA holds `json-schema-test-suite`. Of each draft the schemas count that have a valid instance in the suite, its
optional tests left out. A few instances of each are drawn, by a fixed seed, and validated again. Target: 90 %.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import HypothesisException
from pydantic import ValidationError

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.strategies import instances

DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
EXAMPLES = 3
TARGET = 0.9
WILD_TARGET, SECONDS = 0.99, 5.0

SETTINGS = settings(
    database=None,
    max_examples=20,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def remotes(suite: Path) -> dict[str, Any]:
    """Give the schemas that others refer to, by their addresses."""
    folder = suite / "remotes"
    return {
        f"http://localhost:1234/{path.relative_to(folder).as_posix()}": json.loads(path.read_text())
        for path in sorted(folder.rglob("*.json"))
    }


def schemas(suite: Path, draft: str) -> Iterator[tuple[str, Any]]:
    """Give the schemas of a draft that have a valid instance, each with its name."""
    for path in sorted((suite / draft).glob("*.json")):
        for case in json.loads(path.read_text()):
            if any(test["valid"] for test in case["tests"]):
                yield f"{path.stem}: {case['description']}", case["schema"]


def failure(schema: Any, draft: str, resources: dict[str, Any]) -> str | None:
    """Draw instances of a schema, and say why that came to nothing; None when it did not."""
    named = {"$schema": DRAFTS[draft], **schema} if isinstance(schema, dict) else schema
    drawn: list[Any] = []

    def is_last(value: Any) -> bool:
        drawn.append(value)
        return len(drawn) == EXAMPLES

    try:
        model = response_model(named, name="suite", resources=resources)
        find(instances(model), is_last, settings=SETTINGS, random=Random(0))
    except (SchemaError, HypothesisException) as error:
        if not drawn:  # else it has fewer values than were asked for
            return f"{type(error).__name__}: {' '.join(str(error).split())}"
    try:
        for value in drawn:
            model.model_validate(value)
    except ValidationError as error:
        return f"no valid instance: {error}"
    return None


def measure(suite: Path, draft: str) -> tuple[int, dict[str, str]]:
    """Give the number of schemas, and the reason for each that got no instance."""
    resources = remotes(suite)
    tried = {name: failure(schema, draft, resources) for name, schema in schemas(suite, draft)}
    return len(tried), {name: reason for name, reason in tried.items() if reason is not None}


def usable(folder: Path) -> Iterator[tuple[str, Any]]:
    """Give the JSON Schemas of a folder that make a response model."""
    for path in sorted(folder.glob("*.json")):
        try:
            document = json.loads(path.read_text())
            response_model(document, name="wild")
        except (SchemaError, ValueError):
            continue
        yield path.name, document


def measure_wild(folder: Path) -> None:
    times, failures = [], {}
    for name, document in usable(folder):
        start = time.process_time()
        reason = failure(document, "draft2020-12", {})
        times.append(time.process_time() - start)
        if reason or times[-1] > SECONDS:
            failures[name] = reason or f"{times[-1]:.1f} s"
    found = len(times) - len(failures)
    met = "met" if found >= WILD_TARGET * len(times) else "missed"
    print(f"{found} of {len(times)} get instances within {SECONDS:.0f} s: {found / len(times):.1%} ({met})")
    print(f"median {statistics.median(times):.2f} s, longest {max(times):.1f} s")
    for name, reason in failures.items():
        print(f"  {name}: {reason}")


def main(data: Path, folder: Path | None = None) -> None:
    if folder is not None:
        measure_wild(folder)
    for draft in DRAFTS:
        count, failures = measure(data / "json-schema-test-suite", draft)
        found = count - len(failures)
        met = "met" if found >= TARGET * count else "missed"
        print(f"{draft:<13} {found} of {count} schemas get instances: {found / count:.1%} (target {TARGET:.0%}: {met})")
        for name, reason in failures.items():
            print(f"  {name}: {reason}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
