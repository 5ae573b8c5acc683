"""What is told of a run: how it stands, how far it is, what it has cost, and its records."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from slotfill.extractors.batches.run_batches import batches_of
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.record.money import money_json
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger.database import ledger_to_read
from slotfill.extractors.runs.watching.ledger_activity import activity_of
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["RUNS", "has_begun", "ledger_progress", "run_address", "run_json"]

RUNS = "/v1/runs"
"""Where runs are begun, and listed."""

_COUNT = TypeAdapter(tuple[Annotated[int, Field(ge=0)], ...])
_EXTRACTED = frozenset(outcome.value for outcome in Outcome if outcome.ok)

_USAGE = f"SELECT {', '.join(f'ifnull(sum({name}), 0)' for name in Usage.COUNTED)} FROM tries"  # noqa: S608 - our own


def run_address(name: str) -> str:
    """Return where a run is."""
    return f"{RUNS}/{name}"


def run_json(order: RunOrder, state: RunState) -> JSONObject:
    """Tell of a run as plain JSON data: what was asked for, and how it stands."""
    address = run_address(order.id)
    return {
        "id": order.id,
        "status": state.status.value,
        "code": state.code,
        "detail": state.detail,
        "schema": {"name": order.schema_name, "id": order.schema_id},
        "model": order.model,
        "batch": order.batch,
        "labels": dict(order.labels),
        "params": order.params,
        "created": order.created.isoformat(),
        "started": state.started and state.started.isoformat(),
        "ended": state.ended and state.ended.isoformat(),
        "address": address,
        "results": f"{address}/results",
    }


def has_begun(ledger: Path) -> bool:
    """Whether a run's ledger is there, and tells of a start."""
    if not ledger.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            return bool(version and database.execute("SELECT 1 FROM starts").fetchone())
    except sqlite3.Error as error:
        raise LedgerError(f"the run's ledger {str(ledger)!r} cannot be read: {error}") from None


def ledger_progress(ledger: Path) -> JSONObject:
    """Say how far a run is, and what it has cost, by its ledger, which may be in use, or not be there yet.

    Raises:
        LedgerError: It cannot be read.
    """
    if not has_begun(ledger):
        return {
            "documents": {"read": 0, "ended": 0, "extracted": 0, "outcomes": {}},
            "usage": Usage().to_json(),
            "cost_usd": money_json(Decimal(0)),
            "batches": [],
        }
    try:
        activity = activity_of(ledger)
        with ledger_to_read(ledger) as (database, _):
            usage = Usage(*_COUNT.validate_python(database.execute(_USAGE).fetchone()))
    except (sqlite3.Error, ValidationError, ValueError) as error:
        raise LedgerError(f"the run's ledger {str(ledger)!r} cannot be read: {error}") from None
    extracted = sum(count for outcome, count in activity.ended.items() if outcome in _EXTRACTED)
    return {
        "documents": {
            "read": activity.read,
            "ended": activity.documents,
            "extracted": extracted,
            "outcomes": dict(activity.ended),
        },
        "usage": usage.to_json(),
        "cost_usd": money_json(activity.usd),
        "batches": [
            {"id": batch.batch, "wave": batch.wave, "requests": batch.requests} for batch in batches_of([ledger]).open
        ],
    }
