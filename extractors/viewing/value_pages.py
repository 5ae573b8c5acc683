"""The pages of a PDF on which values stand, as pictures: a bounded number, of a bounded size."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from slotfill.extractors.documents.place_map import Stretch
from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import Kind, most_bytes
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["PagePictures"]

_MOST_PAGES = 16
"""So many pages of one document are drawn; values on others are marked in the text alone."""

_MOST_BYTES = 32_000_000
"""So many bytes all pictures of a report have together: it stays a file that can be sent."""

_PICTURES = Kind(
    "a PDF",
    frozenset({".pdf"}),
    "slotfill.extractors.documents.readers.pictures.page_pictures",
    extra="pdf",
)


class PagePictures:
    """Draws the pages of PDFs for one report. left_out: the sources of which not all pages could be drawn."""

    def __init__(self) -> None:
        self._room = _MOST_BYTES
        self.left_out: list[str] = []

    def draw(self, record: JSONMapping, file: str) -> list[JSONObject]:
        """Return the pages on which a record's values stand, none where the file is no PDF or cannot be drawn.

        Args:
            record: The record; its spans and evidence say on which pages.
            file: The PDF.
        """
        numbers = sorted({*_page_numbers(record)})
        path = Path(file)
        if not numbers or path.suffix.lower() not in _PICTURES.suffixes:
            return []
        pages = self._drawn(path, numbers[:_MOST_PAGES])
        if len(pages) < len(numbers):
            self.left_out.append(record["document"]["source"])
        return pages

    def _drawn(self, path: Path, numbers: list[int]) -> list[JSONObject]:
        options = ReadOptions.of(pages=",".join(map(str, numbers)))
        try:
            with path.open("rb") as file:
                parts = read_apart(_PICTURES, file.read(most_bytes(path.name)), options)
        except (OSError, ReadError):  # the text alone is shown
            return []
        sizes = {stretch.place["page"]: stretch.place for stretch in _places(parts)}
        pages = []
        for part in parts:
            if isinstance(part, NestedFile) and len(part.data) <= self._room:
                self._room -= len(part.data)
                size = sizes[int(part.name.removesuffix(".png"))]
                pages.append(
                    {
                        "number": size["page"],
                        "width": size["width"],
                        "height": size["height"],
                        "picture": f"data:image/png;base64,{b64encode(part.data).decode()}",
                    }
                )
        return pages


def _page_numbers(record: JSONMapping) -> Iterator[int]:
    """Yield the pages that a record's spans and passages are on; it may be anybody's."""
    passages = (one for several in (record.get("evidence") or {}).values() for one in several)
    for span in (*record["spans"].values(), *passages):
        place = span.get("place") or {}
        if type(place.get("page")) is int and 0 < place["page"] <= _LAST_PAGE and "box" in place:
            yield place["page"]


_LAST_PAGE = 100_000


def _places(parts: Iterable[ReadText | NestedFile]) -> Iterator[Stretch]:
    return (stretch for part in parts if isinstance(part, ReadText) for stretch in part.places.stretches)
