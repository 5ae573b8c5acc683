"""The calls about message batches: which one a request is, what strikes it, and what it is answered."""

from __future__ import annotations

from collections.abc import Sequence

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.testing.batching.shared_json import load_shared
from slotfill.extractors.testing.batching.simulated_batches import SimulatedBatches
from slotfill.extractors.testing.rules.request_rules import check_batch
from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import (
    HttpRequest,
    HttpResponse,
    LoggedRequest,
    RebuiltRequest,
    json_response,
)
from slotfill.extractors.testing.simulator.network_faults import CALL_ERRORS, UNSENT_FAULTS
from slotfill.extractors.testing.simulator.simulated_limits import BatchLimits
from slotfill.extractors.testing.simulator.simulated_model import SimulatedModel
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["BatchCalls"]

LINES_HEADERS = {"content-type": "application/x-jsonl"}


class BatchCalls:
    """Answers what is asked about batches, and has faults strike. limits: of one batch."""

    def __init__(self, batches: SimulatedBatches, model: SimulatedModel, limits: BatchLimits, clock: Clock) -> None:
        self._batches, self._model, self._limits, self._clock = batches, model, limits, clock

    def answer(self, rest: Sequence[str], request: HttpRequest, entry: LoggedRequest) -> HttpResponse:
        """Answer a request. rest: its path below that of batches. Raises ApiError."""
        call = _call_of(request.method, rest)
        struck = self._model.strike_call(call)
        if errors := [name for name in struck if name in CALL_ERRORS]:
            entry.faults = (errors[0],)
            raise CALL_ERRORS[errors[0]](self._clock.now())
        if unsent := [name for name in struck if name.removeprefix(f"{call}_") in UNSENT_FAULTS]:
            entry.faults = (unsent[-1],)  # nothing arrives, so nothing is done
            return HttpResponse(0, {}, ())
        entry.faults = struck
        return self._lines(rest[0]) if call == "results" else json_response(self._done(call, rest, request, entry))

    def _done(self, call: str, rest: Sequence[str], request: HttpRequest, entry: LoggedRequest) -> JSONObject:
        batches, origin = self._batches, request.origin
        match call:
            case "create":
                return self._create(request, entry)
            case "retrieve":
                return batches.retrieve(rest[0], origin)
            case "cancel":
                return batches.cancel(rest[0], origin)
            case "delete":
                return batches.delete(rest[0])
        return batches.listed(request.query, origin)

    def _create(self, request: HttpRequest, entry: LoggedRequest) -> JSONObject:
        if len(request.body) > self._limits.body_bytes:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
        data = load_shared(request.body)
        if not isinstance(data, dict) or set(data) - {"requests"}:
            raise invalid("requests: Field required, and nothing else")
        check_batch(data.get("requests"), self._limits.requests)
        entry.http = RebuiltRequest(request, data)
        held, archived = (name in entry.faults for name in ("create_held", "create_archived"))
        return self._batches.create(data["requests"], request.origin, held=held, archived=archived)

    def _lines(self, name: str) -> HttpResponse:
        disposition = {"content-disposition": f'attachment; filename="{name}_results.jsonl"'}
        return HttpResponse(200, LINES_HEADERS | disposition, self._batches.results(name))


def _call_of(method: str, rest: Sequence[str]) -> str:
    """Name a call, as the SDK does. Raises ApiError 404."""
    match method, rest:
        case "POST", []:
            return "create"
        case "GET", []:
            return "list"
        case "GET", [_]:
            return "retrieve"
        case "DELETE", [_]:
            return "delete"
        case "POST", [_, "cancel"]:
            return "cancel"
        case "GET", [_, "results"]:
            return "results"
    raise ApiError(404, "not_found_error", f"Not found: {method} /v1/messages/batches/{'/'.join(rest)}")
