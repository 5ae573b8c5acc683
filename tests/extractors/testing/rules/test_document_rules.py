"""The simulated service takes and refuses documents as the service does."""

from __future__ import annotations

import sys
from base64 import b64encode
from typing import Any

import pytest
from paged_documents import paged_document, pdf

from slotfill import Extractor
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.testing.rules.document_rules import PDF_PAGES, check_document, check_pages, pages_of
from slotfill.extractors.testing.rules.request_rules import check_request
from slotfill.extractors.testing.simulator.simulated_request import PAGE_TOKENS, read_request

TEXT = {"type": "text", "text": "x"}


def of_pdf(data: bytes | str) -> dict[str, Any]:
    written = data if isinstance(data, str) else b64encode(data).decode()
    return of({"type": "base64", "media_type": "application/pdf", "data": written})


def of(source: Any) -> dict[str, Any]:
    return {"type": "document", "source": source}


def refusal(block: dict[str, Any], **options: Any) -> str:
    """Give why a document is refused, "" where it is taken."""
    try:
        check_document(block, "at", **options)
    except ApiError as error:
        return f"{error}"
    return ""


def encrypted() -> bytes:
    """Make a PDF that says it is encrypted, as the trailer of such a one does; nothing opens it."""
    return (
        pdf()
        .replace(b"trailer", b"9 0 obj<</Filter/Standard/V 1/R 2/O(x)/U(x)/P -4>>endobj trailer")
        .replace(b"/Root", b"/Encrypt 9 0 R/Root")
    )


SOURCES = [
    (of_pdf(pdf()), ""),
    (of({"type": "text", "media_type": "text/plain", "data": "A text."}), ""),
    (of({"type": "content", "content": [TEXT]}), ""),
    (of({"type": "url", "url": "https://example.com/a.pdf"}), ""),
    (of({"type": "file", "file_id": "file_1"}), ""),
    (of_pdf(""), "PDF cannot be empty"),
    (of_pdf(b"<!DOCTYPE html> %%EOF"), "The PDF specified was not valid."),
    (of_pdf(b"%PDF-1.7\ntrailer\n<<>>\n%%EOF"), "The PDF specified was not valid."),
    (of_pdf("%PDF-"), "The PDF specified was not valid."),
    (of({"type": "base64", "media_type": "application/pdf"}), "data: Field required"),
    (of({"type": "base64", "media_type": "image/png", "data": "eA=="}), "Input should be 'application/pdf'"),
    (of({"type": "text", "data": "A text."}), "media_type: Field required"),
    (of({"type": "url"}), "url: Field required"),
    (of({"type": "file"}), "file_id: Field required"),
    (of({"type": "gopher"}), "source: Field required"),
    (of(None), "source: Field required"),
]


@pytest.mark.parametrize(("block", "text"), SOURCES)
def test_sources_are_taken_or_refused(block: dict[str, Any], text: str) -> None:
    assert (text in refusal(block)) if text else refusal(block) == ""


def test_a_pdf_that_needs_a_password_is_refused() -> None:
    assert refusal(of_pdf(encrypted())).startswith("at.pdf.source.base64.data: The PDF specified ")


def test_nothing_is_fetched_to_count_tokens() -> None:
    assert "counting tokens" in refusal(of({"type": "url", "url": "https://example.com"}), counting=True)
    assert refusal(of_pdf(pdf()), counting=True) == ""


def test_without_pdfium_pages_are_counted_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert pages_of(of_pdf(pdf(7))) == 7
    assert refusal(of_pdf(encrypted())).endswith("The PDF specified is password protected.")


def test_a_request_has_so_many_pages_at_most_in_all_its_pdfs() -> None:
    within = [{"role": "user", "content": [of_pdf(pdf(60)), of_pdf(pdf(PDF_PAGES - 60))]}]
    check_pages(within)
    beyond = [*within, {"role": "user", "content": [{"type": "tool_result", "content": [of_pdf(pdf())]}]}]
    with pytest.raises(ApiError, match=r"messages\.1\.content\.0\.content\.0\.pdf\..*A maximum of 100 PDF pages"):
        check_pages(beyond)


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_documents_are_the_users(role: str) -> None:
    block = of_pdf(pdf())
    user = {"role": "user", "content": "x"}
    turns = {"system": {"system": [block]}, "assistant": {"messages": [user, {"role": role, "content": [block]}, user]}}
    body = {"model": "claude-haiku-5-5", "max_tokens": 9, "messages": [user]} | turns[role]
    with pytest.raises(ApiError, match="can only be in `user` messages"):
        check_request(body)


def test_pages_are_counted_as_tokens_and_not_by_their_length() -> None:
    def read(*blocks: Any) -> Any:
        body = {
            "model": "claude-haiku-5-5",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [*blocks, TEXT]}],
        }
        return read_request(body, check_request(body))

    alone, paged = read(), read(of_pdf(pdf(3)), of_pdf(pdf(2)))
    assert (alone.pages, paged.pages) == (0, 5)
    assert paged.tokens - alone.tokens == 5 * PAGE_TOKENS


def test_a_script_answers_by_what_is_attached() -> None:
    claude = SimulatedClaude(lambda asked: {"summary": f"{asked.pages} pages of {asked.document}"})
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
    documents = [paged_document(2), paged_document(3), paged_document("A text.", 1)]
    with Extractor(schema, client=claude.client()) as extractor:
        one, two, three = (extractor.extract(document).value["summary"] for document in documents)
    assert one == f"2 pages of pdf:{documents[0].pages[0].digest}"
    assert two == f"3 pages of pdf:{documents[1].pages[0].digest}"
    assert three == "1 pages of A text.\n[PDF 1: page 2]"
    assert len(claude.by_document) == 3


def test_batches_take_documents_and_refuse_them_one_by_one() -> None:
    claude = SimulatedClaude(lambda asked: f"{asked.pages} pages")

    def item(name: str, data: bytes) -> Any:
        content = [of_pdf(data), TEXT]
        params = {"model": "claude-haiku-5-5", "max_tokens": 99, "messages": [{"role": "user", "content": content}]}
        return {"custom_id": name, "params": params}

    client = claude.client()
    batch = client.messages.batches.create(requests=[item("good", pdf(4)), item("bad", b"%PDF-%%EOF")])
    results = {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}
    assert results["good"].message.content[-1].text == "4 pages"  # type: ignore[union-attr]
    assert results["bad"].type == "errored"
