"""Message batches: created, worked on, ended or cancelled, and read as lines of results in no order."""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from pydantic_core import to_json

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.messages_api.message import text_block, write_message
from slotfill.extractors.record.parts import BatchPlace
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import HttpRequest, LoggedRequest, page
from slotfill.extractors.testing.simulator.network_faults import BatchResult
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["SimulatedBatches"]

DAY = 86_400.0
ARCHIVED_AFTER = 29 * DAY

_FOREIGN = write_message(
    (text_block("Hello!"),),
    number="0" * 24,
    model="claude-haiku-4-5-20251001",
    stop_reason="end_turn",
    usage={"input_tokens": 8, "output_tokens": 2, "service_tier": "batch"},
)
"""What each request of somebody else's was answered."""

LINES_A_CHUNK = 1_000
"""Results that are sent at once."""

_KINDS = ("succeeded", "errored", "canceled", "expired")


@dataclass(slots=True)
class _Item:
    """One request of a batch, and what comes of it if it is worked on in time. line: as it stands in the results."""

    custom_id: str
    entry: LoggedRequest
    kind: str
    line: bytes
    usage: Usage


@dataclass
class _Batch:
    """seconds: how long it takes. archived: whether its results are, as soon as it has ended."""

    id: str
    created: float
    seconds: float
    items: Sequence[_Item]
    archived: bool = False
    canceled: float | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def ends(self) -> float:
        return self.created + min(self.seconds, DAY) if self.canceled is None else self.canceled

    @property
    def answered(self) -> int:
        """How many of its requests, the first ones, are answered before it is cancelled or expires."""
        worked = min(self.seconds, DAY) if self.canceled is None else self.canceled - self.created
        return len(self.items) if worked >= self.seconds else int(len(self.items) * worked / self.seconds)

    @property
    def left(self) -> str:
        """What becomes of the others."""
        return "expired" if self.canceled is None else "canceled"

    def settle(self) -> None:
        """Count and bill what is answered by its end, as that is known by now."""
        answered = self.answered
        for place, item in enumerate(self.items):
            item.entry.usage = item.usage if place < answered else Usage()
        self.counts = Counter(item.kind for item in self.items[:answered])
        self.counts[self.left] += len(self.items) - answered

    def lines(self) -> list[bytes]:
        """Return its results, a line each, in the order of its requests."""
        done, rest = self.items[: self.answered], self.items[self.answered :]
        return [item.line for item in done] + [_line(item.custom_id, {"type": self.left}) for item in rest]


