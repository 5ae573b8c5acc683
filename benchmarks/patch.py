"""What the smallest re-ask saves: output tokens of patches, against full re-asks of the same failures.

    python benchmarks/patch.py

Values of schemas of 5 to 100 fields (scalars, labels, lists, nested objects) are spoilt in one to three places by the
simulated model's own faults. A model that answers rightly is asked for the patch, and for the whole; tokens are counted
as the simulated service does. Target: at most 15 % in all, with the same final validity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from slotfill.extractors.rungs.patch import Patch, patch_for
from slotfill.extractors.testing.faults.value_faults import spoil
from slotfill.extractors.testing.simulator.simulated_request import size
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

FIELDS = (5, 10, 20, 50, 100)
CASES = 200
FAULTS = ("missing_field", "null", "wrong_type", "out_of_range", "unknown_enum")
LABELS = ["alpha", "beta", "gamma"]


@dataclass
class Count:
    """Tokens of patches and of full re-asks, and how many cases ended valid by the one, by the other, unpatched."""

    patched: int = 0
    whole: int = 0
    valid: int = 0
    unpatched: int = 0


def main() -> None:
    total = Count()
    for fields in FIELDS:
        found = measure(fields)
        print(f"{fields:>4} fields: {told(found)}")
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(found, name))
    print(f"  in all   : {told(total)}")


def told(count: Count) -> str:
    share = count.patched / count.whole
    return f"{share:.1%} of {count.whole:,} tokens; valid {count.valid}; asked as a whole {count.unpatched}"


def measure(fields: int) -> Count:
    schema, truth = made(fields)
    count = Count()
    for case in range(CASES):
        spoilt, errors = failing(schema, truth, Random(f"{fields}/{case}"))
        whole = size(json.dumps(truth))
        patch = patch_for(schema.json_schema, spoilt, errors)
        reply = truth if patch is None else parts(patch, truth)
        merged = truth if patch is None else patch.merge(spoilt, reply)
        schema.validate(json.dumps(merged))
        count.valid += 1
        count.unpatched += patch is None
        count.patched += size(json.dumps(reply))
        count.whole += whole
    return count


def failing(schema: Schema[Any], truth: Any, chance: Random) -> tuple[Any, Any]:
    """Spoil one to three places so that the value is refused."""
    while True:
        spoilt = truth
        for _ in range(chance.randint(1, 3)):
            with suppress(LookupError):  # the last label is spoilt already
                spoilt = spoil(chance.choice(FAULTS), spoilt, schema.json_schema, chance)
        try:
            schema.validate(json.dumps(spoilt))
        except InvalidError as error:
            return spoilt, error.errors


def parts(patch: Patch, truth: Any) -> dict[str, Any]:
    """Answer a patch rightly: the truth's own parts, under the keys that are asked for."""
    reply: dict[str, Any] = {}
    for place in patch.places:
        holder, value = reply, truth
        for step in place[:-1]:
            holder, value = holder.setdefault(str(step), {}), value[step]
        holder[str(place[-1])] = value[place[-1]]
    return reply


def made(fields: int) -> tuple[Schema[Any], dict[str, Any]]:
    """Make a schema of so many fields, and a value."""
    properties, truth = {}, {}
    for number, (part, value) in zip(range(fields), kinds(), strict=False):
        properties[f"field_{number}"], truth[f"field_{number}"] = part, value
    return resolve(closed(properties)), truth


def kinds() -> Iterator[tuple[dict[str, Any], Any]]:
    while True:
        yield {"type": "string"}, "a sentence of some ten words, as they stand in letters"
        yield {"type": "integer", "minimum": 0, "maximum": 100}, 42
        yield {"enum": LABELS}, "beta"
        yield {"type": "array", "items": {"type": "string"}}, ["one entry", "another entry", "the third entry"]
        street = {"street": {"type": "string"}, "zip": {"type": "integer", "minimum": 1}}
        yield closed(street), {"street": "Main Street 12", "zip": 12345}


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


if __name__ == "__main__":
    main()
