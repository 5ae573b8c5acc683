"""Schema: a model, its instructions, its worked examples, its parameters, its fingerprint."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import from_json, to_jsonable_python

from slotfill.schemas.confidence import check_confidences, is_marked, name_keys
from slotfill.schemas.errors import FieldError, InvalidError, SchemaError
from slotfill.schemas.json_schema import JsonValue, resolve_local
from slotfill.schemas.merging import check_merges, has_keys, name_merge_keys
from slotfill.schemas.pointer import pointer_to

__all__ = ["WRAPPER", "Example", "Schema"]

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

    A model may bring its own worked examples as `examples: ClassVar[tuple[Example, ...]]`, and parameters as a
    nested model `Parameters`, whose fields stand as `{name}` in the docstring and reach validators as
    `info.context["parameters"]`. Its own examples that break under other parameters are left out. Further labelled
    texts, `calibration: ClassVar[tuple[Example, ...]]`, tell the embedded model what its scores are worth; their values
    may hold any part of the whole, and no other model is shown them.

    model: a Pydantic model, or what `slotfill.schemas.json_schema.response_model` made of a JSON Schema.
    name: what records and files call it; by default the model's name in snake case.
    instructions: what to tell the language model; by default the model's docstring.
    examples: replace the model's own.
    parameters: values for the fields of `Parameters`; strings are read as the field's type.

    Raises SchemaError when an example given here does not validate, a parameter is unknown or out of range, a
    `Confidence` is of no other field, or a `Merge` names what is not there.
    """

    def __init__(
        self,
        model: type[M],
        *,
        name: str | None = None,
        instructions: str | None = None,
        examples: Iterable[Example] | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise SchemaError(f"{model!r} is no Pydantic model: pass a subclass of pydantic.BaseModel")
        self.model = model
        self.name = name or _snake_case(model.__name__)
        self.parameters = _parameters(model, self.name, parameters or {})
        self.instructions = instructions or _instructions(model, self.name, self.parameters)
        document_schema = _json_schema(model, self.name)
        if self.parameters and "description" in document_schema:
            document_schema["description"] = _filled(document_schema["description"], self.parameters)
        self.wrapped = not _is_object(document_schema)
        self.json_schema: dict[str, Any] = document_schema
        self.has_confidences = is_marked(document_schema)
        self._carrier = _wrapper_of(model) if self.wrapped else model
        self.examples = self._own_examples() if examples is None else self._checked(examples)
        self.calibration: tuple[Example, ...] = tuple(getattr(model, "calibration", ()))
        self.id = self._fingerprint()

    def __repr__(self) -> str:
        return f"Schema({self.name!r}, id={self.id[:12]!r})"

    def validate(self, text: str, *, document: str | None = None) -> M:
        """Read one JSON value as it travelled, strictly: nothing is coerced.

        document: the text that `Verbatim` strings must stand in; without it they are not checked.

        Raises InvalidError, whose paths start at the unwrapped value.
        """
        data = _parsed(text)
        context = {"document": document, "parameters": self.parameters}
        try:
            carrier = self._carrier.model_validate_json(text, strict=True, context=context)
        except ValidationError as error:
            raise self._invalid(error, data) from None
        except Exception as error:
            message = f"a validator of {self.name} raised {type(error).__name__}: {error}"
            raise InvalidError((FieldError("", message),), self._unwrap(data)) from error
        value = getattr(carrier, WRAPPER) if self.wrapped else carrier
        return cast("M", value.root if isinstance(value, JsonValue) else value)

    def load(self, value: object) -> M:
        """Read a stored value again, as `dump` gave it. Raises InvalidError."""
        return self.validate(json.dumps(self.wrap(value)))

    def dump(self, value: M) -> Any:
        """Give the value as plain JSON data, keys being the model's aliases."""
        return to_jsonable_python(value, by_alias=True, inf_nan_mode="strings")

    def wrap(self, value: object) -> object:
        """Give plain JSON data the form in which it travels."""
        return {WRAPPER: value} if self.wrapped else value

    def _unwrap(self, data: object) -> object:
        return data[WRAPPER] if self.wrapped and isinstance(data, dict) and WRAPPER in data else data

    def _invalid(self, error: ValidationError, data: object) -> InvalidError:
        errors = []
        for detail in error.errors(include_url=False, include_context=False, include_input=False):
            location, within = detail["loc"], data
            if self.wrapped and location[:1] == (WRAPPER,) and isinstance(data, dict) and WRAPPER in data:
                location, within = location[1:], data[WRAPPER]
            path = pointer_to(location, within, missing=detail["type"] == "missing")
            errors.append(FieldError(path, detail["msg"]))
        return InvalidError(tuple(errors), self._unwrap(data))

    def _own_examples(self) -> tuple[Example, ...]:
        own: Iterable[Example] = ()
        if "examples" in cast("type[BaseModel]", self.model).__class_vars__:
            own = self.model.examples  # type: ignore[attr-defined]  # what the model brings, by convention
        defaults = _parameters(cast("type[BaseModel]", self.model), self.name, {})
        return self._checked(own) if self.parameters == defaults else tuple(filter(self._holds, own))

    def _holds(self, example: Example) -> bool:
        try:
            self.validate(json.dumps(self.wrap(example.value)), document=example.text)
        except InvalidError:
            return False
        return True

    def _checked(self, examples: Iterable[Example]) -> tuple[Example, ...]:
        examples = tuple(examples)
        for number, example in enumerate(examples, 1):
            try:
                self.validate(json.dumps(self.wrap(example.value)), document=example.text)
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


_MAY_OVERFLOW = re.compile(r"[eE]\+?\d{2}|\d{300}")


def _parsed(text: str) -> object:
    """Parse JSON, refusing what JSON cannot write again: NaN, Infinity and numbers too large for a float."""
    try:
        data = from_json(text.encode(), allow_inf_nan=False)  # encoding refuses lone surrogates
        if _MAY_OVERFLOW.search(text):
            json.dumps(data, allow_nan=False)
    except ValueError as error:
        raise InvalidError((FieldError("", f"is no JSON: {error}"),), text) from None
    return data


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _parameters(model: type[BaseModel], name: str, given: Mapping[str, object]) -> BaseModel | None:
    declared = getattr(model, "Parameters", None)
    known = sorted(declared.model_fields) if declared else []
    if unknown := sorted(set(given) - set(known)):
        choice = f"it takes {', '.join(known)}" if known else "it takes none"
        raise SchemaError(f"schema {name!r} has no parameter {unknown[0]!r}: {choice}")
    if declared is None:
        return None
    try:
        return cast("BaseModel", declared.model_validate(dict(given)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        which = f"parameter {first['loc'][0]!r}" if first["loc"] else "parameters"
        raise SchemaError(f"{which} of schema {name!r}: {first['msg']}") from None


def _instructions(model: type[BaseModel], name: str, parameters: BaseModel | None) -> str:
    text = inspect.cleandoc(model.__doc__ or f"Extract {name.replace('_', ' ')} from the document.")
    return _filled(text, parameters)


def _filled(text: str, parameters: BaseModel | None) -> str:
    """Put the parameters' values where `{name}` stands, once: a value's own braces stay."""
    values = parameters.model_dump() if parameters else {}
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), text)


def _json_schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    try:
        json_schema = model.model_json_schema()
        if is_marked(json_schema):
            name_keys(json_schema, model.model_json_schema(by_alias=False))
        if has_keys(json_schema):
            name_merge_keys(json_schema, model.model_json_schema(by_alias=False))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise SchemaError(f"schema {name!r} has no JSON Schema: {reason}") from error
    check_confidences(json_schema)
    check_merges(json_schema)
    return json_schema


def _is_object(json_schema: dict[str, Any]) -> bool:
    return resolve_local(json_schema, json_schema).get("type") == "object"


def _wrapper_of(model: type[BaseModel]) -> type[BaseModel]:
    return create_model(f"{model.__name__}Carrier", __config__=ConfigDict(extra="forbid"), value=(model, ...))
