"""What a log says of a run, and what it never does."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from typing import Literal

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document, pdf
from pydantic import BaseModel, ConfigDict, Field, field_validator
from scripted import message, refusal

from slotfill import Document, Extractor, Outcome
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.runs.reports.logs import log_extraction, log_to_stderr
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS
from slotfill.schemas import Verbatim
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema

CANARY = "CANARY"
TEXT = f"The {CANARY} came late, and the {CANARY} bell did not ring. " * 3
KEY = "sk-tést'\"\\-key-12345"  # whatever form it is written in
LOGGERS = ("slotfill", "anthropic", "asyncio", "instructor")
FORMATS = ("text", "json")


class Report(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quote: Verbatim
    tone: Literal["good", "bad"]
    urgency: int = Field(ge=1, le=5)
    counts: dict[str, int]
    notes: list[str] = Field(max_length=2)


VALUE = {"quote": "came late", "tone": "bad", "urgency": 3, "counts": {CANARY: 1}, "notes": [CANARY]}
SCHEMA = Schema(Report)


def logged(extraction, verbosity, log_format, capsys, schema=SCHEMA):
    capsys.readouterr()
    with log_to_stderr(verbosity, log_format):
        log_extraction(extraction, schema)
    return capsys.readouterr().err


def check_silent(extraction, capsys, schema=SCHEMA):
    """See a line with the outcome and the failure's kind, and neither text nor value but where it was asked for."""
    for verbosity in (0, 1):
        text, lines = (logged(extraction, verbosity, form, capsys, schema) for form in FORMATS)
        assert CANARY.lower() not in (text + lines).lower()
        if not extraction.ok or verbosity:
            (line,) = map(json.loads, lines.splitlines())
            assert line["outcome"] == extraction.outcome
            assert text.startswith(f"a.txt: {extraction.outcome.value}")
        else:
            assert text + lines == ""
        if extraction.error:
            assert line["error"]["type"] == extraction.error.type
            assert line["error"]["message"]
            assert f"[{extraction.error.type}]" in text


def log_exception(name, error, *said):
    try:
        raise error
    except type(error):
        logging.getLogger(name).exception(*said)


def reply(**changes):
    return message(tool=VALUE | changes, name="report")


def document(text=TEXT):
    return Document.of(text, "a.txt")


