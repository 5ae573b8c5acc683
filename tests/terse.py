"""A simulated service that breaks what it is told to, and says at once what it would else take a second to make up."""

from typing import Any

from slotfill.extractors.testing.broken_claude import BrokenClaude
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest


def service(*breaking: str, **options: Any) -> BrokenClaude:
    """Make it. options: as `SimulatedClaude` takes them."""
    return BrokenClaude(breaking, **{"replies": said} | options)


def said(asked: SimulatedRequest) -> Any:
    """Say something that is of the schema, where strings stand in it."""
    match asked.schema:
        case None:
            return "Yes."
        case {"type": "array"}:
            return ["parcel"]
        case schema:
            return dict.fromkeys(schema["properties"], "ZX481")
