"""Probes: the requests that try what is assumed of the service, and what is observed of each. Plain data, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from pydantic_core import to_json

from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.models import ModelPool
from slotfill.extractors.documents.document import Document
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.settings import Settings
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.losses import Mode

__all__ = ["CUT_SHORT", "Observation", "Probe", "RequestWriter", "worst_of"]

CUT_SHORT = 16
"""The `max_tokens` of a reply of which only the beginning is wanted, or none."""

_ROOM = 1_024
"""Those of a whole reply: a few dozen, and what the model may think before."""

_TEXT = "The parcel ZX481 left Oslo on a Monday."


@dataclass(frozen=True, slots=True)
class Probe:
    """One request. call: which of the SDK's methods sends it. arguments: those of the method."""

    name: str
    arguments: JSONMapping
    call: Literal["create", "count_tokens", "models"] = "create"

    def worst(self, model: str, ttl: CacheTTL) -> Decimal | None:
        """Return the most that it can cost in USD; None when the price is unknown."""
        if self.call != "create":
            return Decimal(0)
        return prices.worst(model, len(to_json(self.arguments)), self.arguments["max_tokens"], ttl=ttl)


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a probe.

    status: of HTTP, 0 where no reply came. headers: names in small letters.
    body: its JSON, None where it is none; of a stream its events, in a list.
    read: what the product reads of it: a message, or the `StreamReader` of a stream; None of what is neither.
    failure: as the product classes it.
    """

    probe: Probe
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: JSON = None
    read: Any = None
    failure: Failure | None = None


def worst_of(probes: Iterable[Probe], model: str, ttl: CacheTTL) -> Decimal | None:
    """Return the most that probes can cost together."""
    bounds = [probe.worst(model, ttl) for probe in probes]
    known = [bound for bound in bounds if bound is not None]
    return sum(known, Decimal(0)) if len(known) == len(bounds) else None


@dataclass(frozen=True, slots=True)
class RequestWriter:
    """Writes requests to a model about one sentence, as arguments of `messages.create`."""

    model: str
    settings: Settings

    def as_sent(
        self,
        mode: Mode,
        json_schema: JSONMapping,
        *,
        instructions: str = "Say what the document says of the parcel.",
        examples: JSONMapping | None = None,
        room: int = _ROOM,
    ) -> JSONObject:
        """Write what an extraction sends, by its own code. examples: values, by their texts."""
        shots = [Example(text, value) for text, value in (examples or {}).items()]
        model = response_model(json_schema, name="parcel")
        schema = Schema(model, name="parcel", instructions=instructions, examples=shots)
        asked = Ask(Rung.ASK, self.model, mode, write_prompt(schema, Document.of(_TEXT)), room)
        return ModelPool(schema, self.settings, [self.model]).encode(asked)

    def by_hand(self, wish: str, *, room: int = CUT_SHORT, **others: JSON) -> JSONObject:
        """Write what no extraction sends. others: arguments beside, or in place of, the model and the message."""
        asked = [{"role": "user", "content": f"{_TEXT} {wish}"}]
        return {"model": self.model, "max_tokens": room, "messages": asked, **others}

    def in_schema(self, json_schema: JSONMapping, *, room: int = _ROOM) -> JSONObject:
        """Write by hand what asks for structured output of a schema, whichever it is."""
        form = {"format": {"type": "json_schema", "schema": json_schema}}
        return self.by_hand("Answer by the schema.", room=room, output_config=form)
