"""Schema: a model, its instructions, its worked examples, its parameters, its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

from slotfill.schemas.errors import FieldError, InvalidError, SchemaCodeError, SchemaError
from slotfill.schemas.example import Example, examples_in
from slotfill.schemas.field_digests import FieldDigests, digest_fields
from slotfill.schemas.json_schema.decimals import quoted_decimals
from slotfill.schemas.json_schema.response_model import JsonValue
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.json_values.exact_json import dumps, has_exact_floats, loads, read_again, with_whole_numbers
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import join, pointer_to, tokens
from slotfill.schemas.json_values.wrapper import WRAPPER, is_wrapper
from slotfill.schemas.marks.confidence import CONFIDENCE_MARK
from slotfill.schemas.marks.evidence import EVIDENCE_MARK
from slotfill.schemas.marks.silent_marks import without_silent_marks
from slotfill.schemas.model_description import instructions_of, json_schema_of, snake_case
from slotfill.schemas.parameters import lacking, parameters_of
from slotfill.schemas.typed_root import TypedRoot, is_type, plain_root, typed_root
from slotfill.schemas.validation.code_checks import check_code
from slotfill.schemas.validation.field_keys import KeyPath
from slotfill.schemas.validation.info_validators import needs_context
from slotfill.schemas.validation.model_schema import decimal_schema, inner_paths_of, output_schema, synonyms_of
from slotfill.schemas.validation.serialization import may_hold_floats, written
from slotfill.schemas.validation.strict_validator import strict_validator
from slotfill.schemas.validation.user_code import RAISED

__all__ = ["TEXT_NAMES", "Schema"]

M = TypeVar("M")

TEXT_NAMES = ("text", "context", "text_chunk")
"""What validators that were written for Instructor call the document's text."""


