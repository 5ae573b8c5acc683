"""Worked examples: what a language model is shown of a text and its value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Example", "examples_in"]


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: a text, and the JSON value that stands in it.

    Attributes:
        text: The document.
        value: What a perfect extraction of it gives, as plain JSON data, not wrapped.
    """

    text: str
    value: JSON


def examples_in(model: type[BaseModel], name: str) -> tuple[Example, ...]:
    """Return the examples that a model brings in a class variable: a user's own of that name holds none."""
    brought = getattr(model, name, None) if name in model.__class_vars__ else None
    examples = tuple(brought) if isinstance(brought, Iterable) else ()
    return examples if all(isinstance(example, Example) for example in examples) else ()
