"""Pydantic's validators for what code of the user's made: lenient, and still no number is a time, and no truth a 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic_core import PydanticKnownError, SchemaValidator

from slotfill.schemas.validation.core_walk import Config, Node, with_children
from slotfill.schemas.validation.field_keys import FIELDS, read_by_paths_too, with_fields
from slotfill.schemas.validation.literals import LiteralMembers, as_alternatives, literal_error, members_of
from slotfill.schemas.validation.user_code import informed

__all__ = ["TIME_ERRORS", "Lenient", "built_validator", "is_number"]

TIME_ERRORS = {
    "date": "date_type",
    "datetime": "datetime_type",
    "time": "time_type",
    "timedelta": "time_delta_type",
}


class Lenient:
    """Rewrites core schemas so little that the user's own values pass, and still no number is a time, no truth a 1.

    What the user's code changed may hold, elsewhere, what the model said: `data["stay"]` is one change of all of it.
    """

    def __init__(self, definitions: Mapping[str, Node]) -> None:
        self._definitions = definitions

    def validator(self, node: Node, config: Config) -> SchemaValidator:
        """Build the validator of a core schema in its lenient form."""
        return built_validator(self._changed(node), config, [*map(self._changed, self._definitions.values())])

    def _changed(self, node: Node) -> Node:
        changed = informed(with_children(node, self._changed))
        if node["type"] in FIELDS:
            return with_fields(changed, read_by_paths_too)
        if node["type"] == "generator":
            return {**changed, "type": "list"}
        check = _check_of(node)
        return _checked(changed, check) if check else changed


def _check_of(node: Node) -> Callable[[Any], Any] | None:
    match node["type"]:
        case "date" | "datetime" | "time" | "timedelta" as kind:
            return partial(_refuse_numbers, TIME_ERRORS[kind])
        case "int" | "float" | "decimal" as kind:
            return partial(_refuse_truth, f"{kind}_type")
        case "literal":
            return partial(_member, members_of(node["expected"]))
        case "enum":
            return partial(_refuse_others, [one.value for one in node["members"]])
    return None


def built_validator(node: Node, config: Config, definitions: Sequence[Node]) -> SchemaValidator:
    """Build the validator of a core schema that was rewritten, as were the definitions that it refers to."""
    whole = {"type": "definitions", "schema": node, "definitions": [*definitions]} if definitions else node
    # Else a model's own validator would be put in the place of what was rewritten.
    return SchemaValidator(whole, config, _use_prebuilt=False)  # type: ignore[arg-type]  # of plain dictionaries


def is_number(text: str) -> bool:
    """Whether Pydantic might read a text as seconds: "2026", " -12.5", "1e3"."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _checked(node: Node, check: Callable[[Any], Any]) -> Node:
    return {"type": "function-before", "function": {"type": "no-info", "function": check}, "schema": node}


def _refuse_numbers(error: Any, value: Any) -> Any:
    """Refuse what would be taken for seconds; code that means seconds can give the moment itself."""
    if isinstance(value, int | float) or (isinstance(value, str) and is_number(value)):
        raise PydanticKnownError(error)
    return value


def _refuse_truth(error: Any, value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticKnownError(error)
    return value


def _refuse_others(expected: Sequence[Any], value: Any) -> Any:
    """Refuse true where 1 is expected, and 1 where true is; what is no number may be a member itself."""
    if type(value) in (bool, int) and type(value) not in {type(one) for one in expected} and value in expected:
        raise PydanticKnownError("enum", {"expected": as_alternatives(expected)})
    return value


def _member(members: LiteralMembers, value: Any) -> Any:
    """Return what a literal has for a value; what it has not may be a member itself, but true is not 1."""
    if type(value) in (bool, int) and (type(value), value) not in members:
        raise literal_error(members)
    return members.get((type(value), value), value) if isinstance(value, bool | int | str) else value
