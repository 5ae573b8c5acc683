"""Labels that every document has without anybody giving it one: where it comes from, and how long it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["with_derived_label"]

GoldPairs = Sequence[tuple[GoldDocument, JSONMapping | None]]
"""Gold documents with their predictions."""

_LENGTHS = (500, 2_000, 10_000, 50_000)
"""Code points at which another band of lengths begins: a review, a mail, a report, a file."""


def with_derived_label(pairs: GoldPairs, name: str) -> GoldPairs:
    """Give each document the label `source` or `length`, if that is asked for and gold has no such label itself.

    Args:
        pairs: The documents, each with its prediction, a record as plain JSON data: it knows the length of a text that
            gold does not hold.
        name: The label. `source` is the folder of a file, or the file of a row; `length` a band of code points.

    Returns:
        The same pairs, the documents with the label where it can be told.
    """
    derive = {"source": _source_of, "length": _length_of}.get(name)
    if derive is None or any(name in gold.labels for gold, _ in pairs):
        return pairs
    return [(replace(gold, labels={**gold.labels, **derive(gold, record)}), record) for gold, record in pairs]


def _source_of(gold: GoldDocument, record: JSONMapping | None) -> dict[str, str]:
    source = gold.source or _note_of(record).get("source")
    if not isinstance(source, str):
        return {}
    file, mark, _ = source.rpartition("#")
    return {"source": file if mark else str(PurePath(source).parent)}


def _length_of(gold: GoldDocument, record: JSONMapping | None) -> dict[str, str]:
    chars = _note_of(record).get("chars") if gold.text is None else len(gold.text)
    if not isinstance(chars, int):
        return {}
    least = max((limit for limit in _LENGTHS if limit <= chars), default=0)
    most = min((limit for limit in _LENGTHS if limit > chars), default=None)
    return {"length": f"from {least:,}" if most is None else f"{least:,} to {most - 1:,}"}


def _note_of(record: JSONMapping | None) -> Mapping[str, object]:
    note = (record or {}).get("document")
    return note if isinstance(note, dict) else {}
