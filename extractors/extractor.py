"""Extractor: the face that apps use. One schema, one model, clients built once and reused."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from os import PathLike
from typing import Any, Generic, Self, TypedDict, TypeVar, Unpack, overload

from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.catalogue import model_ids, prices
from slotfill.extractors.catalogue.families import Effort
from slotfill.extractors.clients.clients import AnyClient
from slotfill.extractors.clients.credentials import choose_model
from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.models import ModelPool
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
from slotfill.extractors.messages_api.thinking import ThinkingMode
from slotfill.extractors.plan import plan
from slotfill.extractors.record.document import Document
from slotfill.extractors.record.extraction import Extraction
from slotfill.extractors.record.parts import Attempt, Turn
from slotfill.extractors.repair.repair import RepairMode
from slotfill.extractors.rungs.asks import Executor, attempt_of
from slotfill.extractors.settings import Settings
from slotfill.extractors.streaming.events import Partial
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.formats import Formats
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["Extractor", "Options"]

M = TypeVar("M")

_logger = logging.getLogger("slotfill")

_LIMITS = ("rpm", "itpm", "otpm", "max_wait")
_SETTINGS = (
    *("retries", "mend", "timeout", "max_tokens", "thinking", "effort", "chunk_chars", "passes", "cache_ttl"),
    "history_tokens",
    *_LIMITS,
)

AHEAD = 4
"""How many finished extractions, as a multiple of the concurrency, may wait for a slow one before them."""


class Options(TypedDict, total=False):
    """What an `Extractor` takes besides its schema; None is the same as not given.

    Attributes:
        model: A Claude model, `local` or `local:FILE.gguf`; several are the first one and its fallbacks, in
            order. Default: `SLOTFILL_MODEL`; else claude-haiku-5-5 where an Anthropic credential is set; else
            `local` where it has been pulled.
        client: Any client of the Anthropic SDK, sync for `extract` and `map`, async for `aextract` and `amap`.
            It stays the caller's to close. Default: both kinds are built, as needed.
        instructions, examples, parameters: In place of the schema's own.
        context: What validators find in `info.context`, beside the document's text, which they find as
            `text_chunk`, `text`, `context` and `document`.
        formats: Whether the `format` of a JSON Schema, or of one line, is checked (`check`, the default), or is
            an annotation (`annotate`).
        retries: Model calls after the first, of each model (2).
        mend: Which local edits are made to a reply that does not validate: `off`, `safe` (those of no or low
            risk, the default), or `bold`.
        timeout: Seconds that one request may take (the SDK's 600).
        max_tokens: Room for a reply, what the model thinks included (from the schema's and the document's
            size).
        thinking: Whether the model thinks before it answers: `off`, `auto` for as much as it finds right, or a
            budget of tokens, at least 1,024 (`off` where the model allows it).
        effort: How much the model does for a reply: `low`, `medium`, `high`, `xhigh`, `max` (the model's own).
        chunk_chars: The most of a document that one request holds, in code points, at least 100: a longer one
            is read in chunks (by default only what the model cannot take at once, or takes at higher rates
            where chunks lose nothing).
        passes: How often each part of a document is read; a further pass looks for what was missed (1).
        history_tokens: How much of the conversation about a document a further turn tells again, its latest
            turns first (8,000).
        cache_ttl: How long the service keeps what all documents share, `5m` or `1h` (`5m`).
        rpm, itpm, otpm: Requests, input and output tokens a minute, which are never exceeded (what the
            service's replies tell of its limits); they, and `max_wait`, are not for a `client`.
        max_wait: Seconds that the limits, or a `retry-after`, may hold everything up; beyond it extractions end
            with the failure `max_wait` (300).
        cassette: A tape, as a path or a `Cassette`. One that is there answers in place of the service: no
            credential is needed, and the default model is the tape's. Else what is sent and comes back is
            recorded. Not with a `client`.
    """

    model: str | Sequence[str] | None
    client: AnyClient | None
    instructions: str | None
    examples: Iterable[Example] | None
    parameters: Mapping[str, object] | None
    context: Mapping[str, object] | None
    formats: Formats | None
    retries: int | None
    mend: RepairMode | None
    timeout: float | None
    max_tokens: int | None
    thinking: ThinkingMode | int | None
    effort: Effort | None
    chunk_chars: int | None
    passes: int | None
    history_tokens: int | None
    cache_ttl: prices.CacheTTL | None
    rpm: int | None
    itpm: int | None
    otpm: int | None
    max_wait: float | None
    cassette: str | PathLike[str] | Cassette | None


class Extractor(Generic[M]):
    """Extracts one schema's values from texts.

    What goes wrong with a document raises nothing: it ends in that document's `Extraction`.

    Args:
        schema: A Pydantic model, a `Schema`, a JSON Schema as a mapping, or a string as the command line takes it: a
            built-in's name, `package.module:Model`, `schema.json`, or one line of fields. (A Python file is not run.)
        options: See `Options`.

    Attributes:
        schema: What is extracted.
        settings: What arguments, variables and a `.env` say together.
        model: The model that is asked first.

    Raises:
        SchemaError: The schema cannot be used.
        SettingsError: An option or a variable cannot be used, or options exclude each other.
        CassetteError: The tape cannot be used.
        ModelError: No usable model, or no credential.
    """

    @overload
    def __init__(self, schema: type[M] | Schema[M], **options: Unpack[Options]) -> None: ...
    @overload
    def __init__(self: Extractor[Any], schema: str | Mapping[str, Any], **options: Unpack[Options]) -> None: ...

    def __init__(self, schema: type[M] | Schema[M] | str | Mapping[str, Any], **options: Unpack[Options]) -> None:
        _check_limits(options)
        client, cassette = options.get("client"), _cassette(options)
        first, fallbacks = _names(options.get("model"))
        self.settings = Settings.read(model=first, **{name: options.get(name) for name in _SETTINGS})
        if cassette and self.settings.model is None:
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
        answered = client is not None or (cassette is not None and cassette.replaying)
        chosen = (self.settings.model if answered else choose_model(self.settings)) or model_ids.DEFAULT_MODEL
        names = dict.fromkeys((chosen, *fallbacks))
        self._models = ModelPool(self.schema, self.settings, names, client, cassette)
        self.model = self._models.model

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the model and its fallbacks."""
        return self._models.names

    def meter(self, meter: Meter) -> None:
        """Tell a meter of each HTTP try. Call it before the first request; a `client` is not metered."""
        self._models.meter(meter)

    @property
    def executor(self) -> Executor:
        """What puts asks to the models."""
        return self._models

    def close(self) -> None:
        """Close the sync clients."""
        self._models.close()

    async def aclose(self) -> None:
        """Close all clients."""
        await self._models.aclose()

    def extract(self, text: str | Document) -> Extraction[M]:
        """Extract from one text. The chunks of a long one are asked at once, as many as the concurrency allows.

        Args:
            text: What to extract from, or a `Document` of it, which has a source.

        Returns:
            What came of it. Whatever goes wrong with a document ends here; what nobody foresaw as `internal`.

        Raises:
            TypeError: It is no text.
            ModelError: No model can be asked at all.
            SettingsError: A setting cannot be used.
            MissingExtraError: An extra that the model needs is not installed.
        """
        return self._extract(self._running(_document(text)), self._blocking_asker())

    async def aextract(self, text: str | Document, *, executor: Executor | None = None) -> Extraction[M]:
        """Do what `extract` does, without blocking.

        Args:
            text: As in `extract`.
            executor: What puts the asks to the models; by default `self.executor`, as many at once as the concurrency
                allows.
        """
        return await self._aextract(self._running(_document(text)), self._asker(executor))

    def stream(self, text: str | Document) -> Iterator[Partial[M] | Extraction[M]]:
        """Extract from one text, and show the value as it arrives.

        A reply that is repaired, or asked for again, shows in further events. Patches and the chunks of a long text
        come whole.

        Yields:
            Growing `Partial`s; the last event is the `Extraction`.
        """
        return iterate(self._streaming(_document(text), self._blocking_asker()))

    def astream(
        self, text: str | Document, *, executor: Executor | None = None
    ) -> AsyncGenerator[Partial[M] | Extraction[M]]:
        """Do what `stream` does, without blocking. Closing it (`contextlib.aclosing`) before its end ends the reply.

        Args:
            text: As in `extract`.
            executor: As in `aextract`.
        """
        return self._streaming(_document(text), self._asker(executor))

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
        if not extraction.document.text:
            raise InputError(f"{extraction.document.source or 'the document'}: its text is not at hand: read it again")
        if not correction.strip():
            raise InputError("the correction says nothing: say what is wrong or missing")
        value = extraction.reply if extraction.has_value else extraction.invalid
        return (*extraction.history, Turn(value, correction))

    def map(self, texts: Iterable[str | Document], *, concurrency: int | None = None) -> Iterator[Extraction[M]]:
        """Extract from many texts at once.

        The texts are read as they are needed, so that they may be endless. What is raised in reading them is raised
        here, after all results before it.

        Args:
            texts: Texts, or `Document`s.
            concurrency: How many requests at once (the setting's, 8).

        Yields:
            The extractions, in the texts' order.

        Raises:
            TypeError: They are a single text, or none.
        """
        return self._mapping(_Source(texts), concurrency or self.settings.concurrency)

    def _mapping(self, texts: _Source, at_once: int) -> Iterator[Extraction[M]]:
        asker = self._blocking_asker(threading.Semaphore(at_once))
        waiting: deque[Future[Extraction[M]]] = deque()
        with ThreadPoolExecutor(at_once) as pool:
            try:
                for text in texts:
                    waiting.append(pool.submit(self._extract_document, text, asker))
                    while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        texts.check()

    def amap(self, texts: Iterable[str | Document], *, concurrency: int | None = None) -> AsyncGenerator[Extraction[M]]:
        """Do what `map` does, without blocking.

        Closing it (`contextlib.aclosing`) before its end cancels what is in flight.
        """
        return self._amapping(_Source(texts), concurrency or self.settings.concurrency)

    async def _amapping(self, texts: _Source, at_once: int) -> AsyncGenerator[Extraction[M]]:
        places, asker = asyncio.Semaphore(at_once), ConcurrentAsker(self._models, asyncio.Semaphore(at_once))
        waiting: deque[asyncio.Task[Extraction[M]]] = deque()

        async def one(document: Document) -> Extraction[M]:
            async with places:
                return await self._aextract(self._running(document), asker)

        try:
            for document in texts:
                waiting.append(asyncio.create_task(one(document)))
                while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        texts.check()

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

    def requests(self, text: str | Document) -> tuple[dict[str, Any], ...]:
        """Make the first requests for a text; nothing is sent.

        Returns:
            The arguments of `messages.create`: of one request, or of one a chunk of a long text; none for a text that
            cannot be asked about.
        """
        return tuple(self._models.encode(ask) for ask in self._running(_document(text)).asks)

    def _asker(self, executor: Executor | None = None) -> ConcurrentAsker:
        """Have asks answered by an executor that bounds how many; by default by the models, as many as is allowed."""
        slots = None if executor else asyncio.Semaphore(self.settings.concurrency)
        return ConcurrentAsker(executor or self._models, slots)

    def _blocking_asker(self, slots: threading.Semaphore | None = None) -> BlockingAsker:
        concurrency = self.settings.concurrency
        return BlockingAsker(self._models, slots or threading.Semaphore(concurrency), concurrency)

    async def _aextract(self, plan: RunningPlan[M], asker: ConcurrentAsker) -> Extraction[M]:
        return self._ended(await extraction_of(plan, asker))

    def _extract_document(self, document: Document, asker: BlockingAsker) -> Extraction[M]:
        return self._extract(self._running(document), asker)

    def _extract(self, plan: RunningPlan[M], asker: BlockingAsker) -> Extraction[M]:
        return self._ended(run_to_end(extraction_of(plan, asker)))

    def _running(self, document: Document, history: tuple[Turn, ...] = ()) -> RunningPlan[M]:
        policy = self._models.policy(document)
        return RunningPlan(document, self.schema, policy, plan(document, self.schema, policy, history))

    def _ended(self, extraction: Extraction[M]) -> Extraction[M]:
        self._models.learn(extraction)
        return replace(extraction, refiner=self)


def _names(models: str | Sequence[str] | None) -> tuple[str | None, tuple[str, ...]]:
    """Tell the model, if one is named, from its fallbacks."""
    if models is None or isinstance(models, str):
        return models, ()
    return (models[0], tuple(dict.fromkeys(models[1:]))) if models else (None, ())


def _check_limits(options: Options) -> None:
    """Raise SettingsError where a client is given too."""
    limits = [name for name in _LIMITS if options.get(name) is not None]
    if limits and options.get("client") is not None:
        raise SettingsError(
            f"{limits[0]} cannot be put on a client that is given: give the client the middleware "
            "slotfill.Limits(slotfill.Pacer(…))"
        )


def _cassette(options: Options) -> Cassette | None:
    """Open the tape. Raises SettingsError where a client is given too."""
    tape = options.get("cassette")
    if tape is not None and options.get("client") is not None:
        raise SettingsError(
            "a cassette cannot be put under a client that is given: give the client an http_client whose transport "
            "is a CassetteTransport"
        )
    return tape if tape is None or isinstance(tape, Cassette) else Cassette(tape)


class _Source:
    """Iterates over documents until there are no more, or reading them raises: `check` then raises that."""

    def __init__(self, texts: Iterable[str | Document]) -> None:
        if isinstance(texts, str | bytes | Document) or not isinstance(texts, Iterable):
            raise TypeError(
                f"many texts are wanted, in a list or another iterable, not {type(texts).__name__}: for one text call "
                "extract(text), or put it into a list"
            )
        self._texts = texts
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[Document]:
        try:
            for text in self._texts:
                yield _document(text)
        except Exception as error:  # noqa: BLE001 - it is raised by check
            self._error = error

    def check(self) -> None:
        """Raise what was raised in reading."""
        if self._error is not None:
            raise self._error


def _document(text: str | Document) -> Document:
    """Make a document of a text. Raises TypeError where it is neither."""
    if isinstance(text, Document):
        return text
    if isinstance(text, str):
        return Document.of(text)
    other: object = text  # what a caller without a type checker may pass
    hints: tuple[tuple[Any, str], ...] = (
        (PathLike, "read it first, path.read_text(encoding='utf-8')"),
        ((bytes, bytearray, memoryview), "decode them first, data.decode('utf-8')"),
        (Iterable, "for many texts call map(texts)"),
    )
    hint = next((f": {hint}" for kind, hint in hints if isinstance(other, kind)), "")
    raise TypeError(f"a text is wanted, a str or a Document, not {type(other).__name__}{hint}")
