"""Pages of a PDF that are sent as they are, for a model to look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["PDFPages"]


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
