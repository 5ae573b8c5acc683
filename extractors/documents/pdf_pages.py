"""Pages of a PDF that are sent as they are, for a model to look at."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import cached_property

from slotfill.extractors.catalogue.page_tokens import PDFData

__all__ = ["PDFPages", "page_list"]

_NAMED = 5
"""So many stretches of pages are named in a message."""


@dataclass(frozen=True)
class PDFPages:
    """Some pages of a PDF, as a PDF of their own.

    Attributes:
        data: That PDF.
        numbers: The pages' numbers in the file that they are of, from 1.
        start: Where the text that they stand for begins in the document's text: it is not sent beside them, and
            values are looked for in it. A scan has none: `start` is then where its text would be, and equal to `end`.
        end: Where that text ends.
    """

    data: bytes = field(repr=False)
    numbers: tuple[int, ...]
    start: int = 0
    end: int = 0

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the data, hex."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def base64(self) -> PDFData:
        """The data as it travels. It is written once: a document may be asked about again and again."""
        return PDFData.of(b64encode(self.data).decode(), pages=len(self.numbers), characters=self.end - self.start)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what can be made again of the data, where it is written down."""
        return {name: part for name, part in vars(self).items() if name != "base64"}

    @property
    def base64_bytes(self) -> int:
        """How long that is, without writing it."""
        return -(-len(self.data) // 3) * 4

    def moved(self, by: int) -> PDFPages:
        """Return the same pages of a text that begins elsewhere; what was made of the data is not made anew."""
        pages = replace(self, start=self.start + by, end=self.end + by)
        vars(pages).update({name: made for name, made in vars(self).items() if name in ("digest", "base64")})
        return pages


def page_list(numbers: tuple[int, ...], most: int = _NAMED) -> str:
    """Name pages in words: `page 3`, `pages 1 to 3, 7`. most: stretches that are named; others are counted."""
    stretches: list[list[int]] = []
    for number in numbers:
        if stretches and number == stretches[-1][-1] + 1:
            stretches[-1][1:] = [number]
        else:
            stretches.append([number])
    named = [" to ".join(map(str, stretch)) for stretch in stretches[:most]]
    others = len(numbers) - sum(stretch[-1] - stretch[0] + 1 for stretch in stretches[:most])
    more = f" and {others} more" if others else ""
    return f"{'page' if len(numbers) == 1 else 'pages'} {', '.join(named)}{more}"
