"""Gold from decisions: a document is gold when each of its fields is decided and the schema takes the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_lines import gold_line, parse_gold_line
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.review.review_fields import review_fields
from slotfill.extractors.review.review_fold import ReviewView
from slotfill.schemas.json_values.exact_json import is_same, loads
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow

__all__ = ["DocumentKey", "GoldLine", "merged_gold", "parse_gold_file", "spans_of", "undecided"]

DocumentKey = tuple[str, str | None]
"""The hash of a document's text, and its source: files of one text are several documents."""

_OWN = ("id", "source", "text", "value", "spans")
"""What review writes of a line; all else in it is somebody's, and stays."""


@dataclass(frozen=True, slots=True)
class GoldLine:
    """A line of a gold file: its text as it stands there, with a carriage return that ends it, and what it says."""

    text: str
    data: JSONObject
    document: GoldDocument

    @property
    def has_labels(self) -> bool:
        """Whether it holds what review does not write."""
        return any(key not in _OWN for key in self.data)


def parse_gold_file(text: str) -> list[GoldLine]:
    """Read a gold file's lines. Raises ValueError, which names the line and what was expected."""
    lines = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            try:
                data = loads(line)
                lines.append(GoldLine(line, data, parse_gold_line(data)))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
    return lines


def undecided(view: ReviewView, json_schema: JSONMapping) -> list[str]:
    """Return the paths of a view's fields that nobody has decided."""
    fields = review_fields(view.value, json_schema)
    return [one.path for one in fields if one.is_open and view.decision_on(one.path) is None]


def spans_of(view: ReviewView, value: JSON, length: int | None) -> dict[str, tuple[int, int]]:
    """Return where the parts of a decided value stand in the text, by their JSON Pointers as the value is written.

    length: how many code points the text has, where that is known; a row may be anybody's.
    """
    written = {node.path: node.written for node in view.value.walk() if not node.is_removed}
    spans = {}
    for path, row in view.decided.items():
        if row.span is not None and path in written and row.span.start < row.span.end <= (length or row.span.end):
            spans[written[path]] = row.span.start, row.span.end
    return {path: span for path, span in spans.items() if _leads(path, value)}


def merged_gold(
    lines: Sequence[GoldLine], decided: Mapping[DocumentKey, GoldDocument | None], written: Iterable[DocumentKey]
) -> Iterator[str]:
    """Yield the lines of a gold file, brought up to what is decided, each without its line end.

    Args:
        lines: What stands in it now: lines of other documents stay as they are, and labels of all.
        decided: The documents that have decisions: as gold, or None where they are not gold (any more).
        written: The documents of which review has written gold before: a line of one that is not gold any more goes.
    """
    find = _finder(decided)
    before, rest = {*written}, {key: one for key, one in decided.items() if one is not None}
    for line in lines:
        key = find(line.document)
        if key is None:
            yield line.text
        elif document := decided[key]:
            if rest.pop(key, None) is not None:
                yield _changed(line, document)
        elif line.has_labels or key not in before:
            yield line.text
    yield from (json_text(gold_line(document)) for document in rest.values())


def _changed(line: GoldLine, document: GoldDocument) -> str:
    """Write a document's line anew with what stood in it beside; as it stands where it says the same already."""
    new = gold_line(document)
    if document.text is None and line.document.text is not None:
        new = {**new, "text": line.document.text}
    others = {key: part for key, part in line.data.items() if key not in _OWN}
    changed = {**new, **others}
    return line.text if is_same(changed, line.data) else json_text(changed)


def _finder(keys: Iterable[DocumentKey]) -> Callable[[GoldDocument], DocumentKey | None]:
    """Make what finds the document that a line of gold is about: by text and source, else by the one that it names."""
    keys = [*keys]
    whole = {*keys}
    by_id = {key[0]: key for key in reversed(keys)}
    by_source = {source: (identity, source) for identity, source in reversed(keys) if source is not None}

    def find(document: GoldDocument) -> DocumentKey | None:
        key = (document.id or "", document.source)
        if key in whole:
            return key
        if document.id is None:
            return by_source.get(document.source or "")
        return by_id.get(document.id) if document.source is None else None

    return find


def _leads(path: str, value: JSON) -> bool:
    """Whether a path leads to something in a value as it is written, which the schema may have given another form."""
    return not path or follow(path, value) is not None
