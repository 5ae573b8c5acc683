"""What the simulated model has to say: replies in turn, a function, a gold file, or values made from the schema."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pydantic_core import to_json

from slotfill.extractors.errors import InputError
from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.testing.faults.value_faults import FaultPlace, faultable_places
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.places import ValuePath, replaced
from slotfill.schemas.json_values.wrapper import WRAPPER, is_wrapper
from slotfill.schemas.passages.boundaries import previous_boundary
from slotfill.schemas.passages.passages import stands_in
from slotfill.schemas.verbatim import FORMAT
from slotfill.schemas.wire.constraint_text import out_of_words

__all__ = ["Replies", "Script", "ScriptedReply", "carried", "generated", "gold", "gold_values", "in_turn", "script_of"]

ScriptedReply = str | SimulatedReply | ApiError | JSONMapping | Sequence[JSON] | int | float | bool | None
"""A text, as it is; a whole reply; an error; anything else is a JSON value, for the form that was asked for."""

Script = Callable[[SimulatedRequest], JSON]
"""Gives the `ScriptedReply` to a request; called by many threads."""

Replies = None | str | Path | Sequence[ScriptedReply] | Script
"""None for values made from the schema, a path for a gold file, a list of replies, or a function."""

VALUES = 24
"""How many values are made of one schema, from which the document chooses."""

QUOTE_WORDS = 4
"""The most words of a quoted passage."""


def script_of(replies: Replies, seed: int) -> Script:
    """Make a script of what a caller may give. Raises InputError when a gold file cannot be used."""
    if replies is None:
        return generated(seed)
    if isinstance(replies, str | Path):
        return gold(Path(replies))
    return replies if callable(replies) else in_turn(replies)


def in_turn(replies: Sequence[ScriptedReply]) -> Script:
    """Make a script of replies in turn, the last one for ever."""
    if not replies:
        raise InputError("a script of no replies says nothing: give one at least, or None to have them made")
    rest, taking = list(replies), threading.Lock()

    def script(_: SimulatedRequest) -> JSON:
        with taking:
            return rest.pop(0) if len(rest) > 1 else rest[0]

    return script


def gold(path: Path) -> Script:
    """Make a script of each document's own value: JSONL of `{"text": …, "value": …}`. An unknown document is a 404.

    Raises InputError.
    """
    values = gold_values(path)

    def script(request: SimulatedRequest) -> JSON:
        if request.document in values:
            return carried(values[request.document], request.schema)
        held = (text for text in values if text.strip() and text in request.document)
        longest = max(held, key=len, default=None)
        if longest is None:
            raise ApiError(404, "not_found_error", f"{path.name} holds no value for {request.document[:80]!r}")
        return carried(values[longest], request.schema)

    return script


def gold_values(path: Path) -> dict[str, JSON]:
    """Read a gold file: by text its value. Raises InputError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the gold file {str(path)!r} cannot be read: {error}") from None
    read = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            read.append((row["text"], row["value"]))
        except (ValueError, TypeError, KeyError):
            raise InputError(f'{str(path)!r}, line {number}: a gold line is {{"text": …, "value": …}}') from None
    return dict(read)


def carried(value: JSON, schema: JSONMapping | None) -> JSON:
    """Put a value into the form in which it travels: one that is no object goes inside `{"value": …}`."""
    wraps = schema is not None and list(schema.get("properties", ())) == [WRAPPER]
    return {WRAPPER: value} if wraps and not is_wrapper(value) else value


def generated(seed: int = 0) -> Script:
    """Make values from the schema asked for; the seed and the document choose, and quotes are taken from it.

    A request without a schema gets a sentence.
    """
    pools: dict[bytes, list[_Form]] = {}
    making = threading.Lock()

    def script(request: SimulatedRequest) -> JSON:
        if request.schema is None:
            return "This is a simulated reply."
        key = to_json(request.schema)
        with making:
            if key not in pools:
                pools[key] = [_form(value, request.schema) for value in _values(json.loads(key), seed)]
        drawn = hashlib.sha256(f"{seed}\n{request.document}".encode("utf-8", "surrogatepass")).digest()
        chance = Random(drawn)  # noqa: S311 - reproducible, not secret
        return chance.choice(pools[key]).filled(request.document, chance)

    return script


def _values(schema: JSONObject, seed: int) -> list[JSON]:
    """Have Hypothesis make values of what a schema says, in keywords and in words, always the same ones."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis.errors import Unsatisfiable

    from slotfill.schemas.strategies import instances

    values: list[JSON] = []

    @seeded(seed)
    @settings(
        max_examples=VALUES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(instances(_with_words(schema)))
    def collect(value: JSON) -> None:
        values.append(value)

    # In a thread of its own: the caller may be a test of Hypothesis itself.
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(collect).result()
        except (SchemaError, Unsatisfiable) as error:
            raise invalid(f"no value can be made of the schema: {error}") from error
    return values


def _with_words(schema: JSON) -> JSON:
    """Turn what descriptions say in words into keywords."""
    if isinstance(schema, list):
        return [_with_words(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {key: _with_words(part) for key, part in schema.items()}
    description = schema.get("description")
    return {**out_of_words(description), **whole} if isinstance(description, str) else whole


@dataclass(frozen=True, slots=True)
class _Gap:
    """A string without a form of its own: the keys that lead to it, and its bounds in characters."""

    path: ValuePath
    shortest: int
    longest: int | None


@dataclass(frozen=True, slots=True)
class _Form:
    """A value as JSON text, and its strings that a document fills: those that must quote it, and free ones."""

    text: str
    gaps: tuple[_Gap, ...]

    def filled(self, document: str, chance: Random) -> JSON:
        """Return the value, passages of the document in its gaps."""
        value = json.loads(self.text)
        words = [*re.finditer(r"\S+", document)]
        for gap in self.gaps if words else ():
            if passage := _passage(document, words, gap, chance):
                value = replaced(value, gap.path, passage)
        return value


def _form(value: JSON, schema: JSONMapping) -> _Form:
    """Find the gaps of a value."""
    gaps = [
        _Gap(
            place.path,
            max((limit for limit in place.stated("minLength") if isinstance(limit, int)), default=1),
            min((limit for limit in place.stated("maxLength") if isinstance(limit, int)), default=None),
        )
        for place in faultable_places(value, schema)
        if isinstance(place.value, str) and _is_free(place)
    ]
    return _Form(json.dumps(value), tuple(gaps))


def _is_free(place: FaultPlace) -> bool:
    return {*place.stated("format")} <= {FORMAT} and not any(map(place.stated, ("enum", "const", "pattern")))


def _passage(document: str, words: Sequence[re.Match[str]], gap: _Gap, chance: Random) -> str:
    """Return some words of the document, within the bounds of a string; nothing where it has none that fit."""
    first = chance.randrange(len(words))
    last = words[min(first + chance.randrange(QUOTE_WORDS), len(words) - 1)]
    start = previous_boundary(document, max(0, min(words[first].start(), len(document) - gap.shortest)))
    longest = len(document) if gap.longest is None else gap.longest
    end = previous_boundary(document, start + max(gap.shortest, min(longest, last.end() - start)))
    quote = document[start:end]
    return quote if gap.shortest <= len(quote) <= longest and stands_in(quote, document) else ""
