"""Schema: a model, its instructions, its worked examples, its parameters, its fingerprint."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator, to_jsonable_python

from slotfill.schemas.confidence import check_confidences, is_marked, name_keys
from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError, SchemaError
from slotfill.schemas.json_schema.decimals import quoted_decimals
from slotfill.schemas.json_schema.response_model import JsonValue, resolve_local, response_model
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.exact_json import ExactFloat, dumps, has_exact_floats, loads
from slotfill.schemas.json_values.pointer import join, pointer_to
from slotfill.schemas.merge_policy import check_merges, has_keys, name_merge_keys
from slotfill.schemas.parameters import parameters_of
from slotfill.schemas.validation.field_keys import KeyPath
from slotfill.schemas.validation.info_validators import needs_context
from slotfill.schemas.validation.model_schema import (
    decimal_schema,
    inner_paths_of,
    output_schema,
    reply_schema,
    synonyms_of,
)
from slotfill.schemas.validation.relaxed_validator import relaxed_validator
from slotfill.schemas.validation.serialization import raising_field
from slotfill.schemas.validation.strict_validator import check_code, strict_validator
from slotfill.schemas.validation.user_code import RAISED

__all__ = ["TEXT_NAMES", "WRAPPER", "Example", "Schema"]

M = TypeVar("M")

WRAPPER = "value"
"""The key under which a value that is no JSON object travels."""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: a text, and the JSON value that stands in it."""

    text: str
    value: Any


