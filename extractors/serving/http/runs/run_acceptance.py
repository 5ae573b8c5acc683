"""A run that is asked for: checked, and on the disk before it is answered."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from slotfill.extractors.catalogue.transport_facts import transport_name
from slotfill.extractors.errors import InputError
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.serving.http.runs.run_bodies import RunBody
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_documents import TooManyDocumentsError, run_sources
from slotfill.extractors.serving.runs.run_order import RunOrder
from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.serving.served_schemas import with_params
from slotfill.extractors.serving.service import Service
from slotfill.schemas.schema import Schema

__all__ = ["accept_run"]

QUEUE_AGAIN = 60.0
"""Seconds after which to ask again where a key has as many runs as it may."""

_OPTIONS = {"--text-field": "text_field", "--id-field": "id_field", "--keep": "keep"}
"""What errors of rows call the form's fields."""


async def accept_run(
    service: Service, runs: RunQueue, key: ApiKey, body: RunBody, folder: Path, *, name: str, request: str | None
) -> RunOrder:
    """Take a run on.

    Args:
        service: What it is a run of.
        runs: Where it goes.
        key: Who asks.
        body: What is asked for.
        folder: Where its documents stand.
        name: What the run is called.
        request: The request's `Idempotency-Key`; None without one.

    Returns:
        What is kept of it. Of a request that a server was killed over, which had kept it, what it kept.

    Raises:
        ProblemError: The key may not ask for it, or for no more now; it cannot be asked for.
    """
    if request is not None and (known := await asyncio.to_thread(_known, runs, key, request)) is not None:
        if (known.digest, known.batch) != (body.digest, body.batch):
            detail = "the key has sent another request with this Idempotency-Key: take a new one for each"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_mismatch", detail)
        return known
    await service.admit(key)
    await asyncio.to_thread(_check_queue, runs, key)
    schema = await asyncio.to_thread(_schema_of, service, body)
    order = RunOrder(
        id=name,
        key=key.name,
        created=datetime.now(UTC),
        schema=body.schema if isinstance(body.schema, str) else dict(body.schema),
        schema_name=schema.name,
        schema_id=schema.id,
        model=body.model,
        labels=dict(body.labels),
        params=None if body.params is None else dict(body.params),
        files=body.files,
        text_field=body.text_field,
        id_field=body.id_field,
        keep=body.keep,
        batch=body.batch,
        request=request,
        digest=body.digest,
    )
    await asyncio.to_thread(_check_documents, runs, order, body, folder)
    await asyncio.to_thread(runs.store.publish, order)
    runs.wake()
    return order


def _known(runs: RunQueue, key: ApiKey, request: str) -> RunOrder | None:
    orders = runs.store.orders()
    return next((one for one in orders if (one.key, one.request) == (key.name, request)), None)


def _check_queue(runs: RunQueue, key: ApiKey) -> None:
    own = (order for order in runs.store.orders() if order.key == key.name)
    if sum(not runs.store.state(order.id).status.is_over for order in own) >= runs.limits.queued:
        detail = f"the key {key.name!r} has {runs.limits.queued} runs that are not over: wait for one, or cancel it"
        raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_runs", detail, retry_after=QUEUE_AGAIN)


def _schema_of(service: Service, body: RunBody) -> Schema[Any]:
    models = service.schemas.models if body.model is None else (body.model,)
    if body.batch and (local := next(filter(transport_name, models), None)):
        detail = f"the model {local!r} is none of Anthropic's service, and has no batches: leave batch out"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "no_batches", detail)
    if isinstance(body.schema, str):
        return with_params(service.schemas.named[body.schema], body.params)
    extractor = service.schemas.extractor_of_its_own(body.schema, body.model)
    extractor.close()
    return extractor.schema


def _check_documents(runs: RunQueue, order: RunOrder, body: RunBody, folder: Path) -> None:
    """Refuse what cannot be read, and what is more than a run may have, as far as that is known."""
    most = runs.limits.documents
    try:
        count = run_sources(order, folder).count_rows(lambda: False) if order.files else body.count
    except InputError as error:
        detail = str(error)
        for option, name in _OPTIONS.items():
            detail = detail.replace(option, json.dumps(name))
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_rows", detail) from None
    if count is not None and count > most:
        detail = str(TooManyDocumentsError(most))
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many_documents", detail)
