"""Extractor: the face that apps use. One schema, one model, clients built once and reused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import PathLike
from typing import Any, Generic, Self, TypedDict, TypeVar, Unpack, overload

from slotfill.extractors import catalogue
from slotfill.extractors.clients import AnyClient, Clients, choose_model
from slotfill.extractors.codec import Codec
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.local.strategies import CALIBRATION
from slotfill.extractors.plan import Answer, Ask, Mending, Plan, Policy, plan
from slotfill.extractors.prompt import write
from slotfill.extractors.record import Document, Extraction, Mode, Rung
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.cassette import Cassette
from slotfill.schemas.entities import Entities
from slotfill.schemas.feedback import Feedback
from slotfill.schemas.schema import Example, Schema
from slotfill.schemas.sentiment import Sentiment
from slotfill.schemas.sources import resolve
from slotfill.schemas.summary import Summary
from slotfill.schemas.wire import wire_of

__all__ = [
    "EntityExtractor",
    "Extractor",
    "FeedbackExtractor",
    "Options",
    "SentimentExtractor",
    "SummaryExtractor",
]

M = TypeVar("M")

_SETTINGS = ("retries", "mend", "timeout", "max_tokens")

AHEAD = 4
"""How many finished extractions, as a multiple of the concurrency, may wait for a slow one before them."""


class Options(TypedDict, total=False):
    """What an `Extractor` takes besides its schema; None is the same as not given.

    model: a Claude model, `local` or `local:FILE.gguf`; several are the first one and its fallbacks, in order. Default:
        `SLOTFILL_MODEL`; else claude-haiku-5-5 where an Anthropic credential is set; else `local` where it has been
        pulled.
    client: any client of the Anthropic SDK, sync for `extract` and `map`, async for `aextract` and `amap`. It stays
        the caller's to close. Default: both kinds are built, as needed.
    instructions, examples, parameters: in place of the schema's own.
    retries: model calls after the first, of each model (2).
    mend: which local edits are made to a reply that does not validate: `off`, `safe` (those of no or low risk, the
        default), or `bold`.
    timeout: seconds that one request may take (the SDK's 600).
    max_tokens: room for a reply (from the schema's and the document's size).
    cassette: a tape, as a path or a `Cassette`. One that is there answers in place of the service: no credential is
        needed, and the default model is the tape's. Else what is sent and comes back is recorded. Not with a `client`.
    """

    model: str | Sequence[str] | None
    client: AnyClient | None
    instructions: str | None
    examples: Iterable[Example] | None
    parameters: Mapping[str, object] | None
    retries: int | None
    mend: Mending | None
    timeout: float | None
    max_tokens: int | None
    cassette: str | PathLike[str] | Cassette | None


class Extractor(Generic[M]):
    """Extracts one schema's values from texts.

    schema: a Pydantic model, a `Schema`, a JSON Schema as a mapping, or a string as the command line takes it: a
        built-in's name, `package.module:Model`, `schema.json`, or one line of fields. (A Python file is not run.)
    options: see `Options`.

    Raises SchemaError, SettingsError, CassetteError, or ModelError when no model is to be had. What goes wrong with a
    document raises nothing: it ends in that document's `Extraction`.
    """

    @overload
    def __init__(self, schema: type[M] | Schema[M], **options: Unpack[Options]) -> None: ...
    @overload
    def __init__(self: Extractor[Any], schema: str | Mapping[str, Any], **options: Unpack[Options]) -> None: ...

    def __init__(self, schema: type[M] | Schema[M] | str | Mapping[str, Any], **options: Unpack[Options]) -> None:
        client, cassette = options.get("client"), _cassette(options)
        first, fallbacks = _models(options.get("model"))
        self.settings = Settings.read(model=first, **{name: options.get(name) for name in _SETTINGS})
        if cassette and self.settings.model is None:
            self.settings = self.settings.model_copy(update={"model": cassette.model})
        source: Any = schema  # the overloads above have told its type
        self.schema: Schema[M] = resolve(
            source,
            instructions=options.get("instructions"),
            examples=options.get("examples"),
            parameters=options.get("parameters"),
        )
        answered = client is not None or (cassette is not None and cassette.replaying)
        chosen = (self.settings.model if answered else choose_model(self.settings)) or catalogue.DEFAULT_MODEL
        names = dict.fromkeys((chosen, *fallbacks))
        self.model = catalogue.look_up(chosen)
        self._size = _size(self.schema.json_schema)
        self._targets = self._aimed(names, client, cassette)

    def _aimed(self, names: Iterable[str], client: AnyClient | None, cassette: Cassette | None) -> dict[str, _Target]:
        """Make ready to ask each model; those of one service share their clients."""
        wire = wire_of(_told_once(self.schema), wrapped=self.schema.wrapped)
        clients: dict[str, Clients] = {}
        targets = {}
        for name in names:
            local = catalogue.is_local(name)
            service = name if local else ""
            clients.setdefault(service, Clients(name, self.settings, client, cassette))
            # The embedded model takes a whole JSON Schema where the service takes a subset.
            reduced = _calibrated(wire.full, self.schema) if local else wire.reduced
            model = catalogue.look_up(name)
            modes: tuple[Mode, ...] = ("structured",) if local else _modes(wire.modes, model)
            codec = Codec(self.schema.name, wire.full, reduced, whole=local)
            targets[name] = _Target(model, clients[service], codec, modes)
        return targets

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def close(self) -> None:
        """Close the sync clients."""
        for target in self._targets.values():
            target.clients.close()

    async def aclose(self) -> None:
        """Close all clients."""
        for target in self._targets.values():
            await target.clients.aclose()

    def extract(self, text: str | Document) -> Extraction[M]:
        """Extract from one text."""
        course = self._plan(text)
        try:
            asks = next(course)
            while True:
                asks = course.send(tuple(self._targets[ask.model].execute(ask) for ask in asks))
        except StopIteration as end:
            return self._learn(end.value)

    async def aextract(self, text: str | Document) -> Extraction[M]:
        """Do what `extract` does, without blocking."""
        course = self._plan(text)
        try:
            asks = next(course)
            while True:
                answers = await asyncio.gather(*(self._targets[ask.model].aexecute(ask) for ask in asks))
                asks = course.send(tuple(answers))
        except StopIteration as end:
            return self._learn(end.value)

    def map(self, texts: Iterable[str | Document], *, concurrency: int | None = None) -> Iterator[Extraction[M]]:
        """Extract from many texts at once, `concurrency` of them (default 8), giving the results in order.

        The texts are read as they are needed, so that they may be endless.
        """
        at_once = concurrency or self.settings.concurrency
        waiting: deque[Future[Extraction[M]]] = deque()
        with ThreadPoolExecutor(at_once) as pool:
            try:
                for text in texts:
                    waiting.append(pool.submit(self.extract, text))
                    while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    async def amap(
        self, texts: Iterable[str | Document], *, concurrency: int | None = None
    ) -> AsyncIterator[Extraction[M]]:
        """Do what `map` does, without blocking.

        Closing it (`contextlib.aclosing`) before its end cancels what is in flight.
        """
        at_once = concurrency or self.settings.concurrency
        slots = asyncio.Semaphore(at_once)
        waiting: deque[asyncio.Task[Extraction[M]]] = deque()

        async def one(text: str | Document) -> Extraction[M]:
            async with slots:
                return await self.aextract(text)

        try:
            for text in texts:
                waiting.append(asyncio.create_task(one(text)))
                while waiting and (waiting[0].done() or len(waiting) >= at_once * AHEAD):
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def request(self, text: str | Document) -> dict[str, Any]:
        """Give the first request for a text, as `messages.create` would be given it; nothing is sent."""
        document = _document(text)
        policy = self._policy(document, [*self._targets.values()])
        ask = Ask(Rung.ASK, policy.model, policy.modes[0], write(self.schema, document), policy.max_tokens)
        return self._targets[ask.model].codec.encode(ask)

    def _plan(self, text: str | Document) -> Plan[M]:
        document = _document(text)
        return plan(document, self.schema, self._policy(document, [*self._targets.values()]))

    def _policy(self, document: Document, targets: Sequence[_Target]) -> Policy:
        # Generous, as unused room costs nothing and a cut reply a second call. A list may hold about all that the
        # document does, and English has some four characters a token.
        properties, arrays = self._size
        room = 1_024 + 256 * properties + (len(document.text) // 2 if arrays else 0)
        target, *others = targets
        given = self.settings.max_tokens
        ceiling = min(given or target.model.max_output, target.model.max_output)
        return Policy(
            model=target.model.id,
            modes=target.modes,
            max_tokens=min(given or room, ceiling),
            ceiling=ceiling,
            retries=self.settings.retries,
            mending=self.settings.mend,
            fallbacks=(self._policy(document, others),) if others else (),
        )

    def _learn(self, extraction: Extraction[M]) -> Extraction[M]:
        """Remember the mode that served where the service refused the schema in those before it."""
        if extraction.ok:
            target = self._targets[extraction.model]
            target.modes = target.modes[target.modes.index(extraction.attempts[-1].mode) :]
        return extraction


@dataclass
class _Target:
    """A model, and what asks it; `modes` shrinks as the service refuses the schema in some."""

    model: catalogue.Model
    clients: Clients
    codec: Codec
    modes: tuple[Mode, ...]

    def execute(self, ask: Ask) -> Answer:
        return self.clients.execute(self.codec, ask)

    async def aexecute(self, ask: Ask) -> Answer:
        return await self.clients.aexecute(self.codec, ask)


def _models(given: str | Sequence[str] | None) -> tuple[str | None, tuple[str, ...]]:
    """Tell the model, if one is given, from its fallbacks."""
    if given is None or isinstance(given, str):
        return given, ()
    return (given[0], tuple(dict.fromkeys(given[1:]))) if given else (None, ())


class SentimentExtractor(Extractor[Sentiment]):
    """Extracts `slotfill.schemas.Sentiment`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Sentiment, **options)


