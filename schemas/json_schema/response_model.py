"""A JSON Schema becomes a Pydantic response model whose validator is `jsonschema` itself.

No reference is ever fetched, time and recursion are bounded, formats are checked, `verbatim` against the document.
"""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, TypeVar, cast

from pydantic import AfterValidator, RootModel, ValidationError, ValidationInfo, create_model

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.dialects import DraftValidator
from slotfill.schemas.json_schema.draft_validator import draft_validator
from slotfill.schemas.json_schema.formats import Formats
from slotfill.schemas.json_schema.value_errors import format_checker, value_errors
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["JsonValue", "formats_of", "response_model", "with_formats"]

M = TypeVar("M")


class JsonValue(RootModel[JSON]):
    """The base of the models that `response_model` makes; `.root` is the plain JSON value."""

    document: ClassVar[JSON]
    resources: ClassVar[JSONMapping]
    formats: ClassVar[Formats]
    validator: ClassVar[DraftValidator]

    @classmethod
    def model_json_schema(cls, *_: object, **__: object) -> JSONObject:
        """Return the JSON Schema that the model was made of; `true` and `false` in the form of an object."""
        if isinstance(cls.document, bool):
            return {} if cls.document else {"not": {}}
        return dict(_copy(cls.document))


def response_model(
    document: JSONMapping | bool,
    *,
    name: str,
    resources: JSONMapping | None = None,
    formats: Formats = "check",
) -> type[JsonValue]:
    """Make a response model of a JSON Schema of draft 4 or later (2020-12 when it names none).

    Args:
        document: The JSON Schema.
        name: What the model is called, and the schema with it.
        resources: By URI, the other schemas it may refer to. Nothing else is looked up anywhere.
        formats: Whether `format` is checked, where it is known, or an annotation.

    Returns:
        A model whose validator is jsonschema itself.

    Raises:
        SchemaError: With the JSON Pointer of what is wrong: no JSON Schema, a pattern that does not compile, a
            reference that leads nowhere.
    """
    try:
        document, resources = _copy(document), _copy(resources or {})
        validator = draft_validator(document, resources, format_checker(formats))
    except RecursionError:
        raise SchemaError("no usable JSON Schema: it is nested too deeply") from None

    def check(value: JSON, info: ValidationInfo) -> JSON:
        errors = value_errors(validator, value, (info.context or {}).get("document"))
        if errors:
            raise ValidationError.from_exception_data(name, errors)
        return value

    # Two schemas may have one name, and a name need not be an identifier.
    try:
        model = create_model(name, __base__=JsonValue, root=(Annotated[JSON, AfterValidator(check)], ...))
    except ValueError:  # no type of Python's has such a name
        raise SchemaError("/title: it holds a NUL, or half a character: write another one") from None
    model.document, model.resources, model.formats, model.validator = document, resources, formats, validator
    return model


def formats_of(model: type[object]) -> Formats:
    """Return whether a model checks formats as JSON Schema has them: a Python model's types decide for themselves."""
    return model.formats if issubclass(model, JsonValue) else "annotate"


def with_formats(model: type[M], formats: Formats | None) -> type[M]:
    """Return a model that `response_model` made with its formats checked or not; any other model as it is."""
    if formats is None or not issubclass(model, JsonValue) or formats == model.formats:
        return model
    return cast(
        "type[M]",
        response_model(model.document, name=model.__name__, resources=model.resources, formats=formats),
    )


def _copy(document: JSON) -> JSON:
    """Copy JSON data, so that nobody changes a schema in use. Raises SchemaError when it is something else."""
    try:
        return json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise SchemaError(f"no valid JSON Schema: it is no JSON: {error}") from None
