"""What the parts of a document say: values, where they stand in the whole document, and which are the same."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.record.parts import Span
from slotfill.schemas.json_values.json_types import JSON
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
    data: JSON
    spans: Mapping[str, Span]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedValue:
    """A value within what a request gave of a chunk.

    order: the number of the request, in the order of the chunks.
    holder: what the request gave, and `path` the JSON Pointer in it.
    """

    order: int
    holder: ChunkValue
    data: JSON
    path: str

    @property
    def chunk(self) -> Chunk:
        """The chunk that it was read in."""
        return self.holder.chunk

    def at(self, step: str | int) -> PlacedValue:
        """Return what it holds under a key or index."""
        return PlacedValue(self.order, self.holder, self.data[step], self.path + join((step,)))

    def span(self, below: str = "") -> Span | None:
        """Where the value, or one below it, stands in the document."""
        span = self.holder.spans.get(self.path + below)
        if span is None or span.start is None or span.end is None:
            return span
        return Span(self.chunk.start + span.start, self.chunk.start + span.end, span.match)

    def where(self, below: str = "") -> Where | None:
        """Return the same as a passage; None where it stands nowhere."""
        span = self.span(below)
        return None if span is None or span.start is None or span.end is None else (span.start, span.end)


def chunks_of(values: Iterable[PlacedValue]) -> tuple[int, ...]:
    """Return the numbers of the chunks that values were read in, each once, in order."""
    return tuple(sorted({value.chunk.index for value in values}))


def comparison_key(data: JSON) -> Hashable:
    """Return what is the same for values that differ in case, white space and the like only."""
    if isinstance(data, str):
        return "text", fold(data).strip()
    return fold(canonical(data)) if isinstance(data, dict | list) else canonical(data)


def canonical(data: JSON) -> str:
    """Return what is the same for equal JSON values only."""
    if isinstance(data, float) and data.is_integer():
        data = int(data)  # 1.0 is 1 in JSON
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def length_of(data: JSON) -> int:
    """Count the code points of a text, the items of a list or object; of any other value, how it is written."""
    return len(data if isinstance(data, str | list | dict) else canonical(data))


def subvalues(data: JSON) -> Iterator[tuple[str, JSON, bool]]:
    """Iterate over a value and all its parts: the JSON Pointer, the part, and whether it is an item of a list."""
    rest: list[tuple[str, JSON, bool]] = [("", data, False)]
    while rest:
        path, part, is_item = rest.pop()
        yield path, part, is_item
        if isinstance(part, dict | list):
            steps = part.items() if isinstance(part, dict) else enumerate(part)
            within = [(path + join((step,)), child, isinstance(part, list)) for step, child in steps]
            rest.extend(reversed(within))
