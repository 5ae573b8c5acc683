"""What works here, and what to do about the rest."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.clients.connections import synchronous_client
from slotfill.extractors.clients.credentials import choose_model
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.documents.urls import public
from slotfill.extractors.errors import ModelError
from slotfill.extractors.installed.plugin_list import list_plugins
from slotfill.extractors.local.weights import hub, weights
from slotfill.extractors.settings import Settings

__all__ = ["Diagnosis", "examine"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding. `failed` keeps an extraction from working; `missing` does not."""

    name: str
    state: Literal["ok", "missing", "failed"]
    detail: str


def examine(model: str | None = None) -> Iterator[Diagnosis]:
    """Look at the extras, the embedded model, and the model that an extraction would use.

    A Claude model is looked up at the service, which costs nothing.
    """
    yield from _extras()
    yield from _plugins()
    settings = Settings.read(model=model)
    try:
        chosen = choose_model(settings)
    except ModelError as error:
        yield Diagnosis("model", "failed", str(error))
        return
    yield Diagnosis("model", "ok", chosen)
    yield from _local(chosen) if model_ids.is_local(chosen) else _service(chosen, settings)


_EXTRAS = {
    "local": ("xllamacpp", "no embedded model"),
    "pdf": ("pypdfium2", "no PDF is read"),
    "office": ("python_calamine", "no Word document and no workbook is read"),
    "ocr": ("rapidocr", "of scans only what a Claude model sees is read"),
    "tables": ("pyarrow", "no Parquet is read or written"),
    "remote": ("fsspec", "no address is read"),
    "review": ("uvicorn", "no page to review on"),
}
"""The extras that documents, models and people need: a module of each, and what is not to be had without it."""


def _extras() -> Iterator[Diagnosis]:
    missing = {extra for extra, (module, _) in _EXTRAS.items() if importlib.util.find_spec(module) is None}
    for extra, (_, lack) in _EXTRAS.items():
        detail = f"{lack} without it: pip install 'slotfill[{extra}]'" if extra in missing else "installed"
        yield Diagnosis(f"extra {extra}", "missing" if extra in missing else "ok", detail)
    if "local" in missing:
        return
    path = weights.installed()
    if path is None:
        yield Diagnosis("embedded model", "missing", "fetch it with `slotfill models pull`")
    else:
        yield Diagnosis("embedded model", "ok", str(path))


def _plugins() -> Iterator[Diagnosis]:
    listed = [*list_plugins()]
    unused = Counter(one.state for one in listed if one.state != "ready")
    if listed:
        states = "".join(f", {count} {state}" for state, count in unused.items())
        yield Diagnosis("plug-ins", "ok", f"{len(listed)} installed{states}: `slotfill plugins --load` tries them")


def _local(model: str) -> Iterator[Diagnosis]:
    try:
        if model.startswith(f"{model_ids.HUB}:") and hub.cached(model) is None:
            yield Diagnosis("weights", "missing", f"fetch them with `slotfill models pull {model}`")
            return
        yield Diagnosis("weights", "ok", str(weights.locate_weights(model)))
    except ModelError as error:
        yield Diagnosis("weights", "failed", str(error))


def _service(model: str, settings: Settings) -> Iterator[Diagnosis]:
    try:
        client = synchronous_client(model, settings)
    except ModelError as error:
        yield Diagnosis("credential", "failed", str(error))
        return
    yield Diagnosis("credential", "ok", "set")
    with client:
        try:
            info = client.models.retrieve(model)
        except Exception as error:  # noqa: BLE001 - every way to fail is a finding
            failure = failure_of(error, settings.secrets)
            yield Diagnosis("service", "failed", f"{failure.type}: {failure.message}")
            return
    yield Diagnosis("service", "ok", f"{public(str(client.base_url))} serves {info.id}")
