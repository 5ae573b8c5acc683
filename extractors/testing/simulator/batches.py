"""Message batches: created, worked on, ended or cancelled, and read as lines of results in no order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.testing.rules.request_rules import check_batch
from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import page
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["BatchResult", "Batches"]

DAY = 86_400.0

BatchResult = JSONMapping
"""`{"type": "succeeded", "message": …}`, or `errored` with its error, `canceled`, `expired`."""


@dataclass
class _Batch:
    id: str
    created: float
    results: dict[str, BatchResult]
    canceled: float | None = None
    ends: float = field(default=0.0)


class Batches:
    """The batches of a simulated service.

    answer: gives the result of one request of a batch: its parameters, and its place in the batch, from 1.
    seconds: how long a batch is worked on; one that takes over a day expires.
    """

    def __init__(self, answer: Callable[[JSON, int], BatchResult], clock: Clock, seconds: float, seed: int) -> None:
        self._answer = answer
        self._clock = clock
        self._seconds = seconds
        self._seed = seed
        self._batches: dict[str, _Batch] = {}
        self._creating = threading.Lock()

    def create(self, data: JSON, origin: str) -> JSONObject:
        """Take a batch in: it is in progress, however soon it ends. Raises ApiError when it is refused as a whole."""
        if not isinstance(data, dict) or set(data) - {"requests"}:
            raise invalid("requests: Field required, and nothing else")
        check_batch(data.get("requests"))
        requests = {request["custom_id"]: request["params"] for request in data["requests"]}
        results = {name: self._answer(params, place) for place, (name, params) in enumerate(requests.items(), 1)}
        now = self._clock.now()
        with self._creating:
            batch = _Batch(f"msgbatch_{len(self._batches) + 1:024d}", now, results)
            batch.ends = now + min(self._seconds, DAY)
            self._batches[batch.id] = batch
        return self._described(batch, origin, begun=True)

    def retrieve(self, name: str, origin: str) -> JSONObject:
        """Say how a batch stands. Raises ApiError 404."""
        return self._described(self._find(name), origin)

    def listed(self, query: Mapping[str, str], origin: str) -> JSONObject:
        """List the batches, the latest first, a page at a time."""
        return page([self._described(batch, origin) for batch in reversed(self._batches.values())], query)

    def cancel(self, name: str, origin: str) -> JSONObject:
        """Stop a batch: what was not answered yet is `canceled`. One that has ended is refused."""
        batch = self._find(name)
        if self._ended(batch):
            raise invalid(f"Message Batch {name} cannot be canceled: it has ended")
        batch.canceled = self._clock.now()
        description = self._described(batch, origin)
        batch.ends = batch.canceled
        return description

    def delete(self, name: str) -> JSONObject:
        """Forget a batch that has ended."""
        if not self._ended(batch := self._find(name)):
            raise invalid(f"Message Batch {name} cannot be deleted: it is still in progress")
        del self._batches[batch.id]
        return {"id": name, "type": "message_batch_deleted"}

    def results(self, name: str) -> bytes:
        """Return the results as JSONL, in no order. Raises ApiError while there are none."""
        if not self._ended(batch := self._find(name)):
            raise ApiError(404, "not_found_error", f"Message Batch {name} has no results: it is still in progress")
        lines = [json.dumps({"custom_id": key, "result": result}) + "\n" for key, result in self._outcomes(batch)]
        Random(f"{self._seed}{name}").shuffle(lines)  # noqa: S311 - reproducible, not secret
        return "".join(lines).encode()

    def _find(self, name: str) -> _Batch:
        if name not in self._batches:
            raise ApiError(404, "not_found_error", f"Message Batch {name} not found")
        return self._batches[name]

    def _ended(self, batch: _Batch) -> bool:
        return self._clock.now() >= batch.ends

    def _outcomes(self, batch: _Batch) -> Iterator[tuple[str, BatchResult]]:
        """Yield each request's result: the first share of them was answered before a batch was cancelled or expired."""
        worked = (batch.ends if batch.canceled is None else batch.canceled) - batch.created
        answered = len(batch.results) if not self._seconds else int(len(batch.results) * worked / self._seconds)
        left = {"type": "expired" if batch.canceled is None else "canceled"}
        for place, (name, result) in enumerate(batch.results.items()):
            yield name, result if place < answered else left

    def _described(self, batch: _Batch, origin: str, *, begun: bool = False) -> JSONObject:
        ended = self._ended(batch) and not begun
        working = "in_progress" if batch.canceled is None else "canceling"
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else working,
            "request_counts": _counts(
                (result["type"] for _, result in self._outcomes(batch)), len(batch.results), ended
            ),
            "created_at": _timestamp(batch.created),
            "expires_at": _timestamp(batch.created + DAY),
            "ended_at": _timestamp(batch.ends) if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None if batch.canceled is None else _timestamp(batch.canceled),
            "results_url": f"{origin}/v1/messages/batches/{batch.id}/results" if ended else None,
        }


def _counts(kinds: Iterable[str], size: int, ended: bool) -> dict[str, int]:
    """Count the results by kind: all are processing until the batch has ended."""
    counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
    for kind in kinds if ended else ():
        counts[kind] += 1
    return {**counts, "processing": size - sum(counts.values())}


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
