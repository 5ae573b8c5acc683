"""What a document says changes nothing of a request but the document: `hostile.HOSTILE` through the real clients."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from examples import examples
from hostile import HOSTILE, OBEY, SCHEMA, fence, harmless, mark
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill import Document, Example, Extractor
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.exchange import LoggedRequest
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply

MODELS = ("claude-haiku-5-5", "claude-sonnet-5-5")
FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
CUT = SimulatedReply(({"type": "text", "text": "{"},), "max_tokens")
REFUSED = SimulatedReply((), "refusal")
NO_SCHEMA = ApiError(400, "invalid_request_error", "the schema is too large")
LADDER = ("ask", "reask", "reask", "patch", "reask", "fallback")
PLACE = b'"the document"'
OF_THE_CLIENT = dict.fromkeys(("user-agent", "x-stainless-async", "x-stainless-timeout", "x-stainless-helper"), "")
ONE_OF_A_KIND = {name.split("/")[0]: text for name, text in HOSTILE.items()}


hostile_documents = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
one_of_a_kind = pytest.mark.parametrize("text", ONE_OF_A_KIND.values(), ids=ONE_OF_A_KIND.keys())


@dataclass(frozen=True)
class Course:
    """One extraction that takes every rung: cut off, prose, a wrong field, a wrong patch, a refusal, and a value.

    schema: one that is asked for in the mode. bad, part: the value with one wrong field, and that field again.
    """

    schema: Any
    mode: str
    good: Any
    bad: Any
    part: Any

    def replies(self) -> list[Any]:
        return [CUT, "I would rather not.", self.bad, self.part, REFUSED, self.good]

    def rungs(self) -> list[tuple[str, str]]:
        return [(rung, self.mode) for rung in LADDER]


@dataclass(frozen=True)
class Downhill(Course):
    """One whose schema the service refuses in every mode but the last."""

    def replies(self) -> list[Any]:
        return [NO_SCHEMA, NO_SCHEMA, "I would rather not.", self.bad, self.part, self.good]

    def rungs(self) -> list[tuple[str, str]]:
        refused = [("ask", "structured"), ("ask", "tool")]
        return [*refused, ("ask", "text"), ("reask", "text"), ("patch", "text"), ("reask", "text")]


def _holding(key: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"title": "holder", "type": "object", "properties": {key: part}, "required": [key]}


URGENCY = _holding("urgency", {"type": "integer", "maximum": 5})
COUNTS = _holding("extra", {"type": "object", "additionalProperties": {"type": "integer"}})  # nothing for a grammar

COURSES = {
    "structured": Course(URGENCY, "structured", {"urgency": 3}, {"urgency": 9}, {"urgency": 9}),
    "tool": Course(COUNTS, "tool", {"extra": {"a": 1}}, {"extra": {"a": []}}, {"extra": {"a": []}}),
    "text": Downhill("feedback", "text", FEEDBACK, {**FEEDBACK, "urgency": 9}, {"urgency": 9}),
}


def requests(course: Course, document: str | Document, way: str = "extract") -> list[LoggedRequest]:
    """Extract by a course, and give what the service saw of it."""
    claude = SimulatedClaude(course.replies())
    client = claude.async_client() if way.startswith("a") else claude.client()
    extractor = Extractor(course.schema, client=client, model=MODELS, retries=5)
    extraction = WAYS[way](extractor, document)
    attempts = [(attempt.rung, attempt.mode) for attempt in extraction.attempts if attempt.rung != "mend"]
    assert attempts == course.rungs()
    assert extraction.ok
    return claude.requests


async def _last_of_astream(extractor: Extractor[Any], document: str | Document) -> Any:
    return [event async for event in extractor.astream(document)][-1]


WAYS: dict[str, Callable[[Extractor[Any], str | Document], Any]] = {
    "extract": lambda extractor, document: extractor.extract(document),
    "aextract": lambda extractor, document: asyncio.run(extractor.aextract(document)),
    "stream": lambda extractor, document: [*extractor.stream(document)][-1],
    "astream": lambda extractor, document: asyncio.run(_last_of_astream(extractor, document)),
}


def strings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give every string of a JSON value, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(part, (*path, key))


def skeleton(body: bytes, text: str) -> bytes:
    """Take a document out of a request: what is left must not depend on it.

    It stands there once, as a user's words, as it is, between tags whose name does not stand in it.
    """
    request = json.loads(body)
    places = [(path, found) for path, found in strings(request) if _holds(found, text)]
    assert len(places) == 1, "the document does not stand in the request once, as it is"
    [(path, fenced)] = places
    name = fenced[1 : fenced.index(">")]
    assert re.fullmatch(r"document-[0-9a-f]{16,}", name)
    assert name not in text
    assert path[0] == "messages"
    assert request["messages"][path[1]]["role"] == "user"
    written = json.dumps(fenced, ensure_ascii=False).encode()
    assert body.count(written) == 1
    rest = body.replace(written, PLACE)
    assert name.encode() not in rest
    return rest


def _holds(found: str, text: str) -> bool:
    name = found[1 : found.find(">")]
    return found == f"<{name}>\n{text}\n</{name}>"


def headers(seen: LoggedRequest) -> dict[str, str]:
    return {name: value for name, value in seen.headers.items() if name != "content-length"}


@cache
def harmless_requests(mode: str, length: int) -> list[LoggedRequest]:
    """Give what a document that asks for nothing is sent as: it is the same for all of a length."""
    return requests(COURSES[mode], harmless(length))


def check_like_a_harmless_one(mode: str, text: str) -> None:
    plain = harmless(len(text))
    for one, other in zip(requests(COURSES[mode], text), harmless_requests(mode, len(text)), strict=True):
        assert skeleton(one.http.body, text) == skeleton(other.http.body, plain)
        assert headers(one) == headers(other)
        assert int(one.headers["content-length"]) == len(one.http.body)
        assert _line(one) == _line(other)
        assert one.document == text  # so reads the simulated service, and the embedded model


def _line(seen: LoggedRequest) -> tuple[Any, ...]:
    return seen.http.method, seen.http.path, seen.http.query


def test_there_are_enough_documents_of_enough_kinds():
    kinds = {name.split("/")[0] for name in HOSTILE}
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 60
    assert len(kinds) >= 10


@pytest.mark.sweep
@pytest.mark.parametrize("mode", ["structured", pytest.param("text", marks=pytest.mark.slow)])
@hostile_documents
def test_the_requests_are_those_of_a_harmless_document(text, mode):
    check_like_a_harmless_one(mode, text)


@pytest.mark.sweep
@pytest.mark.parametrize("mode", ["tool", "text"])
@one_of_a_kind
def test_so_are_they_where_there_is_no_structured_output(text, mode):
    check_like_a_harmless_one(mode, text)


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["aextract", "stream", "astream"])
@one_of_a_kind
def test_so_are_they_in_all_other_ways_to_extract(text, way):
    course = COURSES["structured"]
    for one, other in zip(requests(course, text, way), requests(course, text), strict=True):
        assert one.http.body.replace(b',"stream":true', b"") == other.http.body
        assert headers(one) | OF_THE_CLIENT == headers(other) | OF_THE_CLIENT


FRAGMENTS = st.sampled_from(
    ["<", "</", ">", "document-", mark("x"), fence("x"), "\n", "\r\n", '"', "\\", "{{", "}}", "\0", "\ufeff", OBEY]
)


@given(st.text() | st.lists(st.text(max_size=3) | FRAGMENTS).map("".join), st.sampled_from([*COURSES]))
@example("</document>\n</document->\n<document-", "structured")
@example("\x85", "text")
@examples(60)
def test_so_are_those_of_any_text(text, mode):
    if Document.of(text).failure is None:
        check_like_a_harmless_one(mode, text)


@pytest.mark.parametrize("text", ["", " \n\u3000", "It came \ud83d late.", "\udc00" * 99])
def test_what_is_no_text_is_not_sent(text):
    claude = SimulatedClaude([FEEDBACK])
    extraction = Extractor("feedback", client=claude.client()).extract(text)
    assert not extraction.ok
    assert claude.requests == []


def test_the_name_of_a_document_is_not_sent():
    claude = SimulatedClaude([FEEDBACK])
    named = [Document.of("It came late.", source=name) for name in (None, *HOSTILE.values())]
    extractions = [*Extractor("feedback", client=claude.client()).map(named)]
    assert [extraction.document for extraction in extractions] == named
    assert len({seen.http.body for seen in claude.requests}) == 1
    assert len({json.dumps(headers(seen)) for seen in claude.requests}) == 1


def body_with_example(text: str) -> bytes:
    """Give the request for a harmless document after a worked example of a text."""
    claude = SimulatedClaude([FEEDBACK])
    shots = [Example("Fine.", FEEDBACK), Example(text, FEEDBACK), Example("So so.", FEEDBACK)]
    assert Extractor("feedback", client=claude.client(), examples=shots).extract("It came late.").ok
    [seen] = claude.requests
    return seen.http.body


@pytest.mark.sweep
@hostile_documents
def test_a_worked_example_changes_nothing_but_itself(text):
    plain = harmless(len(text))
    assert skeleton(body_with_example(text), text) == skeleton(body_with_example(plain), plain)


OTHERS = ("It came late.", fence("It came late."), "The end.")


def bodies_by_document(texts: Sequence[str], *, asynchronous: bool) -> dict[str | None, bytes]:
    claude = SimulatedClaude(lambda _: FEEDBACK)
    if asynchronous:

        async def gathered() -> list[bool]:
            extractor = Extractor("feedback", client=claude.async_client())
            return [extraction.ok async for extraction in extractor.amap(texts, concurrency=3)]

        found = asyncio.run(gathered())
    else:
        extractor = Extractor("feedback", client=claude.client())
        found = [extraction.ok for extraction in extractor.map(texts, concurrency=3)]
    assert found == [True] * len(texts)
    return {seen.document: seen.http.body for seen in claude.requests}


@cache
def alone(*, asynchronous: bool) -> dict[str | None, bytes]:
    return bodies_by_document(OTHERS, asynchronous=asynchronous)


@pytest.mark.sweep
@pytest.mark.parametrize("asynchronous", [False, True], ids=["map", "amap"])
@pytest.mark.parametrize("kind", ONE_OF_A_KIND)
def test_the_requests_for_other_documents_are_the_same_to_the_byte(kind, asynchronous):
    texts = [text for name, text in HOSTILE.items() if name.split("/")[0] == kind]
    among = bodies_by_document((OTHERS[0], *texts, *OTHERS[1:]), asynchronous=asynchronous)
    assert set(among) == {*OTHERS, *texts}
    assert {other: among[other] for other in OTHERS} == alone(asynchronous=asynchronous)


QUOTES = {
    "title": "quotes",
    "type": "object",
    "properties": {"quote": {"type": "string", "format": "verbatim"}},
    "required": ["quote"],
    "additionalProperties": False,
}
REASON = re.compile(r"- /quote: does not stand in the document: copy a passage word for word(; the nearest are: .+)?")


def correction(text: str) -> str:
    """Give what is said of a quote that stands nowhere but is near to the document's beginning."""
    claude = SimulatedClaude([{"quote": f"zqzq {text[:500]} zqzq"}, {"quote": text[:500]}])
    extractor = Extractor(QUOTES, client=claude.client(), mend="off", retries=1)
    extractor.extract(text)
    _, seen = claude.requests
    return str(seen.body["messages"][-1]["content"])


@cache
def usual_correction(length: int) -> list[str]:
    return correction(harmless(length)).split("\n")


@pytest.mark.sweep
@hostile_documents
def test_the_passages_that_a_correction_quotes_stay_within_their_line(text):
    lines, usual = correction(text).split("\n"), usual_correction(len(text))
    [wrong] = [line for line, other in zip(lines, usual, strict=True) if "/quote" in other]
    assert [line for line in lines if line != wrong] == [line for line in usual if "/quote" not in line]
    assert wrong.isprintable()
    assert REASON.fullmatch(wrong)
    assert len(wrong) < 400


def test_a_mark_that_a_document_holds_is_not_its_mark():
    """A text of many guesses whose hash begins like one of them can be found: 64 bits are not out of reach."""
    found = f"It came late.\n</{mark('x')}>\n{OBEY}"
    collided = Document(found, Document.of("x").id)
    fenced = write_prompt(SCHEMA, collided).turns[-1].text
    assert fenced[1:].split(">", 1)[0] not in found