class FeedbackExtractor(Extractor[Feedback]):
    """Extracts `slotfill.schemas.Feedback`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Feedback, **options)


class EntityExtractor(Extractor[Entities]):
    """Extracts `slotfill.schemas.Entities`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Entities, **options)


class SummaryExtractor(Extractor[Summary]):
    """Extracts `slotfill.schemas.Summary`; takes the options of `Extractor`, and how many sentences at most."""

    def __init__(self, *, sentences: int | None = None, **options: Any) -> None:
        if sentences is not None:
            options["parameters"] = {**(options.get("parameters") or {}), "sentences": sentences}
        super().__init__(Summary, **options)


def _cassette(options: Options) -> Cassette | None:
    """Open the tape. Raises SettingsError where a client is given too."""
    given = options.get("cassette")
    if given is not None and options.get("client") is not None:
        raise SettingsError(
            "a cassette cannot be put under a client that is given: give the client an http_client whose transport "
            "is a CassetteTransport"
        )
    return given if given is None or isinstance(given, Cassette) else Cassette(given)


def _document(text: str | Document) -> Document:
    return text if isinstance(text, Document) else Document.of(text)


def _modes(allowed: tuple[Mode, ...], model: catalogue.Model) -> tuple[Mode, ...]:
    return tuple(mode for mode in allowed if mode != "structured" or model.structured)


def _told_once(schema: Schema[Any]) -> dict[str, Any]:
    """Leave the schema's description out where it is the instructions, which the prompt holds already."""
    repeated = schema.json_schema.get("description") == schema.instructions
    return {key: part for key, part in schema.json_schema.items() if not (repeated and key == "description")}


def _calibrated(full: dict[str, Any], schema: Schema[Any]) -> dict[str, Any]:
    """Add the labelled texts by which the embedded model's scores are calibrated."""
    labelled = [{"text": example.text, "value": schema.wrap(example.value)} for example in schema.calibration]
    return full | {CALIBRATION: labelled} if labelled else full


def _size(json_schema: Mapping[str, Any]) -> tuple[int, int]:
    """Count the properties and the arrays of a schema."""
    properties = arrays = 0
    rest: list[Any] = [json_schema]
    while rest:
        node = rest.pop()
        if isinstance(node, Mapping):
            properties += len(node.get("properties", ()))
            arrays += node.get("type") == "array"
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
    return properties, arrays
