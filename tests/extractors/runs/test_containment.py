"""What one document, or one output, may do to a run: end itself, and nothing else."""

import asyncio
import json

import pytest
from pydantic import BaseModel, field_serializer, model_validator
from running import Memory, engine
from scripted import message

from slotfill import Document, Extractor, Outcome, OutputError
from slotfill.extractors.rungs.asks import Answer
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sink import Sink
from slotfill.extractors.runs.outputs.sinks import open_rejects, open_sink


class Panic(BaseException):
    """What a library that is written in Rust raises, as pyo3's own is."""


class Word(BaseModel):
    """Say a word."""

    word: str

    @model_validator(mode="after")
    def check(self):
        if self.word == "panic":
            raise Panic
        return self

    @field_serializer("word")
    def shown(self, word):
        if word == "unwritten":
            raise OSError("no such word")
        return word


def extractor(service, **options):
    """Have the service say of each document the word that it holds."""

    def reply(request):
        text = request["messages"][-1]["content"].split("\n")[1]
        return message(json.dumps({"word": text}))

    service.script(reply)
    return Extractor(Word, client=service.async_client(), **options)


def documents(*words):
    return [Document.of(word, str(number)) for number, word in enumerate(words)]


def records(ledger):
    return [json.loads(entry.record) for entry in ledger.entries(0)]


def failures(ledger):
    return [record["error"] and record["error"]["type"] for record in records(ledger)]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("odd", ["panic", "unwritten"])
def test_a_model_that_raises_over_one_document_ends_that_one(odd, streamed, service, tmp_path):
    """The answer is stored before it is read, so that the next start asks nothing; it does not die of it either."""
    told = (lambda *_: None) if streamed else None
    for start in range(2):
        kept, rejects = Memory(), Memory()
        with Ledger(tmp_path / "ledger.db", retry_failed=False) as ledger:
            run = engine(extractor(service) if not streamed else streaming(), ledger, kept, rejects)
            totals = run.run(documents("one", odd, "three"), told)
            assert len(ledger.recall(Document.of(odd))) == 1
        assert (kept.kept, rejects.kept) == ([0, 2], [1])
        assert totals.outcomes == {Outcome.VALID: 2, Outcome.FAILED: 1}
        if start == 0:
            asked = len(service.requests)
    assert len(service.requests) == asked


@pytest.mark.parametrize("error", [OverflowError, Panic])
@pytest.mark.parametrize("method", ["aextract", "end"])
def test_whatever_is_raised_over_one_document_ends_that_one(method, error, service, monkeypatch):
    """It may be raised around its plan, or by a ledger that cannot hold its record: that is kept without its value."""
    kind = Extractor if method == "aextract" else Ledger
    sound = getattr(kind, method)

    def odd(self, given, **options):
        if getattr(given, "text", None) == "two" or getattr(given, "data", None) == {"word": "two"}:
            raise error
        return sound(self, given, **options)

    monkeypatch.setattr(kind, method, odd)
    kept, rejects = Memory(), Memory()
    with Ledger(None) as ledger:
        totals = engine(extractor(service), ledger, kept, rejects).run(documents("one", "two", "three"))
        assert failures(ledger) == [None, "internal", None]
    assert (kept.kept, rejects.kept) == ([0, 2], [1])
    assert totals.outcomes == {Outcome.VALID: 2, Outcome.FAILED: 1}


def streaming():
    from slotfill.extractors.testing.claude import SimulatedClaude

    claude = SimulatedClaude(lambda request: {"word": request.document})
    return Extractor(Word, client=claude.async_client())


class Choosy(Sink):
    """Takes no record of a document of one number: neither as it is nor, where `strict`, without its value."""

    def __init__(self, number, error=OverflowError, *, live=False, strict=False):
        self.kept, self.number, self.error, self.live, self.strict = [], number, error, live, strict
        self.committed = None

    def write(self, record):
        number = int(record["document"]["source"])
        if number == self.number and (self.strict or record["value"] or record["invalid"]):
            raise self.error
        self.kept.append((number, record["outcome"], record["invalid"]))

    def commit(self, *, complete):
        self.committed = complete


