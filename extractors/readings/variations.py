"""Variations: how the prompt of a further reading differs from the first one's, so that it is a reading of its own.

The models take no temperature, and the same prompt tends to get the same answer. So a further reading is asked in other
words, and in another order of the fields; that stands behind the document, since what stands before and in it is then
read from the service's cache. Where the prompt is too short to be kept there, the worked examples come in another
order, too. All of it follows from the document and the number of the reading: a plan can be replayed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, permutations
from random import Random
from typing import Any

from slotfill.extractors.rungs.prompt import BYTES_A_TOKEN, Message, Prompt
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.schema import Schema

__all__ = ["Variation", "orders_of"]

WORDINGS = (
    """\
Work through the document above from its beginning to its end, and note what it says of each part of the answer before \
you decide on any of them.{order} Then give the JSON value.""",
    """\
Take the document above as if you were to check somebody else's answer, which you have not seen: find the passage that \
decides each part.{order} Then give the JSON value.""",
    """\
Read the document above from its end back to its beginning, one paragraph after the other, and decide what each part \
of the answer must be.{order} Then give the JSON value.""",
    """\
Ask of the document above one question for each part of the answer, and answer each by itself, whatever the others \
turned out to be.{order} Then give the JSON value.""",
)
"""The same task in other words. None says that there was an answer before: each reading starts from nothing."""

MOST_FIELDS = 40
"""The order of more fields is not told: it would be longer than what it is worth."""


@dataclass(frozen=True, slots=True)
class Variation:
    """The variation of one reading.

    Attributes:
        number: That of the reading, from 2.
        document_id: The hash of the whole document.
        least_cached: The fewest tokens that the model's service keeps in its cache; None where it keeps none, and looks
            at nothing behind the document: the embedded model.
    """

    number: int
    document_id: str
    least_cached: int | None

    def vary(self, prompt: Prompt, schema: Schema[Any]) -> Prompt:
        """Return the prompt in which the reading asks for a schema's value."""
        turns: Sequence[Message] = prompt.turns
        if self.least_cached is None or not self._is_kept(prompt, schema):
            turns = _reordered(turns, prompt.shared, self.number)
        if self.least_cached is not None:
            turns = [*turns, Message("user", self._wording(schema))]
        return replace(prompt, turns=tuple(turns), further=True)

    def _is_kept(self, prompt: Prompt, schema: Schema[Any]) -> bool:
        """Whether the service keeps the prompt up to the end of the document, as far as can be told."""
        texts = (prompt.system, json.dumps(schema.json_schema), *(turn.text for turn in prompt.turns))
        has_pages = any(turn.pages for turn in prompt.turns)
        return has_pages or sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) >= BYTES_A_TOKEN * (
            self.least_cached or 0
        )

    def _wording(self, schema: Schema[Any]) -> str:
        names = [*properties_of(schema.json_schema)]
        order = ""
        if 1 < len(names) <= MOST_FIELDS:
            self._chance.shuffle(names)
            order = f" Decide on the parts in this order: {', '.join(map(repr, names))}."
        return WORDINGS[(self.number - 2) % len(WORDINGS)].format(order=order)

    @property
    def _chance(self) -> Random:
        drawn = hashlib.sha256(f"{self.document_id}/{self.number}".encode()).digest()
        return Random(drawn)  # noqa: S311 - reproducible, not secret


def orders_of(examples: int) -> int:
    """Return in how many orders so many worked examples can stand."""
    return 1 if examples < 2 else examples * orders_of(examples - 1)  # noqa: PLR2004 - one alone has one order


def _reordered(turns: Sequence[Message], shared: int, number: int) -> list[Message]:
    """Put the worked examples, pairs of turns, into another order: by the number, which the last ones change first.

    It is the same for every document, as what is made of examples is kept, by the service and by the embedded model.
    """
    pairs = [turns[at : at + 2] for at in range(0, shared, 2)]
    ways = orders_of(min(len(pairs), 8))  # more ways than anybody asks for
    order = next(islice(permutations(range(len(pairs))), (number - 1) % ways, None))
    return [*chain.from_iterable(pairs[at] for at in order), *turns[shared:]]
