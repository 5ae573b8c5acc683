"""Values that must not validate, each with the one place and the one constraint that it breaks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.pointer import join, pointer_to
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.instances import Guard, SchemaSource, as_schema, instances, json_model
from slotfill.schemas.strategies.mutations import Mutation, mutable_places, mutations

__all__ = ["NearMiss", "near_misses"]

_VALUES = 4
"""How many values are tried to be broken."""

_TRIES = 10
"""How many changes of one value are tried."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A value that its schema refuses, and why.

    path: a JSON Pointer to what is wrong with the value, be it a key that is missing.
    constraint: the keyword of JSON Schema that is broken there; "format" and "validator" where only a Pydantic model
    checks, by the type of a field or by a validator of its own.
    """

    value: Any
    path: str
    constraint: str


class Judge:
    """Tells for which one reason a schema refuses a value."""

    def __init__(self, schema: Schema[Any], document: str | None) -> None:
        self._schema = schema
        self._model = json_model(schema)
        self._document = document

    def label(self, value: object) -> tuple[str, str] | None:
        """Give path and constraint, None for a value that is valid or is wrong in more than one way."""
        refused = self._refused(value)
        if not refused:
            return None
        told = self._told(value)
        if not told:
            return self._of_model_alone(value, refused)
        path, constraint = told[0]
        agrees = any(path == other or path.startswith(f"{other}/") for other in refused)
        is_keyword = constraint in self._model.validator.VALIDATORS  # a subschema that is `false` has none
        return told[0] if len(told) == 1 and agrees and is_keyword else None

    def _refused(self, value: object) -> set[str]:
        """Give the paths at which the schema refuses a value."""
        try:
            self._schema.validate(json.dumps(self._schema.wrap(value)), document=self._document)
        except InvalidError as error:
            return {found.path for found in error.errors}
        return set()

    def _told(self, value: object) -> list[tuple[str, str]]:
        """Give the paths and keywords of what the JSON Schema says against a value."""
        try:
            self._model.model_validate(value, context={"document": self._document})
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            return [_label(one, value) for one in found]
        return []

    def _of_model_alone(self, value: object, refused: set[str]) -> tuple[str, str] | None:
        """Label what only a Pydantic model refuses."""
        if len(refused) > 1:
            return None
        (path,) = refused
        schemas = next(
            (place.schemas for place in mutable_places(value, self._schema.json_schema) if join(place.path) == path), ()
        )
        return path, "format" if any("format" in schema for schema in schemas) else "validator"


def near_misses(source: SchemaSource, *, document: str | None = None) -> st.SearchStrategy[NearMiss]:
    """Give values that must not validate, each wrong in one place, for one reason.

    A valid value is changed in one place; it is a near miss when the JSON Schema then has one thing to say against it,
    and the schema refuses it there. In a union the label is that of the alternative that was meant, where that can
    be told; else it is that of the union itself, with `anyOf` or `oneOf`.

    document: where one is given, `Verbatim` strings quote it, and fail with "format" where they do not.

    Raises SchemaError, at once or on drawing, when nothing is found: a schema may accept all there is.
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
                    return guard.found(NearMiss(broken, *label))
        return guard.not_found()

    return refused_values()


def _changes(value: object, json_schema: dict[str, Any]) -> st.SearchStrategy[list[Mutation]]:
    """Give a few changes to be tried in turn, aimed at constraints of all kinds alike."""
    aimed: dict[str, list[Mutation]] = {}
    for change in mutations(value, json_schema):
        aimed.setdefault(change.keyword, []).append(change)
    kinds = st.sampled_from([*aimed.values()])
    return st.lists(kinds.flatmap(st.sampled_from), min_size=_TRIES, max_size=_TRIES)


def _label(error: Any, value: object) -> tuple[str, str]:
    missing = error["type"] == "missing"
    return pointer_to(error["loc"], value, missing=missing), "required" if missing else error["type"]
