"""What plug-ins keep: what is built in keeps it, and so does the example; one that breaks a promise is seen to."""

import csv
import importlib.util
import inspect
import random
import re
import sys
import xml.etree.ElementTree as ET
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest
from checkout import ROOT

from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.documents.readers.mails import mail
from slotfill.extractors.documents.readers.markup import html
from slotfill.extractors.evaluation.judging.comparators import likeness
from slotfill.extractors.runs.outputs.json_sinks import open_lines
from slotfill.extractors.runs.outputs.sink import Sink
from slotfill.extractors.runs.outputs.tables.csv_sink import CsvSink
from slotfill.extractors.testing import (
    ComparatorConformance,
    ReaderConformance,
    SchemaConformance,
    SimulatedClaude,
    SinkConformance,
    TransportConformance,
)
from slotfill.extractors.testing.simulated_transport import SimulatedTransport
from slotfill.plugins import FailureKind, PlaceMap, ReadError, ReadText, Stretch
from slotfill.schemas import Compare, Sentiment

PACKAGE = ROOT / "tests" / "plugin_example" / "acme_plugins"


def example(name):
    """Load a module of the example, which is not installed here."""
    spec = importlib.util.spec_from_file_location(f"acme_example_{name}", PACKAGE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
class TestOurSchema(SchemaConformance):
    schema = Sentiment


class TestAJSONSchema(SchemaConformance):
    examples = 3
    schema: ClassVar = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


class TestHTML(ReaderConformance):
    reader = staticmethod(html.read)
    names = ("html", "htm", "text/html", "application/xhtml+xml")
    files = (b"<title>Offer</title><p>Two lamps, 24.50 EUR.</p>",)


def a_mail():
    message = EmailMessage()
    message["From"], message["Subject"] = "ada@a.example", "Two lamps"
    message.set_content("They came late.")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="offer.pdf")
    return bytes(message)


class TestMail(ReaderConformance):
    reader = staticmethod(mail.read)
    names = ("eml", "message/rfc822")
    files = (a_mail(),)


class TestReaderOfTheExample(ReaderConformance):
    reader = staticmethod(example("readers").read_reversed)
    names = ("rev", "text/x-reversed")
    files = ("Ada Lovelace, Žižkov"[::-1].encode(),)


class TestLines(SinkConformance):
    opens = staticmethod(open_lines)

    def output(self, folder):
        return str(folder / "out.jsonl")

    def count(self, output):
        return len(Path(output).read_bytes().splitlines())


class TestCSV(TestLines):
    opens = CsvSink

    def output(self, folder):
        return str(folder / "out.csv")

    def count(self, output):
        csv.field_size_limit(1 << 20)
        with Path(output).open(newline="") as file:
            return len([*csv.reader(file)]) - 1


class TestSinkOfTheExample(SinkConformance):
    opens = example("sinks").XmlSink

    def output(self, folder):
        return str(folder / "out.xml")

    def count(self, output):
        return len(ET.parse(output).getroot())


class Simulated:
    def facts(self, model):
        return TransportFacts(address="http://simulated.example")

    def open(self, model, settings):
        return SimulatedTransport(SimulatedClaude(["Ada."] * 9, models=[model]))

    def open_async(self, model, settings):
        return self.open(model, settings)


class TestSimulated(TransportConformance):
    transport = Simulated()
    model = "simulated:1"


class TestTransportOfTheExample(TransportConformance):
    transport = example("transports").ECHO
    model = "echo:1"


def as_text(one, other):
    return likeness(Compare("text"), one, other)


class TestText(ComparatorConformance):
    comparator = staticmethod(as_text)
    alike = (("Ada  Lovelace", "ada lovelace"),)
    different = (("INV-17", "INV-18"),)


class TestComparatorOfTheExample(ComparatorConformance):
    comparator = staticmethod(example("comparators").same_initials)
    alike = (("Ada Lovelace", "Anne Leclerc"),)
    different = (("Ada Lovelace", "Grace Hopper"),)


