"""Instructions rewritten by a model that is told the mistakes made with them: an extraction like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from pydantic import BaseModel, Field

from slotfill.extractors.documents.document import Document
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.variants import Mistake, Variant
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["Rewriting", "rewriting_task", "rewritten_variant"]

MOST_MISTAKES = 12
"""So many documents that were got wrong are told at once."""

LONGEST_TEXT = 600
LONGEST = 8_000
"""Characters: of a document, and of instructions that are taken over."""


class Rewriting(BaseModel):
    """Rewrite instructions so that the mistakes made with them are not made again.

    The document holds instructions for extracting data from texts, the JSON Schema of that data, and texts that were
    read by these instructions, each with what was expected and what came instead. Find the rules that tell right from
    wrong in them, general ones that will hold for texts never seen, and write the instructions anew: complete, as they
    are to be used in place of the old ones, with the rules of the old ones that still hold. Name each label's
    criterion. Quote nothing from the texts, add no worked examples, and change nothing of the schema.
    """

    instructions: str = Field(min_length=20, max_length=LONGEST, description="The whole new instructions.")


def rewriting_task(
    instructions: str,
    json_schema: JSONMapping,
    pool: Sequence[GoldDocument],
    mistakes: Mapping[str, tuple[Mistake, ...]],
    seed: int,
) -> Document | None:
    """Write the document that a rewriting is made of; None where no mistake was made.

    Args:
        instructions: Those to be rewritten.
        json_schema: The JSON Schema of the values.
        pool: Documents that were asked about.
        mistakes: What was got wrong of them, by the documents' ids.
        seed: Another one tells of other documents.
    """
    wrong = [one for one in pool if mistakes.get(one.id or "")]
    if not wrong:
        return None
    told = Random(seed).sample(wrong, min(MOST_MISTAKES, len(wrong)))  # noqa: S311 - a choice, not a secret
    parts = [_case(one.text or "", mistakes[one.id or ""]) for one in told]
    schema = f"JSON Schema:\n{dumps(dict(json_schema))}"
    return Document.of("\n\n".join((f"Instructions:\n{instructions}", schema, *parts)))


def rewritten_variant(variant: Variant, value: JSON, name: str) -> Variant | None:
    """Return a variant with instructions that a model wrote; None for none, or none other."""
    text = value.get("instructions") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.strip() or text.strip() == variant.instructions.strip():
        return None
    return replace(variant, name=name, instructions=text.strip())


def _case(text: str, mistakes: Sequence[Mistake]) -> str:
    lines = [f"- {one.path or 'the value'}: expected {dumps(one.expected)}, got {dumps(one.got)}" for one in mistakes]
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} […]"
    return "\n".join((f"Text:\n{shown}", "Mistakes:", *lines))
