"""How many schemas of the official JSON Schema test suite the strategies find instances of.

python benchmarks/strategies.py DATA

DATA holds `json-schema-test-suite`. Of each draft the schemas count that have a valid instance in the suite, its
optional tests left out. A few instances of each are drawn, by a fixed seed, and validated again. Target: 90 %.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import HypothesisException
from pydantic import ValidationError

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema import response_model
from slotfill.schemas.strategies import instances

DRAFTS = {
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft7": "http://json-schema.org/draft-07/schema#",
}
EXAMPLES = 3
TARGET = 0.9

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


def main(data: Path) -> None:
    for draft in DRAFTS:
        count, failures = measure(data / "json-schema-test-suite", draft)
        found = count - len(failures)
        met = "met" if found >= TARGET * count else "missed"
        print(f"{draft:<13} {found} of {count} schemas get instances: {found / count:.1%} (target {TARGET:.0%}: {met})")
        for name, reason in failures.items():
            print(f"  {name}: {reason}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
