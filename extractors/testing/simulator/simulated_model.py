"""The simulated model: what it says to a request, and which faults strike that."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Collection, Iterable
from random import Random
from typing import NamedTuple

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS, spoil_text
from slotfill.extractors.testing.faults.value_faults import VALUE_FAULTS, spoil
from slotfill.extractors.testing.simulator.exchange import HttpRequest, LoggedRequest
from slotfill.extractors.testing.simulator.fault_triggers import MESSAGE_FAULTS, Trigger, triggers
from slotfill.extractors.testing.simulator.replies import Replies, ScriptedReply, script_of
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply, make_reply, shorten, think
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.extractors.testing.simulator.whims import thoughts_of
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["SimulatedModel", "Strike"]

_NO_CHANCE = Random(0)  # noqa: S311 - nobody draws from it


class Strike(NamedTuple):
    """The faults that strike one request, in the order in which they are applied, and what is left to chance."""

    faults: tuple[str, ...]
    chance: Random

    def among(self, known: Collection[str]) -> tuple[str, ...]:
        """Those of one kind."""
        return tuple(name for name in self.faults if name in known)


class SimulatedModel:
    """A model that says what a script has it say, with the faults that are to strike.

    replies, faults: as `SimulatedClaude` takes them. seed: for all that is left to chance. thinking_tokens: that it
    thinks where a request leaves it to; None draws them.

    Safe for any number of threads.
    """

    def __init__(
        self, replies: Replies, faults: Iterable[str | Trigger], seed: int, thinking_tokens: int | None
    ) -> None:
        self._seed = seed
        self._thinking_tokens = thinking_tokens
        self.script(replies, faults)
        self._arrivals: Counter[bytes] = Counter()
        self._calls: Counter[str] = Counter()
        self._counting = threading.Lock()

    def script(self, replies: Replies, faults: Iterable[str | Trigger]) -> None:
        """Set what is said from here on, and the faults of it. Raises FaultError and InputError."""
        self._script, self._triggers = script_of(replies, self._seed), triggers(faults)

    def strike(self, document: str, http: HttpRequest, position: int) -> Strike:
        """Draw the faults that strike a request. position: that of the request, from 1; in a batch, its place there."""
        chance = self._chance(http)
        struck = (trigger.name for trigger in self._triggers if trigger.strikes(position, document, chance))
        return Strike(tuple(struck), chance)

    def strike_call(self, call: str) -> tuple[str, ...]:
        """Draw the faults that strike a call about a batch: the kinds of calls are counted each by itself, from 1."""
        with self._counting:
            self._calls[call] += 1
            position = self._calls[call]
        chance = Random(f"{self._seed}/{call}/{position}")  # noqa: S311 - reproducible, not secret
        own = (trigger for trigger in self._triggers if trigger.name.startswith(f"{call}_"))
        return tuple(trigger.name for trigger in own if trigger.strikes(position, "", chance))

    def reply(self, request: SimulatedRequest, entry: LoggedRequest, strike: Strike) -> SimulatedReply:
        """Answer a request, and enter what was meant and what struck it. Raises ApiError where the script gives one."""
        if request.max_tokens == 0:  # the prompt is to be kept in the cache, and nothing said
            return SimulatedReply((), "max_tokens")
        scripted = self._script(request)
        if isinstance(scripted, ApiError):
            raise scripted
        reply = scripted if isinstance(scripted, SimulatedReply) else _written(request, scripted, entry, strike)
        reply = shorten(think(reply, self._thinking(request, entry.http)), request.max_tokens)
        for name in strike.among(MESSAGE_FAULTS):
            try:
                reply = MESSAGE_FAULTS[name](request, reply)
            except LookupError:
                continue
            entry.faults += (name,)
        return reply

    def _thinking(self, request: SimulatedRequest, http: HttpRequest) -> int:
        """Return how many tokens the model thinks about a request."""
        if not request.thinking:
            return 0
        tokens = thoughts_of(self._seed, http.body) if self._thinking_tokens is None else self._thinking_tokens
        return tokens if request.thinking_budget is None else min(tokens, request.thinking_budget)

    def _chance(self, http: HttpRequest) -> Random:
        """Return the chances of one request: by its body, and by how often that came, not by when."""
        if not self._triggers:
            return _NO_CHANCE
        digest = hashlib.sha256(http.body).digest()
        with self._counting:
            self._arrivals[digest] += 1
            drawn_by = f"{self._seed}/{digest.hex()}/{self._arrivals[digest]}"
        return Random(drawn_by)  # noqa: S311 - reproducible, not secret


def _written(
    request: SimulatedRequest, scripted: ScriptedReply, entry: LoggedRequest, strike: Strike
) -> SimulatedReply:
    """Write a reply down in the form that is asked for, with the faults of its value and of its text."""
    value = entry.truth = _parsed(scripted) if isinstance(scripted, str) else scripted
    text = scripted if isinstance(scripted, str) else json.dumps(scripted, ensure_ascii=False)
    for name in strike.faults:
        try:
            if name in VALUE_FAULTS:
                value = spoil(name, value, request.schema or {}, strike.chance)
                text = json.dumps(value, ensure_ascii=False)
            elif name in TEXT_FAULTS and request.tool is None:
                text = spoil_text(name, text)
            else:
                continue
        except LookupError:  # there is nothing in it that the fault could strike
            continue
        entry.faults += (name,)
    return make_reply(request, text, value)


def _parsed(text: str) -> JSON:
    """Read a text's value: None for what is no JSON, or says more than a value: a key twice, digits over."""
    try:
        value = exact_json.loads(text)
    except ValueError:
        return None
    return None if exact_json.has_exact_floats(value) else value
