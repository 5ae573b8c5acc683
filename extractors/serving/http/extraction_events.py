"""The events of a stream: an extraction as it grows, as server-sent events."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.serving.json_patches import patch_between
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service import Work, stopping_problem
from slotfill.extractors.unforeseen import unexpected
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["extraction_events"]

STREAM_SECONDS = 900.0
"""So long a stream may take, a client that reads slowly included."""

AHEAD = 16
"""Events that may wait for a client to read them."""

PING_SECONDS = 15.0
"""So long a stream says nothing: what stands between may take a silent connection for a dead one."""

_END = None

_Events = asyncio.Queue[bytes | None]

_logger = logging.getLogger("slotfill")


async def extraction_events(work: Work, request_id: str, *, as_patches: bool) -> AsyncGenerator[bytes]:
    """Yield what a stream sends: growing values, and last the record, or a problem in place of it.

    A task of its own extracts: closing this ends it, and with it the model's reply. So does the end of the service,
    which is told.
    """
    events: _Events = asyncio.Queue(AHEAD)
    producer = asyncio.create_task(_produce(work, request_id, events, as_patches=as_patches))
    stop = asyncio.create_task(work.stopping.wait())
    stop.add_done_callback(lambda done: None if done.cancelled() else producer.cancel())
    try:
        while (event := await _next(events)) is not _END:
            yield event
    finally:
        for task in (stop, producer):
            task.cancel()
        await asyncio.gather(stop, producer, return_exceptions=True)


async def _next(events: _Events) -> bytes | None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            return await events.get()
    except TimeoutError:
        return KEEPALIVE_COMMENT


async def _produce(work: Work, request_id: str, events: _Events, *, as_patches: bool) -> None:
    try:
        async with asyncio.timeout(STREAM_SECONDS):
            await _extract(work, events, as_patches=as_patches)
    except asyncio.CancelledError:
        if not work.stopping.is_set():
            raise
        problem = stopping_problem(is_paid=True)
    except ProblemError as error:
        problem = error
    except TimeoutError:
        detail = f"the stream took more than {STREAM_SECONDS:.0f} s"
        problem = ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "slow_stream", detail)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client is told that there is no more to come
        _logger.error("%s: %s", request_id, unexpected(error))  # noqa: TRY400 - a traceback may quote a text
        problem = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is a fault of the service")
    else:
        await events.put(_END)
        return
    await events.put(_event("problem", problem.to_json(request_id)))
    await events.put(_END)


async def _extract(work: Work, events: _Events, *, as_patches: bool) -> None:
    before: JSON = None
    async with aclosing(work.stream()) as growing:
        async for event in growing:
            if isinstance(event, Extraction):
                await events.put(_event("record", event.to_json()))
                continue
            data: JSONObject = {"rung": event.rung.value}
            if as_patches:
                data["patch"] = patch_between(before, event.data)
                before = copy.deepcopy(event.data)  # it grows in place
            else:
                data["value"] = event.data
            await events.put(_event("partial", data))


def _event(name: str, data: JSONObject) -> bytes:
    """Write an event, its data as records are written."""
    return format_sse_event(event=name, data_str=dumps(data))
