"""The schema of a part of a value: of a chunk of a document, or of a group of fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import SchemaValidator

from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.response_model import JsonValue, response_model
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.schema import Schema
from slotfill.schemas.validation.relaxed_validator import relaxed_validator

__all__ = ["PartSchema"]


class PartSchema(Schema[Any]):
    """The schema of a part: what it has is judged by the whole's own types and validators.

    What it may lack is what its JSON Schema does not require. Its values are merged as they were said, and never
    written: `dump` gives nothing.

    Raises SchemaError as the schema of the whole does.
    """

    def __init__(
        self, whole: Schema[Any], json_schema: JSONMapping, *, examples: Iterable[Example] = (), nested: bool = False
    ) -> None:
        """Make the schema of a part that must be as `json_schema` says.

        nested: whether objects within the whole may lack something, too.
        """
        self._nested = nested
        model = whole.model
        if issubclass(model, JsonValue):
            model = response_model(json_schema, name=whole.name, resources=model.resources, formats=model.formats)
        self.model, self.name, self.context = model, whole.name, whole.context
        self.parameters, self.instructions = whole.parameters, whole.instructions
        self._describe({**json_schema})
        self.examples = self._checked(examples)
        self.calibration = ()
        self.id = self._fingerprint()

    def dump(self, value: JSON) -> JSON:
        """Return None: a part of a value is merged as the model said it, and never written."""

    def _built(self, *, locating: bool) -> SchemaValidator:
        return relaxed_validator(self.model, nested=self._nested, locating=locating)

    def _read(self, data: JSON, text: str, context: dict[str, object]) -> JSON:
        value = super()._read(data, text, context)
        required = self.json_schema.get("required", ()) if isinstance(data, dict) else ()
        if missing := [key for key in required if key not in data]:
            raise InvalidError(tuple(FieldError(join((key,)), "Field required") for key in missing), data)
        return value