def broken_by(test, folder):
    """Return the names of the tests of a conformance class that fail."""
    names = set()
    for name, method in inspect.getmembers(test(), inspect.ismethod):
        if name.startswith("test_"):
            (folder / name).mkdir()
            try:
                method(*([folder / name] if "tmp_path" in inspect.signature(method).parameters else []))
            except Exception:  # noqa: BLE001 - as a test fails
                names.add(name)
    return names


def silent(data, options):
    yield ReadText("")


def beyond(data, options):
    yield ReadText("abc", PlaceMap((Stretch(0, 4, {"part": "x"}),)))


def chancy(data, options):
    yield ReadText(f"text {random.random()}")


def unsendable(data, options):
    yield ReadText("abc", PlaceMap((Stretch(0, 3, {"part": (1, 2)}),)))


def raising(data, options):
    if not data:
        raise ValueError
    yield ReadText("abc")


def wordless(data, options):
    if not data:
        raise ReadError(FailureKind.UNREADABLE, " ")
    yield ReadText("abc")


def naked(data, options):
    return ["abc"]


EVERY_READING_TEST = {name for name in vars(ReaderConformance) if name.startswith("test_")} - {
    "test_each_name_leads_to_it"
}


@pytest.mark.parametrize(
    ("reader", "tests"),
    [
        (silent, {"test_each_file_has_a_text"}),
        (beyond, {"test_places_are_within_their_texts"}),
        (chancy, {"test_a_file_is_read_alike_each_time"}),
        (unsendable, {"test_what_it_gives_reaches_the_run"}),
        (raising, {"test_a_damaged_file_raises_nothing_but_a_read_error"}),
        (wordless, {"test_a_damaged_file_raises_nothing_but_a_read_error"}),
        (naked, EVERY_READING_TEST),
    ],
)
def test_a_reader_that_breaks_a_promise(reader, tests, tmp_path):
    broken = type(
        "Broken", (ReaderConformance,), {"reader": staticmethod(reader), "names": ("abc",), "files": (b"abc",)}
    )
    assert broken_by(broken, tmp_path) == tests


@pytest.mark.parametrize(
    "name", ["", ".rtf", "tar.gz", "RTF", "text/RTF", "text/", "text/rtf; charset=x", "pdf", "text/html"]
)
def test_a_reader_with_a_name_that_finds_another_or_nothing(name):
    named = type("Named", (ReaderConformance,), {"reader": staticmethod(naked), "names": ("rtf", "text/rtf", name)})
    with pytest.raises(AssertionError, match=re.escape(repr(name))):
        named().test_each_name_leads_to_it()


class AtOnce(Sink):
    """Writes at once, and does not say that it does."""

    def __init__(self, output, options):
        self.path = Path(output)
        self.path.write_text("")

    def write(self, record):
        with self.path.open("a") as file:
            file.write("x\n")


class InTheEnd(Sink):
    def __init__(self, output, options):
        self.path, self.lines = Path(output), []

    def write(self, record):
        self.lines.append("x\n")

    def commit(self, *, complete):
        self.path.write_text("".join(self.lines))


class Forgetful(InTheEnd):
    def write(self, record):
        if len(self.lines) < 1:
            super().write(record)


class Whole(InTheEnd):
    def commit(self, *, complete):
        if complete:
            super().commit(complete=complete)


class Gone(InTheEnd):
    def discard(self):
        self.path.unlink()


