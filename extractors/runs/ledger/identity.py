"""Which run it is, which document, and where the run's ledger stands.

A run is its output, schema, prompt, model and model settings; where the output is standard output, its inputs too.
Limits, concurrency, budget and verbosity are no part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.place_map import NO_PLACES
from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.settings import Settings
from slotfill.schemas.schema import Schema

__all__ = ["STATE", "document_key", "ledger_path", "ledgers_of", "placed_key", "run_identity", "state_folder"]

STATE = ".slotfill"
"""The folder, beside an output, of its runs' ledgers."""

_LONGEST = 150
"""Bytes: a longer name of an output stands in its ledger's by its beginning and its hash."""

_PART_OF_A_RUN = ("mend", "max_tokens", "chunk_chars", "passes")
"""The settings that change what is asked, or what is made of the answers."""

_PART_IF_SET = ("thinking", "effort", "votes", "escalate")
"""Others that do. They came later: without them a run has the name that it had before, and goes on."""


def run_identity(
    schema: Schema[Any],
    models: Sequence[str],
    settings: Settings,
    inputs: Iterable[str] = (),
    *,
    earlier: str | None = None,
    calibration: FieldCurves | None = None,
    evidence: bool = False,
) -> str:
    """Name a run beside its output: 12 hex digits.

    inputs: what tells apart the runs to standard output. earlier: the name of the records that are taken over, if any.
    calibration: what probabilities go by, if anything. evidence: whether evidence is asked for, too.
    """
    parts = {name: getattr(settings, name) for name in _PART_OF_A_RUN}
    parts |= {name: value for name in _PART_IF_SET if (value := getattr(settings, name)) is not None}
    parts |= {"sure": settings.least_sure} if settings.escalate is not None or settings.sure is not None else {}
    parts |= {"calibration": calibration.to_json()} if calibration is not None else {}
    parts |= {"evidence": True} if evidence else {}
    parts |= {"schema": schema.id, "models": list(models), "inputs": list(inputs)}
    parts |= {} if earlier is None else {"earlier": earlier}
    return _hash(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass"))


def document_key(document: Document) -> bytes:
    """Name what there is to say of a document: its text's hash, with why it cannot be read, if so.

    Documents of one text are one, asked about once; a file that can be read by now is another than it was before.
    """
    if document.failure is None:
        if document.places is NO_PLACES:  # most have none, and a run that goes on names a million
            return bytes.fromhex(document.id)
        return placed_key(document.id, document.places.digest if document.places else b"")
    parts = (document.id, document.source or "", document.failure.type, document.failure.message)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def placed_key(document_id: str, places: bytes) -> bytes:
    """Name a document that can be read by its id and the hash of its places, b"" where it has none.

    Equal texts of files where they stand elsewhere have records that say so.
    """
    identity = bytes.fromhex(document_id)
    return hashlib.sha256(identity + places).digest() if places else identity


def ledger_path(output: str | None, run: str, settings: Settings) -> Path | None:
    """Return where a run's ledger is: beside its output, or in the user's state folder if nothing can be beside it.

    The setting `state` (SLOTFILL_STATE) names another folder for all of them. None where there is nothing beside the
    output, and the user's state folder cannot be written, as in many containers.
    """
    if output is not None and is_address(output):
        folder = state_folder(settings)
        return folder / f"{_at_address(output)}-{run}.db" if settings.state or _is_writable(folder) else None
    path = _file_or_folder(output)
    if path is None:
        folder = state_folder(settings)
        return folder / f"stdout-{run}.db" if settings.state or _is_writable(folder) else None
    if settings.state is None:
        return path.parent / STATE / f"{_short(path.name)}-{run}.db"
    return settings.state / f"{_short(path.name)}-{_hash(os.fsencode(path))}-{run}.db"


def ledgers_of(path: str | None, settings: Settings) -> list[Path]:
    """Find the ledgers of an output or in a folder, or a ledger itself; of None, those at hand.

    At hand are those beside the outputs in the working folder, and those of the user's state folder.
    """
    if path is None:
        folders = [Path(STATE), state_folder(settings)]
        return [ledger for folder in folders for ledger in sorted(folder.glob("*.db"))]
    if is_address(path):
        folder = state_folder(settings)
        return sorted(folder.glob(f"{_escaped(_at_address(path))}-*.db"))
    place = Path(path)
    beside = sorted((place.absolute().parent / STATE).glob(f"{_escaped(_short(place.name))}-*.db"))
    inside = sorted((place / STATE).glob("*.db")) if place.is_dir() else []
    return beside + inside or ([place] if place.is_file() else [])


def _at_address(address: str) -> str:
    """Name an output elsewhere as its ledgers are: by its last part, and the hash of all that people may see of it."""
    seen = public(address).rstrip("/")
    return f"{_short(seen.rpartition('/')[2])}-{_hash(os.fsencode(seen))}"


def _file_or_folder(output: str | None) -> Path | None:
    """Return an output's own path; None for standard output, and for what is no file: a pipe, a device."""
    if output in (None, "-"):
        return None
    path = Path(output).absolute()
    return path.resolve() if path.is_file() or path.is_dir() or not path.exists() else None


def state_folder(settings: Settings) -> Path:
    """Return the folder of what is known of the user's runs: that of the setting `state`, or the system's."""
    return settings.state or platformdirs.user_state_path("slotfill")


def _is_writable(folder: Path) -> bool:
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    return False


def _short(name: str) -> str:
    data = os.fsencode(name)
    return name if len(data) <= _LONGEST else f"{name[: _LONGEST // 5]}-{_hash(data)}"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _escaped(name: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
