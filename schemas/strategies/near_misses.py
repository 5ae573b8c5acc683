"""Values that must not validate, each with the one place and the one constraint that it breaks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import pointer_to
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.instances import Guard, SchemaSource, as_schema, instances, json_model
from slotfill.schemas.strategies.mutations import Mutation, mutations

__all__ = ["NearMiss", "near_misses"]

_VALUES = 4
"""How many values are tried to be broken."""

_TRIES = 10
"""How many changes of one value are tried."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A value that its schema refuses, and why.

    Attributes:
        value: Plain JSON data, unwrapped.
        path: A JSON Pointer to what is wrong with the value, be it a key that is missing.
        constraint: The keyword of JSON Schema that is broken there; "format" and "validator" where only a Pydantic
            model checks, by the type of a field or by a validator of its own.
    """

    value: JSON
    path: str
    constraint: str


class Judge:
    """Says for which one reason a schema refuses a value."""

    def __init__(self, schema: Schema[Any], document: str | None) -> None:
        self._schema = schema
        self._model = json_model(schema)
        self._document = document

    def label(self, value: object) -> tuple[str, str] | None:
        """Return path and constraint, None for a value that is valid or is wrong in more than one way."""
        failing = self._failing_paths(value)
        if not failing:
            return None
        complaints = self._complaints(value)
        if not complaints:
            return self._of_model_alone(value, failing)
        path, constraint = complaints[0]
        agrees = any(path == other or path.startswith(f"{other}/") for other in failing)
        is_keyword = constraint in self._model.validator.VALIDATORS  # a subschema that is `false` has none
        return complaints[0] if len(complaints) == 1 and agrees and is_keyword else None

    def _failing_paths(self, value: object) -> set[str]:
        """Return the paths at which the schema refuses a value."""
        try:
            self._schema.validate(json.dumps(self._schema.wrap(value)), document=self._document)
        except InvalidError as error:
            return {failing.path for failing in error.errors}
        return set()

    def _complaints(self, value: object) -> list[tuple[str, str]]:
        """Return the paths and keywords of what the JSON Schema says against a value."""
        try:
            self._model.model_validate(value, context={"document": self._document})
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            return [_label(detail, value) for detail in details]
        return []

    def _of_model_alone(self, value: object, failing: set[str]) -> tuple[str, str] | None:
        """Label what only a Pydantic model refuses."""
        if len(failing) > 1:
            return None
        (path,) = failing
        nodes = walk(value, self._schema.json_schema)
        schemas = next((node.schemas for node in nodes if node.pointer == path), ())
        return path, "format" if any("format" in schema for schema in schemas) else "validator"


def near_misses(source: SchemaSource, *, document: str | None = None) -> st.SearchStrategy[NearMiss]:
    """Make values that must not validate, each wrong in one place, for one reason.

    A valid value is changed in one place; it is a near miss when the JSON Schema then has one thing to say against it,
    and the schema refuses it there. In a union the label is that of the alternative that was meant, where that can
    be told; else it is that of the union itself, with `anyOf` or `oneOf`.

    Args:
        source: What is to refuse them.
        document: Where one is given, `Verbatim` strings quote it, and fail with "format" where they do not.

    Returns:
        A strategy.

    Raises:
        SchemaError: At once or on drawing: nothing is found, as a schema may accept all there is.
    """
    schema = as_schema(source)
    values = instances(schema, document=document)
    judge, guard = Judge(schema, document), Guard("near miss", schema)

    @st.composite
    def refused_values(draw: st.DrawFn) -> NearMiss:
        for _ in range(_VALUES):
            value = draw(values)
            for change in draw(_changes(value, schema.json_schema)):
                broken = change.of(value)
                if label := judge.label(broken):
                    return guard.note(NearMiss(broken, *label))
        return guard.not_found()

    return refused_values()


def _changes(value: object, json_schema: JSONObject) -> st.SearchStrategy[list[Mutation]]:
    """Return a few changes to be tried in turn, aimed at constraints of all kinds alike."""
    aimed: dict[str, list[Mutation]] = {}
    for change in mutations(value, json_schema):
        aimed.setdefault(change.keyword, []).append(change)
    kinds = st.sampled_from([*aimed.values()])
    return st.lists(kinds.flatmap(st.sampled_from), min_size=_TRIES, max_size=_TRIES)


def _label(detail: ErrorDetails, value: object) -> tuple[str, str]:
    missing = detail["type"] == "missing"
    return pointer_to(detail["loc"], value, missing=missing), "required" if missing else detail["type"]
