"""Scenarios: what a simulated model says of a document, and what an extractor makes of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hypothesis import strategies as st

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.testing.checking.law import SAMPLE_TEXT
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply, make_reply
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import Completion, completions

if TYPE_CHECKING:
    import anthropic

__all__ = ["KEY", "ExtractorOf", "Extracts", "ReplyEnd", "Scenario", "ScenarioResult", "logged", "play", "scenarios"]

KEY = "sk-ant-a-key-that-nobody-may-see"
"""The credential of the client that an extractor is given."""

ReplyEnd = Literal["as scripted", "max_tokens", "refusal", "401"]
"""What becomes of every reply: nothing, or it is marked as cut off or as refused, whole as it may be, or the service
refuses the credential."""


class Extracts(Protocol):
    """Whatever extracts from one text."""

    def extract(self, text: str, /) -> Extraction[Any]:
        """Extract from one text."""


ExtractorOf = Callable[["anthropic.Anthropic"], Extracts]
"""Makes the extractor that is to be judged, on this client."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One document, and what the model says of it.

    replies: in turn, the last one for ever.
    """

    text: str
    replies: tuple[Completion, ...]
    ending: ReplyEnd

    @property
    def truth(self) -> JSON:
        """The value that the replies mean."""
        return self.replies[-1].truth

    def to_json(self) -> JSONObject:
        """Return the scenario as plain JSON data."""
        return {"text": self.text, "replies": [reply.text for reply in self.replies], "ending": self.ending}


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What came of a scenario.

    extraction: None when `error` was raised. logs: every line that was logged. extractor_repr: what is shown of it.
    """

    scenario: Scenario
    claude: SimulatedClaude
    extraction: Extraction[Any] | None = None
    error: Exception | None = None
    logs: list[str] = field(default_factory=list)
    extractor_repr: str = ""


def scenarios(
    schema: Schema[Any], ending: ReplyEnd, *, corrected: bool, text: str = SAMPLE_TEXT
) -> st.SearchStrategy[Scenario]:
    """Return scenarios of one document. corrected: whether a valid reply follows the first, whatever that is."""

    def replies(first: Completion) -> tuple[Completion, ...]:
        meant = json.dumps(schema.wrap(first.truth), ensure_ascii=False)
        return (first, Completion(meant, first.truth, "valid", "end_turn")) if corrected else (first,)

    return completions(schema, document=text).map(lambda first: Scenario(text, replies(first), ending))


def play(extractor_of: ExtractorOf, scenario: Scenario) -> ScenarioResult:
    """Have an extractor extract from a scenario's document."""
    claude = SimulatedClaude(_script(scenario), faults=("401",) if scenario.ending == "401" else ())
    logs: list[str] = []
    with logged(logs), claude.client(api_key=KEY, max_retries=0) as client:
        extractor = extractor_of(client)
        try:
            extraction, error = extractor.extract(scenario.text), None
        except Exception as raised:  # noqa: BLE001 - whatever the extractor under test raises is judged
            extraction, error = None, raised
    return ScenarioResult(scenario, claude, extraction, error, logs, repr(extractor))


def _script(scenario: Scenario) -> Callable[[SimulatedRequest], SimulatedReply]:
    rest = list(scenario.replies)

    def script(request: SimulatedRequest) -> SimulatedReply:
        reply = rest.pop(0) if len(rest) > 1 else rest[0]
        stop = reply.stop_reason if scenario.ending == "as scripted" else scenario.ending
        whole = make_reply(request, reply.text, _parsed(reply.text) if request.tool else None)
        return whole if stop == "end_turn" else SimulatedReply(whole.content, stop)

    return script


def _parsed(text: str) -> JSON:
    """Read a tool's input: the service sends JSON only."""
    try:
        return json.loads(text)
    except ValueError:
        return {}


@contextmanager
def logged(lines: list[str]) -> Iterator[None]:
    """Collect all that is logged, at any level."""
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]  # all it is for
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
