"""The public API as a type checker sees it; `make lint` checks it, nothing runs it.

A `type: ignore` here stands for a mistake that has to be found: strict mypy reports one that is not needed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, assert_type

import httpx2
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

import slotfill
from slotfill import (
    AnswerExtractor,
    Attempt,
    BatchPlace,
    Document,
    Edit,
    EntityExtractor,
    Evaluation,
    Example,
    Extraction,
    ExtractionError,
    Extractor,
    Failure,
    FeedbackExtractor,
    FieldError,
    MissingExtraError,
    ModelError,
    Outcome,
    Rung,
    Schema,
    SchemaError,
    SentimentExtractor,
    SlotfillError,
    Span,
    SummaryExtractor,
    TakenOver,
    Tuned,
    Usage,
    evaluate,
    load_record,
    read_document,
    read_record,
    to_frame,
)
from slotfill.distributed import (
    Coordinator,
    LocalWorkers,
    Orders,
    RayWorkers,
    Recipe,
    SlotfillExtract,
    Worker,
    WorkerReport,
)
from slotfill.passages import Passage, SourceSpan, join_passages, source_spans
from slotfill.plugins import (
    Comparator,
    ModelTransport,
    OpensSink,
    PluggedSchema,
    Reader,
    ReadOptions,
    ReadText,
    Sink,
    SinkOptions,
    TransportFacts,
)
from slotfill.schemas import (
    Confidence,
    Entities,
    Feedback,
    QuotedAnswer,
    Sentiment,
    Summary,
    Verbatim,
    built_ins,
    resolve,
)


class Invoice(BaseModel):
    """What an app might extract."""

    number: Verbatim
    total: Decimal
    sure: Annotated[float, Confidence("total")]


@dataclass
class Shipment:
    """What another might."""

    number: str


def models() -> None:
    """A model's type reaches the value."""
    with Extractor(Feedback) as extractor:
        assert_type(extractor, Extractor[Feedback])
        extraction = extractor.extract("The app logs me out.")
        assert_type(extraction, Extraction[Feedback])
        assert_type(extraction.value, Feedback)
        assert_type(extractor.map(["one", Document.of("two")], progress=True), Iterator[Extraction[Feedback]])
    assert_type(Extractor(Invoice, model="local").extract("No. 7").value.number, str)
    assert_type(Extractor(Invoice).extract("No. 7").value.sure, float)
    assert_type(Extractor(Schema(Invoice, name="bill")).extract("No. 7").value, Invoice)


def types() -> None:
    """Any other type reaches it, too; what a checker takes for no type is any."""
    assert_type(Extractor(list[Invoice]).extract("No. 7").value, list[Invoice])
    assert_type(Extractor(dict[str, int]).extract("No. 7").value, dict[str, int])
    assert_type(Extractor(Shipment).extract("No. 7").value, Shipment)
    either: Extractor[Any] = Extractor(Invoice | Shipment)
    assert_type(either.extract("No. 7").value, Any)
    assert_type(Extractor(Schema(list[Invoice], name="bills")).extract("No. 7").value, list[Invoice])
    assert_type(resolve(list[Invoice]), Schema[list[Invoice]])
    typed: Extractor[Invoice | Feedback] = Extractor(Invoice | Feedback)
    assert_type(typed.extract("No. 7").value, Invoice | Feedback)


def frames(extraction: Extraction[Feedback]) -> None:
    """What kind of frame it is depends on what is installed, unless one says it."""
    assert_type(to_frame([extraction]), Any)
    assert_type(to_frame([extraction], Feedback, backend="polars").height, int)
    to_frame([extraction], "feedback", records=False, keep=["id"], backend="pandas")
    to_frame([extraction], backend="arrow")  # type: ignore[call-overload]
    to_frame([extraction.value])  # type: ignore[list-item]


def evaluations(extraction: Extraction[Feedback]) -> None:
    """Gold and extractions are files, or what stands in them."""
    assert_type(evaluate("gold.jsonl", Path("records.jsonl"), by="lang"), Evaluation)
    assert_type(evaluate([{"text": "x", "value": {}}], [extraction, read_record("r.jsonl#1")], Feedback), Evaluation)
    assert_type(evaluate("gold.jsonl", [extraction]).scores.micro.tolerant.f1.value, float | None)
    evaluate("gold.jsonl", [extraction.value])  # type: ignore[list-item]


async def coroutines() -> None:
    """The async twins give the same types."""
    async with Extractor(Feedback, client=AsyncAnthropic()) as extractor:
        assert_type(await extractor.aextract("The app logs me out."), Extraction[Feedback])
        assert_type(extractor.amap(["one"], concurrency=4, progress=True), AsyncGenerator[Extraction[Feedback]])
        async for extraction in extractor.amap(["one"]):
            assert_type(extraction.value, Feedback)


def sources() -> None:
    """Of what is only known at run time the value is Any."""
    named = Extractor("sentiment")
    assert_type(named.extract("Good."), Extraction[Any])
    assert_type(Extractor({"type": "object"}).extract("Good.").value, Any)
    assert_type(resolve(Invoice), Schema[Invoice])
    assert_type(Tuned.read("tuned.json").apply(Schema(Invoice)), Schema[Invoice])
    assert_type(built_ins(), dict[str, str])


