"""The batches that ledgers know of, read without the runs that they are of: which output, how far, and what goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from slotfill.extractors.batches.batch_ledger import OpenBatch
from slotfill.extractors.batches.batch_service import BatchStatus
from slotfill.extractors.batches.orphans import may_be
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.database import ledger_to_read
from slotfill.extractors.runs.ledger.migrations import WITH_BATCHES

__all__ = ["RunBatch", "RunBatches", "batches_of"]


@dataclass(frozen=True, slots=True)
class RunBatch:
    """A batch of a run, as the run's ledger knows it.

    ledger: where that is. output, schema, models: of the run. command: what goes on with it, "" if it is not known.
    intent: as in its custom ids. wave: from 1. at: when it was to be created, in seconds since 1970.
    requests: how many. batch: the service's name for it; None while nobody knows whether it is there.
    state: `intended` where the reply to its creation was lost, `created`, or `read`.
    given_up: whether the run was begun anew after it, and reads it no more.
    results: how many of its results are read, by what they were: `answered`, `failed` or `canceled`.
    """

    ledger: Path
    output: str
    schema: str
    models: str
    command: str
    intent: str
    wave: int
    at: float
    requests: int
    batch: str | None
    state: Literal["intended", "created", "read"]
    given_up: bool
    results: Mapping[str, int]

    @property
    def is_open(self) -> bool:
        """Whether its results are not all read."""
        return self.state != "read"

    def may_be(self, status: BatchStatus) -> bool:
        """Whether a batch of the workspace may be this one, whose name is not known."""
        sought = OpenBatch(self.intent, self.wave, self.at, self.requests, self.batch, None)
        return self.batch is None and may_be(sought, status)


@dataclass(frozen=True, slots=True)
class RunBatches:
    """The batches of several ledgers, those of one in the order of their creation.

    skipped: the ledgers that could not be read, each with the reason.
    """

    batches: tuple[RunBatch, ...]
    skipped: tuple[tuple[Path, str], ...] = ()

    @property
    def by_name(self) -> Mapping[str, RunBatch]:
        """The batches by the service's names, as far as these are known."""
        return {batch.batch: batch for batch in self.batches if batch.batch is not None}

    @property
    def open(self) -> tuple[RunBatch, ...]:
        """Those whose results are not all read."""
        return tuple(batch for batch in self.batches if batch.is_open)


def batches_of(ledgers: Iterable[Path]) -> RunBatches:
    """Read the batches of the ledgers at these paths, which may be in use."""
    batches: list[RunBatch] = []
    skipped = []
    for path in ledgers:
        try:
            batches += _read(path)
        except (sqlite3.Error, LedgerError, ValueError) as error:
            skipped.append((path, str(error)))
    return RunBatches(tuple(batches), tuple(skipped))


_Count = Annotated[int, Field(ge=0)]
_Text = Annotated[str, Field(strict=True)]
_Name = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_]{1,200}$")] | None
_State = Literal["intended", "created", "read"]
_Result = Literal["answered", "failed", "canceled"]

_BATCHES: TypeAdapter[list[tuple[_Text, _Count, float, _Count, _Name, _State, bool]]] = TypeAdapter(
    list[tuple[_Text, _Count, float, _Count, _Name, _State, bool]]
)
_RESULTS: TypeAdapter[list[tuple[_Text, _Result, _Count]]] = TypeAdapter(list[tuple[_Text, _Result, _Count]])
_ABOUT: TypeAdapter[dict[_Text, _Text]] = TypeAdapter(dict[_Text, _Text])
"""What is read of a ledger, which may be anybody's."""


def _read(path: Path) -> list[RunBatch]:
    """Read one ledger. Raises what `ledger_to_read` does."""
    with ledger_to_read(path) as (database, version):
        if version < WITH_BATCHES:
            return []
        rows = database.execute(
            "SELECT intent, wave, at, requests, batch, state, "
            "start < (SELECT ifnull(max(number), 0) FROM starts WHERE fresh) "
            "FROM batches WHERE state <> 'void' ORDER BY at"
        ).fetchall()
        counts = database.execute(
            "SELECT intent, result, count(DISTINCT ask) FROM batch_requests WHERE result IS NOT NULL GROUP BY 1, 2"
        ).fetchall()
        about = dict(database.execute("SELECT name, value FROM run").fetchall())
    try:
        return _made(path, _ABOUT.validate_python(about), rows, counts)
    except ValidationError:
        raise ValueError("it is damaged: what stands there was not written by slotfill") from None


def _made(path: Path, about: Mapping[str, str], rows: object, counts: object) -> list[RunBatch]:
    results: dict[str, dict[str, int]] = {}
    for intent, result, count in _RESULTS.validate_python(counts):
        results.setdefault(intent, {})[result] = count
    run = (about.get(name, "") for name in ("output", "schema", "models", "command"))
    output, schema, models, command = run
    return [
        RunBatch(path, output, schema, models, command, *row, results=results.get(row[0], {}))
        for row in _BATCHES.validate_python(rows)
    ]
