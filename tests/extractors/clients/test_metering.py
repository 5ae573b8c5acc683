"""How large a request is, for those who reckon what it costs."""

import json
from base64 import b64encode
from decimal import Decimal

from paged_documents import paged_document, pdf
from pydantic_core import to_json

from slotfill import Extractor
from slotfill.extractors.catalogue.page_tokens import MOST_IMAGE_TOKENS, MOST_PAGES, PAGE_SIZE
from slotfill.extractors.clients.metering import Try, pdf_size, size_of, without_pdfs
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.runs.estimate import estimate
from slotfill.extractors.testing import SimulatedClaude

LARGE = b"%PDF-" + b"x" * 3_000_000


def requests(*parts, **options):
    with Extractor("feedback", client=SimulatedClaude().client()) as extractor:
        return extractor.requests(paged_document(*parts, **options))


def test_a_text_has_its_bytes_and_is_not_copied():
    (request,) = requests("Fine.")
    assert without_pdfs(request) is request
    assert size_of(request) == len(to_json(request))
    assert size_of(request, b"as it is sent") == 13


def test_pages_count_by_their_number_and_not_by_their_length():
    (request,) = requests("Fine.", 4, data=lambda _: LARGE)
    assert len(json.dumps(request)) > 4_000_000
    assert pdf_size(request) == 4 * PAGE_SIZE
    assert size_of(request, to_json(request)) == size_of(request) < 4 * PAGE_SIZE + 20_000
    assert json.dumps(request).count(b64encode(LARGE).decode()) == 1  # it was not changed


def test_a_pdf_of_somebody_else_may_have_as_many_pages_as_any():
    source = {"type": "base64", "media_type": "application/pdf", "data": b64encode(pdf()).decode()}
    body = {"messages": [{"role": "user", "content": [{"type": "document", "source": source}]}]}
    assert pdf_size(body) == MOST_PAGES * PAGE_SIZE
    assert pdf_size({"messages": "none"}) == pdf_size({}) == 0


def test_a_page_with_more_text_than_most_counts_as_more():
    (request,) = requests((1, "word " * 4_000))
    assert pdf_size(request) == MOST_IMAGE_TOKENS + 2 * 20_000


class Noted:
    """A meter that notes the tries."""

    def __init__(self):
        self.tries, self.settled = [], []

    def admit(self, tried):
        self.tries.append(tried)
        return len(self.tries)

    def check(self):
        pass

    def settle(self, number, usage):
        self.settled.append(usage)


def test_what_is_reserved_for_pages_holds_what_they_cost_and_is_of_its_order():
    meter, pacer, claude = Noted(), Pacer(), SimulatedClaude()
    client = claude.client(middleware=[Limits(pacer, meter=lambda: meter)])
    with Extractor("feedback", client=client) as extractor:
        for streamed in (False, True):
            document = paged_document("Fine.", (3, "Known."), 5 + streamed)
            [*_, extraction] = extractor.stream(document) if streamed else [extractor.extract(document)]
            assert extraction.ok
    assert len(meter.tries) == 2
    for tried, usage in zip(meter.tries, meter.settled, strict=True):
        taken = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
        assert isinstance(tried, Try)
        assert taken < tried.size < 6 * taken
    # What the pacer expects before any reply has been counted is of the order of 3,000 tokens a page, too.
    assert 8 * 2_000 < Pacer().admit(8 * PAGE_SIZE, 100).input_tokens < 8 * 4_000


def test_a_dry_run_counts_pages():
    with Extractor("feedback", client=SimulatedClaude().client()) as extractor:
        one = estimate(extractor, [paged_document("Fine.")])
        paged = estimate(extractor, [paged_document("Fine.", 10, data=lambda _: LARGE)])
    assert (one["pages"], paged["pages"]) == (0, 10)
    assert one["characters"] == paged["characters"] == 5
    tokens = paged["input_tokens"] - one["input_tokens"]
    assert 10 * 3_000 <= tokens <= 10 * 3_100
    assert Decimal(paged["cost_usd"]["at_least"]) > Decimal(one["cost_usd"]["at_least"])
