"""Credentials: which there is, for which model then, and where it stands in a client of a caller's own."""

from __future__ import annotations

import difflib
import importlib.util
import logging
import os
from collections.abc import Iterator

import anthropic
from anthropic import Anthropic

from slotfill.extractors.catalogue import model_facts, model_ids
from slotfill.extractors.catalogue.transport_facts import TRANSPORTS, transport_facts, transport_name
from slotfill.extractors.errors import ModelError
from slotfill.extractors.http.proxies import naming_proxies
from slotfill.extractors.local.weights import weights
from slotfill.extractors.settings import Settings
from slotfill.extractors.transports.automatic_choice import AutomaticChoice, choose_by_environment

__all__ = ["choose_model", "credential_for", "credentials_of", "has_credential"]

_logger = logging.getLogger("slotfill")


def choose_model(settings: Settings) -> str:
    """Return the model to use: the one set, else the default with a credential, else the embedded one if it is there.

    With `auto:` what is set of other services comes before the embedded one, and what was chosen is a warning of the
    logger `slotfill`.

    Raises ModelError, naming both ways out, when there is none.
    """
    if settings.model is None:
        return model_ids.DEFAULT_MODEL if has_credential(settings) else _embedded()
    if not model_ids.is_automatic(settings.model):
        return _plausible(settings.model)
    if has_credential(settings):
        choice = AutomaticChoice(model_ids.DEFAULT_MODEL, "an Anthropic credential")
    else:
        choice = choose_by_environment(settings) or AutomaticChoice(_embedded(), "its weights: nothing else is set")
    _logger.warning("auto: %s, by %s", choice.model, choice.reason)
    return choice.model


def _embedded() -> str:
    if weights.installed() is None:
        lack, way_out = "is not there", "fetch the model with `slotfill models pull`"
    elif importlib.util.find_spec("xllamacpp") is None:
        lack, way_out = "lacks the extra `local`", "install it: pip install 'slotfill[local]'"
    else:
        return model_ids.LOCAL
    raise ModelError(
        f"no Anthropic credential is set, and the embedded model {lack}: set ANTHROPIC_API_KEY, or {way_out}"
    )


def has_credential(settings: Settings) -> bool:
    """Whether there is a credential of the service. Raises ModelError where the SDK finds one that cannot be used."""
    return bool(settings.api_key or settings.auth_token) or _sdk_finds_credential()


def _plausible(model: str) -> str:
    """Refuse a name that no service of Anthropic's can know; a gateway may call its models what it likes."""
    if transport_name(model):
        transport_facts(model)  # it raises for an id that says too little
        return model
    if "claude" in model.lower() or os.environ.get("ANTHROPIC_BASE_URL"):
        return model
    name, colon, rest = model.partition(":")
    if colon and (left_out := TRANSPORTS.hint(name)):
        raise ModelError(f"no model {model!r} is known: {left_out}")
    prefixed = (f"{one}:{rest}" if colon else one for one in TRANSPORTS.names())
    near = difflib.get_close_matches(model, [*model_facts.known_models(), *prefixed], n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ModelError(f"no model {model!r} is known: {hint}`slotfill models` lists them")


def credential_for(model: str, settings: Settings) -> dict[str, str]:
    """Return the SDK's argument for a credential; none where it finds one by itself. Raises ModelError without any."""
    if settings.api_key:
        return {"api_key": settings.api_key.get_secret_value()}
    if settings.auth_token:
        return {"auth_token": settings.auth_token.get_secret_value()}
    if not _sdk_finds_credential():
        raise ModelError(
            f"no Anthropic credential is set for {model!r}: set ANTHROPIC_API_KEY, or use the embedded model (-m local)"
        )
    return {}


def credentials_of(client: object) -> Iterator[str]:
    """Return the credentials of a client of the SDK, as far as it tells them."""
    for name in ("api_key", "auth_token"):
        if isinstance(secret := getattr(client, name, None), str):
            yield secret


def _sdk_finds_credential() -> bool:
    """Whether the SDK finds a credential by itself: a profile, or a workload's identity."""
    try:
        with naming_proxies(), Anthropic() as client:
            return any((client.api_key, client.auth_token, client.credentials))
    except anthropic.AnthropicError as error:
        raise ModelError(f"the Anthropic credential cannot be used: {error}") from None
