"""Values that a schema accepts, and values that its reduced form on the wire accepts."""

from __future__ import annotations

import copy
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

import regex
from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning, UnsatisfiedAssumption
from pydantic import BaseModel

from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema.patterns import compiled
from slotfill.schemas.json_schema.response_model import JsonValue, formats_of, response_model
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.generation import Generation
from slotfill.schemas.wire.wire import wire_for

__all__ = ["Guard", "SchemaSource", "accepts", "as_schema", "instances", "json_model", "wire_instances"]

T = TypeVar("T")

SchemaSource = Schema[Any] | type[BaseModel] | JSONMapping | bool
"""What stands for a schema: a JSON Schema is a mapping or a boolean."""

_TRIES = 10
"""How many values of a route are tried before the next route is taken."""

_LARGEST = 2_000
"""How many parts a value may have to hold: Hypothesis draws no larger one."""

_PATIENCE = 20
"""After how many draws without any value it is an error: before Hypothesis' own health check speaks up."""


class Guard:
    """Ends the draws of a strategy that never finds anything with a clear error."""

    def __init__(self, what: str, schema: Schema[Any]) -> None:
        self._what = f"{what} of schema {schema.name!r}"
        self._fruitless = 0
        self._has_value = False

    def note(self, value: T) -> T:
        """Note that a value was found, and give it."""
        self._has_value = True
        return value

    def not_found(self) -> NoReturn:
        """Have Hypothesis draw again. Raises SchemaError where nothing was ever found."""
        self._fruitless += 1
        if self._fruitless > _PATIENCE and not self._has_value:
            raise SchemaError(f"no {self._what} was found in {_PATIENCE} draws: pass a strategy of your own instead")
        reject()


def as_schema(source: SchemaSource) -> Schema[Any]:
    """Return a source as a Schema. Raises SchemaError."""
    if isinstance(source, Schema):
        return source
    if isinstance(source, bool | Mapping):
        return Schema(response_model(source, name="schema"))
    return Schema(source)


def json_model(schema: Schema[Any]) -> type[JsonValue]:
    """Return a model that validates by the JSON Schema alone."""
    if issubclass(schema.model, JsonValue):
        return schema.model
    return response_model(_readable(schema.json_schema), name=schema.name, formats="annotate")


def _readable(json_schema: JSONMapping) -> JSONObject:
    """Return a JSON Schema, made of a Pydantic model, whose patterns are all ECMA-262's."""
    readable = copy.deepcopy(dict(json_schema))
    for _, part in subschemas(readable):
        if isinstance(part.get("pattern"), str):
            part["pattern"] = _in_ecma(part["pattern"])
    return readable


def _in_ecma(pattern: str) -> str:
    """Write the anchors of a Rust or Python pattern, which a Pydantic model has, as ECMA-262 has them.

    Gives the pattern of everything where that is not enough: the model itself still checks.
    """
    anchors = {r"\A": "^", r"\z": "$", r"\Z": "$"}
    written = re.sub(r"\\.", lambda match: anchors.get(match[0], match[0]), pattern)
    try:
        compiled(written)
    except regex.error:
        return ""
    return written


def accepts(schema: Schema[Any], value: object, document: str | None = None) -> bool:
    """Whether a schema accepts plain JSON data."""
    try:
        schema.validate(json.dumps(schema.wrap(value)), document=document)
    except InvalidError:
        return False
    return True


def instances(source: SchemaSource, *, document: str | None = None) -> st.SearchStrategy[JSON]:
    """Make values that validate.

    A key that the schema does not name appears where the schema speaks of such keys, or names none at all.

    Args:
        source: What the values are to be.
        document: Where one is given, `Verbatim` strings quote it.

    Returns:
        A strategy of plain JSON data.

    Raises:
        SchemaError: At once or on drawing: no value is found.
    """
    schema = as_schema(source)
    routes = [*_routes(schema, document)]
    if not routes:
        raise SchemaError(f"no instance of schema {schema.name!r} was found: it seems to accept nothing")
    guard = Guard("instance", schema)

    @st.composite
    def valid_values(draw: st.DrawFn) -> JSON:
        for route in routes:
            for _ in range(_TRIES):
                with suppress(UnsatisfiedAssumption):
                    value = draw(route)
                    if accepts(schema, value, document):
                        return guard.note(value)
        return guard.not_found()

    return valid_values()


def _routes(schema: Schema[Any], document: str | None) -> Iterator[st.SearchStrategy[JSON]]:
    """Yield the ways to a value, the best first: the JSON Schema, the model's types, the values that it lists."""
    generation = Generation(json_model(schema).validator, document)
    if _LARGEST < generation.smallest() < math.inf:
        raise SchemaError(
            f"the smallest value of schema {schema.name!r} holds over {_LARGEST:,} parts: too many to make up"
        )
    if not (values := generation.values()).is_empty:
        yield values
    if not issubclass(schema.model, JsonValue):
        yield _from_types(schema)
    if listed := [value for value in _listed_values(schema.json_schema) if accepts(schema, value, document)]:
        yield st.sampled_from(listed)


@st.composite
def _from_types(draw: st.DrawFn, schema: Schema[Any]) -> JSON:
    """Draw what Hypothesis makes of the model's types, None where it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HypothesisWarning)  # of constraints that it does not know
            return schema.dump(draw(st.from_type(schema.model)))
    except UnsatisfiedAssumption:
        raise
    except Exception:  # noqa: BLE001 - a type that is not known, or what the model's own code raises
        return None


def _listed_values(json_schema: JSONMapping) -> Iterator[JSON]:
    """Yield the values that a schema holds, as examples, defaults and choices."""
    for _, part in subschemas(json_schema):
        yield from (part[keyword] for keyword in ("const", "default", "example") if keyword in part)
        for keyword in ("enum", "examples"):
            if isinstance(part.get(keyword), list):
                yield from part[keyword]


def wire_instances(source: SchemaSource) -> st.SearchStrategy[JSON]:
    """Make what the service's reduced schema lets through: the whole schema's instances where it has none.

    Args:
        source: What the values are asked for by.

    Returns:
        A strategy of plain JSON data, unwrapped.

    Raises:
        SchemaError: At once or on drawing: no value is found.
    """
    schema = as_schema(source)
    wire = wire_for(schema)
    resources = schema.model.resources if issubclass(schema.model, JsonValue) else None
    travelling = _readable(wire.full if wire.reduced is None else wire.reduced)
    model = response_model(travelling, name=schema.name, resources=resources, formats=formats_of(schema.model))
    values = instances(Schema(model))
    return values.map(schema.unwrap)
