"""What the service refuses of the documents in a request, and how many pages of PDFs there are.

https://platform.claude.com/docs/en/build-with-claude/pdf-support, …/token-counting
"""

from __future__ import annotations

import re
import threading
from base64 import b64decode
from collections.abc import Iterator

from slotfill.extractors.messages_api.api_error import invalid
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["PDF_PAGES", "check_document", "check_pages", "document_blocks", "pages_of"]

PDF_PAGES = 100
"""The most of a request. The documentation allows 600 where the context has a million tokens; other clouds do not."""

PDF_MARGIN = 1_024
"""Bytes: so near its ends the marks of a PDF stand, as its readers allow it."""

_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
"""A page of a PDF whose objects are not compressed: `<</Type /Page /Parent 2 0 R>>`, but not `/Type /Pages`."""

_READING = threading.Lock()
"""pdfium must not be called by two threads at once."""


class _PDFError(Exception):
    """What is wrong with a PDF, in the service's words."""


def check_document(block: JSONMapping, place: str, *, counting: bool = False) -> None:
    """Check a block with a document, as far as it stands in the request. Raises ApiError.

    place: where the block stands. counting: whether tokens are counted alone, for which nothing is fetched.
    """
    match block.get("source"):
        case {"type": "base64", "media_type": "application/pdf", "data": ""}:
            raise invalid(f"{place}.document.source.base64: PDF cannot be empty")  # as it was seen in public logs
        case {"type": "base64", "media_type": "application/pdf", "data": str(data)}:
            _check_pdf(data, f"{place}.pdf.source.base64.data")
        case {"type": "base64", "media_type": "application/pdf"}:
            raise invalid(f"{place}.document.source.base64.data: Field required")
        case {"type": "base64", **others}:
            raise invalid(
                f"{place}.document.source.base64.media_type: Input should be 'application/pdf', not "
                f"{others.get('media_type')}"
            )
        case {"type": "text", "media_type": "text/plain", "data": str()}:
            pass
        case {"type": "content", "content": str() | list()}:
            pass
        case {"type": "url", "url": str()} | {"type": "file", "file_id": str()} if not counting:
            pass
        case {"type": "url" | "file" as kind} if counting:  # documented, but not in which words
            raise invalid(f"{place}.document.source: '{kind}' sources are not supported when counting tokens")
        case {"type": "text" | "content" | "url" | "file" as kind}:
            # What the SDK's types require of each; the service's own words for it are not known.
            missing = {"text": "media_type", "content": "content", "url": "url", "file": "file_id"}[kind]
            raise invalid(f"{place}.document.source.{kind}.{missing}: Field required")
        case _:
            raise invalid(f"{place}.document.source: Field required")


def check_pages(messages: JSON) -> None:
    """Refuse more pages than a request may hold, all its PDFs together. Raises ApiError."""
    pages = 0
    for place, block in document_blocks(messages):
        pages += pages_of(block)
        if pages > PDF_PAGES:
            raise invalid(f"{place}.pdf.source.base64.data: A maximum of {PDF_PAGES} PDF pages may be provided.")


def document_blocks(messages: JSON) -> Iterator[tuple[str, JSONMapping]]:
    """Iterate over the documents of messages that were checked, those of a tool's results too, with their places."""
    rest = [(f"messages.{number}.content", message["content"]) for number, message in enumerate(messages)]
    for around, content in rest:
        for at, block in enumerate(content) if isinstance(content, list) else ():
            if block["type"] == "document":
                yield f"{around}.{at}", block
            elif block["type"] == "tool_result":
                rest.append((f"{around}.{at}.content", block.get("content")))


def pages_of(block: JSONMapping) -> int:
    """Count the pages of a document that was checked; one that is no PDF, or is not in the request, has none."""
    source = block["source"]
    return _page_count(b64decode(source["data"])) if source["type"] == "base64" else 0


def _check_pdf(data: str, place: str) -> None:
    try:
        decoded = b64decode(data, validate=True)
    except ValueError:
        decoded = b""
    if not (b"%PDF-" in decoded[:PDF_MARGIN] and b"%%EOF" in decoded[-PDF_MARGIN:]):
        raise invalid(f"{place}: The PDF specified was not valid.")
    try:
        _page_count(decoded)
    except _PDFError as error:
        raise invalid(f"{place}: {error}") from None


def _page_count(data: bytes) -> int:
    """Count pages: by pdfium, where it is installed, else as far as they can be seen from outside.

    Raises:
        _PDFError: It is broken, or needs a password.
    """
    try:
        import pypdfium2
    except ImportError:
        if b"/Encrypt" in data:
            raise _PDFError("The PDF specified is password protected.") from None
        return max(1, len(_PAGE.findall(data)))
    with _READING:
        try:
            with pypdfium2.PdfDocument(data) as document:
                pages = len(document)
        except pypdfium2.PdfiumError as error:
            text = "is password protected" if "password" in str(error).lower() else "was not valid"
            raise _PDFError(f"The PDF specified {text}.") from None
    if not pages:
        raise _PDFError("The PDF specified was not valid.")
    return pages
