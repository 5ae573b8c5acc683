"""Asks and answers: what a plan wants to know of a model, what it is told, and how far it may go. Plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Protocol

from pydantic import NonNegativeInt, with_config

from slotfill.extractors.calibrating.field_curves import FieldCurves
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.record.failure_kinds import EMPTY, Failure, FailureKind
from slotfill.extractors.record.parts import Attempt, BatchPlace, Rung
from slotfill.extractors.record.stored_json import read_stored
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.repair.repair import RepairMode
from slotfill.extractors.rungs.prompt import Message, Prompt
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject
from slotfill.schemas.wire.losses import Mode
from slotfill.schemas.wire.wire import Wire

__all__ = [
    "Answer",
    "Ask",
    "AskName",
    "Executor",
    "Policy",
    "attempt_of",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to a model.

    max_tokens bounds its reply. wire: what a patch, or a part of a value, is answered by; None for the whole value.
    """

    rung: Rung
    model: str
    mode: Mode
    prompt: Prompt
    max_tokens: int
    wire: Wire | None = None

    @property
    def digest(self) -> bytes:
        """Name what is asked, and of which model: SHA-256. The rung, which leads to it, is no part of it."""
        form = json.dumps(self.wire.full, sort_keys=True) if self.wire else ""
        asked = self.model, self.mode, str(self.max_tokens), form, self.prompt.system
        named = _named_first(asked, self.prompt.turns[: self.prompt.shared]).copy()
        named.update(_framed_turns(self.prompt.turns[self.prompt.shared :]))
        return named.digest()


class AskName(NamedTuple):
    """What is stored and recorded of an ask, where it is not at hand itself."""

    digest: bytes
    rung: Rung
    model: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one ask; plain data, so that it can be stored and replayed.

    json: the JSON text that the reply holds, None when there is none; `errors` then say why.
    text: all that the model said, for it to be shown again.
    failure: why there is no reply at all.
    ms: wall-clock milliseconds, the SDK's own tries included.
    scored: JSON Pointers into `json` to the numbers that were computed from log-probabilities.
    batch: the batch that it came with; None for a reply of its own.
    """

    json: str | None = None
    text: str = ""
    stop_reason: str | None = None
    errors: tuple[FieldError, ...] = ()
    failure: Failure | None = None
    usage: Usage = Usage()
    ms: int = 0
    request_id: str | None = None
    scored: tuple[str, ...] = ()
    batch: BatchPlace | None = None

    def to_json(self) -> JSONObject:
        """Give the answer as plain JSON data, without what is not there."""
        stored: JSONObject = {
            "json": self.json,
            "text": None if self.text == self.json else self.text,
            "stop_reason": self.stop_reason,
            "errors": [[error.path, error.message] for error in self.errors],
            "failure": self.failure and self.failure.to_json(),
            "usage": self.usage.to_json(),
            "ms": self.ms,
            "request_id": self.request_id,
            "scored": list(self.scored),
            "batch": self.batch and self.batch.to_json(),
        }
        return {name: part for name, part in stored.items() if part not in (None, [])}

    @classmethod
    def from_json(cls, stored: JSONMapping) -> Answer:
        """Read what `to_json` gave."""
        failure = stored.get("failure")
        return cls(
            json=stored.get("json"),
            text=stored.get("text", stored.get("json", "")),
            stop_reason=stored.get("stop_reason"),
            errors=tuple(FieldError(*error) for error in stored.get("errors", ())),
            failure=Failure(**failure | {"type": FailureKind(failure["type"])}) if failure else None,
            usage=Usage(**{"thinking_tokens": None} | stored["usage"]),  # an earlier slotfill did not count them
            ms=stored["ms"],
            request_id=stored.get("request_id"),
            scored=tuple(stored.get("scored", ())),
            batch=BatchPlace(**stored["batch"]) if "batch" in stored else None,
        )

    @classmethod
    def read(cls, text: object) -> Answer:
        """Read what was stored. Raises ValueError, which says why it is no answer, for what `to_json` never gives."""
        return cls.from_json(read_stored(text, _Stored))


_NO_BATCH = BatchPlace("", "")


@with_config(extra="forbid")
@dataclass
class _Stored:
    """What `Answer.to_json` gives."""

    usage: Usage
    ms: NonNegativeInt
    json: str = ""
    text: str = ""
    stop_reason: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    failure: Failure = EMPTY
    request_id: str = ""
    scored: tuple[str, ...] = ()
    batch: BatchPlace = _NO_BATCH


class Executor(Protocol):
    """What puts asks to their models."""

    async def aexecute(self, ask: Ask) -> Answer:
        """Give the answer; whatever goes wrong on the way is in it."""

    def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Give the pieces of the reply's text as they arrive; the answer comes last."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How far an extraction may go.

    modes: how to ask for JSON, in the order to try; the next one serves where the service refuses the schema.
    retries: model calls after the first; modes that were refused do not count.
    max_tokens: room for the first reply. ceiling: the most a reply may be given when it was cut off.
    mending: which local edits are made: `off`, `safe` (of no or low risk), `bold`.
    ttl: how long the service keeps what is marked for its cache.
    chunk_chars: the most of a document that one request may hold, in code points; None for all of it. It is split
        further where the service finds it too long. A page that is sent as it is counts as `PAGE_CHARS`.
    passes: how often each part of the document is read.
    width: the most properties that one request may ask for, at all depths; None for any number.
    history_tokens: how much of the conversation about a document is told again, the latest turns first.
    takes_pages: whether the model looks at pages of a PDF.
    least_cached: the fewest tokens of a prompt that the model's service keeps in its cache; None where it keeps none.
    votes: how often the document is read, independently, at most.
    calibration: how likely what is so sure is right, if that was learnt.
    stronger: the model that parts of the value go to, of which less than `sure` is sure; None for none.
    withholds: whether what less than `sure` is sure of is left out, or fails the document.
    first_rung: what the first request is: an ask, unless models before this one had to be passed over.
    fallbacks: the models to turn to, in this order, each with its own policy.
    """

    model: str
    modes: tuple[Mode, ...]
    max_tokens: int
    ceiling: int
    retries: int = 2
    mending: RepairMode = "safe"
    ttl: CacheTTL = "5m"
    chunk_chars: int | None = None
    passes: int = 1
    width: int | None = None
    history_tokens: int = 8_000
    takes_pages: bool = False
    least_cached: int | None = None
    votes: int = 1
    calibration: FieldCurves | None = None
    stronger: Policy | None = None
    sure: float = 0.8
    withholds: bool = False
    first_rung: Rung = Rung.ASK
    fallbacks: tuple[Policy, ...] = ()

    def for_pages(self) -> Policy | None:
        """Return the policy of the models that look at pages of a PDF, in their order; None where none does."""
        if self.takes_pages and all(other.takes_pages for other in self.fallbacks):
            return self
        looking = [one for one in (self, *self.fallbacks) if one.takes_pages]
        if not looking:
            return None
        rung = Rung.ASK if self.takes_pages else Rung.FALLBACK
        stronger = self.stronger if self.stronger and self.stronger.takes_pages else None
        return replace(looking[0], first_rung=rung, fallbacks=tuple(looking[1:]), stronger=stronger)


