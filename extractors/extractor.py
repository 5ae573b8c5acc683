"""Extractor: the face that apps use. One schema, one model, clients built once and reused."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import replace
from os import PathLike
from types import UnionType
from typing import Any, Generic, Self, TypeAlias, TypeVar, Unpack, overload

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.catalogue.transport_facts import takes_pages
from slotfill.extractors.clients.credentials import choose_model
from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.models import ModelPool
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.documents.document import Document
from slotfill.extractors.drivers import (
    Asker,
    BlockingAsker,
    ConcurrentAsker,
    RunningPlan,
    drive,
    extraction_of,
    iterate,
    run_to_end,
)
from slotfill.extractors.errors import InputError, SettingsError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.options import (
    SETTINGS,
    Options,
    check_client,
    curves_of,
    models_of,
    tape_of,
    tuned_of,
)
from slotfill.extractors.plan import plan
from slotfill.extractors.readings.requirements import check_requirements
from slotfill.extractors.record.parts import Attempt, Turn
from slotfill.extractors.rungs.asks import Executor, attempt_of
from slotfill.extractors.settings import Settings
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.terminal.mapping_progress import mapping_progress
from slotfill.extractors.texts import Text, Texts, as_document, check_text
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.evidenced_schema import with_evidence
from slotfill.schemas.json_values.json_types import JSONMapping
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["Extractor"]

_logger = logging.getLogger("slotfill")

M = TypeVar("M")

_Shown: TypeAlias = AbstractContextManager[Callable[[Extraction[Any]], None]]
"""What shows how far a mapping is, and is told of each extraction."""


class Extractor(Generic[M]):
    """Extracts one schema's values from texts.

    What goes wrong with a document raises nothing: it ends in that document's `Extraction`.

    Args:
        schema: A Pydantic model, any other type that Pydantic reads (`list[Item]`, `Item | Refusal`, a dataclass), a
            `Schema`, a JSON Schema as a mapping, or a string as the command line takes it: a built-in's name,
            `package.module:Model`, `schema.json`, or one line of fields. (A Python file is not run.)
        options: See `Options`.

    Attributes:
        schema: What is extracted.
        settings: What arguments, variables and a `.env` say together.
        model: The model that is asked first.
        models: The names of the model and its fallbacks.
        calibration: How likely a field is right that is so sure; None where nothing says it.

    Raises:
        SchemaError: The schema cannot be used.
        SettingsError: An option or a variable cannot be used, or options exclude each other.
        CassetteError: The tape cannot be used.
        ModelError: No usable model, or no credential.
    """

    @overload
    def __init__(self, schema: type[M] | Schema[M], **options: Unpack[Options]) -> None: ...
    @overload
    def __init__(
        self: Extractor[Any], schema: str | Mapping[str, Any] | UnionType, **options: Unpack[Options]
    ) -> None: ...

    def __init__(
        self, schema: type[M] | Schema[M] | str | Mapping[str, Any] | UnionType, **options: Unpack[Options]
    ) -> None:
        check_client(options)
        client, cassette = options.get("client"), tape_of(options)
        tuned = tuned_of(options)
        first, fallbacks = models_of(options)
        self.settings = Settings.read(model=first, **{name: options.get(name) for name in SETTINGS})
        if cassette and (self.settings.model is None or model_ids.is_automatic(self.settings.model)):
            self.settings = self.settings.model_copy(update={"model": cassette.model})
        source: Any = schema  # the overloads above say its type
        self.schema: Schema[M] = resolve(
            source,
            instructions=options.get("instructions"),
            examples=options.get("examples"),
            parameters=options.get("parameters"),
            context=options.get("context"),
            formats=options.get("formats"),
        )
        self.schema.check_parameters()
        if tuned is not None:
            self.schema = tuned.apply(self.schema)
        answered = client is not None or (cassette is not None and cassette.replaying)
        chosen = (self.settings.model if answered else choose_model(self.settings)) or model_ids.DEFAULT_MODEL
        names = dict.fromkeys((chosen, *fallbacks))
        self.calibration = curves_of(options)
        check_requirements(self.schema, self.settings, (*names,), self.calibration)
        self.models: tuple[str, ...] = (*names,)
        # What a model is asked for may be more than the value that an extraction holds.
        self._asked = with_evidence(self.schema) if options.get("evidence") else self.schema
        if self.has_evidence and ((self.settings.votes or 1) > 1 or self.settings.escalate is not None):
            raise SettingsError("evidence is of one reading: leave evidence out, or votes and escalate")
        self._models = ModelPool(self._asked, self.settings, names, client, cassette, calibration=self.calibration)
        self.model = self._models.model
        if tuned is not None and (line := tuned.other_model(self.model.id)):
            _logger.warning("%s", line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def all_models(self) -> tuple[str, ...]:
        """The names of all models that may be asked: those, and the one that unsure fields go to."""
        return self._models.names

    @property
    def has_evidence(self) -> bool:
        """Whether the evidence of judged values is asked for beside them."""
        return self._asked is not self.schema

    @property
    def takes_pages(self) -> bool:
        """Whether one of the models looks at pages of a PDF as they are: Claude does, the embedded model does not."""
        return any(map(takes_pages, self.models))

    def meter(self, meter: Meter) -> None:
        """Tell a meter of each HTTP try. Call it before the first request; a `client` is not metered."""
        self._models.meter(meter)

    @property
    def is_metered(self) -> bool:
        """Whether a meter is told of each HTTP try, before it is sent."""
        return self._models.is_metered

    def pace(self, pacer: Pacer) -> None:
        """Have another pacer say when tries may start. Call it before the first request; a `client` is not paced."""
        self._models.pace(pacer)

    @property
    def executor(self) -> ModelPool:
        """What puts asks to the models."""
        return self._models

    def begin(self, document: Document, *, earlier: EarlierRecord | None = None) -> RunningPlan[M]:
        """Begin a document's plan, for a driver that has its asks answered in its own time.

        Args:
            document: What to extract from.
            earlier: What is taken over, as in `update`.
        """
        return self._running(document, earlier=earlier)

    def end(self, plan: RunningPlan[M]) -> Extraction[M]:
        """Return what came of a document whose plan has ended."""
        return self._ended(plan.extraction)

    def close(self) -> None:
        """Close the sync clients."""
        self._models.close()

    async def aclose(self) -> None:
        """Close all clients."""
        await self._models.aclose()

    def extract(self, text: Text) -> Extraction[M]:
        """Extract from one text. The chunks of a long one are asked at once, as many as the concurrency allows.

        Args:
            text: What to extract from; the path of a file, which is read as `Document.read` does; or a `Document`.

        Returns:
            What came of it. Whatever goes wrong with a document ends here; what nobody foresaw as `internal`.

        Raises:
            TypeError: It is no text.
            ModelError: No model can be asked at all.
            SettingsError: A setting cannot be used.
            MissingExtraError: An extra that the model needs is not installed.
        """
        return self._extract_text(text, self._blocking_asker())

    async def aextract(self, text: Text, *, executor: Executor | None = None) -> Extraction[M]:
        """Do what `extract` does, without blocking.

        Args:
            text: As in `extract`.
            executor: What puts the asks to the models; by default `self.executor`, as many at once as the concurrency
                allows.
        """
        return await self._aextract(self._running(await self._adocument(text)), self._asker(executor))

    def stream(self, text: Text) -> Iterator[Partial[M] | Extraction[M]]:
        """Extract from one text, and show the value as it arrives.

        A reply that is repaired, or asked for again, shows in further events. Patches and the chunks of a long text
        come whole.

        Yields:
            Growing `Partial`s; the last event is the `Extraction`.
        """
        return iterate(self._streaming(self._document(text), self._blocking_asker()))

    def astream(self, text: Text, *, executor: Executor | None = None) -> AsyncGenerator[Partial[M] | Extraction[M]]:
        """Do what `stream` does, without blocking. Closing it (`contextlib.aclosing`) before its end ends the reply.

        Args:
            text: As in `extract`.
            executor: As in `aextract`.
        """
        check_text(text)
        return self._astreaming(text, self._asker(executor))

    async def _astreaming(self, text: Text, asker: Asker) -> AsyncGenerator[Partial[M] | Extraction[M]]:
        async with aclosing(self._streaming(await self._adocument(text), asker)) as events:
            async for event in events:
                yield event

    async def _streaming(self, document: Document, asker: Asker) -> AsyncGenerator[Partial[M] | Extraction[M]]:
        async with aclosing(drive(self._running(document), asker, streaming=True)) as events:
            async for event in events:
                yield self._ended(event) if isinstance(event, Extraction) else event

    def refine(self, extraction: Extraction[M], correction: str) -> Extraction[M]:
        """Take a further turn on an extraction: ask again, with what is wrong or missing in words.

        Earlier turns are told again, as far as `history_tokens` go.

        Args:
            extraction: What to correct; its document's text must be at hand.
            correction: What is wrong or missing: "urgency is 5: the brakes failed".

        Raises:
            SchemaError: The extraction is of another schema.
            InputError: The document's text is gone, or the correction says nothing.
            TypeError: It is no extraction, or no text.
        """
        history = self._history(extraction, correction)
        return self._extract(self._running(extraction.document, history), self._blocking_asker())

    async def arefine(self, extraction: Extraction[M], correction: str) -> Extraction[M]:
        """Do what `refine` does, without blocking."""
        plan = self._running(extraction.document, self._history(extraction, correction))
        return await self._aextract(plan, self._asker())

    def update(self, earlier: Extraction[Any] | JSONMapping, text: Text, *, reworded: bool = False) -> Extraction[M]:
        """Take over what an earlier extraction says of a text, and ask for what the schema has gained or changed since.

        Of a text that has changed, too, only the chunks that changed are read again, if it was read in chunks. What can
        not be taken over is asked for: then it is what `extract` does.

        Args:
            earlier: An extraction, or its record as plain JSON data; of this schema as it was, or as it is.
            text: As in `extract`; what the earlier text has become.
            reworded: Whether instructions that have changed since only say the same in other words. Without it they
                count as a change of every field.

        Returns:
            A whole extraction, as if all had been asked for: its `taken_over` says what was not, and its attempts and
            its cost are those of this time.

        Raises:
            InputError: It is no record, or one of a newer version.
        """
        record = _record_of(earlier, reworded=reworded)
        return self._extract(self._running(self._document(text), earlier=record), self._blocking_asker())

    async def aupdate(
        self,
        earlier: Extraction[Any] | JSONMapping | EarlierRecord,
        text: Text,
        *,
        reworded: bool = False,
        executor: Executor | None = None,
    ) -> Extraction[M]:
        """Do what `update` does, without blocking.

        Args:
            earlier: As in `update`.
            text: As in `update`.
            reworded: As in `update`.
            executor: As in `aextract`.
        """
        record = _record_of(earlier, reworded=reworded)
        plan = self._running(await self._adocument(text), earlier=record)
        return await self._aextract(plan, self._asker(executor))

    def _history(self, extraction: Extraction[M], correction: str) -> tuple[Turn, ...]:
        if not isinstance(extraction, Extraction) or not isinstance(correction, str):
            raise TypeError(
                f"a further turn takes an Extraction and a correction in words, not {type(extraction).__name__} and "
                f'{type(correction).__name__}: refine(extraction, "urgency is 5: the brakes failed")'
            )
        if extraction.schema_id != self.schema.id:
            raise SchemaError(
                f"the extraction is of schema {extraction.schema_name!r} as it was then, and the extractor has "
                f"{self.schema.name!r}: make the extractor with the same schema, instructions, examples and parameters"
            )
        if not (extraction.document.text or extraction.document.pages):
            raise InputError(f"{extraction.document.source or 'the document'}: its text is not at hand: read it again")
        if not correction.strip():
            raise InputError("the correction says nothing: say what is wrong or missing")
        value = extraction.reply if extraction.has_value else extraction.invalid
        return (*extraction.history, Turn(value, correction))

    def map(
        self, texts: Iterable[Text], *, concurrency: int | None = None, progress: bool = False
    ) -> Iterator[Extraction[M]]:
        """Extract from many texts at once.

        The texts are read as they are needed, so that they may be endless. What is raised in reading them is raised
        here, after all results before it.

        Args:
            texts: Texts, paths of files, or `Document`s.
            concurrency: How many requests at once (the setting's, 8).
            progress: Whether it is shown how far it is, in a notebook or on a terminal: how many of how many where the
                texts have a length, the time left, the cost, how many failed. Elsewhere nothing is shown.

        Yields:
            The extractions, in the texts' order.

        Raises:
            TypeError: They are a single text, or none.
        """
        shown = mapping_progress(texts, enabled=progress)
        return self._mapping(Texts(texts), concurrency or self.settings.concurrency, shown)

    def _mapping(self, texts: Texts, at_once: int, shown: _Shown) -> Iterator[Extraction[M]]:
        asker = self._blocking_asker(threading.Semaphore(at_once))

        def one(text: Text) -> Extraction[M]:
            extraction = self._extract_text(text, asker)
            tell(extraction)
            return extraction

        with shown as tell:
            yield from texts.map(one, at_once)

    def amap(
        self, texts: Iterable[Text], *, concurrency: int | None = None, progress: bool = False
    ) -> AsyncGenerator[Extraction[M]]:
        """Do what `map` does, without blocking.

        Closing it (`contextlib.aclosing`) before its end cancels what is in flight.
        """
        shown = mapping_progress(texts, enabled=progress)
        return self._amapping(Texts(texts), concurrency or self.settings.concurrency, shown)

    async def _amapping(self, texts: Texts, at_once: int, shown: _Shown) -> AsyncGenerator[Extraction[M]]:
        asker = ConcurrentAsker(self._models, asyncio.Semaphore(at_once))

        async def one(text: Text) -> Extraction[M]:
            extraction = await self._aextract(self._running(await self._adocument(text)), asker)
            tell(extraction)
            return extraction

        with shown as tell:
            async with aclosing(texts.amap(one, at_once)) as extractions:
                async for extraction in extractions:
                    yield extraction

    def warm(self) -> Attempt:
        """Have the service keep what all documents share, before the first of them is asked about.

        Without it, the requests that start together all pay for writing. It writes one token, and nothing is asked
        where what documents share is too short to be kept.

        Returns:
            The attempt: its `usage` tells what was written, or read, as it was there already; its `errors` what went
            wrong.
        """
        ask = self._models.warming()
        return self._models.unkept(ask) or attempt_of(ask, self._models.execute(ask))

    async def awarm(self) -> Attempt:
        """Do what `warm` does, without blocking."""
        ask = self._models.warming()
        return self._models.unkept(ask) or attempt_of(ask, await self._models.aexecute(ask))

    def requests(
        self, text: Text, *, earlier: Extraction[Any] | JSONMapping | EarlierRecord | None = None
    ) -> tuple[dict[str, Any], ...]:
        """Make the first requests for a text; nothing is sent.

        Args:
            text: As in `extract`.
            earlier: As in `update`, for the requests that it would send.

        Returns:
            The arguments of `messages.create`: of one request, or of one a chunk of a long text; none for a text that
            cannot be asked about.
        """
        record = None if earlier is None else _record_of(earlier)
        return tuple(self._models.encode(ask) for ask in self._running(self._document(text), earlier=record).asks)

    def _asker(self, executor: Executor | None = None) -> ConcurrentAsker:
        """Have asks answered by an executor that bounds how many; by default by the models, as many as is allowed."""
        slots = None if executor else asyncio.Semaphore(self.settings.concurrency)
        return ConcurrentAsker(executor or self._models, slots)

    def _blocking_asker(self, slots: threading.Semaphore | None = None) -> BlockingAsker:
        concurrency = self.settings.concurrency
        return BlockingAsker(self._models, slots or threading.Semaphore(concurrency), concurrency)

    async def _aextract(self, plan: RunningPlan[M], asker: ConcurrentAsker) -> Extraction[M]:
        return self._ended(await extraction_of(plan, asker))

    def _extract_text(self, text: Text, asker: BlockingAsker) -> Extraction[M]:
        return self._extract(self._running(self._document(text)), asker)

    def _document(self, text: Text) -> Document:
        return as_document(text, native=self.takes_pages)

    async def _adocument(self, text: Text) -> Document:
        """Read a file in a thread; anything else is no work for one."""
        if isinstance(text, PathLike):
            return await asyncio.to_thread(self._document, text)
        return self._document(text)

    def _extract(self, plan: RunningPlan[M], asker: BlockingAsker) -> Extraction[M]:
        return self._ended(run_to_end(extraction_of(plan, asker)))

    def _running(
        self, document: Document, history: tuple[Turn, ...] = (), earlier: EarlierRecord | None = None
    ) -> RunningPlan[M]:
        if earlier is not None and self.has_evidence:
            raise SettingsError(
                "an earlier record is taken over without evidence, which is asked for with the value: extract the "
                "document anew, or leave evidence=True out"
            )
        policy = self._models.policy(document)
        return RunningPlan(document, self._asked, policy, plan(document, self._asked, policy, history, earlier))

    def _ended(self, extraction: Extraction[M]) -> Extraction[M]:
        self._models.learn(extraction)
        return replace(extraction, refiner=self)


def _record_of(earlier: Extraction[Any] | JSONMapping | EarlierRecord, *, reworded: bool = False) -> EarlierRecord:
    """Read what an earlier extraction holds."""
    if isinstance(earlier, EarlierRecord):
        return earlier
    return EarlierRecord.of(earlier.to_json() if isinstance(earlier, Extraction) else earlier, reworded=reworded)
