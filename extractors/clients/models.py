"""The models that an extractor asks: what executes an ask on each, and how far a document's plan may go with them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.catalogue import model_facts, model_ids, prices
from slotfill.extractors.catalogue.page_tokens import PAGE_SIZE
from slotfill.extractors.catalogue.transport_facts import takes_pages, transport_facts, transport_name
from slotfill.extractors.chunks.chunking import default_overlap
from slotfill.extractors.clients.clients import AnyClient, Clients
from slotfill.extractors.clients.codec import Codec, ReplyShape
from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.local.strategies import CALIBRATION, QUESTION
from slotfill.extractors.messages_api.thinking import Thinking, thinking_for
from slotfill.extractors.record.parts import Attempt, Rung
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.rungs.prompt import BYTES_A_TOKEN, write_prompt
from slotfill.extractors.settings import Settings
from slotfill.extractors.telemetry.request_telemetry import SilentRequest, tell_request
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.mergeable import merges_well
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.losses import Mode
from slotfill.schemas.wire.wire import wire_for

__all__ = ["ModelPool"]

TOKENS_A_PROPERTY = 64
"""A schema is too wide for one request where the model's longest reply has no room for so many tokens a property.

The embedded model is asked by field anyway.
"""

REMEMBERED = 64
"""How many policies are remembered, by what of them depends on a document."""

LEAST_CHUNK = 1_000
"""Code points: a document is not split into less, however little room a model has."""

DENSE_BYTES_A_TOKEN = 2
"""Hardly any text has less: tables of figures come near it, and English has some 2.7 with the models since Opus 4.7.

