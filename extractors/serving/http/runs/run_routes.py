"""Routes of runs: many documents of one request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.ledger_records import records_from
from slotfill.extractors.serving.http.requests.idempotent_replies import idempotency_key, reply_once
from slotfill.extractors.serving.http.requests.route_keys import presented_key, service_of
from slotfill.extractors.serving.http.runs.run_acceptance import accept_run
from slotfill.extractors.serving.http.runs.run_bodies import RunBody, read_run_body
from slotfill.extractors.serving.http.runs.run_description import (
    described_run,
    described_run_results,
    described_runs,
    described_start,
)
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState
from slotfill.extractors.serving.runs.run_queue import RunQueue
from slotfill.extractors.serving.runs.run_view import RUNS, has_begun, ledger_progress, run_address, run_json
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["LINES", "runs_router"]

LINES = "application/x-ndjson"
"""The type of JSON, a value a line."""

PAGE = 200
"""So many records are read at once, in a thread."""

MOST_LISTED = 100
"""So many runs a list has, the last ones."""

_AGAIN = 10.0
"""Seconds after which to ask again where the disk cannot be used now."""

_logger = logging.getLogger("slotfill")

runs_router = APIRouter(tags=["runs"])


@runs_router.post(RUNS, status_code=HTTPStatus.ACCEPTED, openapi_extra=described_start())
async def start(
    request: Request,
    batch: Annotated[
        bool, Query(description="Whether its requests go into message batches: at half the price, within a day.")
    ] = False,
) -> Response:
    """Begin a run."""
    key, service, runs = presented_key(request), service_of(request), _runs_of(request)
    named = idempotency_key(request)
    try:
        with runs.store.staged() as (name, folder):
            body = await read_run_body(request, folder, batch=batch)
            service.schemas.check(key, body.schema, body.model, body.params)

            async def answer() -> JSONResponse:
                order = await accept_run(service, runs, key, body, folder, name=name, request=named)
                return JSONResponse(await _described(runs, order), HTTPStatus.ACCEPTED)

            if named is None:
                response: Response = await answer()
            else:
                response = await reply_once(request, service.replies, key.name, _digest(body), answer)
    except (LedgerError, OSError) as error:  # the disk may be full while files come
        raise _unusable(error) from None
    if response.status_code == HTTPStatus.ACCEPTED:
        response.headers["Location"] = run_address(json.loads(bytes(response.body))["id"])
    return response


@runs_router.get(RUNS, openapi_extra=described_runs())
async def listed(request: Request) -> JSONResponse:
    """List the last runs of the key, the last one first."""
    key, runs = presented_key(request), _runs_of(request)

    def described() -> list[JSONObject]:
        own = [order for order in runs.store.orders() if order.key == key.name][-MOST_LISTED:]
        return [run_json(order, runs.store.state(order.id)) for order in reversed(own)]

    try:
        return JSONResponse({"runs": await asyncio.to_thread(described)})
    except LedgerError as error:
        raise _unusable(error) from None


@runs_router.get(RUNS + "/{name}", openapi_extra=described_run("How a run stands, and how far it is."))
async def shown(request: Request, name: str) -> JSONResponse:
    """Say how a run stands."""
    order = await _own(request, name)
    return JSONResponse(await _described(_runs_of(request), order))


@runs_router.get(RUNS + "/{name}/results", openapi_extra=described_run_results())
async def results(request: Request, name: str) -> Response:
    """Stream the records of what has ended, in the input's order."""
    order, runs = await _own(request, name), _runs_of(request)
    try:
        state = await asyncio.to_thread(runs.store.state, order.id)
    except LedgerError as error:
        raise _unusable(error) from None
    headers = {"X-Run-Status": state.status.value, "X-Run-Over": "true" if state.status.is_over else "false"}
    return StreamingResponse(_lines(runs, order, state), headers=headers, media_type=LINES)