class Schema(Generic[M]):
    """What to extract: a Pydantic model and all that a language model is told of it.

    A model may bring its own worked examples, a class variable `examples` of `Example`s, and parameters, a nested class
    that is a `slotfill.schemas.Parameters`: its fields stand as `{name}` in the docstring and reach validators as
    `info.context["parameters"]`. Its own examples that break under other parameters are left out. Further labelled
    texts, a class variable `calibration` of `Example`s, tell the embedded model how far to trust its scores; their
    values may hold any part of the whole, and no other model is shown them.

    Attributes:
        model: The Pydantic model, or what a JSON Schema or another type was made into.
        name: What records and files call it.
        instructions: What the language model is told to do, parameters filled in.
        json_schema: What a reply must be. It must not be changed.
        output_schema: What a value looks like when it is written, see `dump`.
        examples: The worked examples, each checked.
        calibration: Further labelled texts, the model's own where no others are given.
        parameters: The model's parameters, None where it has none.
        context: What validators find in `info.context`, beside what every schema gives them.
        synonyms: By key of `json_schema`, other names by which the model knows the field.
        wrapped: Whether values are no JSON objects, and so travel within one.
        has_confidences: Whether any field is a `Confidence`.
        has_evidence: Whether any field is an `Evidence`.
        added_keys: Keys that are asked for beside the value, and are no part of it.
        id: The fingerprint, a SHA-256 in hex: two schemas of one id ask for the same in the same words.
    """

    added_keys: frozenset[str] = frozenset()

    def __init__(
        self,
        model: type[M],
        *,
        name: str | None = None,
        instructions: str | None = None,
        examples: Iterable[Example] | None = None,
        parameters: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        calibration: Iterable[Example] | None = None,
    ) -> None:
        """Make a schema of a model.

        Args:
            model: A Pydantic model, or what `slotfill.schemas.json_schema.response_model.response_model` made of a
                JSON Schema; or any type that Pydantic reads: `list[Item]`, a union, a dataclass.
            name: What records and files call it; by default the model's name in snake case.
            instructions: What to tell the language model; by default the model's docstring.
            examples: Replace the model's own.
            parameters: Values for the fields of the model's `Parameters`; strings are read as the field's type.
            context: What validators find in `info.context`, beside `parameters` and the document's text, which they
                find as `document`, and as `text`, `context` and `text_chunk`, as validators written for Instructor
                call it.
            calibration: Replace the model's own labelled texts.

        Raises:
            SchemaError: An example given here does not validate, a parameter is unknown or out of range, a
                `Confidence` or an `Evidence` is of no other field, a `Merge` names what is not there, code of the model
                is async, or a default that is validated is refused.
        """
        if not is_type(model):
            raise SchemaError(
                f"{model!r} is no Pydantic model, nor another type: pass a subclass of pydantic.BaseModel, or a type "
                "such as list[Item]"
            )
        read = typed_root(model)
        self.model = cast("type[M]", read)
        self.name = name or snake_case(read.__name__)
        self.context = dict(context or {})
        self.parameters = parameters_of(read, self.name, parameters or {})
        self.instructions = instructions or instructions_of(read, self.name, self.parameters)
        self._describe(json_schema_of(read, self.name, self.parameters))
        self._check_code()
        self.examples = self._own_examples() if examples is None else self._checked(examples)
        self.calibration = examples_in(read, "calibration") if calibration is None else tuple(calibration)
        self.id = self._fingerprint()

    def __repr__(self) -> str:
        return f"Schema({self.name!r}, id={self.id[:12]!r})"

    @cached_property
    def output_schema(self) -> JSONObject:
        """The JSON Schema of what `dump` gives: with the aliases of serialization, and computed fields."""
        return output_schema(self._pydantic)

    @cached_property
    def digests(self) -> FieldDigests:
        """What each field is asked by: a record holds it, so that a later version of the schema takes over the rest."""
        formats = ["annotate"] if issubclass(self.model, JsonValue) and self.model.formats == "annotate" else []
        return digest_fields(
            self.json_schema,
            [self.instructions, self.parameter_values],
            examples=self.examples,
            calibration=self.calibration,
            also=formats,
        )

    @cached_property
    def needs_context(self) -> bool:
        """Whether validators of the model look at more than the value: at the document's text, it may be."""
        return needs_context(self._pydantic)

    @cached_property
    def synonyms(self) -> Mapping[str, frozenset[str]]:
        """By key of `json_schema`, the other names by which the model knows the field."""
        return synonyms_of(self._pydantic)

    @cached_property
    def inner_paths(self) -> Mapping[str, tuple[KeyPath, ...]]:
        """By key of `json_schema`, the ways into other values by which the model reads the field, too."""
        return inner_paths_of(self._pydantic)

    @property
    def parameter_values(self) -> JSONObject:
        """The parameters as plain JSON data, by name; none where the model has none."""
        return self.parameters.model_dump(mode="json") if self.parameters else {}

    def check_parameters(self) -> None:
        """Refuse to be asked for while a parameter has no value: it can be shown without, and read what was stored.

        Raises:
            SchemaError: It names the parameter, and how to give it.
        """
        if missing := lacking(self.parameters):
            raise SchemaError(
                f"schema {self.name!r} needs its parameter {missing[0]!r}: -P {missing[0]}=…, in Python "
                f"parameters={{{missing[0]!r}: …}}"
            )

    def validate(self, text: str, *, document: str | None = None) -> M:
        """Read one JSON value as it travelled, strictly: nothing is coerced, and no key stands twice.

        Args:
            text: The JSON.
            document: The text that `Verbatim` strings must stand in; without it they are not checked.

        Returns:
            An instance of the model; of a JSON Schema, plain JSON data; of another type, a value of it.

        Raises:
            InvalidError: It does not validate; the paths start at the unwrapped value.
            SchemaCodeError: Code of the model raised.
        """
        return self.read(text, document=document)[0]

    def read(self, text: str, *, document: str | None = None) -> tuple[M, JSON]:
        """Validate as `validate` does.

        Returns:
            The value, and the plain JSON data that it was read of, unwrapped. Of that data the value can be read
            again, which cannot be said of what `dump` gives.
        """
        try:
            whole = loads(text)
        except ValueError as error:
            raise InvalidError((FieldError("", f"is no JSON: {error}"),), text) from None
        data = self.unwrap(whole)
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

    def read_data(self, data: JSON, *, document: str | None = None) -> M:
        """Read plain JSON data, unwrapped, as `validate` reads the text that it was written in, in half the time.

        Args:
            data: What a JSON reader that loses nothing gave (`exact_json`): no key stood twice, and no number is NaN.
            document: As in `validate`.

        Raises:
            ValueError: It does not validate; of a model's own code, anything.
        """
        if has_exact_floats(data):
            data = self._with_exact_numbers(data)
        return self._read(data, dumps(data), self._context(document))

    def read_written(self, text: str) -> M:
        """Read the JSON text of a value, unwrapped, that was read before, as `read_data` does in four times the time.

        Args:
            text: JSON that `dumps` or Pydantic wrote, in which no number has more digits than a double.

        Raises:
            ValueError: It does not validate; of a model's own code, anything.
        """
        data = read_again(text) if issubclass(self.model, JsonValue) else None
        return self._read(data, text, self._context(None))

    def load(self, value: object) -> M:
        """Read plain JSON data again, as it was validated before.

        Raises:
            InvalidError: It does not validate.
        """
        try:
            text = dumps(self.wrap(value))
        except ValueError as error:  # NaN, infinity
            raise InvalidError((FieldError("", f"is no JSON: {error}"),), value) from None
        return self.validate(text)

    def dump(self, value: M) -> JSON:
        """Return the value as plain JSON data, for output: what the model writes need not be what it reads.

        Raises:
            SchemaCodeError: A serializer or a computed field raises, or a number is none of JSON's (infinite, or none
                at all); it names the field.
        """
        if issubclass(self.model, JsonValue) and has_exact_floats(value):  # which Pydantic would round
            return deepcopy(value)
        whole = self._pydantic.model_construct(root=value) if self._is_bare(value) else value
        return written(whole, floats=self._may_hold_floats)

    def plain(self, data: JSON) -> JSON:
        """Return what of plain JSON data that was asked for is the value: all of it, but for `EvidencedSchema`."""
        return data

    def is_beside(self, pointer: str) -> bool:
        """Whether a JSON Pointer leads to what was asked for beside the value, and is no part of it."""
        return bool(self.added_keys) and not self.added_keys.isdisjoint(tokens(pointer))

    def wrap(self, value: JSON) -> JSON:
        """Return plain JSON data in the form in which it travels."""
        return {WRAPPER: value} if self.wrapped else value

    def unwrap(self, data: JSON) -> JSON:
        """Return the value in what travelled.

        Raises:
            InvalidError: It should travel in an object of its own, and does not.
        """
        if self.wrapped and not is_wrapper(data):
            message = f"travels in an object that holds nothing else: {{{json.dumps(WRAPPER)}: …}}"
            raise InvalidError((FieldError("", message),), data)
        return data[WRAPPER] if self.wrapped else data

    def wrap_pointer(self, pointer: str) -> str:
        """Return a JSON Pointer into a value as one into what travels."""
        return join((WRAPPER,)) + pointer if self.wrapped else pointer

    def unwrap_path(self, path: ValuePath) -> ValuePath | None:
        """Return a path into what travels as one into the value, None for one that leads past it."""
        if not self.wrapped:
            return path
        return path[1:] if path[:1] == (WRAPPER,) else None

    def _is_bare(self, value: object) -> bool:
        """Whether a value is without the root that knows how it is written."""
        return issubclass(self.model, TypedRoot) and not isinstance(value, TypedRoot)

    @property
    def _pydantic(self) -> type[BaseModel]:
        return cast("type[BaseModel]", self.model)

    def _describe(self, json_schema: JSONObject) -> None:
        self.json_schema = json_schema
        self.wrapped = resolve_local(json_schema, json_schema).get("type") != "object"
        self.has_confidences = CONFIDENCE_MARK.is_in(json_schema)
        self.has_evidence = EVIDENCE_MARK.is_in(json_schema)

    def _check_code(self) -> None:
        try:
            check_code(self._pydantic)
        except SchemaError as error:
            raise SchemaError(f"schema {self.name!r}: {error}") from None

    @cached_property
    def _validator(self) -> SchemaValidator:
        return self._built(locating=False)

    def _built(self, *, locating: bool) -> SchemaValidator:
        return strict_validator(self._pydantic, locating=locating)

    def _raising_place(self, data: JSON, document: str | None) -> str:
        """Return the JSON Pointer to the value over which a validator raises; "" where that cannot be told."""
        try:
            self._built(locating=True).validate_json(dumps(data), strict=True, context=self._context(document))
        except ValidationError as error:
            raised = (detail for detail in error.errors(include_url=False) if detail["type"] == RAISED)
            return next((pointer_to(detail["loc"], data) for detail in raised), "")
        except Exception:  # noqa: BLE001 - code that no validator of ours stands around, as that of `model_post_init`
            return ""
        return ""

    @cached_property
    def _may_hold_floats(self) -> bool:
        return may_hold_floats(self.output_schema)

    @cached_property
    def _decimal_schema(self) -> JSONObject:
        return decimal_schema(self._pydantic.__pydantic_core_schema__)

    def _context(self, document: str | None) -> dict[str, object]:
        context: dict[str, object] = {"document": document, "parameters": self.parameters}
        if document is not None:
            context |= dict.fromkeys(TEXT_NAMES, document)
        return context | self.context

    def _read(self, data: JSON, text: str, context: dict[str, object]) -> M:
        """Validate plain JSON data, of which `text` is the JSON."""
        if issubclass(self.model, JsonValue):
            return cast("M", self.model.model_validate(data, context=context).root)
        return cast("M", plain_root(self._validator.validate_json(text, strict=True, context=context)))

    def _with_exact_numbers(self, data: JSON) -> JSON:
        """Put quotes around long numbers where a `Decimal` is asked for: Pydantic reads a bare one as a double."""
        if issubclass(self.model, JsonValue):
            return with_whole_numbers(data)
        return quoted_decimals(data, self._decimal_schema)

    def _own_examples(self) -> tuple[Example, ...]:
        own = examples_in(self._pydantic, "examples")
        defaults = parameters_of(self._pydantic, self.name, {})
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
            "json_schema": without_silent_marks(self.json_schema),
            "instructions": self.instructions,
            "examples": [[example.text, example.value] for example in self.examples],
            "calibration": [[example.text, example.value] for example in self.calibration],
            "parameters": self.parameter_values,
        }
        if issubclass(self.model, JsonValue) and self.model.formats == "annotate":
            parts["formats"] = "annotate"
        canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _errors(error: ValidationError, data: JSON) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(pointer_to(detail["loc"], data, missing=detail["type"] == "missing"), detail["msg"])
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    )
