"""What the parts of a document say: values, where they stand in the whole document, and which are the same."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.record.extraction import Span
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.passages.folding import Where, fold

__all__ = ["ChunkValue", "PlacedValue", "canonical", "chunks_of", "comparison_key", "length_of", "subvalues"]


@dataclass(frozen=True, slots=True)
class ChunkValue:
    """What one request gave of one chunk.

    data: plain JSON, unwrapped.
    spans: by JSON Pointer into `data`; their offsets are into the chunk's own text.
    """

    chunk: Chunk
    data: Any
    spans: Mapping[str, Span]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedValue:
    """A value that a part holds: the part's number, and the JSON Pointer to the value."""

    order: int
    part: ChunkValue
    value: Any
    path: str

    @property
    def chunk(self) -> Chunk:
        """The chunk that it was said of."""
        return self.part.chunk

    def at(self, step: str | int) -> PlacedValue:
        """Give what it holds under a key or index."""
        return PlacedValue(self.order, self.part, self.value[step], self.path + join((step,)))

    def span(self, below: str = "") -> Span | None:
        """Give where the value, or one below it, stands in the document."""
        span = self.part.spans.get(self.path + below)
        if span is None or span.start is None or span.end is None:
            return span
        return Span(self.chunk.start + span.start, self.chunk.start + span.end, span.match)

    def where(self, below: str = "") -> Where | None:
        """Give the same as a passage, None where it stands nowhere."""
        span = self.span(below)
        return None if span is None or span.start is None or span.end is None else (span.start, span.end)


def chunks_of(said: Iterable[PlacedValue]) -> tuple[int, ...]:
    """Give the numbers of the chunks that values were said of."""
    return tuple(sorted({one.chunk.index for one in said}))


def comparison_key(value: Any) -> Hashable:
    """Give what is the same for values that differ in case, white space and the like only."""
    if isinstance(value, str):
        return "text", fold(value).strip()
    return fold(canonical(value)) if isinstance(value, dict | list) else canonical(value)


def canonical(value: Any) -> str:
    """Give what is the same for equal JSON values only."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1.0 is 1 in JSON
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def length_of(value: Any) -> int:
    """Count the code points of a text, the items of a list or object; of any other value, how it is written."""
    return len(value if isinstance(value, str | list | dict) else canonical(value))


def subvalues(value: Any) -> Iterator[tuple[str, Any, bool]]:
    """Give a value and all its parts: the JSON Pointer, the part, and whether it is an item of a list."""
    rest: list[tuple[str, Any, bool]] = [("", value, False)]
    while rest:
        path, part, is_item = rest.pop()
        yield path, part, is_item
        if isinstance(part, dict | list):
            steps = part.items() if isinstance(part, dict) else enumerate(part)
            within = [(path + join((step,)), child, isinstance(part, list)) for step, child in steps]
            rest.extend(reversed(within))