@pytest.mark.sweep
@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("model", ["claude-haiku-5-5", "claude-3-haiku-20240307"])
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in BATCH_FAULTS])
def test_no_fault_puts_a_text_or_a_value_into_the_log(fault, model, retries, capsys, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    claude = SimulatedClaude(lambda _: VALUE, faults=[fault], clock=ManualClock())
    mend = "safe" if retries else "off"
    with Extractor(SCHEMA, client=claude.client(max_retries=0), model=model, retries=retries, mend=mend) as extractor:
        *_, extraction = extractor.stream(document()) if fault.startswith("sse") else (extractor.extract(document()),)
    assert claude.requests[0].document
    check_silent(extraction, capsys)


QUOTING = {
    "a refusal": (message(stop_reason="refusal", stop_details={"type": "refusal", "explanation": CANARY}), "refusal"),
    "a 400": (refusal("invalid_request_error", f"messages.0: {CANARY} is not allowed"), "bad_request"),
    "a refused schema": (refusal("invalid_request_error", f"output_config: schema: {CANARY}"), "schema_refused"),
    "a 413": (refusal("request_too_large", f"{CANARY} is too much", 413), "too_large"),
    "a 500": (refusal("api_error", f"cannot read {CANARY}", 500), "server"),
    "a 401": (refusal("authentication_error", f"not for {CANARY}", 401), "authentication"),
    "a page": ((502, f"<html>{CANARY}</html>".encode()), "server"),
    "no message": (f'"{CANARY}'.encode(), "unreadable_reply"),
    "a broken line": (httpx2.RemoteProtocolError(f"illegal chunk header: bytearray(b'{CANARY}')"), "connection"),
    "another tool": (message(tool={}, name=CANARY, stop_reason="tool_use"), "validation"),
    "prose": (message(f"I found {CANARY}."), "validation"),
    "an invented quote": (reply(quote=f"{CANARY} rang"), "validation"),
    "a wrong word": (reply(tone=CANARY), "validation"),
    "a field of its own": (reply(CANARY=1), "validation"),
    "a wrong count": (reply(counts={CANARY: "many"}), "validation"),
}


@pytest.mark.parametrize("name", QUOTING)
def test_what_quotes_the_document_is_not_repeated(name, service, capsys):
    reply, kind = QUOTING[name]
    service.script(reply)
    model = "claude-3-haiku-20240307" if name == "another tool" else "claude-haiku-5-5"
    with Extractor(SCHEMA, client=service.client(), model=model, retries=0, mend="off") as extractor:
        extraction = extractor.extract(document())
    assert extraction.error.type == kind
    check_silent(extraction, capsys)
    everything = "".join(logged(extraction, 2, form, capsys) for form in FORMATS)
    assert CANARY in everything or name in ("a page", "no message", "prose")  # of these no word is kept


def test_a_long_document_that_fails_in_part(service, capsys):
    service.script(reply(), reply(tone=CANARY))
    with Extractor(SCHEMA, client=service.client(), retries=0, mend="off", chunk_chars=100) as extractor:
        extraction = extractor.extract(document())
    assert extraction.outcome in (Outcome.PARTIAL, Outcome.FAILED)
    check_silent(extraction, capsys)
    assert "parts could not be read [" in logged(extraction, 0, "text", capsys)


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "maximum": 3, "multipleOf": 2},
        "s": {"type": "string", "maxLength": 4, "pattern": "^[a-z]+$"},
        "e": {"enum": ["x", "y"]},
        "k": {"const": "fixed"},
        "d": {"type": "string", "format": "date"},
        "l": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "maxItems": 2},
        "u": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["q"]}]},
        "f": {"not": {"type": "string"}},
    },
    "additionalProperties": {"type": "integer"},
}
WRONG = [
    {"n": CANARY},
    {"n": 9},
    {"n": 1},
    {"s": CANARY * 40},
    {"s": "A"},
    {"e": CANARY},
    {"k": CANARY},
    {"d": CANARY},
    {"l": [CANARY]},
    {"l": [1, 1]},
    {"l": [1, 2, 3]},
    {"u": CANARY},
    {"u": {CANARY: 1}},
    {"f": CANARY},
    {CANARY: CANARY},
    {"canary/~": "x"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_json_schema(wrong, service, capsys):
    schema = Schema(response_model(JSON_SCHEMA, name="things"))
    service.script(message(json.dumps(wrong)))
    with Extractor(schema, client=service.client(), retries=0, mend="off") as extractor:
        extraction = extractor.extract(document())
    assert extraction.error.type == "validation"
    check_silent(extraction, capsys, schema)


class Strict(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def check(cls, word: str) -> str:
        if word.startswith("C"):
            raise ValueError(f"{word} is none")
        raise KeyError(word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (CANARY, "a.txt: failed at /word: the value does not validate [validation]\n"),
        (CANARY.lower(), "a.txt: failed at /word: a validator of strict raised KeyError [schema_code]\n"),
    ],
)
def test_a_validator_of_ones_own(word, said, service, capsys):
    schema = Schema(Strict)
    service.script(message(json.dumps({"word": word})))
    with Extractor(schema, client=service.client(), retries=0, mend="off") as extractor:
        extraction = extractor.extract(document())
    check_silent(extraction, capsys, schema)
    assert logged(extraction, 0, "text", capsys, schema) == said


class TestLines:
    @pytest.fixture
    def valid(self, service):
        service.script(reply())
        with Extractor(SCHEMA, client=service.client()) as extractor:
            return extractor.extract(document())

    def test_text(self, valid, capsys):
        said = logged(valid, 1, "text", capsys)
        id_ = valid.document.id[:12]
        assert said == f"a.txt: valid in {valid.ms} ms, 100 tokens in, 20 out ({id_}, req_1)\n"

    def test_json(self, valid, capsys):
        line = json.loads(logged(valid, 1, "json", capsys))
        assert line.pop("time")
        assert line.pop("message").startswith("a.txt: valid in ")
        assert line == {
            "level": "info",
            "document": valid.document.id[:12],
            "source": "a.txt",
            "chars": len(TEXT),
            "outcome": "valid",
            "requests": 1,
            "input_tokens": 100,
            "output_tokens": 20,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
            "thinking_tokens": 0,
            "ms": valid.ms,
            "request_ids": ["req_1"],
        }

    def test_values_are_told_to_those_who_ask_for_all(self, valid, capsys):
        assert f"a.txt: value {VALUE}\n" in logged(valid, 2, "text", capsys)
        _, line = map(json.loads, logged(valid, 2, "json", capsys).splitlines())
        assert (line["source"], line["value"]) == ("a.txt", VALUE)

    def test_a_failure_and_what_it_took(self, service, capsys):
        service.script(reply(urgency=9, tone=1))
        with Extractor(SCHEMA, client=service.client(), retries=0, mend="off") as extractor:
            failed = extractor.extract(document())
        short = "a.txt: failed at /tone: Input should be 'good' or 'bad' (and 1 more) [validation]"
        assert logged(failed, 0, "text", capsys) == f"{short}\n"
        assert logged(failed, 1, "text", capsys).startswith(f"{short}; in {failed.ms} ms, 100 tokens in, 20 out (")
        line = json.loads(logged(failed, 0, "json", capsys))
        assert (line["level"], line["error"]) == (
            "error",
            {"type": "validation", "path": "/tone", "message": "Input should be 'good' or 'bad' (and 1 more)"},
        )
        assert "a.txt: ask at /urgency: Input should be less than or equal to 5\n" in logged(failed, 2, "text", capsys)

    def test_a_text_from_memory(self, service, capsys):
        service.script(reply())
        with Extractor(SCHEMA, client=service.client()) as extractor:
            assert logged(extractor.extract(TEXT), 1, "text", capsys).startswith("the text: valid in ")


@pytest.mark.parametrize(
    ("verbosity", "said"),
    [(-1, ""), (0, "bad\nodd\n"), (1, "bad\nodd\nfine\n"), (2, "bad\nodd\nfine\nall\n"), (7, "bad\nodd\nfine\nall\n")],
)
def test_verbosity(verbosity, said, capsys):
    logger = logging.getLogger("slotfill")
    with log_to_stderr(verbosity, "text"):
        logger.error("bad")
        logger.warning("odd")
        logger.info("fine")
        logger.debug("all")
    logger.error("afterwards")
    assert capsys.readouterr().err == said


def test_all_loggers_are_left_as_they_were():
    def state():
        return [(logger.level, logger.propagate, logger.handlers[:]) for logger in map(logging.getLogger, LOGGERS)]

    before = state()
    with log_to_stderr(2, "json"):
        assert state() != before
    assert state() == before


def test_a_line_is_told_once(caplog):
    with log_to_stderr(0, "text"):
        logging.getLogger("slotfill").error("bad")
    assert caplog.records == []  # what handles all loggers' lines has not heard of it


def test_json_lines(capsys):
    with log_to_stderr(0, "json"):
        logging.getLogger("slotfill").error("a\nb \x1b")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"]) == ("error", "a\nb \x1b")


def test_what_is_below_a_line_is_indented(capsys):
    with log_to_stderr(0, "text"):
        logging.getLogger("slotfill").error("a", extra={"data": {"detail": "b\nc \x1b"}})
    assert capsys.readouterr().err == "a\n    b\n    c \\x1b\n"


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("name", ["anthropic._base_client", "asyncio", "instructor"])
def test_what_others_say_is_told_to_those_who_ask_for_all_alone(name, log_format, capsys):
    for verbosity, told in ((0, False), (1, False), (2, True)):
        with log_to_stderr(verbosity, log_format):
            log_exception(name, ValueError(CANARY), "it broke: %s", CANARY)
        said = capsys.readouterr().err
        assert (CANARY in said) == told
        assert "ValueError" in said
        assert ("Traceback" in said) == told


def test_a_task_that_nobody_waited_for_says_nothing_of_its_document(capsys):
    async def fail():
        raise ValueError(CANARY)

    async def forget():
        asyncio.create_task(fail())  # noqa: RUF006 - it is to be lost
        await asyncio.sleep(0)

    with log_to_stderr(1, "text"):
        asyncio.run(forget())
        said = capsys.readouterr().err
    assert "asyncio reports a problem" in said
    assert CANARY not in said


class TestSecrets:
    def echoing(self, request):
        """Say the key wherever a service can."""
        key = request.headers["x-api-key" if "x-api-key" in request.headers else "authorization"]
        body = {"type": "error", "error": {"type": "authentication_error", "message": f"no {key} {KEY}"}}
        headers = {"x-echo": key, "request-id": "req_1"}
        return httpx2.Response(401, json=body, headers=headers)

    def failing(self, request):
        raise httpx2.LocalProtocolError(f"Illegal header value {KEY!r} {request.headers['authorization']}")

    @pytest.mark.parametrize("log_format", FORMATS)
    @pytest.mark.parametrize("handler", ["echoing", "failing"])
    @pytest.mark.parametrize("secrets", [(KEY.replace("é", "e"), KEY), ("sk-ant-api03-AbCdEfGhIj-123",)])
    def test_no_key_is_ever_logged(self, handler, secrets, log_format, capsys):
        key = secrets[0]
        transport = httpx2.MockTransport(getattr(self, handler))
        client = anthropic.Anthropic(api_key=key, max_retries=0, http_client=httpx2.Client(transport=transport))
        known = () if key.startswith("sk-ant") else secrets
        with log_to_stderr(2, log_format, known), Extractor(SCHEMA, client=client) as extractor:
            extraction = extractor.extract(document())
            log_extraction(extraction, SCHEMA)
            log_exception("slotfill", RuntimeError(key), "with %s and %r", key, {"key": key})
        said = capsys.readouterr().err
        assert "Request options" in said
        assert "[credential]" in said
        for secret in secrets:
            for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
                assert form not in said

    @given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=40), st.sampled_from(FORMATS))
    def test_any_key(self, key, log_format):
        written = io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stderr", written)
            with log_to_stderr(0, log_format, (key,)):
                logging.getLogger("slotfill").error("<%s>", key)
        assert "<[credential]>" in written.getvalue()

    def test_a_word_is_no_key(self, capsys):
        with log_to_stderr(0, "text", ("any", "")):
            logging.getLogger("slotfill").error("a company")
        assert capsys.readouterr().err == "a company\n"


