"""A law: a sentence that holds for every good schema, and a search for what breaks it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.extractors.testing.checking.findings import Finding, LawBroken
from slotfill.extractors.testing.checking.search import DEFAULT_EXAMPLES, PropertyTest, Search
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.response_model import JsonValue
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.schema import TEXT_NAMES, Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.strategies import instances, near_misses, wire_instances
from slotfill.schemas.strategies.instances import accepts

__all__ = ["EXAMPLE_WANTED", "SAMPLE_TEXT", "Law", "SchemaLike", "Subject", "law"]

SAMPLE_TEXT = (
    "On 12 June 2026 Ana Petrović wrote from Oslo: order 4471, two lamps at 24.50 EUR each, came late and broken.\n"
    "She wants her money back by Friday; call +47 22 12 34 56 or write to ana@example.org. Otherwise she was content."
)
"""What `Verbatim` strings quote where a schema brings no worked example."""

EXAMPLE_WANTED = "a worked example is needed"
"""What decides whether there is a value that chance does not find."""

SchemaLike = Schema[Any] | type[BaseModel] | JSONMapping | str
"""What stands for a schema, as `slotfill.schemas.resolve` takes it."""


@dataclass(frozen=True)
class Subject:
    """The schema that a law is about, and the search for what breaks it.

    examples: the worked examples that it, or its model, brings; that they are right is itself a law.
    """

    schema: Schema[Any]
    examples: tuple[Example, ...]
    search: Search

    @classmethod
    def of(cls, source: SchemaLike, search: Search) -> Subject:
        """Make a subject of a schema whose own examples may be wrong. Raises SchemaError."""
        schema = source if isinstance(source, Schema) else resolve(source, examples=())
        examples = schema.examples or _brought_by(schema.model)
        return cls(_with_text(schema, examples), examples, search)

    @property
    def is_python(self) -> bool:
        """Whether a Pydantic model validates, and not the JSON Schema itself."""
        return not issubclass(self.schema.model, JsonValue)

    @cached_property
    def values(self) -> st.SearchStrategy[JSON]:
        """Values that validate: instances, else those of the worked examples, else none."""
        made = st.deferred(lambda: instances(self.schema))
        if self.search.has(made):
            return made
        shown = [example.value for example in self.examples if accepts(self.schema, example.value, example.text)]
        return st.sampled_from(shown) if shown else st.nothing()

    @cached_property
    def has_values(self) -> bool:
        """Whether any value is known to validate."""
        return self.search.has(self.values)

    @cached_property
    def plausible(self) -> tuple[st.SearchStrategy[JSON], ...]:
        """What a model may well send: what the JSON Schema and the wire let through, and near misses of it."""
        schema = self.schema.json_schema if self.is_python else self.schema
        kinds = (
            st.deferred(lambda: instances(schema)),
            st.deferred(lambda: wire_instances(self.schema)),
            st.deferred(lambda: near_misses(schema)).map(lambda miss: miss.value),
        )
        return tuple(values for values in kinds if self.search.has(values))

    def first(self, judge: PropertyTest[JSON]) -> Finding | None:
        """Return the smallest counterexample among the plausible values, one kind of them after the other."""
        return next(filter(None, (self.search.first(values, judge) for values in self.plausible)), None)


def _brought_by(model: Any) -> tuple[Example, ...]:
    return tuple(model.examples) if "examples" in model.__class_vars__ else ()


def _with_text(schema: Schema[Any], examples: tuple[Example, ...]) -> Schema[Any]:
    """Show validators that want a document's text one, under the names that they know it by."""
    if not issubclass(schema.model, BaseModel) or issubclass(schema.model, JsonValue) or not schema.needs_context:
        return schema
    shown = copy.copy(schema)
    shown.context = dict.fromkeys(TEXT_NAMES, examples[0].text if examples else SAMPLE_TEXT) | schema.context
    return shown


Finder = Callable[[Subject], Iterator[Finding]]


class Law:
    """A law about schemas, to be called in a test of one's own: `laws.round_trip(MyModel)`.

    Attributes:
        name: What findings call it.
        findings: Yields all that breaks it, or may, of a subject.
        of_values: Whether it is about valid values, so that it says nothing where none is known.
    """

    def __init__(self, name: str, find: Finder, *, of_values: bool = False) -> None:
        functools.update_wrapper(self, find)
        self.name = name
        self.findings = find
        self.of_values = of_values

    def __call__(self, source: SchemaLike, *, max_examples: int = DEFAULT_EXAMPLES, seed: int = 0) -> None:
        """Search for what breaks the law.

        Args:
            source: What stands for a schema, as `slotfill.schemas.resolve` takes it.
            max_examples: How many values are looked at.
            seed: The same one gives the same values.

        Raises:
            LawBroken: With the smallest counterexample, when the schema breaks the law, or may.
            SchemaError: When the schema cannot be used at all.
        """
        for finding in self.findings(Subject.of(source, Search(max_examples, seed))):
            if not finding.advice:
                raise LawBroken(finding)

    def __repr__(self) -> str:
        return f"<law: {self.name}>"

    def broken(self, path: str, message: str, counterexample: JSON = None) -> Finding:
        """Make a finding of this law."""
        return Finding(self.name, path, message, counterexample)

    def advised(self, path: str, message: str, counterexample: JSON = None) -> Finding:
        """Make a finding that breaks nothing."""
        return Finding(self.name, path, message, counterexample, advice=True)

    def undecided(self, path: str, message: str, counterexample: JSON = None) -> Finding:
        """Make a finding that is not certain."""
        return Finding(self.name, path, message, counterexample, decided=False)


def law(name: str, *, of_values: bool = False) -> Callable[[Finder], Law]:
    """Make a law of a function that finds what breaks it. of_values: as in `Law`."""
    return lambda find: Law(name, find, of_values=of_values)