class Schema(Generic[M]):
    """What to extract: a Pydantic model and all that a language model is told of it.

    A model may bring its own worked examples, a class variable `examples` of `Example`s, and parameters, a nested class
    that is a `slotfill.schemas.Parameters`: its fields stand as `{name}` in the docstring and reach validators as
    `info.context["parameters"]`. Its own examples that break under other parameters are left out. Further labelled
    texts, a class variable `calibration` of `Example`s, tell the embedded model what its scores are worth; their values
    may hold any part of the whole, and no other model is shown them.

    model: a Pydantic model, or what `slotfill.schemas.json_schema.response_model.response_model` made of a JSON Schema.
    name: what records and files call it; by default the model's name in snake case.
    instructions: what to tell the language model; by default the model's docstring.
    examples: replace the model's own.
    parameters: values for the fields of the model's `Parameters`; strings are read as the field's type.
    context: what validators find in `info.context`, beside `parameters` and the document's text, which they find as
        `document`, and as `text`, `context` and `text_chunk`, as validators written for Instructor call it.

    json_schema: what a reply must be. output_schema: what a value looks like when it is written, see `dump`.
    synonyms: by key of `json_schema`, other names by which the model knows the field.
    wrapped: whether values are no JSON objects, and so travel within one.

    Raises SchemaError when an example given here does not validate, a parameter is unknown or out of range, a
    `Confidence` is of no other field, a `Merge` names what is not there, code of it is async, or a default that is
    validated is refused.
    """

    def __init__(
        self,
        model: type[M],
        *,
        name: str | None = None,
        instructions: str | None = None,
        examples: Iterable[Example] | None = None,
        parameters: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
    ) -> None:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise SchemaError(f"{model!r} is no Pydantic model: pass a subclass of pydantic.BaseModel")
        self.model = model
        self.name = name or _snake_case(model.__name__)
        self.context = dict(context or {})
        self.parameters = parameters_of(model, self.name, parameters or {})
        self.instructions = instructions or _instructions(model, self.name, self.parameters)
        self.json_schema: dict[str, Any] = _json_schema(model, self.name)
        if self.parameters and "description" in self.json_schema:
            self.json_schema["description"] = _filled(self.json_schema["description"], self.parameters)
        self.wrapped = not _is_object(self.json_schema)
        self.has_confidences = is_marked(self.json_schema)
        self._check_code()
        self.examples = self._own_examples() if examples is None else self._checked(examples)
        self.calibration = _examples_in(model, "calibration")
        self.id = self._fingerprint()

    def __repr__(self) -> str:
        return f"Schema({self.name!r}, id={self.id[:12]!r})"

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON Schema of what `dump` gives: with the aliases of serialization, and computed fields."""
        return output_schema(cast("type[BaseModel]", self.model))

    @cached_property
    def needs_context(self) -> bool:
        """Whether validators of the model look at more than the value: at the document's text, it may be."""
        return needs_context(cast("type[BaseModel]", self.model))

    @cached_property
    def synonyms(self) -> Mapping[str, frozenset[str]]:
        """By key of `json_schema`, the other names by which the model knows the field."""
        return synonyms_of(cast("type[BaseModel]", self.model))

    @cached_property
    def inner_paths(self) -> Mapping[str, tuple[KeyPath, ...]]:
        """By key of `json_schema`, the ways into other values by which the model reads the field, too."""
        return inner_paths_of(cast("type[BaseModel]", self.model))

    def validate(self, text: str, *, document: str | None = None) -> M:
        """Read one JSON value as it travelled, strictly: nothing is coerced, and no key stands twice.

        document: the text that `Verbatim` strings must stand in; without it they are not checked.

        Raises InvalidError, whose paths start at the unwrapped value; SchemaCodeError where code of the model raised.
        """
        return self.read(text, document=document)[0]

    def read(self, text: str, *, document: str | None = None) -> tuple[M, Any]:
        """Validate as `validate` does; give the value, and the plain JSON data that it was read of, unwrapped.

        Of that data the value can be read again, which cannot be said of what `dump` gives.
        """
        try:
            whole = loads(text)
        except ValueError as error:
            raise InvalidError((FieldError("", f"is no JSON: {error}"),), text) from None
        data = self._unwrapped(whole)
        if has_exact_floats(data):
            data = self._with_exact_numbers(data)
        try:
            return self._read(data, text if data is whole else dumps(data), self._context(document)), data
        except ValidationError as error:
            raise InvalidError(_errors(error, data), data) from None
        except InvalidError:
            raise
        except Exception as error:
            message = f"a validator of {self.name} raised {type(error).__name__}: {error}"
            raise SchemaCodeError((FieldError(self._raising_place(data, document), message),), data) from error

    def load(self, value: object) -> M:
        """Read plain JSON data again, as it was validated before. Raises InvalidError."""
        try:
            text = dumps(self.wrap(value))
        except ValueError as error:  # NaN, infinity
            raise InvalidError((FieldError("", f"is no JSON: {error}"),), value) from None
        return self.validate(text)

    def dump(self, value: M) -> Any:
        """Give the value as plain JSON data, for output: what the model writes need not be what it reads.

        Raises SchemaCodeError, which names the field, where a serializer or a computed field raises, or a number is
        none of JSON's (infinite, or none at all).
        """
        try:
            data = to_jsonable_python(value, by_alias=True)
        except Exception as error:
            message = f"cannot be written: {type(error).__name__}: {error}"
            raise SchemaCodeError((FieldError(raising_field(value), message),), None) from error
        if self._writes_floats and (numbers := [*_infinite(data)]):
            message = "cannot be written: JSON has no such number; give the field another default, or a serializer"
            raise SchemaCodeError(tuple(FieldError(path, message) for path in numbers), None)
        return data

    def wrap(self, value: object) -> object:
        """Give plain JSON data the form in which it travels."""
        return {WRAPPER: value} if self.wrapped else value

    def part(
        self, json_schema: Mapping[str, Any], *, examples: Iterable[Example] = (), nested: bool = False
    ) -> Schema[Any]:
        """Make the schema of a part of a value: of a chunk of a document, or of a group of fields.

        What a part has is judged by the model's own types and validators; what it may lack is what `json_schema` does
        not require.

        json_schema: what the part must be. nested: whether objects within the whole may lack something, too.

        Raises SchemaError as the schema of the whole does.
        """
        return _Part(self, dict(json_schema), examples, nested=nested)

    def _check_code(self) -> None:
        try:
            check_code(cast("type[BaseModel]", self.model))
        except SchemaError as error:
            raise SchemaError(f"schema {self.name!r}: {error}") from None

    @cached_property
    def _validator(self) -> SchemaValidator:
        return self._built(locating=False)

    def _built(self, *, locating: bool) -> SchemaValidator:
        return strict_validator(cast("type[BaseModel]", self.model), locating=locating)

    def _raising_place(self, data: Any, document: str | None) -> str:
        """Give the JSON Pointer to the value over which a validator raises; "" where that cannot be told."""
        try:
            self._built(locating=True).validate_json(dumps(data), strict=True, context=self._context(document))
        except ValidationError as error:
            raised = (detail for detail in error.errors(include_url=False) if detail["type"] == RAISED)
            return next((pointer_to(detail["loc"], data) for detail in raised), "")
        except Exception:  # noqa: BLE001 - code that no validator of ours stands around, as that of `model_post_init`
            return ""
        return ""

    @cached_property
    def _writes_floats(self) -> bool:
        """Whether a value may hold a number that JSON has not: most schemas have no floats, and are not searched."""
        typed = {"type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf", "$defs"}
        parts = [part for _, part in subschemas(self.output_schema)]
        return any(part.get("type") == "number" or typed.isdisjoint(part) for part in parts)

    @cached_property
    def _decimal_schema(self) -> dict[str, Any]:
        return decimal_schema(cast("type[BaseModel]", self.model).__pydantic_core_schema__)

    def _context(self, document: str | None) -> dict[str, Any]:
        told: dict[str, Any] = {"document": document, "parameters": self.parameters}
        if document is not None:
            told |= dict.fromkeys(TEXT_NAMES, document)
        return told | self.context

    def _unwrapped(self, data: Any) -> Any:
        if not self.wrapped:
            return data
        if not isinstance(data, dict) or [*data] != [WRAPPER]:
            message = f"travels in an object that holds nothing else: {{{json.dumps(WRAPPER)}: …}}"
            raise InvalidError((FieldError("", message),), data)
        return data[WRAPPER]

    def _read(self, data: Any, text: str, context: dict[str, Any]) -> M:
        """Validate plain JSON data, of which `text` is the JSON."""
        if issubclass(self.model, JsonValue):
            return cast("M", self.model.model_validate(data, context=context).root)
        return cast("M", self._validator.validate_json(text, strict=True, context=context))

    def _with_exact_numbers(self, data: Any) -> Any:
        """Put quotes around long numbers where a `Decimal` is asked for: Pydantic reads a bare one as a double."""
        if issubclass(self.model, JsonValue):
            return _with_whole_numbers(data)
        return quoted_decimals(data, self._decimal_schema)

    def _own_examples(self) -> tuple[Example, ...]:
        model = cast("type[BaseModel]", self.model)
        own = _examples_in(model, "examples")
        defaults = parameters_of(model, self.name, {})
        return self._checked(own) if self.parameters == defaults else tuple(filter(self._holds, own))

    def _holds(self, example: Example) -> bool:
        try:
            self.validate(dumps(self.wrap(example.value)), document=example.text)
        except InvalidError:
            return False
        return True

    def _checked(self, examples: Iterable[Example]) -> tuple[Example, ...]:
        examples = tuple(examples)
        for number, example in enumerate(examples, 1):
            try:
                self.validate(dumps(self.wrap(example.value)), document=example.text)
            except (InvalidError, TypeError) as error:  # TypeError: a value that is no JSON
                raise SchemaError(f"example {number} of schema {self.name!r} does not validate: {error}") from error
        return examples

    def _fingerprint(self) -> str:
        parts = {
            "name": self.name,
            "json_schema": self.json_schema,
            "instructions": self.instructions,
            "examples": [[example.text, example.value] for example in self.examples],
            "calibration": [[example.text, example.value] for example in self.calibration],
            "parameters": self.parameters.model_dump(mode="json") if self.parameters else {},
        }
        if issubclass(self.model, JsonValue) and self.model.formats == "annotate":
            parts["formats"] = "annotate"
        canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class _Part(Schema[Any]):
    """A schema of a part: see `Schema.part`."""

    def __init__(
        self, whole: Schema[Any], json_schema: dict[str, Any], examples: Iterable[Example], *, nested: bool
    ) -> None:
        self._nested = nested
        model = whole.model
        if issubclass(model, JsonValue):
            model = response_model(json_schema, name=whole.name, resources=model.resources, formats=model.formats)
        self.model, self.name, self.context = model, whole.name, whole.context
        self.parameters, self.instructions = whole.parameters, whole.instructions
        self.json_schema, self.wrapped = json_schema, not _is_object(json_schema)
        self.has_confidences = is_marked(json_schema)
        self.examples = self._checked(examples)
        self.calibration = ()
        self.id = self._fingerprint()

    def _built(self, *, locating: bool) -> SchemaValidator:
        return relaxed_validator(self.model, nested=self._nested, locating=locating)

    def dump(self, value: Any) -> Any:
        """Give nothing: a part of a value is merged as the model said it, and never written."""

    def _read(self, data: Any, text: str, context: dict[str, Any]) -> Any:
        value = super()._read(data, text, context)
        required = self.json_schema.get("required", ()) if isinstance(data, dict) else ()
        if missing := [key for key in required if key not in data]:
            raise InvalidError(tuple(FieldError(join((key,)), "Field required") for key in missing), data)
        return value


