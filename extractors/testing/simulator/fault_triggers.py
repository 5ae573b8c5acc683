"""Faults by name: what a model and a network do wrong, when, and how several of them compose.

A fault is written `NAME`, `NAME@1,3-5` (the first, third to fifth request) or `NAME:0.1` (one request in ten, by the
seed). Several at one request are applied in the order of `STAGES`: first to the value, then to what the model writes,
then to the message, then to what the network makes of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.faults.value_faults import VALUE_FAULTS
from slotfill.extractors.testing.simulator.network_faults import (
    CALL_FAULTS,
    ERROR_FAULTS,
    ITEM_FAULTS,
    RESPONSE_FAULTS,
    STREAM_FAULTS,
)
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply, call, count, shorten
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = [
    "BATCH_FAULTS",
    "FAULTS",
    "MESSAGE_FAULTS",
    "STAGES",
    "FaultError",
    "Trigger",
    "triggers",
]


class FaultError(SlotfillError, ValueError):
    """A fault that is not known, or not well written."""


def _truncated(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return shorten(reply, max(1, count(reply) // 2))


def _refusal(_: SimulatedRequest, __: SimulatedReply) -> SimulatedReply:
    details = {"type": "refusal", "category": None, "explanation": "The model declined to answer."}
    return SimulatedReply((), "refusal", details)


def _empty(_: SimulatedRequest, __: SimulatedReply) -> SimulatedReply:
    return SimulatedReply(())


def _wrong_tool(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return _with_calls(reply, lambda block: ({**block, "name": "web_search"},))


def _two_tools(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return _with_calls(reply, lambda block: (block, call(block["name"], block["input"], 2)))


def _with_calls(reply: SimulatedReply, change: Callable[[JSONMapping], Sequence[JSONMapping]]) -> SimulatedReply:
    if not any(block["type"] == "tool_use" for block in reply.content):
        raise LookupError
    changed = (change(block) if block["type"] == "tool_use" else (block,) for block in reply.content)
    return replace(reply, content=tuple(block for blocks in changed for block in blocks))


def _thinking(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    thought = {"type": "thinking", "thinking": 'The schema wants {"type": "object"}.', "signature": "c2ltdWxhdGVk"}
    return replace(reply, content=(thought, *reply.content))


MESSAGE_FAULTS: Mapping[str, Callable[[SimulatedRequest, SimulatedReply], SimulatedReply]] = {
    "wrong_tool": _wrong_tool,
    "two_tools": _two_tools,
    "truncated": _truncated,
    "thinking": _thinking,
    "empty_content": _empty,
    "refusal": _refusal,
}
"""By name: what becomes of what the model says; raises LookupError where the fault does not apply."""


BATCH_FAULTS = (*ITEM_FAULTS, *CALL_FAULTS)
"""Those that strike message batches alone: one request of a batch, where a position is its place there, or one call."""

STAGES: tuple[tuple[str, ...], ...] = (
    tuple(ERROR_FAULTS),
    tuple(VALUE_FAULTS),
    tuple(TEXT_FAULTS),
    tuple(MESSAGE_FAULTS),
    tuple(STREAM_FAULTS),
    tuple(RESPONSE_FAULTS),
    tuple(ITEM_FAULTS),
    CALL_FAULTS,
)
"""All faults, in the order in which they are applied."""

FAULTS: tuple[str, ...] = tuple(name for stage in STAGES for name in stage)
"""The names of all faults."""

_FORM = re.compile(r"(?P<name>\w+)(?:@(?P<at>[\d,-]+))?(?::(?P<chance>\d*\.?\d+))?")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A fault, and when it strikes.

    Attributes:
        name: One of `FAULTS`.
        positions: The requests that it may strike, from 1, in the order of arrival; None for all. Of requests that are
            sent at once chance decides which comes first. In a batch it is the place there; calls about batches are
            counted by their kind.
        probability: Of the fault, at each of these: 0 to 1.
        about: A text: only requests about a document, or a chunk of one, in which it stands are struck.
    """

    name: str
    positions: frozenset[int] | None = None
    probability: float = 1.0
    about: str = ""

    @classmethod
    def parse(cls, text: str) -> Trigger:
        """Read `NAME`, `NAME@POSITIONS`, `NAME:PROBABILITY` or `NAME@POSITIONS:PROBABILITY`. Raises FaultError."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise FaultError(f"{text!r} is no fault: write NAME, NAME@1,3-5 or NAME:0.1")
        name, chance = match["name"], float(match["chance"] or 1)
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(FAULTS)}"
            raise FaultError(f"no fault is called {name!r}: {hint}")
        if not 0 <= chance <= 1:
            raise FaultError(f"{text!r}: a probability is a number from 0 to 1")
        return cls(name, _positions(text, match["at"]) if match["at"] else None, chance)

    def strikes(self, position: int, document: str, chance: Random) -> bool:
        """Whether the fault strikes a request."""
        here = self.about in document and (self.positions is None or position in self.positions)
        return here and (self.probability == 1 or chance.random() < self.probability)


def triggers(faults: Iterable[str | Trigger]) -> tuple[Trigger, ...]:
    """Read faults, in the order in which they are applied. Raises FaultError."""
    read = [trigger if isinstance(trigger, Trigger) else Trigger.parse(trigger) for trigger in faults]
    return tuple(sorted(read, key=lambda trigger: FAULTS.index(trigger.name)))


def _positions(text: str, listed: str) -> frozenset[int]:
    positions: set[int] = set()
    for part in listed.split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        span = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not span:
            raise FaultError(f"{text!r}: positions are numbers or ranges, such as 1,3-5")
        positions.update(span)
    return frozenset(positions)
