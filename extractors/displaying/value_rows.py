"""The values of a record, a row each: what it is, where it stands, how sure it is, what was changed of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import follow, join

__all__ = ["ValueRow", "ValueTable", "scalar_parts", "value_table"]

_NOWHERE: JSONMapping = {}


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value that is neither list nor object, or an empty one.

    Attributes:
        pointer: JSON Pointer to it.
        value: It, plain JSON data.
        span: Where it stands, as in the record; empty where nothing is sought.
        sureness: How sure it is, by name: `agreement`, `probability`, or the word for where its number comes from.
        edits: What was changed of what the model said there, as in the record.
        evidence: The passages on which it rests, as in the record; None where they were not asked for.
    """

    pointer: str
    value: JSON
    span: JSONMapping
    sureness: Mapping[str, float | str]
    edits: Sequence[JSONMapping]
    evidence: Sequence[JSONMapping] | None

    @property
    def is_absent(self) -> bool:
        """Whether it was sought in the text, and stands nowhere."""
        return self.span.get("match") == "absent"


@dataclass(frozen=True, slots=True)
class ValueTable:
    """The first rows of a value, those that stand nowhere before the others.

    Attributes:
        rows: As many as were asked for.
        count: How many values there are.
        absent: How many of them stand nowhere.
        edits: What was changed elsewhere than in a row, such as around the JSON.
    """

    rows: Sequence[ValueRow]
    count: int
    absent: int
    edits: Sequence[JSONMapping]


def value_table(record: JSONMapping, most: int) -> ValueTable:
    """Read the rows of a record's value.

    Args:
        record: As plain JSON data, as `Extraction.to_json` gives it.
        most: How many rows there are at most.
    """
    spans: Mapping[str, JSONMapping] = record["spans"]
    values = [*scalar_parts(record["value"])]
    nowhere = [one for one in values if spans.get(one[0], _NOWHERE).get("match") == "absent"]
    first = {pointer for pointer, _ in nowhere}
    chosen = [*nowhere, *(one for one in values if one[0] not in first)][:most]
    edits: defaultdict[str, list[JSONMapping]] = defaultdict(list)
    for edit in record["edits"]:
        edits[edit["path"]].append(edit)
    rows = tuple(_row(record, pointer, value, edits.pop(pointer, ())) for pointer, value in chosen)
    return ValueTable(rows, len(values), len(nowhere), [edit for others in edits.values() for edit in others])


def scalar_parts(value: JSON, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, JSON]]:
    """Yield each part that is neither list nor object, or an empty one, by its JSON Pointer."""
    if not (isinstance(value, dict | list) and value):
        yield join(path), value
        return
    parts: Iterable[tuple[str | int, JSON]] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        yield from scalar_parts(part, (*path, key))


def _row(record: JSONMapping, pointer: str, value: JSON, edits: Sequence[JSONMapping]) -> ValueRow:
    evidence = (record.get("evidence") or _NOWHERE).get(pointer) if _is_as_replied(record, pointer, value) else None
    return ValueRow(
        pointer,
        value,
        record["spans"].get(pointer, _NOWHERE),
        dict(_sureness(record, pointer, value)),
        edits,
        evidence,
    )


def _sureness(record: JSONMapping, pointer: str, value: JSON) -> Iterator[tuple[str, float | str]]:
    if origin := record["confidence"].get(pointer):
        yield "confidence", origin
    if _is_as_replied(record, pointer, value):
        for name in ("agreement", "probability"):
            if (share := (record.get(name) or _NOWHERE).get(pointer)) is not None:
                yield name, share


def _is_as_replied(record: JSONMapping, pointer: str, value: JSON) -> bool:
    """Whether a path into the value leads to the same in the reply: what a model makes of it may stand elsewhere."""
    return "reply" not in record or bool(follow(pointer, record["reply"]) == value)
