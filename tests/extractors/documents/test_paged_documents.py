"""Documents with pages that are sent as they are, through the whole of slotfill: each method, and every fault."""

import asyncio
import json
import re
from contextlib import aclosing

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document, pdf
from pydantic import BaseModel

from slotfill import Extraction, Extractor, Outcome, Partial
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.testing.checking.invariants import (
    contradictions,
    overtrusted_replies,
    unaccounted_usage,
    unloadable_records,
    untold_losses,
)
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS


class Facts(BaseModel):
    """List the facts of the document."""

    facts: list[str]


MODELS = {"structured": "claude-haiku-5-5", "tool": "claude-3-haiku-20240307"}


def one_of_a_kind(pages):
    """Give PDFs that differ by the number of their pages alone: so a script can tell them apart."""
    return pdf(pages, 200 + pages)


NAMES = {paged_document(n, data=one_of_a_kind).pages[0].digest: f"fact of {n} pages" for n in range(1, 10)}
LONG = ("Title: Ledger.\n", 3, "Fact: one.\n" + "filler words " * 60, (4, "Known text."), 5, "Fact: two.\n", 6, 7)
SHORT = ("Title: Ledger.\n", 3, (4, "Known text."))
SCANS = (3, 4)
KEY = "sk-ant-secret-0123456789"


def truth(*parts):
    """Say what stands in a document."""
    numbers = [part[0] if isinstance(part, tuple) else part for part in parts if not isinstance(part, str)]
    texts = re.findall(r"Fact: (\w+)", "".join(part for part in parts if isinstance(part, str)))
    return sorted([f"fact of {number} pages" for number in numbers] + texts)


def seen(asked):
    """Say what stands in what is shown: of a PDF what it is, by its hash or by the pages that the text says it has."""
    named = [NAMES[digest] for digest in re.findall(r"pdf:(\w+)", asked.document)]
    spans = re.findall(r"\[PDF \d+: pages (\d+) to (\d+)\]", asked.document)
    named += [f"fact of {int(last) - int(first) + 1} pages" for first, last in spans]
    return {"facts": named + re.findall(r"Fact: (\w+)", asked.document)}


def document(*parts):
    return paged_document(*parts, data=one_of_a_kind)


def extract(extractor, method, paged):
    match method:
        case "stream":
            *before, last = extractor.stream(paged)
            assert all(isinstance(event, Partial) for event in before)
            return last
        case "refine":
            first = Extraction(paged, extractor.schema.name, extractor.schema.id, "m", Outcome.FAILED, invalid={})
            return extractor.refine(first, "It has facts.")
        case "map":
            (one,) = extractor.map([paged])
            return one
    return extractor.extract(paged)


def page_numbers(request):
    """Tell which pages a request holds, by the order of its PDFs."""
    blocks = [b for m in request.body["messages"] for b in (m["content"] if isinstance(m["content"], list) else [])]
    return [block["source"]["data"] for block in blocks if block["type"] == "document"]


@pytest.mark.parametrize("model", MODELS.values(), ids=[*MODELS])
@pytest.mark.parametrize("method", ["extract", "stream", "refine", "map"])
@pytest.mark.parametrize(("parts", "chunk_chars"), [(SHORT, None), (SCANS, None), (LONG, None), (LONG, 72_000)])
def test_each_method_sends_each_page_once(parts, chunk_chars, method, model):
    claude, paged = SimulatedClaude(seen), document(*parts)
    with Extractor(Facts, client=claude.client(), model=model, chunk_chars=chunk_chars) as extractor:
        extraction = extract(extractor, method, paged)
        requests = extractor.requests(paged)
    assert extraction.outcome is Outcome.VALID
    assert sorted(extraction.value.facts) == truth(*parts)
    assert len(requests) == len(claude.requests) == (5 if chunk_chars else 1)
    sent = [data for request in claude.requests for data in page_numbers(request)]
    assert sorted(sent) == sorted(pages.base64 for pages in paged.pages)
    if method == "refine":
        assert all("It has facts." in request.http.body.decode() for request in claude.requests)