@pytest.mark.parametrize("error", [OverflowError, Panic, RecursionError, UnicodeError])
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("records", [False, True])
def test_a_record_that_an_output_cannot_hold_is_a_failure_and_a_reject(records, live, error, service, caplog):
    kept, rejects = Choosy(1, error, live=live), Choosy(None)
    with Ledger(None) as ledger:
        totals = engine(extractor(service), ledger, kept, rejects, records=records).run(
            documents("one", "two", "three")
        )
    assert totals.outcomes == {Outcome.VALID: 2, Outcome.FAILED: 1}
    assert totals.extracted == 2
    assert rejects.kept == [(1, "failed", {"word": "two"})]
    assert [number for number, *_ in kept.kept] == ([0, 1, 2] if records else [0, 2])
    assert "1: cannot be written: an unexpected" in caplog.text


def test_rejects_that_hold_no_such_value_hold_the_failure(service):
    kept, rejects = Choosy(1), Choosy(1)
    with Ledger(None) as ledger:
        engine(extractor(service), ledger, kept, rejects).run(documents("one", "two"))
    assert rejects.kept == [(1, "failed", None)]


def test_a_number_that_no_column_holds(service, tmp_path):
    """Of JSON any number is right; a column of SQLite has 64 bits."""
    service.script(message('{"n": 7}'), message('{"n": ' + "9" * 400 + "}"), message('{"n": 8}'))
    for output in ("out.db", "out.csv", "out.jsonl"):
        with (
            Ledger(None) as ledger,
            Extractor("n int", client=service.async_client()) as one,
            open_sink(str(tmp_path / output), None, schema=one.schema, records=False, several=True) as kept,
        ):
            totals = engine(one, ledger, kept, Memory()).run(documents("one", "two", "three"))
        assert totals.documents == 3
        assert (tmp_path / output).exists()


class Full(Sink):
    """Fails for good after so many records, as a disk does; a signal may come there too."""

    def __init__(self, after, error, *, live):
        self.left, self.error, self.live, self.kept = after, error, live, []

    def write(self, record):
        if not self.left:
            raise self.error
        self.left -= 1
        self.kept.append(record["document"]["source"])


@pytest.mark.parametrize("error", [OutputError("full"), BrokenPipeError(), KeyboardInterrupt(), OSError("gone")])
@pytest.mark.parametrize("live", [False, True])
def test_rejects_are_written_whatever_ends_the_run(live, error, service, tmp_path):
    kept = Full(1, error, live=live)
    with Ledger(None) as ledger, open_rejects(str(tmp_path / "rejects.jsonl")) as rejects:
        run = engine(extractor(service), ledger, kept, rejects, concurrency=1)
        with pytest.raises(type(error)):
            run.run(documents("panic", "one", "two", "unwritten" if not live else "three"))
    sources = [json.loads(line)["document"]["source"] for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert sources == (["0"] if live else ["0", "3"])
    assert kept.kept == ["1"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Panic])
def test_a_reader_that_raises_ends_the_run_with_what_there_is(error, service, tmp_path):
    def broken():
        yield from documents("panic", *(f"word {number}" for number in range(9)))
        raise error

    kept = Memory()
    with Ledger(None) as ledger, open_rejects(str(tmp_path / "rejects.jsonl")) as rejects, pytest.raises(error):
        engine(extractor(service), ledger, kept, rejects, concurrency=1).run(broken())
    assert kept.kept
    assert kept.committed is False
    assert len((tmp_path / "rejects.jsonl").read_text().splitlines()) == 1


class Told:
    """An executor whose answers hold what no file takes, as no service of ours would send it."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0

    async def aexecute(self, _):
        self.asked += 1
        return self.answer


async def kept_by(answer, path):
    from slotfill.extractors.runs.asking import Asking
    from slotfill.extractors.runs.breaker import Breaker

    executor, document = Told(answer), Document.of("one", "one.txt")
    with Ledger(path) as ledger, Extractor("word str", model="claude-haiku-5-5", client=None) as one:
        ledger.register([document])
        asking = Asking(executor, ledger, Breaker(), concurrency=1)
        extraction = await one.aextract(document, executor=asking.for_document(document))
        ledger.end(extraction)
        assert asking.in_flight == 0
    return executor.asked, extraction


def test_an_answer_that_cannot_be_stored_is_stored_as_what_it_was_not(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    odd = Answer(json='{"word": "x"}', text='{"word": "x"}', stop_reason="end_turn", scored=(object(),))
    asked, extraction = asyncio.run(kept_by(odd, tmp_path / "ledger.db"))
    assert (asked, extraction.error.type) == (1, "internal")
    asked, again = asyncio.run(kept_by(odd, tmp_path / "ledger.db"))
    assert asked == 0
    assert again.error == extraction.error
