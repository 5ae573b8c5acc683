"""Which model is asked where none is named in code: the one set, or the one that there is."""

from __future__ import annotations

import difflib
import importlib.util
import os

from slotfill.extractors import catalogue
from slotfill.extractors.clients.connections import sdk_finds_credential
from slotfill.extractors.errors import ModelError
from slotfill.extractors.local.weights import weights
from slotfill.extractors.settings import Settings

__all__ = ["choose_model"]


def choose_model(settings: Settings) -> str:
    """Give the model to use: the one set, else the default with a credential, else the embedded one if it is there.

    Raises ModelError, naming both ways out, when there is none.
    """
    if settings.model:
        return _plausible(settings.model)
    if settings.secrets or sdk_finds_credential():
        return catalogue.DEFAULT_MODEL
    if weights.installed() is None:
        lack, way_out = "is not there", "fetch the model with `slotfill models pull`"
    elif importlib.util.find_spec("xllamacpp") is None:
        lack, way_out = "lacks the extra `local`", "install it: pip install 'slotfill[local]'"
    else:
        return catalogue.LOCAL
    raise ModelError(
        f"no Anthropic credential is set, and the embedded model {lack}: set ANTHROPIC_API_KEY, or {way_out}"
    )


def _plausible(model: str) -> str:
    """Refuse a name that no service of Anthropic's can know; a gateway may call its models what it likes."""
    if catalogue.is_local(model) or "claude" in model.lower() or os.environ.get("ANTHROPIC_BASE_URL"):
        return model
    near = difflib.get_close_matches(model, [*catalogue.known_models(), catalogue.LOCAL], n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ModelError(f"no model {model!r} is known: {hint}`slotfill models` lists them")