def attempt_of(
    ask: Ask | AskName, answer: Answer, errors: tuple[FieldError, ...] | None = None, *, ok: bool = False
) -> Attempt:
    """Give what a record says of one request.

    errors, ok: what came of reading its reply; without errors `ok` says that there was a reply.
    """
    if errors is None:
        errors, ok = (FieldError("", answer.failure.message),) if answer.failure else (), answer.failure is None
    return Attempt(
        rung=ask.rung,
        model=ask.model,
        mode=ask.mode,
        ok=ok,
        stop_reason=answer.stop_reason,
        errors=errors,
        usage=answer.usage,
        ms=answer.ms,
        request_id=answer.request_id,
        batch=answer.batch,
    )


@lru_cache(maxsize=64)
def _named_first(parts: tuple[str, ...], turns: tuple[Message, ...]) -> hashlib._Hash:
    """Begin a name with what all documents of a schema have in common; a copy of it goes on."""
    return hashlib.sha256(_framed(*parts) + _framed_turns(turns))


def _framed_turns(turns: Iterable[Message]) -> bytes:
    return b"".join(_framed(turn.role, turn.text, *_digests(turn)) for turn in turns)


def _framed(*parts: str) -> bytes:
    """Put texts one behind the other so that no other texts are put together alike."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join([b"%d:%b" % (len(data), data) for data in encoded])


def _digests(turn: Message) -> Iterator[str]:
    """Name the pages that a turn holds; nothing for a turn of text alone, whose digest answers are stored by."""
    return (f"pdf:{pages.digest}" for pages in turn.pages)
