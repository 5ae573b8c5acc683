"""Local repair of what a model said: no model call, and every change an `Edit`.

The JSON that fits the schema best is found among prose, fences, thinking, drafts and citations; its syntax is put
right; values are coerced without loss; a field that nobody asked for goes. Nothing is invented, no row and no field
that was asked for is dropped, and what was cut off is not repaired.

Of several values that fit, one outside the model's thinking wins, then one in a fence, then the last; where they
differ and the text does not say which counts, that is a guess.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from slotfill.extractors.forms.value_types import accepts_value, types_of
from slotfill.extractors.record.parts import Edit, Risk
from slotfill.extractors.repair.coercion import Coerced, coerce
from slotfill.extractors.repair.drafts import is_last_word, is_torn
from slotfill.extractors.repair.json_finder import Candidate, SearchResult, find_json
from slotfill.extractors.repair.lenient_json import LenientReader
from slotfill.extractors.repair.reshaping import ENVELOPES
from slotfill.extractors.repair.syntax_repairs import as_edits
from slotfill.schemas.json_schema.subschemas import properties_of, subschemas
from slotfill.schemas.json_schema.value_walk import applicable_schemas
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.wrapper import WRAPPER, is_wrapper
from slotfill.schemas.schema import Schema

__all__ = ["RepairMode", "Repaired", "repair"]

RepairMode = Literal["off", "safe", "bold"]
"""What may be changed: nothing; what no reading, or no plain one, could contradict; or guesses too."""

_ALLOWED: Mapping[RepairMode, tuple[Risk, ...]] = {"off": (), "safe": ("none", "low"), "bold": ("none", "low", "high")}

_MOST = 8
"""How many candidates are tried on the schema, at most."""

_ANY = "\0"
"""Takes the place of any text."""

_ESCAPED = re.compile(r"""[{\[,]\s*+(?:\\[nrt]\s*+)*+\\\"""")
_QUOTE = re.compile(r"""(?<!\\)(?:\\\\)*+\"""")
_CLOSER = re.compile(r"\s*+[}\]]")


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was read.

    data: plain JSON data in the form in which it travels, not necessarily valid.
    edits: all that was changed, in order; their paths start at the unwrapped value.
    """

    data: JSON
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Fit:
    """A candidate, and what the schema makes of it. known: how many keys are asked for. edits: all, in order."""

    candidate: Candidate
    known: int
    coerced: Coerced
    edits: tuple[Edit, ...]

    @property
    def valid(self) -> bool:
        return not self.coerced.errors

    @property
    def rank(self) -> tuple[bool, int, bool, int]:
        fit = 0 if self.valid else self.known - len(self.coerced.errors)
        return self.valid, fit, self.candidate.fenced, self.candidate.start


def repair(
    text: str, schema: Schema[Any], mode: RepairMode = "safe", *, document: str | None = None
) -> Repaired | None:
    """Read what a model said where strict validation refused it.

    document: the text that `Verbatim` strings must stand in.

    Gives None where nothing can be read in this mode, and where the text is cut off. What is given may still not be
    valid: it is what could be read, as good as it gets.
    """
    if mode == "off":
        return _untouched(text)
    if (unescaped := _unescaped(text)) is not None:
        mended = repair(unescaped, schema, mode, document=document)
        return mended and Repaired(mended.data, (Edit("", "escaped", text, unescaped, "low"), *mended.edits))
    return _Mending(text, schema, _ALLOWED[mode], document).run()


def _untouched(text: str) -> Repaired | None:
    try:
        return Repaired(exact_json.loads(text), ())
    except ValueError:
        return None


def _unescaped(text: str) -> str | None:
    r"""Read a text that is escaped as a whole, as in a string: `{\"a\": 1}`; None for one that is not."""
    if '\\"' not in text or _QUOTE.search(text) or not _ESCAPED.search(text):
        return None
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a schema tells its values from others.

    spoken: all that speaks of the whole value. keys: those of an object. names: those of its parts too, and of the
    wrapper. types: those of the value. only_list: the key of an object that holds nothing but one list.
    any_text: whether any text at all may be the value, or an item of it.
    """

    spoken: tuple[JSONObject, ...]
    keys: frozenset[str]
    names: frozenset[str]
    types: frozenset[str]
    only_list: str | None
    any_text: bool


@lru_cache(maxsize=64)
def _shape_of(schema: Schema[Any]) -> _Shape:
    root = schema.json_schema
    spoken = applicable_schemas(root)
    keys = frozenset(name for part in spoken for name in properties_of(part))
    names = frozenset(name for _, part in subschemas(root) for name in properties_of(part))
    lists = [key for key in keys if "array" in types_of(spoken.at(key))]
    return _Shape(
        spoken,
        keys,
        names | {WRAPPER} if schema.wrapped else names,
        types_of(spoken),
        lists[0] if len(keys) == len(lists) == 1 else None,
        accepts_value(spoken, _ANY) or accepts_value(spoken.at(0), _ANY),
    )


class _Mending:
    def __init__(self, text: str, schema: Schema[Any], allowed: Collection[Risk], document: str | None) -> None:
        self._text, self._schema, self._allowed, self._document = text, schema, allowed, document
        self._shape = _shape_of(schema)

    def run(self) -> Repaired | None:
        search = find_json(self._text, self._shape.names)
        if search.cut:
            return None
        candidates = self._gathered(search.candidates) or self._bare()
        fits = [self._fit(candidate) for candidate in self._likely(candidates)]
        best = max(fits, key=lambda one: one.rank, default=None)
        if best is None or not self._is_meant(best):
            return None
        edits = (*self._taken_out(best, fits, search), *best.edits)
        if any(edit.risk not in self._allowed for edit in edits):
            return None
        return Repaired(self._schema.wrap(best.coerced.data), edits)

    def _is_meant(self, best: _Fit) -> bool:
        """Whether a candidate is an answer at all: what is the whole text always is."""
        whole = self._text.strip() == self._text[best.candidate.start : best.candidate.end]
        as_it_is = whole and not best.candidate.repairs and not isinstance(best.candidate.value, str)
        return best.valid or best.known > 0 or as_it_is

    def _likely(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Keep those that may be meant: with keys that were asked for, and outside the model's thinking, if any is."""
        ranks = [(self._known(candidate.value) > 0, not candidate.thought) for candidate in candidates]
        highest = max(ranks, default=None)
        likely = [candidate for candidate, rank in zip(candidates, ranks, strict=True) if rank == highest]
        return sorted(likely, key=lambda r: (self._known(r.value), r.fenced, r.start))[-_MOST:]

    def _known(self, value: JSON) -> int:
        if isinstance(value, list):
            return int(
                "array" in self._shape.types
                and any(isinstance(row, dict) and self._shape.names & {*row} for row in value)
            )
        if not isinstance(value, dict):
            return 0
        return (self._schema.wrapped and WRAPPER in value) or sum(key in value for key in self._shape.keys)

    def _gathered(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Join rows that follow one another where a list was asked for: JSON Lines, or a list without brackets."""
        if "array" not in self._shape.types or len(candidates) < 2 or any(one.thought for one in candidates):  # noqa: PLR2004 - several
            return candidates
        gaps = (self._text[one.end : other.start] for one, other in pairwise(candidates))
        if any(gap.strip(" \t\r\n,") for gap in gaps) or not all(map(_is_row, candidates)):
            return candidates
        first, last = candidates[0], candidates[-1]
        repairs = tuple(repair for candidate in candidates for repair in candidate.repairs)
        return [Candidate([one.value for one in candidates], first.start, last.end, repairs, rows=tuple(candidates))]

    def _bare(self) -> Sequence[Candidate]:
        """Take the whole text for a label, a number or a truth where one was asked for: any text would be a string."""
        bare = self._text.strip()
        if not (self._schema.wrapped and bare and self._shape.types) or self._shape.any_text:
            return ()
        start = self._text.find(bare)
        return (Candidate(bare, start, start + len(bare)),)

    def _fit(self, candidate: Candidate) -> _Fit:
        shaped, edits = self._shaped(candidate.value)
        syntax = as_edits(candidate.repairs)
        coerced = coerce(
            shaped,
            self._schema,
            self._allowed,
            as_written=lambda: self._shaped(self._written(candidate))[0],
            document=self._document,
        )
        return _Fit(
            candidate,
            max(self._known(candidate.value), self._known(shaped)),
            coerced,
            (*syntax, *edits, *coerced.edits),
        )

    def _written(self, candidate: Candidate) -> JSON:
        """Read it again, its numbers as they are written."""
        if candidate.rows:
            return [self._written(row) for row in candidate.rows]
        if isinstance(candidate.value, dict | list):
            return LenientReader(self._text, candidate.start, candidate.end, number=str).read()
        return self._text[candidate.start : candidate.end]

    def _shaped(self, value: JSON) -> tuple[JSON, list[Edit]]:
        """Return the value without its wrapper, or with the one that it lacks; and what was changed for it."""
        if self._schema.wrapped:
            return self._without_wrapper(value)
        if isinstance(value, dict) and len(value) == 1 and not self._known(value):
            (inner,) = value.values()
            if self._known(inner):
                return inner, [Edit("", "unwrapped", copy.deepcopy(value), copy.deepcopy(inner), "low")]
        if isinstance(value, list) and self._shape.only_list and not (len(value) == 1 and self._known(value[0])):
            whole = {self._shape.only_list: value}
            return whole, [Edit("", "wrapped", copy.deepcopy(value), copy.deepcopy(whole), "low")]
        return value, []

    def _without_wrapper(self, value: JSON) -> tuple[JSON, list[Edit]]:
        if isinstance(value, dict) and WRAPPER in value and not self._shape.keys & {*value}:
            rest = {key: other for key, other in value.items() if key != WRAPPER}
            return value[WRAPPER], [Edit("", "extra", rest, None, "low")] if rest else []
        if (inner := self._enveloped(value)) is not None:
            return inner, [Edit("", "unwrapped", copy.deepcopy(value), {WRAPPER: copy.deepcopy(inner)}, "low")]
        return value, [Edit("", "wrapped", copy.deepcopy(value), {WRAPPER: copy.deepcopy(value)}, "low")]

    def _enveloped(self, value: JSON) -> list[JSON] | None:
        """Return the list that was asked for where it stands under a key that says no more: `{"items": […]}`."""
        asked = "array" in self._shape.types and "object" not in self._shape.types
        if not (asked and isinstance(value, dict) and len(value) == 1):
            return None
        ((key, inner),) = value.items()
        named = key.casefold() in ENVELOPES or key.casefold() in re.findall(
            r"\w+", self._schema.instructions.casefold()
        )
        named = named and key not in self._shape.names  # an item may have that key
        return inner if isinstance(inner, list) and (named or self._known(inner)) else None

    def _taken_out(self, best: _Fit, fits: Sequence[_Fit], search: SearchResult) -> Iterator[Edit]:
        """Say that the JSON was taken out of a text, and how sure it is that this is the right one."""
        taken = self._text[best.candidate.start : best.candidate.end]
        if taken.strip(" \t\r\n") == self._text.strip(" \t\r\n"):  # what is not closed ends with its text
            return
        rivals = [one.candidate for one in fits if one is not best and _is_rival(one, best)]
        doubtful = best.candidate.thought or search.broken or is_torn(self._text, best.candidate)
        risk: Risk = "low" if rivals or _CLOSER.match(self._text, best.candidate.end) else "none"
        if doubtful or (rivals and not is_last_word(self._text, best.candidate, rivals)):
            risk = "high"
        yield Edit("", "extracted", self._text, taken, risk)


def _is_row(candidate: Candidate) -> bool:
    return isinstance(candidate.value, dict) and not is_wrapper(candidate.value)


def _is_rival(other: _Fit, best: _Fit) -> bool:
    """Whether another candidate might have been meant as well: it fits, too, or comes later."""
    may_be_meant = other.valid or not best.valid or other.candidate.start > best.candidate.start
    return may_be_meant and other.coerced.data != best.coerced.data