@pytest.mark.slow
def test_a_process_logs_nothing_that_python_would_print_by_itself(server, tmp_path):
    """Without a handler Python prints the errors of any logger; under pytest there always is one."""
    server.script(refusal("api_error", f"cannot read {CANARY}", 500))
    (tmp_path / "a.txt").write_text(TEXT)
    process = subprocess.run(
        [sys.executable, "-m", "slotfill", "extract", "feedback", "a.txt"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (1, "a.txt: failed: the service failed (HTTP 500) [server]\n")


def test_a_failure_of_a_document(capsys):
    broken = Document(
        "", "0" * 64, "a.txt", Failure(FailureKind.BROKEN_ROW, "line 2 is no JSON: Expecting value at column 9")
    )
    with Extractor(SCHEMA, client=SimulatedClaude().client()) as extractor:
        said = logged(extractor.extract(broken), 0, "text", capsys)
    assert said == "a.txt: failed: line 2 is no JSON: Expecting value at column 9 [broken_row]\n"


@pytest.mark.parametrize("log_format", FORMATS)
def test_no_file_is_ever_logged(log_format, capsys):
    large = pdf(2) + b"%" + b"x" * 200_000 + pdf(2)[-200:]
    claude, paged = SimulatedClaude(), paged_document("Fine.", 2, data=lambda _: large)
    with log_to_stderr(2, log_format), Extractor("sentiment", client=claude.client()) as extractor:
        assert extractor.extract(paged).ok
    said = capsys.readouterr().err
    assert "Request options" in said
    assert "characters of base64)" in said
    assert len(said) < 50_000
