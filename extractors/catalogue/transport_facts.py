"""Transports by name: a model's id begins with one, `NAME:MODEL`; and what is known of the models behind it.

A model's id without a transport's name is one of the Messages API's itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

from slotfill.extractors.catalogue.families import OTHER_FAMILY, Family, family_of
from slotfill.extractors.catalogue.model_ids import CLOUDS, HUB, LOCAL, OPENAI
from slotfill.schemas.entry_points.plugin_group import PluginGroup

__all__ = [
    "TRANSPORTS",
    "DescribesModels",
    "TransportFacts",
    "catalogue_id",
    "family_for",
    "price_name",
    "takes_pages",
    "transport_facts",
    "transport_name",
]

_EMBEDDED = "slotfill.extractors.local.embedded_models:EMBEDDED"
_OPENAI = "slotfill.extractors.chat_completions.openai_models:OPENAI_MODELS"

_ANTHROPIC = "https://api.anthropic.com"

_CLOUDS = {name: f"slotfill.extractors.clouds.cloud_models:{name.upper()}" for name in CLOUDS}

TRANSPORTS: PluginGroup[Any] = PluginGroup(
    "slotfill.transports", {LOCAL: _EMBEDDED, HUB: _EMBEDDED, OPENAI: _OPENAI, **_CLOUDS}
)
"""What answers the Messages API in the place of Anthropic's service: each is a `ModelTransport`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFacts:
    """What is known of a model that a transport reaches.

    Attributes:
        address: What requests are sent to, `/v1/messages` being added; `slotfill doctor` shows it.
        stands_for: The model as Anthropic's service calls it, whose price and forms are the same; None for another.
        context: Tokens of prompt and reply together; None for what `stands_for` has, or for unknown.
        max_output: Tokens that one reply may hold; likewise.
        in_process: Whether it answers in this process: it costs nothing, needs no pace, and no request is tried again.
        takes_pages: Whether it looks at pages of a PDF as they are.
        whole_schemas: Whether it takes whole JSON Schemas in `output_config.format`, slotfill's own keywords among
            them, where the service takes a subset.
        priced_as: The provider's address and its name for the model, by which genai-prices knows it; None for what
            `stands_for` costs.
    """

    address: str
    stands_for: str | None = None
    context: int | None = None
    max_output: int | None = None
    in_process: bool = False
    takes_pages: bool = False
    whole_schemas: bool = False
    priced_as: tuple[str, str] | None = None


@runtime_checkable
class DescribesModels(Protocol):
    """What of a transport says what is known of its models."""

    def facts(self, model: str) -> TransportFacts:
        """Say what is known of a model, by its whole id, `NAME:MODEL`. It asks no service."""


def transport_name(model_id: str) -> str | None:
    """Return the name of the transport that a model's id begins with; None for a model of Anthropic's service."""
    name, colon, _ = model_id.partition(":")
    if name in TRANSPORTS.built_ins:
        return name
    # Some services' own ids hold a colon: `anthropic.claude-v2:1`.
    return name if colon and TRANSPORTS.find(name) else None


@lru_cache(maxsize=64)
def transport_facts(model_id: str) -> TransportFacts | None:
    """Return what a model's transport knows of it; None for a model of Anthropic's service.

    Raises PluginError where the transport is a plug-in that fails.
    """
    name = transport_name(model_id)
    if name is None:
        return None
    transport = TRANSPORTS.load(name)
    with transport.named(f"described {model_id!r}"):
        facts = transport.value.facts(model_id)
        if not isinstance(facts, TransportFacts):
            raise TypeError(f"it returned {type(facts).__name__}, which is no TransportFacts")
    return facts


def catalogue_id(model_id: str) -> str | None:
    """Return what a model is called at Anthropic's service; None for one that is not there."""
    facts = transport_facts(model_id)
    return facts.stands_for if facts else model_id


def price_name(model_id: str) -> tuple[str, str] | None:
    """Return the provider's address and the name by which genai-prices knows a model; None where it cannot."""
    facts = transport_facts(model_id)
    if facts and facts.priced_as:
        return facts.priced_as
    name = catalogue_id(model_id)
    return None if name is None else (_ANTHROPIC, name)


def family_for(model_id: str) -> Family:
    """Return what a model takes of the Messages API."""
    name = catalogue_id(model_id)
    return OTHER_FAMILY if name is None else family_of(name)


def takes_pages(model_id: str) -> bool:
    """Whether a model looks at pages of a PDF as they are: those of Anthropic's service do."""
    facts = transport_facts(model_id)
    return facts is None or facts.takes_pages