async def test_without_blocking_too():
    claude, paged = SimulatedClaude(seen), document(*LONG)
    async with Extractor(Facts, client=claude.async_client(), chunk_chars=72_000) as extractor:
        one, other = await asyncio.gather(
            extractor.aextract(paged), extractor.arefine(await extractor.aextract(paged), "x")
        )
        async with aclosing(extractor.astream(document(*SHORT))) as events:
            *_, last = [event async for event in events]
    assert sorted(one.value.facts) == sorted(other.value.facts) == truth(*LONG)
    assert sorted(last.value.facts) == truth(*SHORT)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in BATCH_FAULTS])
@pytest.mark.parametrize(
    "method", ["extract", *(pytest.param(name, marks=pytest.mark.slow) for name in ("stream", "refine"))]
)
@pytest.mark.parametrize("struck", ["@1", ":0.5"])
def test_no_fault_loses_a_page_untold_or_makes_a_wrong_value_valid(fault, method, struck):
    for parts, chunk_chars in ((SCANS, None), (LONG, 72_000)):
        claude = SimulatedClaude(seen, faults=[fault + struck], clock=ManualClock(), key=KEY)
        client, paged = claude.client(max_retries=0, api_key=KEY), document(*parts)
        with Extractor(Facts, client=client, chunk_chars=chunk_chars) as extractor:
            extraction = extract(extractor, method, paged)
        own = claude.requests
        assert not [request for request in own if request.status == 400 and not request.faults]
        breaches = [
            *contradictions(extraction),
            *untold_losses(extraction),
            *unaccounted_usage(extraction, own),
            *overtrusted_replies(extraction, own),
            *unloadable_records(extraction, extractor.schema),
        ]
        assert not breaches
        if extraction.ok:
            assert sorted(extraction.value.facts) == truth(*parts)
        else:
            assert extraction.error.message
            missing = [number for chunk in extraction.chunks if chunk.error for number in chunk.pages]
            assert not extraction.chunks or not missing or "page" in extraction.error.message
        assert KEY not in repr(extraction) + json.dumps(extraction.to_json())


def test_too_much_at_once_is_parted_until_the_service_takes_it():
    def few(asked):
        if asked.pages > 9:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
        return seen(asked)

    paged = document(*LONG)
    claude = SimulatedClaude(few)
    with Extractor(Facts, client=claude.client(max_retries=0)) as extractor:
        extraction = extractor.extract(paged)
    assert extraction.outcome is Outcome.VALID
    assert sorted(extraction.value.facts) == truth(*LONG)


def test_the_embedded_model_is_passed_over_and_none_at_all_is_told():
    claude = SimulatedClaude(seen)
    with Extractor(Facts, client=claude.client(), model=("local", "claude-haiku-5-5")) as extractor:
        extraction = extractor.extract(document(*SCANS))
        assert extraction.outcome is Outcome.FALLBACK
        assert extraction.model == "claude-haiku-5-5"
    with Extractor(Facts, client=claude.client(), model="local") as extractor:
        assert not extractor.takes_pages
        assert extractor.requests(document(*SCANS)) == ()
        extraction = extractor.extract(document(*SCANS))
        assert extraction.error.type is FailureKind.SCANNED_DOCUMENT


@examples(20)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=40), st.integers(30_000, 400_000))
def test_the_service_takes_whatever_is_sent(blocks, chunk_chars):
    claude, paged = SimulatedClaude(seen), document("Title.", *blocks)
    with Extractor(Facts, client=claude.client(max_retries=0), chunk_chars=chunk_chars) as extractor:
        extraction = extractor.extract(paged)
    assert {request.status for request in claude.requests} == {200}
    assert extraction.outcome is Outcome.VALID
    sent = [data for request in claude.requests for data in page_numbers(request)]
    assert sorted(sent) == sorted(pages.base64 for pages in paged.pages)
