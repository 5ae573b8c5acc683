"""What pages of a PDF cost that are sent as they are: of each the service reads the text and an image.

https://platform.claude.com/docs/en/build-with-claude/pdf-support, …/vision
"""

from __future__ import annotations

from typing import Self

__all__ = ["MOST_PAGES", "PAGE_SIZE", "PDFData"]

MOST_PAGES = 100
"""So many pages one request may hold, in all its PDFs together (600 where the context has a million tokens)."""

MOST_IMAGE_TOKENS = 5_000
"""An image has a token for each 750 pixels, and the newest models look at up to 3.75 megapixels of it."""

PAGE_SIZE = 12_000
"""A page counts as so many bytes of text.

At the four bytes a token by which prompts are estimated these are 3,000 tokens: 1,500 to 3,000 are documented for the
text, and full pages were measured at 2,350 with their image, scans at 1,600. At one byte a token, by which budgets are
kept, they hold the largest image and 7,000 bytes of text.
"""

MOST_TOKENS_A_CHARACTER = 2
"""Of a page with more text than that. CJK has 1 to 1.5, English a quarter."""


class PDFData(str):
    """A PDF as it travels, in base64, with what is known of it: whoever sees a request's body need not read it.

    pages: how many it has. size: what they count as, in bytes of text, see `PAGE_SIZE`.
    """

    __slots__ = ("pages", "size")

    pages: int
    size: int

    @classmethod
    def of(cls, base64: str, *, pages: int, characters: int) -> Self:
        """Take a PDF. characters: those of its text, as far as that is known."""
        data = cls(base64)
        data.pages = pages
        data.size = max(pages * PAGE_SIZE, pages * MOST_IMAGE_TOKENS + characters * MOST_TOKENS_A_CHARACTER)
        return data
