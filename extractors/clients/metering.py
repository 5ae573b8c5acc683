"""Metering: what each HTTP try for a message may cost, told before it is sent, and what it took, told after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from anthropic import AnthropicError
from pydantic_core import to_json

from slotfill.extractors.catalogue.page_tokens import MOST_PAGES, PAGE_SIZE, PDFData
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["BudgetError", "Meter", "Try", "pdf_size", "size_of", "without_pdfs"]


class BudgetError(AnthropicError):
    """The worst case of a request no longer fits into what may be spent."""


@dataclass(frozen=True, slots=True)
class Try:
    """One HTTP try for a message, before it is sent.

    size: bytes of its body, by `size_of`; no token is shorter than one. room: its `max_tokens`. tier: as in `Usage`.
    """

    model: str
    size: int
    room: int
    tier: Literal["batch"] | None = None


class Meter(Protocol):
    """Takes account of every try. Safe for threads and tasks alike."""

    def admit(self, attempt: Try) -> int | None:
        """Reserve a try's worst case and give its number; None where others must be settled first.

        Raises BudgetError where it will not fit.
        """

    def check(self) -> None:
        """Raise BudgetError where no further try shall start, not even one that was admitted and waits for its turn."""

    def settle(self, number: int, usage: Usage | None) -> None:
        """Settle a try by what the service counted, nothing where it refused it.

        None keeps what was reserved as spent: the reply never arrived, and may have been billed.
        """


def size_of(body: JSONMapping, written: object = None) -> int:
    """Measure a request's body in bytes, of which no token is shorter than one.

    written: the body as it is sent, if it is written already, as bytes.
    """
    bare = without_pdfs(body)
    if bare is body:
        return len(written if isinstance(written, bytes) else to_json(body))
    return len(to_json(bare)) + pdf_size(body)


def pdf_size(body: JSONMapping) -> int:
    """Measure the PDFs of a request in bytes of text.

    A PDF has no more tokens for its length in base64, and none fewer for being short: it counts by its pages, as
    `PDFData` knows of it; one that somebody else wrote as if it had as many as a request may hold.
    """
    return sum(data.size if isinstance(data, PDFData) else MOST_PAGES * PAGE_SIZE for data in _pdfs_in(body))


def without_pdfs(body: JSONMapping) -> JSONMapping:
    """Leave out of a request what its PDFs hold: a body as it is where there are none, of which nothing is copied."""
    if not any(True for _ in _pdfs_in(body)):
        return body
    return {**body, "messages": [*map(_without_data, body["messages"])]}


def _pdfs_in(body: JSONMapping) -> Iterator[str]:
    """Iterate over the data of the PDFs in a request, without reading any of them."""
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for block in content if isinstance(content, list) else ():
            if (data := _data_of(block)) is not None:
                yield data


def _data_of(block: JSON) -> str | None:
    match block:
        case {"type": "document", "source": {"type": "base64", "data": str(data)}}:
            return data
    return None


def _without_data(message: JSONMapping) -> JSONMapping:
    """Leave out of a message what its PDFs hold."""
    content = message["content"]
    if not isinstance(content, list):
        return message
    return {**message, "content": [_without_own_data(block) for block in content]}


def _without_own_data(block: JSON) -> JSON:
    if _data_of(block) is None:
        return block
    bare: JSONObject = {**block, "source": {**block["source"], "data": ""}}
    return bare
