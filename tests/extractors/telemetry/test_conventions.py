"""Nothing of a document is in what is told of it: no text, no value, no source, no message of an error."""

import asyncio
import io
import json
import re

import pytest
from batching import Texts
from checkout import ROOT
from heard import SDK, hearing
from pydantic import BaseModel, field_validator

from slotfill import Document, Extractor
from slotfill.extractors.batches.waves import BatchOptions
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.runs.session import Start, run_once
from slotfill.extractors.telemetry.conventions import known_reason
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply

MARKER = "XyzzyPlugh"


class Hostile(BaseModel):
    """Copy the note."""

    note: str

    @field_validator("note")
    @classmethod
    def check(cls, note: str) -> str:
        """Quote what it was given, in all that it raises."""
        if "wrong" in note:
            raise ValueError(note)
        if "broken" in note:
            raise LookupError(note)
        return note


def block(text):
    return {"type": "text", "text": text}


REPLIES = {
    "valid": json.dumps({"note": MARKER}),
    "mended": f'Here is {MARKER}: {{"note": "{MARKER}", {MARKER}: 1}}',
    "wrong": json.dumps({"note": f"wrong {MARKER}"}),
    "broken": json.dumps({"note": f"broken {MARKER}"}),
    "none": f"I will say nothing of {MARKER}.",
    "refused": SimulatedReply((), "refusal", {"type": "refusal", "category": None, "explanation": MARKER}),
    "cut": SimulatedReply((block(f'{{"note": "{MARKER}'),), "max_tokens"),
    "odd": SimulatedReply((block(json.dumps({"note": MARKER})),), MARKER),
    "quoted": ApiError(400, "invalid_request_error", f"messages: {MARKER} is not to be had"),
    "down": ApiError(500, "api_error", f"while reading {MARKER}"),
    "kind": ApiError(400, MARKER, MARKER),
}


def reply(request):
    return REPLIES[request.document.split()[0]]


def texts():
    return [f"{kind} {MARKER} says the text." for kind in REPLIES]


class Sources(Texts):
    """Texts whose source is one of what must not be told."""

    def __iter__(self):
        return (Document.of(text, f"{MARKER}/in#{number}") for number, text in enumerate(self.texts, 1))


def run(folder, **start):
    with Extractor(Hostile, retries=1) as extractor:
        begun = Start((f"{MARKER}.jsonl",), str(folder / f"{MARKER}.jsonl"), labels={"of": MARKER}, **start)
        run_once(extractor, Sources(texts()), begun, io.BytesIO())


async def stream_all():
    async with Extractor(Hostile, retries=1) as extractor:
        for text in texts():
            async for _ in extractor.astream(Document.of(text, MARKER)):
                pass
        first = await extractor.aextract(Document.of(texts()[0], MARKER))
        await extractor.arefine(first, f"it is {MARKER}")


def test_nothing_of_a_document_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
    claude = SimulatedClaude(reply)
    with hearing() as heard, served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        run(tmp_path / "live")
        run(tmp_path / "batches", batch=BatchOptions(tail=0))
        asyncio.run(stream_all())
        told = [(span.name, span.to_json()) for span in heard.spans]
        told.append(("metrics", heard.reader.get_metrics_data().to_json()))
    assert len({span.name for span in heard.spans}) >= 5
    assert any(MARKER in request.document for request in claude.requests)
    lines = [(name, line.strip()) for name, text in told for line in text.splitlines() if MARKER in line]
    # Two words of the service's own stand in the SDK's spans as they come: why a reply ended, and the kind of an error.
    words = ("anthropic.message.stop_reason", "error.type")
    assert {(name, line.partition(":")[0].strip('"')) for name, line in lines} <= {(SDK, word) for word in words}


@pytest.mark.parametrize(("reason", "known"), [("end_turn", "end_turn"), (MARKER, "other"), ("", "other")])
def test_a_reason_that_nobody_knows_is_not_told(reason, known):
    assert known_reason(reason) == known


def test_names_that_change_stand_in_one_module():
    files = [*ROOT.glob("extractors/**/*.py"), *ROOT.glob("commands/**/*.py")]
    held = {file.relative_to(ROOT).as_posix() for file in files if re.search(r"[\"']gen_ai\.", file.read_text("utf-8"))}
    assert held == {"extractors/telemetry/conventions.py"}