TEXT_NAMES = ("text", "context", "text_chunk")
"""What validators that were written for Instructor call the document's text."""


def _with_whole_numbers(data: Any) -> Any:
    """Give a copy of plain JSON data in which whole numbers that no double holds are integers: 9007199254740993.0."""
    if isinstance(data, ExactFloat):
        return int(data) if data.is_integer() else data
    if isinstance(data, dict):
        return {key: _with_whole_numbers(part) for key, part in data.items()}
    return [*map(_with_whole_numbers, data)] if isinstance(data, list) else data


def _errors(error: ValidationError, data: Any) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(pointer_to(detail["loc"], data, missing=detail["type"] == "missing"), detail["msg"])
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _infinite(data: Any) -> Iterator[str]:
    """Give the JSON Pointers to numbers that JSON has not."""
    rest = [("", data)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, float) and not math.isfinite(value):
            yield path
        elif isinstance(value, dict | list):
            steps = value.items() if isinstance(value, dict) else enumerate(value)
            rest += [(path + join((step,)), part) for step, part in steps if isinstance(part, float | dict | list)]


def _examples_in(model: type[BaseModel], name: str) -> tuple[Example, ...]:
    """Give the examples that a model brings in a class variable: a user's own of that name holds none."""
    brought = getattr(model, name, None) if name in model.__class_vars__ else None
    examples = tuple(brought) if isinstance(brought, Iterable) else ()
    return examples if all(isinstance(example, Example) for example in examples) else ()


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _instructions(model: type[BaseModel], name: str, parameters: BaseModel | None) -> str:
    text = inspect.cleandoc(model.__doc__ or f"Extract {name.replace('_', ' ')} from the document.")
    return _filled(text, parameters)


def _filled(text: str, parameters: BaseModel | None) -> str:
    """Put the parameters' values where `{name}` stands, once: a value's own braces stay."""
    values = parameters.model_dump() if parameters else {}
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)


def _json_schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    try:
        json_schema = reply_schema(model)
        if is_marked(json_schema):
            name_keys(json_schema, reply_schema(model, by_alias=False))
        if has_keys(json_schema):
            name_merge_keys(json_schema, reply_schema(model, by_alias=False))
    except Exception as error:
        reason = " ".join(str(getattr(error, "message", error)).split())
        raise SchemaError(f"schema {name!r} has no JSON Schema: {reason}") from error
    check_confidences(json_schema)
    check_merges(json_schema)
    return json_schema


def _is_object(json_schema: dict[str, Any]) -> bool:
    return resolve_local(json_schema, json_schema).get("type") == "object"
