"""The values of a joined document, traced to the texts that it was joined of."""

from __future__ import annotations

from typing import Any

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.joined_inputs import SourceSpan, read_place

__all__ = ["seam_crossings", "source_spans"]


def source_spans(extraction: Extraction[Any]) -> dict[str, tuple[SourceSpan, ...]]:
    """Trace the values of a joined document to its sources.

    Returns:
        By JSON Pointer into the value, the passages of sources where each value stands: one for most, several for one
        that crosses a seam. A value that stands nowhere is left out.
    """
    placed = {path: read_place(span.place) for path, span in extraction.spans.items() if span.place}
    return {path: passages for path, passages in placed.items() if passages}


def seam_crossings(extraction: Extraction[Any]) -> tuple[str, ...]:
    """Name the values, by JSON Pointer, that stand across the seam of two texts: no source says them by itself."""
    return tuple(path for path, passages in source_spans(extraction).items() if len(passages) > 1)
