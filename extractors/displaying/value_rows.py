"""The values of a record, a row each: what it is, where it stands, how sure it is, what was changed of it. Pure.

Pages, notebooks and terminals show the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import follow, join, tokens

__all__ = ["ValueRow", "ValueRows", "value_parts"]

_UNSURE = 0.8
"""A value less likely right, or less agreed upon, is flagged; `extract --escalate` takes the same share by default."""

_NOTHING: JSONMapping = {}


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value that is neither list nor object, or an empty object, or a list.

    Attributes:
        pointer: JSON Pointer to it.
        value: It, plain JSON data.
        span: Where it stands, as in the record; empty where nothing is sought.
        sureness: How sure it is, by name: `confidence`, the word for where its number comes from; `agreement` and
            `probability`, 0 to 1.
        sources: The numbers of the chunks, or of the readings, that gave it.
        edits: What was changed of what the model said there, as in the record.
        conflicts: What else was read there, as in the record.
        evidence: The passages on which it rests, as in the record; None where they were not asked for.
    """

    pointer: str
    value: JSON
    span: JSONMapping
    sureness: Mapping[str, float | str]
    sources: Sequence[int]
    edits: Sequence[JSONMapping]
    conflicts: Sequence[JSONMapping]
    evidence: Sequence[JSONMapping] | None

    @property
    def has_parts(self) -> bool:
        """Whether it has parts with rows of their own."""
        return isinstance(self.value, list) and bool(self.value)

    @property
    def is_absent(self) -> bool:
        """Whether it was sought in the text, and stands nowhere."""
        return self.span.get("match") == "absent"

    @property
    def flags(self) -> list[str]:
        """Why it may need a look, the worst first: absent, fuzzy, risky, edited, conflict, unsure."""
        return [flag for flag, holds in _FLAGS.items() if holds(self)]


class ValueRows:
    """The rows of one record, and what it tells of places that no row has, as of an object or the value as a whole.

    Attributes:
        rows: By JSON Pointer, in the value's order; none where there is no value.
        edits: What was changed elsewhere, as in the record, such as around the JSON.
        conflicts: What was read elsewhere, as in the record.
        evidence: The passages for what is elsewhere, each with its `path`.
    """

    def __init__(self, record: JSONMapping) -> None:
        """Read a record: plain JSON data, as `Extraction.to_json` gives it."""
        has_value = record["value"] is not None or Outcome(record["outcome"]).ok  # it may be null
        parts = dict(value_parts(record["value"])) if has_value else {}
        edits, conflicts = (_by_owner(record[name], parts) for name in ("edits", "conflicts"))
        sureness, evidence = _sureness(record), _evidence(record, parts)
        self.rows = {
            pointer: ValueRow(
                pointer,
                value,
                record["spans"].get(pointer, _NOTHING),
                sureness.get(pointer, _NOTHING),
                _nearest(record["found_in"], pointer),
                edits.get(pointer, ()),
                conflicts.get(pointer, ()),
                evidence.get(pointer),
            )
            for pointer, value in parts.items()
        }
        self.edits, self.conflicts, self.evidence = (of.get(None, []) for of in (edits, conflicts, evidence))

    def nowhere_first(self) -> list[ValueRow]:
        """Return the rows, those of values that stand nowhere first."""
        return sorted(self.rows.values(), key=lambda row: not row.is_absent)

    def without_parts(self) -> list[ValueRow]:
        """Return the rows that have no parts, those of values that stand nowhere first."""
        return [row for row in self.nowhere_first() if not row.has_parts]


def value_parts(value: JSON) -> Iterator[tuple[str, JSON]]:
    """Yield each part of a value that has no parts, and each list, by its JSON Pointer, in the value's order."""
    rest: list[tuple[str, JSON]] = [("", value)]
    while rest:
        path, node = rest.pop()
        if isinstance(node, dict) and node:
            rest += reversed([(f"{path}{join((key,))}", part) for key, part in node.items()])
            continue
        if isinstance(node, list):
            rest += reversed([(f"{path}/{number}", part) for number, part in enumerate(node)])
        yield path, node


_ByOwner = dict[str | None, list[JSONMapping]]
"""What rows have, by their pointers; under None what no row has."""


def _by_owner(members: Iterable[JSONMapping], parts: JSONMapping) -> _ByOwner:
    owned: _ByOwner = {}
    for one in members:
        path = one["path"]
        if one.get("chunk") is not None or one.get("reading") is not None:
            # It leads into a part's own value, whose lists have other items in other places: it is the list's.
            path = next((outer for outer in _prefixes(path) if isinstance(parts.get(outer), list)), path)
        owned.setdefault(_owner(path, parts), []).append(one)
    return owned


def _evidence(record: JSONMapping, parts: JSONMapping) -> _ByOwner:
    owned: _ByOwner = {}
    for path, passages in (record.get("evidence") or _NOTHING).items():
        owner = _owner(path, parts) if _is_as_replied(record, path) else None
        owned.setdefault(owner, []).extend(
            passages if owner is not None else ({"path": path, **one} for one in passages)
        )
    return owned


def _owner(path: str, parts: JSONMapping) -> str | None:
    """Find the row of a place: its own, or that of the list that it is within."""
    while path and path not in parts:
        path = path.rpartition("/")[0]
    return path if path in parts else None


def _sureness(record: JSONMapping) -> Mapping[str, Mapping[str, float | str]]:
    sureness: dict[str, dict[str, float | str]] = {}
    for path, origin in record["confidence"].items():
        sureness.setdefault(path, {})["confidence"] = origin
    for name in ("agreement", "probability"):
        for path, share in (record.get(name) or _NOTHING).items():
            if _is_as_replied(record, path):
                sureness.setdefault(path, {})[name] = share
    return sureness


def _is_as_replied(record: JSONMapping, path: str) -> bool:
    """Whether a path leads to the same in the reply, whose places some members name, as in the value.

    What a model makes of a reply, as by an alias or a property, may stand elsewhere.
    """
    return "reply" not in record or bool(follow(path, record["reply"]) == follow(path, record["value"]))


def _prefixes(path: str) -> Iterator[str]:
    """Yield the places that a place is within, the outermost first, and itself."""
    keys = tokens(path)
    return (join(keys[:length]) for length in range(len(keys) + 1))


def _nearest(members: Mapping[str, Sequence[int]], path: str) -> Sequence[int]:
    """Return what is said of a place, or of the nearest one that it is within."""
    while path and path not in members:
        path = path.rpartition("/")[0]
    return members.get(path, ())


def _shares(row: ValueRow) -> Iterator[float]:
    """Yield how sure a value is: by a calibration, else by the readings' agreement; a confidence by its own number."""
    share = row.sureness.get("probability", row.sureness.get("agreement"))
    if isinstance(share, int | float):
        yield share
    if "confidence" in row.sureness and isinstance(row.value, int | float):
        yield row.value


_FLAGS: Mapping[str, Callable[[ValueRow], bool]] = {
    "absent": lambda row: row.is_absent,
    "fuzzy": lambda row: row.span.get("match") == "fuzzy",
    "risky": lambda row: any(edit["risk"] == "high" for edit in row.edits),
    "edited": lambda row: bool(row.edits),
    "conflict": lambda row: bool(row.conflicts),
    "unsure": lambda row: any(share < _UNSURE for share in _shares(row)),
}
