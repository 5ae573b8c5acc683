"""Whatever a model says, through a whole run: each document is told or pending, and nothing is asked twice."""

import json
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator
from running import engine

from slotfill import Document, Extractor, Outcome, SlotfillError, Usage
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sinks import open_rejects, open_sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply
from slotfill.schemas import Verbatim
from slotfill.schemas.strategies import completions


class Item(BaseModel):
    name: str
    count: int


class Odd(BaseModel):
    """Read what there is. Its author made mistakes: some words raise where nobody expects it."""

    model_config = ConfigDict(extra="forbid")

    quote: Verbatim
    size: int
    price: Decimal | None = None
    items: list[Item] = Field(default_factory=list)

    @field_validator("size")
    @classmethod
    def check(cls, size: int) -> int:
        return size if size != 13 else {}[size]

    @field_serializer("size")
    def shown(self, size: int) -> int:
        return size if size != 14 else [][size]


TEXT = "Ada ordered 3 lamps."
HUGE = "9" * 5_000
HOSTILE = (
    '{"quote": "Ada", "size": 13}',
    '{"quote": "Ada", "size": 14}',
    '{"quote": "Ada", "size": ' + HUGE + "}",
    '{"quote": "Ada", "size": 1, "price": 1e999999999}',
    '{"quote": "Ada", "size": 1, "price": ' + HUGE + "." + HUGE + "}",
    '{"quote": "\\ud800", "size": 1}',
    "[" * 5_000,
    '{"quote": ' * 2_000,
    '{"quote": "Ada", "size": NaN, "size": Infinity}',
    "\x00\x1b[2J\u2028",
    "",
    "null",
    '"' + "\\" * 5_001 + '"',
    '{"quote": "Ada", "size": 1, "items": [' + ", ".join(['{"name": "a", "count": 1}'] * 500) + "]}",
    '{"__proto__": {"a": 1}, "": {"": [[[[]]]]}}',
)
VALID = '{"quote": "Ada", "size": 3}'

FAULTS = ("500:0.2", "reset:0.2", "html:0.2", "sse_cut:0.3", "invalid_utf8:0.2", "401@3", "401@7")

stops = st.sampled_from(["end_turn", "end_turn", "end_turn", "max_tokens", "refusal", "tool_use", "", "x" * 9_000])
texts = (
    st.sampled_from([VALID, *HOSTILE])
    | completions(Odd, document=TEXT).map(lambda said: said.text)
    | st.text(max_size=40)
)
replies = st.tuples(texts, stops)
outputs = st.sampled_from(["out.jsonl", "out.csv", "out.db", "out"])


def service(script, faults, seed):
    """Have each document get its own replies in turn, the last one for ever."""
    left = {text: [*told] for text, told in script.items()}

    def reply(asked):
        rest = left[asked.document]
        text, stop = rest.pop(0) if len(rest) > 1 else rest[0]
        return SimulatedReply(({"type": "text", "text": text},) if text else (), stop)

    return SimulatedClaude(reply, faults=faults, clock=ManualClock(), seed=seed)


def run(folder, claude, documents, output, *, streamed):
    """Start the run; give its totals, and what stopped it."""
    client = claude.async_client(max_retries=0)
    with (
        Ledger(folder / "ledger.db") as ledger,
        Extractor(Odd, client=client, retries=1) as extractor,
        open_sink(str(folder / output), None, schema=extractor.schema, records=False, several=True) as kept,
        open_rejects(str(folder / "rejects.jsonl")) as rejects,
    ):
        breaker = Breaker(now=iter(range(0, 10**9, 10)).__next__, max_wait=10**6)
        started = engine(extractor, ledger, kept, rejects, breaker=breaker, concurrency=3)
        try:
            started.run(documents, (lambda *_: None) if streamed else None)
        except SlotfillError as error:
            return started.totals, error, [*ledger.entries(0)]
        return started.totals, None, [*ledger.entries(0)]


@pytest.mark.slow
@examples(30, suppress_health_check=[HealthCheck.data_too_large])
@given(
    st.lists(st.lists(replies, min_size=1, max_size=3), min_size=1, max_size=6),
    outputs,
    st.lists(
        st.sampled_from(["500:0.2", "reset:0.2", "html:0.2", "sse_cut:0.3", "invalid_utf8:0.2", "401@7", "401@3"]),
        max_size=2,
    ),
    st.booleans(),
    st.integers(0, 3),
)
@example([[(text, "end_turn")] for text in HOSTILE], "out.db", [], False, 0)
@example([[(text, "end_turn")] for text in HOSTILE], "out.csv", [], True, 0)
@example([[("{}", "end_turn"), (VALID, "end_turn")]] * 3, "out.jsonl", ["401@4"], False, 0)
@example([[(text, "end_turn"), (VALID, "end_turn")] for text in HOSTILE], "out.jsonl", ["500:0.3"], False, 1)
def test_whatever_is_said_each_document_is_told_and_nothing_is_asked_twice(scripts, output, faults, streamed, seed):
    documents = [Document.of(f"{TEXT} Number {number}.", f"{number}.txt") for number in range(len(scripts))]
    script = {document.text: told for document, told in zip(documents, scripts, strict=True)}
    claude = service(script, faults, seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(3):
            asked = len(claude.requests)
            answered = {seen.http.body for seen in claude.requests if seen.status == 200 and not seen.faults}
            totals, stopped, entries = run(folder, claude, documents, output, streamed=streamed)
            assert not answered & {seen.http.body for seen in claude.requests[asked:]}
            check_accounts(totals, entries, documents, stopped)
            check_rejects(folder / "rejects.jsonl", entries, totals)
            if stopped is None:
                break
        assert stopped is None, "the credential is refused once at most"
        lost = {documents[entry.position].text for entry in entries if entry.retry_later}
        asked = len(claude.requests)
        claude.script(lambda _: VALID)
        run(folder, claude, documents, output, streamed=streamed)
        assert {seen.document for seen in claude.requests[asked:]} == lost


def check_accounts(totals, entries, documents, stopped):
    """Each document that was read has ended, or is pending where the run was stopped; the totals says how many."""
    ended = [entry for entry in entries if entry.ended]
    if stopped is None:
        assert len(ended) == len(documents)
    assert totals.documents == len(ended)
    records = [json.loads(entry.record) for entry in ended]
    assert all(document_key(documents[entry.position]) == entry.document for entry in ended)
    for record in records:
        assert Outcome(record["outcome"]).ok is (record["error"] is None)
        if record["error"]:
            assert record["error"]["type"]
            assert record["error"]["message"]
    unwritable = totals.outcomes - Counter(Outcome(record["outcome"]) for record in records)
    assert {*unwritable} <= {Outcome.FAILED}, "what an output cannot hold is failed, and nothing else is"
    if not totals.resumed:
        spent = sum((Usage(**record["usage"]) for record in records), Usage())
        assert totals.usage == spent


def check_rejects(path, entries, totals):
    """The rejects are whole, and hold what has no value."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rejected = [json.loads(line) for line in lines]
    assert len(rejected) == totals.documents - totals.extracted
    assert all(record["error"] for record in rejected)
