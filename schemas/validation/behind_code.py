"""What stands behind code of the user's: read strictly where the code left it as it was, else as the model has it.

A `before` or `wrap` validator, an `__init__`, a default or the text of a `Json` field each hand a value on. What they
hand on is read here, by validators of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from pydantic import ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticKnownError, SchemaValidator

from slotfill.schemas.json_schema.decimals import quoted_decimals
from slotfill.schemas.json_values.exact_json import dumps, has_exact_floats, loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import follow, pointer_to
from slotfill.schemas.validation.core_walk import Node
from slotfill.schemas.validation.model_schema import decimal_schema
from slotfill.schemas.validation.user_code import JUDGEMENTS, around, reading

__all__ = ["BehindCode", "JsonInText", "as_json", "with_function"]


class BehindCode:
    """What stands behind code of the user's."""

    def __init__(self, strict: Callable[[], SchemaValidator], lenient: Callable[[], SchemaValidator]) -> None:
        self._strict_of, self._lenient_of = strict, lenient

    # Built when it is first used: a definition may refer to itself by way of this code.
    @cached_property
    def _strict(self) -> SchemaValidator:
        return self._strict_of()

    @cached_property
    def _lenient(self) -> SchemaValidator:
        return self._lenient_of()

    def read(self, value: JSON, written: str | None, info: ValidationInfo) -> JSON:
        """Read what the code made of a value, which was `written` before."""
        text = as_json(value)
        if text is None:
            return self.read_own(value, info)
        try:
            return self._read_strictly(text, info)
        except ValidationError as error:
            if text == written:
                raise
            ignored = [*_ignored(error, written)]
        changed = self.read_own(value, info)
        if ignored:
            raise ValidationError.from_exception_data("value", ignored)
        return changed

    def read_by_code(self, value: JSON, info: ValidationInfo) -> JSON:
        """Have the user's code read a value, if what is there of it is sound: what is missing the code may know."""
        try:
            self._read_strictly(json.dumps(value), info)
        except ValidationError as error:
            if any(detail["type"] != "missing" for detail in error.errors(include_url=False, include_context=False)):
                raise
        return self.read_own(value, info)

    def read_own(self, value: JSON, info: ValidationInfo | None) -> JSON:
        """Read a value that is the user's own, as the model has it."""
        if info is None:
            return self._lenient.validate_python(value)
        with reading(info):
            return self._lenient.validate_python(value, context=info.context)

    @contextmanager
    def to_blame(self, written: str | None, info: ValidationInfo) -> Iterator[None]:
        """Where the code fails over a value of a wrong type, say that of the value: a number that has no `strip()`.

        Raises ValidationError for that, and else what the code raised.
        """
        try:
            yield
        except JUDGEMENTS:
            raise
        except Exception:
            if written is not None:
                self._read_strictly(written, info)
            raise

    def _read_strictly(self, text: str, info: ValidationInfo) -> JSON:
        with reading(info):
            return self._strict.validate_json(text, strict=True, context=info.context)


class JsonInText:
    """The JSON in a text, read as exactly as a reply itself: each key once, all digits of a decimal number."""

    def __init__(self, validator: Callable[[], SchemaValidator], schema: Node) -> None:
        self._validator_of, self._schema = validator, schema

    def read(self, value: JSON, info: ValidationInfo) -> JSON:
        """Read a text."""
        if not isinstance(value, str):
            raise PydanticKnownError("json_type")
        try:
            data = loads(value)
        except ValueError as error:
            raise PydanticKnownError("json_invalid", {"error": str(error)}) from None
        if has_exact_floats(data):
            data = quoted_decimals(data, self._decimal_schema)
        info = around(info)
        with reading(info):
            return self._validator.validate_json(dumps(data), strict=True, context=info.context)

    @cached_property
    def _validator(self) -> SchemaValidator:
        return self._validator_of()

    @cached_property
    def _decimal_schema(self) -> JSONObject:
        return decimal_schema(self._schema)


def with_function(node: Node, read: Callable[[JSON, ValidationInfo], JSON]) -> Node:
    """Put a function in the place of a core schema."""
    kept = {key: node[key] for key in ("ref",) if key in node}
    return {"type": "function-plain", "function": {"type": "with-info", "function": read}, **kept}


def as_json(value: JSON) -> str | None:
    """Write plain JSON data; None for what is none."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _ignored(error: ValidationError, written: str | None) -> Iterator[InitErrorDetails]:
    """Yield the keys that nobody reads: those of what was `written`, not those that the user's code has put in."""
    before = None if written is None else json.loads(written)
    for detail in error.errors(include_url=False, include_context=False):
        holder = follow(pointer_to(detail["loc"], before).rpartition("/")[0], before)
        if detail["type"] == "extra_forbidden" and isinstance(holder, dict) and detail["loc"][-1] in holder:
            yield {"type": "extra_forbidden", "loc": detail["loc"], "input": detail["input"]}
