"""`auto:`: a model by what the environment has set, where it is not Anthropic's service."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import httpx2

from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
from slotfill.extractors.catalogue.transport_facts import transport_facts
from slotfill.extractors.errors import ModelError
from slotfill.extractors.settings import Settings
from slotfill.extractors.transports.model_transport import open_transport

__all__ = ["AutomaticChoice", "choose_by_environment"]

_SECONDS = 10.0
"""How long a server is waited for that says which models it has."""


class AutomaticChoice(NamedTuple):
    """A model, and what of the environment it was chosen by."""

    model: str
    reason: str


class _Rule(NamedTuple):
    """What must be set, all of one group, for a model to be chosen."""

    groups: tuple[tuple[str, ...], ...]
    model: Callable[[Settings], str]


def choose_by_environment(settings: Settings) -> AutomaticChoice | None:
    """Choose a model by the variables that are set; None where none of those are.

    Raises ModelError where a server of several models is set: which of them is meant cannot be known.
    """
    for rule in _RULES:
        for group in rule.groups:
            if all(map(os.environ.get, group)):
                return AutomaticChoice(rule.model(settings), " and ".join(group))
    return None


def _only_model(settings: Settings) -> str:
    """Return the one model of the server that OPENAI_BASE_URL names."""
    any_model = "openai:any"
    facts = transport_facts(any_model)
    address = facts.address if facts else ""
    try:
        with httpx2.Client(transport=open_transport(any_model, settings), timeout=_SECONDS) as client:
            reply = client.get(f"{address}/v1/models")
            names = [entry["id"] for entry in reply.json()["data"]] if reply.is_success else []
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"auto: the server of OPENAI_BASE_URL does not say which models it has: {error}") from None
    if len(names) != 1:
        listed = f"has {', '.join(names[:8])}" if names else "lists no model"
        raise ModelError(f"auto: the server of OPENAI_BASE_URL {listed}: name one, -m openai:MODEL")
    return f"openai:{names[0]}"


_RULES = (
    _Rule(
        (
            ("AWS_REGION", "AWS_BEARER_TOKEN_BEDROCK"),
            ("AWS_REGION", "AWS_PROFILE"),
            ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ),
        lambda _: f"bedrock:global.anthropic.{DEFAULT_MODEL}",
    ),
    _Rule((("CLOUD_ML_REGION", "ANTHROPIC_VERTEX_PROJECT_ID"),), lambda _: f"vertex:{DEFAULT_MODEL}"),
    _Rule(
        (
            ("ANTHROPIC_FOUNDRY_API_KEY", "ANTHROPIC_FOUNDRY_RESOURCE"),
            ("ANTHROPIC_FOUNDRY_API_KEY", "ANTHROPIC_FOUNDRY_BASE_URL"),
        ),
        lambda _: f"foundry:{DEFAULT_MODEL}",
    ),
    _Rule((("OPENAI_BASE_URL",),), _only_model),
)
"""In this order: Claude wherever it is, and then another model."""