@runs_router.post(
    RUNS + "/{name}/cancel", status_code=HTTPStatus.ACCEPTED, openapi_extra=described_run("The run, which ends.", 202)
)
async def cancel(request: Request, name: str) -> JSONResponse:
    """End a run: what is in flight is finished, and kept."""
    order, runs = await _own(request, name), _runs_of(request)
    try:
        if not (await asyncio.to_thread(runs.store.state, order.id)).status.is_over:
            await runs.cancel(order.id)
    except LedgerError as error:
        raise _unusable(error) from None
    return JSONResponse(await _described(runs, order), HTTPStatus.ACCEPTED)


@runs_router.post(
    RUNS + "/{name}/resume",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=described_run("The run, which goes on.", 202, 409),
)
async def resume(request: Request, name: str) -> JSONResponse:
    """Go on with a run that was stopped or cancelled."""
    order, runs = await _own(request, name), _runs_of(request)
    try:
        status = (await asyncio.to_thread(runs.store.state, order.id)).status
        if status.is_over and not status.can_go_on:
            detail = f"the run is {status.value}: begin another one"
            raise ProblemError(HTTPStatus.CONFLICT, "not_stopped", detail)
        if status.is_over:
            await runs.resume(order.id)
    except LedgerError as error:
        raise _unusable(error) from None
    return JSONResponse(await _described(runs, order), HTTPStatus.ACCEPTED)


@runs_router.delete(
    RUNS + "/{name}", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described_run("It is gone.", 204, 409)
)
async def remove(request: Request, name: str) -> Response:
    """Delete a run that is over: its documents and records; what it has cost is kept."""
    order, runs = await _own(request, name), _runs_of(request)
    try:
        await asyncio.to_thread(_remove, runs, order)
    except LedgerError as error:
        raise _unusable(error) from None
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _runs_of(request: Request) -> RunQueue:
    runs: RunQueue = request.app.state.runs
    return runs


async def _own(request: Request, name: str) -> RunOrder:
    """Return a run of the key that asks. Of one of another key it is not told that there is one."""
    key, runs = presented_key(request), _runs_of(request)
    try:
        order = await asyncio.to_thread(runs.store.order, name)
    except LedgerError as error:
        raise _unusable(error) from None
    if order is None or order.key != key.name:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "unknown_run", "this key has no run of that name: GET /v1/runs lists them"
        )
    return order


async def _described(runs: RunQueue, order: RunOrder) -> JSONObject:
    def described() -> JSONObject:
        return {**run_json(order, runs.store.state(order.id)), **ledger_progress(runs.store.ledger(order.id))}

    try:
        return await asyncio.to_thread(described)
    except LedgerError as error:
        raise _unusable(error) from None


async def _lines(runs: RunQueue, order: RunOrder, state: RunState) -> AsyncGenerator[bytes]:
    ledger, first = runs.store.ledger(order.id), 0

    def page() -> list[tuple[int, bytes]]:
        if not has_begun(ledger):
            return []
        records = records_from(ledger, first, PAGE, final=state.status.is_over)
        return [(position, f"{dumps(record)}\n".encode()) for position, record in records]

    while lines := await asyncio.to_thread(page):
        yield b"".join(line for _, line in lines)
        first = lines[-1][0] + 1


def _remove(runs: RunQueue, order: RunOrder) -> None:
    with runs.store.locked(order.id) as is_free:
        if not is_free or not runs.store.state(order.id).status.is_over:
            raise ProblemError(HTTPStatus.CONFLICT, "not_over", "the run is not over: cancel it, and delete it then")
        runs.store.erase(order.id)


def _digest(body: RunBody) -> str:
    return f"{RUNS} {body.batch} {body.digest}"


def _unusable(error: LedgerError | OSError) -> ProblemError:
    _logger.error("%s", error)
    detail = "runs cannot be kept, or read, now: the log says why"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no_run_store", detail, retry_after=_AGAIN)
