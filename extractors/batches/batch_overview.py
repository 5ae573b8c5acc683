"""An overview of batches: those of runs, how each stands at the service, and which others there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from slotfill.extractors.batches.batch_service import BatchService, BatchStatus, ServiceError
from slotfill.extractors.batches.run_batches import RunBatch, RunBatches
from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.clients.credentials import has_credential
from slotfill.extractors.errors import InputError, ModelError, StoppedError
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.runs.breaker import ending_of
from slotfill.extractors.settings import Settings
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = [
    "HEADERS",
    "BatchView",
    "ask_service",
    "cancel_batches",
    "cells",
    "going_on",
    "look_at",
    "look_at_all",
    "look_at_one",
]

R = TypeVar("R")

HEADERS = ("batch", "how it is", "requests", "results", "ends by", "of")


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch, as the ledger of its run and the service tell of it.

    run: None of one that no run at hand knows. status: None where the service was not asked, or does not know it.
    is_candidate: whether it may be one of a run at hand whose reply was lost.
    """

    run: RunBatch | None
    status: BatchStatus | None
    is_candidate: bool = False

    @property
    def state(self) -> str:
        """How it is, in a word or two, of which `--json` makes no others."""
        if self.run is not None and not self.run.is_open:
            return "read"
        if self.status is None:
            return "reply lost" if self.run is not None and self.run.batch is None else "unknown"
        if self.status.archived:
            return "archived"
        return self.status.state.replace("_", " ")

    @property
    def ends(self) -> float | None:
        """By when it has ended, in seconds since 1970; None where it has, or that is not told."""
        return None if self.status is None or self.status.ended else self.status.expires

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data; what is not known is null, what a run would tell of a foreign one not there."""
        run, status = self.run, self.status
        told: JSONObject = {
            "batch": status.id if status else run and run.batch,
            "state": self.state,
            "requests": status.requests if status else run and run.requests,
            "counts": dict(status.counts) if status else None,
            "created": _iso(status.created if status else None),
            "ends_by": _iso(self.ends),
        }
        if run is None:
            return told | {"may_be_of_a_run": self.is_candidate}
        return told | {
            "wave": run.wave,
            "custom_ids": f"sf-{run.intent}-…",
            "results_read": dict(run.results),
            "given_up": run.given_up,
            "output": run.output,
            "schema": run.schema,
            "models": run.models,
            "ledger": str(run.ledger),
            "go_on_with": run.command or None if run.is_open and not run.given_up else None,
        }


def cells(view: BatchView) -> tuple[str, ...]:
    """Return what a table shows of a batch, below `HEADERS`."""
    run, status = view.run, view.status
    return (
        (status.id if status else run and run.batch) or "?",
        f"{view.state}, given up" if run and run.given_up and run.is_open else view.state,
        f"{status.requests if status else run.requests if run else 0:,}",
        _results_text(view),
        "" if view.ends is None else f"{datetime.fromtimestamp(view.ends, UTC).astimezone():%Y-%m-%d %H:%M}",
        _owner_text(view),
    )


def going_on(views: Iterable[BatchView]) -> Iterator[str]:
    """Write, for each run of which something is still to be read, what goes on with it."""
    open_runs = (view.run for view in views if view.run is not None and view.run.is_open and not view.run.given_up)
    commands = {run.ledger: run.command or "the command that it was started by" for run in open_runs}
    for command in commands.values():
        yield f"go on with: {command}"


def _owner_text(view: BatchView) -> str:
    if view.run is None:
        return "a run here whose reply was lost, or nobody here" if view.is_candidate else "nobody here"
    return f"{'standard output' if view.run.output == '-' else view.run.output}, wave {view.run.wave}"


def _results_text(view: BatchView) -> str:
    """Write what came of a batch's requests: nobody knows it before the batch has ended."""
    counts = view.status.counts if view.status and view.status.ended else view.run.results if view.run else {}
    told = (f"{count:,} {kind}" for kind, count in counts.items() if count and kind != "processing")
    return ", ".join(told)


async def ask_service(settings: Settings, question: Callable[[BatchService], Awaitable[R]]) -> R:
    """Ask the service something about batches. Raises ModelError and StoppedError where it cannot be asked."""
    if not has_credential(settings):
        raise ModelError("no Anthropic credential is set, and batches belong to its workspace: set ANTHROPIC_API_KEY")
    clients = Clients(DEFAULT_MODEL, settings)
    try:
        return await question(BatchService(clients))
    except ServiceError as error:
        failure = error.failure
        if failure.type.stops_run:
            raise ending_of(failure) from error
        raise StoppedError(f"the service does not tell of its batches: {failure.message}: try again later") from error
    finally:
        await clients.aclose()


async def look_at(service: BatchService, batches: Iterable[RunBatch]) -> list[BatchView]:
    """See how the batches of runs stand; those that are read, or have no name yet, the service is not asked about."""
    return [BatchView(batch, await _status(service, batch)) for batch in batches]


async def look_at_all(service: BatchService, known: RunBatches) -> list[BatchView]:
    """See how all batches of the workspace stand: those of runs first, and then those that no run at hand knows."""
    async with aclosing(service.since(0.0)) as listed:
        statuses = {status.id: status async for status in listed}
    views = [BatchView(batch, statuses.pop(batch.batch or "", None)) for batch in known.batches]
    lost = [batch for batch in known.open if batch.batch is None]
    others = statuses.values()
    return [*views, *(BatchView(None, status, any(batch.may_be(status) for batch in lost)) for status in others)]


async def look_at_one(service: BatchService, name: str, run: RunBatch | None) -> BatchView:
    """See how a batch stands. run: what is known of it. Raises InputError where nobody knows it."""
    try:
        return BatchView(run, await service.retrieve(name))
    except ServiceError as error:
        if error.failure.type is not FailureKind.NOT_FOUND:
            raise
    if run is None:
        raise InputError(f"no batch {name!r} is known, neither here nor to the workspace of this credential")
    return BatchView(run, None)


async def cancel_batches(service: BatchService, batches: Iterable[RunBatch]) -> list[BatchView]:
    """Cancel those of these batches that have not ended, and see how all of them stand then."""
    views = []
    for view in await look_at(service, batches):
        status = view.status
        if status is not None and status.state == "in_progress":
            status = await service.cancel(status.id)
        views.append(BatchView(view.run, status))
    return views


async def _status(service: BatchService, batch: RunBatch) -> BatchStatus | None:
    if batch.batch is None or not batch.is_open:
        return None
    try:
        return await service.retrieve(batch.batch)
    except ServiceError as error:
        if error.failure.type is FailureKind.NOT_FOUND:  # it is of another workspace, or was deleted
            return None
        raise


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