class SimulatedBatches:
    """The batches of a simulated service.

    answer: gives the entry in the log, and the result, of one request of a batch; by its parameters, and its place
        there, from 1.
    seconds: how long a batch is worked on; one that takes over a day expires.
    """

    def __init__(
        self,
        answer: Callable[[JSONMapping, int], tuple[LoggedRequest, BatchResult]],
        clock: Clock,
        seconds: float,
        seed: int,
    ) -> None:
        self._answer, self._clock, self._seconds, self._seed = answer, clock, seconds, seed
        self._batches: dict[str, _Batch] = {}
        self._numbers = itertools.count(1)
        self._changing = threading.Lock()

    def create(
        self, requests: Iterable[JSONMapping], origin: str, *, held: bool = False, archived: bool = False
    ) -> JSONObject:
        """Take a batch in, all of whose requests have names of their own: it is in progress, however soon it ends.

        held: whether it ends when `end_all` says so, and not before. archived: whether its results are as soon as that.
        """
        items = [self._answered(request, place) for place, request in enumerate(requests, 1)]
        batch = self._add(items, math.inf if held else self._seconds, archived=archived)
        return self._described(batch, origin, begun=True)

    def add_foreign(self, custom_ids: Iterable[str], seconds: float) -> str:
        """Take in a batch of somebody else, which nobody here is billed for, and return its id."""
        result = {"type": "succeeded", "message": _FOREIGN}
        logged = LoggedRequest(0, HttpRequest("BATCH", "/v1/messages"))
        items = [_Item(name, logged, "succeeded", _line(name, result), Usage()) for name in custom_ids]
        return self._add(items, seconds).id

    def end_all(self) -> None:
        """Have all batches that are in progress end now, with all of their requests answered."""
        now = self._clock.now()
        with self._changing:
            for batch in self._batches.values():
                if now < batch.ends:
                    batch.seconds = now - batch.created
                    batch.settle()

    def retrieve(self, name: str, origin: str) -> JSONObject:
        """Say how a batch stands. Raises ApiError 404."""
        return self._described(self._find(name), origin)

    def listed(self, query: Mapping[str, str], origin: str) -> JSONObject:
        """List the batches, the latest first, a page at a time."""
        return page([self._described(batch, origin) for batch in reversed(self._batches.values())], query)

    def cancel(self, name: str, origin: str) -> JSONObject:
        """Stop a batch: what was not answered yet is `canceled`. One that has ended is refused."""
        with self._changing:
            batch = self._find(name)
            if self._ended(batch):
                raise invalid(f"Message Batch {name} cannot be canceled: it has ended")
            batch.canceled = self._clock.now()
            batch.settle()
        return self._described(batch, origin, begun=True)

    def delete(self, name: str) -> JSONObject:
        """Forget a batch that has ended."""
        if not self._ended(batch := self._find(name)):
            raise invalid(f"Message Batch {name} cannot be deleted: it is still in progress")
        del self._batches[batch.id]
        return {"id": name, "type": "message_batch_deleted"}

    def results(self, name: str) -> tuple[bytes, ...]:
        """Return the results as JSONL, in no order and in pieces. Raises ApiError while, or when, there are none."""
        if not self._ended(batch := self._find(name)):
            raise ApiError(404, "not_found_error", f"Message Batch {name} has no results: it is still in progress")
        if self._archived(batch) is not None:
            raise ApiError(404, "not_found_error", f"Message Batch {name} has no results: they are archived")
        lines = batch.lines()
        Random(f"{self._seed}{name}").shuffle(lines)  # noqa: S311 - reproducible, not secret
        return tuple(b"".join(lines[at : at + LINES_A_CHUNK]) for at in range(0, len(lines), LINES_A_CHUNK))

    def _answered(self, request: JSONMapping, place: int) -> _Item:
        entry, result = self._answer(request["params"], place)
        name = request["custom_id"]
        return _Item(name, entry, result["type"], _line(name, result), entry.usage)

    def _add(self, items: Sequence[_Item], seconds: float, *, archived: bool = False) -> _Batch:
        with self._changing:
            name = f"msgbatch_{next(self._numbers):024d}"
            batch = self._batches[name] = _Batch(name, self._clock.now(), seconds, items, archived)
            for item in items:
                item.entry.batch = BatchPlace(name, item.custom_id)
            batch.settle()
        return batch

    def _find(self, name: str) -> _Batch:
        if name not in self._batches:
            raise ApiError(404, "not_found_error", f"Message Batch {name} not found")
        return self._batches[name]

    def _ended(self, batch: _Batch) -> bool:
        return self._clock.now() >= batch.ends

    def _archived(self, batch: _Batch) -> float | None:
        """Return since when the results of a batch that has ended cannot be had any more."""
        at = batch.ends if batch.archived else batch.created + ARCHIVED_AFTER
        return at if self._clock.now() >= at else None

    def _described(self, batch: _Batch, origin: str, *, begun: bool = False) -> JSONObject:
        """begun: whether it is told as it was when what was called for began, and ends right after that."""
        ended = self._ended(batch) and not begun
        archived = self._archived(batch) if ended else None
        working = "in_progress" if batch.canceled is None else "canceling"
        counts = {kind: batch.counts[kind] if ended else 0 for kind in _KINDS}
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else working,
            "request_counts": {**counts, "processing": len(batch.items) - sum(counts.values())},
            "created_at": _timestamp(batch.created),
            "expires_at": _timestamp(batch.created + DAY),
            "ended_at": _timestamp(batch.ends if ended else None),
            "archived_at": _timestamp(archived),
            "cancel_initiated_at": _timestamp(batch.canceled),
            "results_url": f"{origin}/v1/messages/batches/{batch.id}/results" if ended and archived is None else None,
        }


def _line(custom_id: str, result: BatchResult) -> bytes:
    return to_json({"custom_id": custom_id, "result": result}) + b"\n"


def _timestamp(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
