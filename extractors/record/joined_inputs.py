"""What a document was joined of: which of its code points stand where in which text. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field, NonNegativeInt

from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.json_writer import JSONForm, OmittedIf
from slotfill.extractors.record.parts import Span
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["JoinedInput", "SourceSpan", "place_in_inputs", "read_place", "unread_inputs"]

PlaceOf: TypeAlias = Callable[[int, int], JSONObject | None]

NAMED_IN_MESSAGE = 3
"""So many inputs that could not be read are named in a message; the record names all."""


@dataclass(frozen=True, slots=True)
class JoinedInput(JSONForm):
    """A text that a document was joined of.

    Attributes:
        source: What it is called: the file that it was read from.
        id: Its hash: SHA-256, hex.
        start: The code point of the joined text at which it begins; None where it is not in it.
        end: The one behind its last; None likewise.
        offset: Where it begins in its source, as a passage does: 0 for a whole document.
        error: Why it could not be read; None where it was.
    """

    source: str
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    start: NonNegativeInt | None
    end: NonNegativeInt | None
    offset: Annotated[NonNegativeInt, OmittedIf(0)] = 0
    error: Annotated[Failure | None, OmittedIf(None)] = None

    @property
    def is_unread(self) -> bool:
        """Whether something of it is missing: of one that holds no text nothing is."""
        return self.error is not None and self.error.type is not FailureKind.EMPTY_DOCUMENT


class SourceSpan(NamedTuple):
    """A passage of a source: its code points from `start` up to `end`."""

    source: str
    start: int
    end: int


def place_in_inputs(inputs: Sequence[JoinedInput], span: Span, place_of: PlaceOf) -> JSONObject | None:
    """Return where a passage of a joined text stands: `{"source": "a.md", "start": 12, "end": 40}`.

    What stands in several texts has the first one's place, and the others under `crosses`.

    Args:
        inputs: In the joined text's order.
        span: Of the joined text.
        place_of: Tells where in its file a passage of the joined text stands, from its start to its end: the page.

    Returns:
        The place; None for what stands between two texts, or nowhere.
    """
    found = [*_overlapping(inputs, span)]
    if not found:
        return None
    (start, end, first), *others = found
    within = place_of(start, end) or {}
    return {**first._asdict(), **within, **({"crosses": [one._asdict() for _, _, one in others]} if others else {})}


def read_place(place: JSONMapping) -> tuple[SourceSpan, ...]:
    """Return the passages of sources that a place names; none for one of a document that was not joined."""
    if not place.keys() >= {"source", "start", "end"}:
        return ()
    return tuple(SourceSpan(one["source"], one["start"], one["end"]) for one in (place, *place.get("crosses", ())))


def unread_inputs(inputs: Sequence[JoinedInput]) -> Failure | None:
    """Say which texts could not be read, and why; None where each could."""
    unread = [one for one in inputs if one.is_unread]
    if not unread:
        return None
    named = "; ".join(f"{one.source}: {one.error.message}" for one in unread[:NAMED_IN_MESSAGE] if one.error)
    more = f"; and {len(unread) - NAMED_IN_MESSAGE} more" if len(unread) > NAMED_IN_MESSAGE else ""
    return Failure(FailureKind.INCOMPLETE, f"{len(unread)} of {len(inputs)} inputs could not be read: {named}{more}")


def _overlapping(inputs: Sequence[JoinedInput], span: Span) -> Iterator[tuple[int, int, SourceSpan]]:
    """Yield what of a passage each text holds: from where to where in the joined text, and in its source."""
    if span.start is None or span.end is None:
        return
    known = [(one, one.start, one.end) for one in inputs if one.start is not None and one.end is not None]
    first = max(0, bisect_right(known, span.start, key=lambda one: one[1]) - 1)
    for one, start, end in known[first:]:
        if start >= span.end:
            return
        if end > span.start:
            begin, stop, moved = max(start, span.start), min(end, span.end), one.offset - start
            yield begin, stop, SourceSpan(one.source, begin + moved, stop + moved)