What a request costs beyond a price band, five times as much, is far more than a chunk more.
"""


@dataclass
class _Target:
    """A model, and what asks it; `modes` shrinks as the service refuses the schema in some."""

    model: model_facts.Model
    clients: Clients
    codec: Codec
    thinking: Thinking
    modes: tuple[Mode, ...]


class ModelPool:
    """A model and its fallbacks, in this order, and the one that unsure parts go to.

    Those of one service share their clients.

    client, cassette: as in `Clients`. calibration: how likely what is so sure is right.

    Raises SettingsError where a model does not think as it is asked to.
    """

    def __init__(
        self,
        schema: Schema[Any],
        settings: Settings,
        names: Iterable[str],
        client: AnyClient | None = None,
        cassette: Cassette | None = None,
        *,
        calibration: FieldCurves | None = None,
    ) -> None:
        self._schema, self._settings, self._calibration = schema, settings, calibration
        self._stronger = settings.escalate
        self._size = _size(schema.json_schema)
        self._targets: dict[str, _Target] = {}
        # Most documents are alike in what it depends on.
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._policy_of)
        wire = wire_for(schema)
        clients: dict[str, Clients] = {}
        for name in (*names, *filter(None, (self._stronger,))):
            local = model_ids.is_local(name)
            # Models of Anthropic's service share their clients.
            service = name if transport_name(name) else ""
            clients.setdefault(service, Clients(name, settings, client, cassette))
            # The embedded model, and others, take a whole JSON Schema where the service takes a subset.
            facts = transport_facts(name)
            whole = local or (facts is not None and facts.whole_schemas)
            reduced = _calibrated(wire.full, schema) if local else wire.full if whole else wire.reduced
            model = model_facts.look_up(name)
            modes: tuple[Mode, ...] = ("structured",) if local else _modes(wire.modes, model, whole=whole)
            room = min(settings.max_tokens or model.max_output, model.max_output)
            thinking = thinking_for(name, settings.thinking, settings.effort, max_tokens=room)
            codec = Codec(
                schema.name,
                wire.full,
                reduced,
                bare=None if whole else wire.bare,
                whole=whole,
                keywords=_questioned(schema) if local else None,
                forced=model.forced_tool,
                thinking=thinking,
                ttl=settings.cache_ttl,
            )
            self._targets[name] = _Target(model, clients[service], codec, thinking, modes)

    @property
    def model(self) -> model_facts.Model:
        """The model that is asked first."""
        return next(iter(self._targets.values())).model

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all models that may be asked."""
        return tuple(self._targets)

    def meter(self, meter: Meter | None) -> None:
        """Have a meter told of each HTTP try; None for none."""
        for target in self._targets.values():
            target.clients.meter(meter)

    @property
    def is_metered(self) -> bool:
        """Whether a meter is told of each HTTP try, before it is sent."""
        return all(target.clients.is_metered for target in self._targets.values())

    def pace(self, pacer: Pacer) -> None:
        """Have another pacer say when tries may start, before the first one."""
        for target in self._targets.values():
            target.clients.pace(pacer)

    def encode(self, ask: Ask) -> JSONObject:
        """Write the request for an ask."""
        return self._targets[ask.model].codec.encode(ask)

    def shape_of(self, ask: Ask) -> ReplyShape:
        """Say how the reply to an ask is read."""
        return self._targets[ask.model].codec.shape_of(ask)

    def read(self, model: str, shape: ReplyShape, message: object) -> Answer:
        """Read a message of a model that has come another way than as the reply to a request."""
        target = self._targets[model]
        return target.clients.read(target.codec, shape, message)

    @property
    def clients(self) -> Clients:
        """The clients of the service of the model that is asked first."""
        return next(iter(self._targets.values())).clients

    def execute(self, ask: Ask) -> Answer:
        """Put an ask to its model."""
        target = self._targets[ask.model]
        with self._request(target, ask) as request:
            return request.answered(target.clients.execute(target.codec, ask))

    async def aexecute(self, ask: Ask) -> Answer:
        """Do so without blocking."""
        target = self._targets[ask.model]
        with self._request(target, ask) as request:
            return request.answered(await target.clients.aexecute(target.codec, ask))

    def stream(self, ask: Ask) -> Generator[str, None, Answer]:
        """Put an ask to its model, giving the pieces of the reply's text as they arrive."""
        target = self._targets[ask.model]
        return self._request(target, ask).stream(target.clients.stream(target.codec, ask))

    def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do so without blocking; the answer comes last."""
        target = self._targets[ask.model]
        return self._request(target, ask).astream(target.clients.astream(target.codec, ask))

    def _request(self, target: _Target, ask: Ask) -> SilentRequest:
        return tell_request(self._schema.name, ask, self._settings.cache_ttl, target.clients.pays_unmetered)

    def close(self) -> None:
        """Close the sync clients."""
        for target in self._targets.values():
            target.clients.close()

    async def aclose(self) -> None:
        """Close all clients."""
        for target in self._targets.values():
            await target.clients.aclose()

    def warming(self) -> Ask:
        """Ask for what all documents share, with next to no document."""
        target = next(iter(self._targets.values()))
        least = target.thinking.budget + 1
        return Ask(
            Rung.ASK, target.model.id, target.modes[0], write_prompt(self._schema, Document.of("…")), max_tokens=least
        )

    def unkept(self, ask: Ask) -> Attempt | None:
        """Say that nothing would be kept of what documents share, as it is surely too short; None where some may be."""
        least = self.model.least_cached
        if self._around // DENSE_BYTES_A_TOKEN + prices.UNSEEN_TOKENS >= least:
            return None
        message = f"nothing is kept: what documents share is shorter than the {least:,} tokens that {ask.model} keeps"
        return Attempt(ask.rung, ask.model, ask.mode, ok=False, errors=(FieldError("", message),))

    def learn(self, extraction: Extraction[Any]) -> None:
        """Remember the mode that served where the service refused the schema in those before it."""
        served = [attempt.mode for attempt in extraction.attempts if attempt.ok and attempt.model == extraction.model]
        if extraction.ok and served:
            target = self._targets[extraction.model]
            if served[-1] in target.modes:  # another document may have gone on to a later mode meanwhile
                target.modes = target.modes[target.modes.index(served[-1]) :]

    def policy(self, document: Document) -> Policy:
        """Say how far a document's plan may go."""
        policies = {name: self._policy(document, target) for name, target in self._targets.items()}
        stronger = policies.pop(self._stronger) if self._stronger else None
        first, *others = policies.values()
        if not others and stronger is None:
            return first
        return replace(first, fallbacks=tuple(others), stronger=stronger)

    def _policy(self, document: Document, target: _Target) -> Policy:
        properties, arrays = self._size
        wish = self._settings.max_tokens
        ceiling = self._ceiling(target.model)
        chunk_chars = self._settings.chunk_chars or self._chunk_chars(document, target.model, ceiling)
        # Generous, as unused room costs nothing and a cut reply a second call. A list may hold about all that the
        # document does, and English has some four characters a token.
        chars = _chars(document)
        chars = min(chars, chunk_chars or chars)
        room = 1_024 + 256 * properties + (chars // 2 if arrays else 0) + target.thinking.room
        return self._remembered(target.model.id, target.modes, min(wish or room, ceiling), chunk_chars)

    def _policy_of(self, name: str, modes: tuple[Mode, ...], max_tokens: int, chunk_chars: int | None) -> Policy:
        """Write down what depends on a document, and what does not."""
        target = self._targets[name]
        written = target.model.max_output - target.thinking.room
        return Policy(
            model=target.model.id,
            modes=modes,
            max_tokens=max_tokens,
            ceiling=self._ceiling(target.model),
            retries=self._settings.retries,
            mending=self._settings.mend,
            ttl=self._settings.cache_ttl,
            chunk_chars=chunk_chars,
            passes=self._settings.passes,
            width=None if model_ids.is_local(target.model.id) else written // TOKENS_A_PROPERTY,
            history_tokens=self._settings.history_tokens,
            takes_pages=takes_pages(target.model.id),
            least_cached=None if model_ids.is_local(target.model.id) else target.model.least_cached,
            votes=self._settings.votes or 1,
            calibration=self._calibration,
            sure=self._settings.least_sure,
            withholds=self._settings.sure is not None and self._settings.escalate is None,
        )

    def _ceiling(self, model: model_facts.Model) -> int:
        return min(self._settings.max_tokens or model.max_output, model.max_output)

    def _chunk_chars(self, document: Document, model: model_facts.Model, ceiling: int) -> int | None:
        """Return how much of a document one request had better hold, in code points; None for all of it."""
        sizes = (self._fitting(document, model, ceiling), self._in_first_band(document, model))
        return min(filter(None, sizes), default=None)

    def _fitting(self, document: Document, model: model_facts.Model, ceiling: int) -> int | None:
        """Return how much of a document surely fits into a model's context, None where that is all, or unknown."""
        if model.context is None:
            return None
        chars, size = _chars(document), _size_of(document, PAGE_SIZE)
        room = model.context - ceiling - self._around // BYTES_A_TOKEN
        if size <= room or room <= 0:  # no token is shorter than a byte; with no room at all the service shall say so
            return None
        fitting = chars * room * BYTES_A_TOKEN // size * 3 // 4  # some texts have more tokens
        return None if fitting >= chars else max(fitting, LEAST_CHUNK)

    def _in_first_band(self, document: Document, model: model_facts.Model) -> int | None:
        """Return how much of a document surely has a model's lowest rates, None where that is all, or no better.

        It is no better where a chunk cannot be judged by itself, or where telling each what it is about costs more.
        """
        page_size = PAGE_SIZE // BYTES_A_TOKEN * DENSE_BYTES_A_TOKEN  # a page has no more tokens for a dense text
        band, size = prices.first_band(model.id), _size_of(document, page_size)
        if band is None or (room := band * DENSE_BYTES_A_TOKEN - self._around) >= size:
            return None
        text = document.text_beside_pages
        # A chunk may be all text, which has more bytes a code point than a page.
        chunk = len(text) * room // len(text.encode()) if text.strip() else PAGE_SIZE * room // page_size
        if chunk < LEAST_CHUNK or not merges_well(self._schema.json_schema):
            return None
        chunks = -(-_chars(document) // (chunk - 2 * default_overlap(chunk)))
        tokens = [(self._around + held) // DENSE_BYTES_A_TOKEN for held in (size, room)]
        whole, each = (prices.cost(model.id, Usage(count)) or 0 for count in tokens)
        return chunk if chunks * each < whole else None

    @cached_property
    def _around(self) -> int:
        """Return how many bytes stand around a document in a request."""
        return len(json.dumps(self.encode(self.warming()), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _chars(document: Document) -> int:
    """Count what is sent of a document in code points."""
    return len(document.text_beside_pages) + PAGE_SIZE * document.page_count


def _size_of(document: Document, page_size: int) -> int:
    """Count what is sent of a document in bytes of text; a page counts as so many."""
    return len(document.text_beside_pages.encode()) + page_size * document.page_count


def _modes(allowed: tuple[Mode, ...], model: model_facts.Model, *, whole: bool) -> tuple[Mode, ...]:
    if whole:
        return ("structured", *(mode for mode in allowed if mode != "structured"))
    return tuple(mode for mode in allowed if mode != "structured" or model.structured)


def _calibrated(full: JSONObject, schema: Schema[Any]) -> JSONObject:
    """Add the labelled texts by which the embedded model's scores are calibrated."""
    labelled = [{"text": example.text, "value": schema.wrap(example.value)} for example in schema.calibration]
    return full | {CALIBRATION: labelled} if labelled else full


def _questioned(schema: Schema[Any]) -> JSONObject:
    """Tell the embedded model the parameter `question`, which other models read in the instructions."""
    question = schema.parameter_values.get("question")
    return {QUESTION: question} if isinstance(question, str) else {}


def _size(json_schema: JSONMapping) -> tuple[int, int]:
    """Count the properties and the arrays of a schema."""
    properties = arrays = 0
    rest: list[JSON] = [json_schema]
    while rest:
        node = rest.pop()
        if isinstance(node, Mapping):
            properties += len(node.get("properties", ()))
            arrays += node.get("type") == "array"
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
    return properties, arrays