def ready_made() -> None:
    """Each ready-made extractor knows its value."""
    assert_type(SentimentExtractor().extract("Good.").value, Sentiment)
    assert_type(FeedbackExtractor(model="local").extract("Good.").value, Feedback)
    assert_type(EntityExtractor(client=Anthropic()).extract("Paris.").value, Entities)
    assert_type(join_passages(["a", Passage("b", "b.txt", 5), Document.of("c")]), Document)
    assert_type(source_spans(AnswerExtractor("Why?").extract("So.")), dict[str, tuple[SourceSpan, ...]])
    assert_type(AnswerExtractor("Why?").extract("So.").value, QuotedAnswer)
    assert_type(SummaryExtractor(sentences=2).extract("Long.").value, Summary)
    assert_type(SentimentExtractor().extract("Good.").value.sentiment, Literal["positive", "negative", "neutral"])


def record(extraction: Extraction[Feedback]) -> None:
    """Everything in the record has a type."""
    assert_type(extraction.ok, bool)
    assert_type(extraction.outcome, Outcome)
    assert_type(extraction.spans, Mapping[str, Span])
    assert_type(extraction.confidence, Mapping[str, Literal["scored", "stated", "agreed"]])
    assert_type(extraction.edits, tuple[Edit, ...])
    assert_type(extraction.attempts, tuple[Attempt, ...])
    assert_type(extraction.attempts[0].errors, tuple[FieldError, ...])
    assert_type(extraction.attempts[0].rung, Rung)
    assert_type(extraction.usage, Usage)
    assert_type(extraction.attempts[0].usage.tier, Literal["batch"] | None)
    assert_type(extraction.attempts[0].batch, BatchPlace | None)
    assert_type(extraction.cost_usd, Decimal | None)
    assert_type(extraction.error, Failure | None)
    assert_type(extraction.document.source, str | None)
    assert_type(extraction.to_json(), dict[str, Any])
    assert_type(slotfill.__version__, str)


def stored_records(extractor: Extractor[Feedback]) -> None:
    """A stored record is an extraction of the schema's model again."""
    record = read_record("records.jsonl#12")
    assert_type(load_record(record, extractor.schema, read_document(record)), Extraction[Feedback])
    assert_type(extractor.update(record, "It came late."), Extraction[Feedback])
    assert_type(extractor.update(record, "It came late.", reworded=True).taken_over, TakenOver | None)


def errors() -> None:
    """One base for all that is raised; the built-in bases hold."""
    try:
        Extractor("sentimnt")
    except ExtractionError as error:
        assert_type(error.extraction, Extraction[Any])
    except (MissingExtraError, ModelError, SchemaError) as error:
        base: SlotfillError = error
        raise base from None


def mistakes(extraction: Extraction[Feedback]) -> None:
    """What a checker has to find."""
    Extractor(Feedback, modle="local")  # type: ignore[call-overload]  # no such option
    Extractor(Feedback, retries="2")  # type: ignore[call-overload]  # a number
    Extractor(7)  # type: ignore[call-overload]  # no schema
    Extractor(Feedback).extract(b"bytes")  # type: ignore[arg-type]  # a text
    SentimentExtractor(sentences=2)  # type: ignore[call-arg]  # an option of summaries
    _ = extraction.value.urgencey  # type: ignore[attr-defined]  # a field's name
    _ = extraction.cost_usd + 1  # type: ignore[operator]  # it may be None
    extraction.outcome = Outcome.VALID  # type: ignore[misc]  # a record does not change
    Extractor(Feedback, examples=[Example("Good.")])  # type: ignore[call-arg]  # an example has a value


async def in_several_processes(extractor: Extractor[Feedback], orders: Orders) -> None:
    """Workers are made of an extractor of whatever model; what an option is, is known."""
    recipe = Recipe.of(extractor)
    assert_type(recipe.text, str)
    assert_type(Recipe.read(recipe.text).extractor(), Extractor[Any])
    LocalWorkers(extractor, workers=2, concurrency=8)
    RayWorkers(extractor, workers=2, concurrency=8, address="ray://head.example")
    LocalWorkers(extractor)  # type: ignore[call-arg]
    assert_type(await Worker(recipe, 8).step(orders), WorkerReport)
    SlotfillExtract("feedback", text="body", max_cost="1.50", ledger="answers.db", rpm=4_000)
    SlotfillExtract("feedback", rmp=4_000)  # type: ignore[call-arg]


async def coordinated(coordinator: Coordinator, report: WorkerReport) -> None:
    """Reports go in, and orders out."""
    assert_type(coordinator.exchange("a worker", report), Orders)
    assert_type(await coordinator.extract(Document.of("It came late.")), Extraction[Any])
    coordinator.lost("a worker")


class ListSink(Sink):
    """A sink of a plug-in is a class that is made of an output and its options."""

    def __init__(self, output: str, options: SinkOptions) -> None:
        self.made_of = output, options.schema.name

    def write(self, record: Mapping[str, Any]) -> None:
        assert_type(record["value"], Any)


class Gateway:
    """A transport of a plug-in needs no base class."""

    def facts(self, model: str) -> TransportFacts:
        return TransportFacts(address="https://gateway.example", stands_for=model)

    def open(self, model: str, settings: object) -> httpx2.BaseTransport:
        return httpx2.HTTPTransport()

    def open_async(self, model: str, settings: object) -> httpx2.AsyncBaseTransport:
        return httpx2.AsyncHTTPTransport()


def read_text(data: bytes, options: ReadOptions) -> Iterator[ReadText]:
    yield ReadText(data.decode(options.encoding or "utf-8"))


def same_length(one: Any, other: Any) -> float:
    return float(len(str(one)) == len(str(other)))


reader: Reader = read_text
opens: OpensSink = ListSink
transport: ModelTransport = Gateway()
comparator: Comparator = same_length
plugged: PluggedSchema = {"type": "object"}
no_reader: Reader = same_length  # type: ignore[assignment]  # it takes two values, and gives a number