@pytest.mark.parametrize(
    ("opens", "some"),
    [
        (AtOnce, "test_what_is_not_committed_leaves_an_older_output"),
        (InTheEnd, "test_a_run_that_was_stopped_before_it_wrote_keeps_an_older_output"),
        (Forgetful, "test_what_is_committed_stays"),
        (Whole, "test_a_run_that_was_stopped_keeps_what_it_wrote"),
        (Gone, "test_it_may_be_dropped_twice"),
        (lambda *_: 7, "test_what_is_committed_stays"),
    ],
)
def test_a_sink_that_breaks_a_promise(opens, some, tmp_path):
    broken = type("Broken", (TestLines,), {"opens": staticmethod(opens)})
    assert some in broken_by(broken, tmp_path)


class Changed(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers as the example does, but for one thing."""

    def __init__(self, change):
        self.inner, self.change = example("transports").ECHO.open("echo:1", None), change

    def handle_request(self, request):
        return self.change(self.inner.handle_request(request), request)

    async def handle_async_request(self, request):
        return self.change(await self.inner.handle_async_request(request), request)


def changed(old, new):
    def change(reply, request):
        return httpx2.Response(reply.status_code, headers=dict(reply.headers), content=reply.read().replace(old, new))

    return change


class Changing:
    def __init__(self, change, address="http://echo.invalid"):
        self.change, self.address = change, address

    def facts(self, model):
        return TransportFacts(address=self.address)

    def open(self, model, settings):
        return Changed(self.change)

    def open_async(self, model, settings):
        return self.open(model, settings)


@pytest.mark.parametrize(
    ("transport", "some"),
    [
        (Changing(changed(b"", b""), address="echo"), "test_it_says_what_it_knows_without_asking"),
        (Changing(changed(b'"end_turn"', b"null")), "test_it_answers_with_a_message"),
        (Changing(changed(b'"assistant"', b'"user"')), "test_it_answers_an_event_loop_alike"),
        (Changing(changed(b'"output_tokens":1', b'"output_tokens":null')), "test_it_can_be_closed_and_opened_again"),
        (Changing(changed(b"text_delta", b"other_delta")), "test_its_stream_is_a_message"),
        (
            Changing(lambda reply, request: httpx2.Response(200, json={})),
            "test_a_request_that_is_none_is_an_error_of_the_service",
        ),
    ],
)
def test_a_transport_that_breaks_a_promise(transport, some, tmp_path):
    broken = type("Broken", (TransportConformance,), {"transport": transport, "model": "echo:1"})
    assert some in broken_by(broken, tmp_path)


@pytest.mark.parametrize(
    ("comparator", "some"),
    [
        (lambda one, other: 0.0, "test_what_is_the_same_is_told_from_what_is_not"),
        (lambda one, other: 1.0, "test_what_is_the_same_is_told_from_what_is_not"),
        (lambda one, other: one.casefold() == other.casefold(), "test_it_takes_any_json_and_gives_a_share"),
        (lambda one, other: 2.0, "test_it_takes_any_json_and_gives_a_share"),
        (lambda one, other: float(str(one) <= str(other)), "test_gold_and_prediction_may_change_places"),
        (lambda one, other: random.random(), "test_it_says_the_same_each_time"),
    ],
)
def test_a_comparator_that_breaks_a_promise(comparator, some, tmp_path):
    pairs = {"alike": (("a", "A"),), "different": (("a", "b"),)}
    broken = type("Broken", (ComparatorConformance,), {"comparator": staticmethod(comparator), **pairs})
    assert some in broken_by(broken, tmp_path)


def test_a_schema_that_breaks_a_promise(tmp_path):
    impossible = {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}},
        "required": ["a"],
    }
    broken = type("Broken", (SchemaConformance,), {"schema": impossible})
    assert "test_it_keeps_the_laws_of_schemas" in broken_by(broken, tmp_path)


def test_a_schema_that_no_other_process_finds(tmp_path):
    hidden = type("Hidden", (Sentiment,), {"__doc__": "Nobody finds it.", "__module__": __name__})
    broken = type("Broken", (SchemaConformance,), {"schema": hidden, "examples": 1})
    assert "test_other_processes_make_the_same_of_it" in broken_by(broken, tmp_path)
