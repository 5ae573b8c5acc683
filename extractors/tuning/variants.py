"""Variants: other words and examples for one schema, and what came of asking with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self, TypeVar

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.example import Example
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.tuned import with_prompt

__all__ = ["Measure", "Mistake", "Trial", "Variant"]

M = TypeVar("M")

UNTUNED = "untuned"


@dataclass(frozen=True, slots=True)
class Variant:
    """What a language model is told in place of a schema's own words.

    name: how it was made, for people. calibration: as in `Schema`.
    """

    name: str
    instructions: str
    examples: tuple[Example, ...] = ()
    calibration: tuple[Example, ...] = ()

    @classmethod
    def untuned(cls, schema: Schema[M]) -> Self:
        """Return the schema's own words."""
        return cls(UNTUNED, schema.instructions, schema.examples, schema.calibration)

    @property
    def id(self) -> str:
        """A fingerprint of all but the name: SHA-256, hex."""
        shown = [[[one.text, one.value] for one in ones] for ones in (self.examples, self.calibration)]
        return hashlib.sha256(dumps([self.instructions, *shown]).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def chars(self) -> int:
        """How long it is as a prompt, in code points, or nearly so."""
        return len(self.instructions) + sum(len(one.text) + len(dumps(one.value)) for one in self.examples)

    def apply(self, schema: Schema[M]) -> Schema[M]:
        """Return the schema with these words; the schema itself where they are its own.

        Raises SchemaError where an example does not validate.
        """
        if self.id == Variant.untuned(schema).id:
            return schema
        return with_prompt(schema, self.instructions, self.examples, self.calibration)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A field that was not as gold has it. path: with `*` for each index. expected, got: None for no value."""

    path: str
    expected: JSON
    got: JSON


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of asking about some documents with a variant.

    score: how good that is, from 0 to 1. cost_usd: of asking about them, answers of an earlier start included; None for
    an unknown price. values: what was extracted, by the document's id. mistakes: likewise, of those that have any.
    """

    score: float
    documents: int
    cost_usd: Decimal | None = Decimal(0)
    values: Mapping[str, JSON] = field(default_factory=dict)
    mistakes: Mapping[str, tuple[Mistake, ...]] = field(default_factory=dict)


Measure = Callable[[Variant, Sequence[GoldDocument]], Trial]
"""Asks about documents with a variant, and holds what comes of it against gold."""
