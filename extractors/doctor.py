"""What works here, and what to do about the rest."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slotfill.extractors import catalogue
from slotfill.extractors.documents.urls import public
from slotfill.extractors.clients.connections import synchronous_client
from slotfill.extractors.errors import ModelError
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.local import hub, weights
from slotfill.extractors.clients.model_choice import choose_model
from slotfill.extractors.settings import Settings

__all__ = ["Check", "examine"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `failed` keeps an extraction from working; `missing` does not."""

    name: str
    state: Literal["ok", "missing", "failed"]
    detail: str


def examine(model: str | None = None) -> Iterator[Check]:
    """Look at the extras, the embedded model, and the model that an extraction would use.

    A Claude model is looked up at the service, which costs nothing.
    """
    yield from _extras()
    settings = Settings.read(model=model)
    try:
        chosen = choose_model(settings)
    except ModelError as error:
        yield Check("model", "failed", str(error))
        return
    yield Check("model", "ok", chosen)
    yield from _local(chosen) if catalogue.is_local(chosen) else _service(chosen, settings)


def _extras() -> Iterator[Check]:
    if importlib.util.find_spec("xllamacpp") is None:
        yield Check("extra local", "missing", "no embedded model without it: pip install 'slotfill[local]'")
        return
    yield Check("extra local", "ok", "installed")
    path = weights.installed()
    if path is None:
        yield Check("embedded model", "missing", "fetch it with `slotfill models pull`")
    else:
        yield Check("embedded model", "ok", str(path))


def _local(model: str) -> Iterator[Check]:
    try:
        if model.startswith(f"{catalogue.HUB}:") and hub.cached(model) is None:
            yield Check("weights", "missing", f"fetch them with `slotfill models pull {model}`")
            return
        yield Check("weights", "ok", str(weights.locate(model)))
    except ModelError as error:
        yield Check("weights", "failed", str(error))


def _service(model: str, settings: Settings) -> Iterator[Check]:
    try:
        client = synchronous_client(model, settings)
    except ModelError as error:
        yield Check("credential", "failed", str(error))
        return
    yield Check("credential", "ok", "set")
    with client:
        try:
            info = client.models.retrieve(model)
        except Exception as error:  # noqa: BLE001 - every way to fail is a finding
            failure = failure_of(error, settings.secrets)
            yield Check("service", "failed", f"{failure.type}: {failure.message}")
            return
    yield Check("service", "ok", f"{public(str(client.base_url))} serves {info.id}")
