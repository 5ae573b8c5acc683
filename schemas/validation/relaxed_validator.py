"""Pydantic's validators for a part of a value: what the part may lack is no error, what it has is judged all the same.

A chunk of a long document, or a group of a wide schema's fields, answers with less than the whole. Which places are
laxer is the same as in JSON Schema (`chunks.schema_relaxing`): the whole, and single objects within it; of these,
code that judges the object or list as a whole is left out too, as it may count on what is missing. So may a field's
own code that looks at the fields before it: what is missing is none of them, and where the code fails over that, it
judges nothing. The items of lists, the values of free keys, and objects that have alternatives stay as strict as they
are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

from slotfill.schemas.validation.core_walk import Config, Node, bare, with_children
from slotfill.schemas.validation.field_keys import FIELDS, read_by_key, with_fields
from slotfill.schemas.validation.strict_validator import Strict, config_within, core_schema_of
from slotfill.schemas.validation.user_code import JUDGEMENTS, takes_info, with_code

__all__ = ["relaxed_validator"]

_MISSING = object()
"""Stands for a field that a part lacks."""

_LISTS = frozenset({"list", "set", "frozenset", "tuple", "generator"})
_CODE = frozenset({"function-after", "function-before", "function-wrap"})
_OF_INSTANCES = frozenset({"ref", "post_init", "custom_init"})
_AROUND = _CODE | {"default", "nullable", "model", "dataclass"}


def relaxed_validator(model: type[BaseModel], *, nested: bool, locating: bool = False) -> SchemaValidator:
    """Build the validator of a part of a model's values. What it gives is of no use: that it gives it is what counts.

    nested: whether single objects within the whole may lack something too, and lists be short or empty. A list that is
    left out in one of them is an error: nobody could tell whether it was forgotten.
    locating: as for `strict_validator`.
    """
    root, definitions = core_schema_of(model)
    root, definitions = _lacking(root), {name: _lacking(part) for name, part in definitions.items()}
    relaxing = _Relaxing(Strict(definitions, locating=locating), definitions, nested=nested)
    return relaxing.validator(root)


class _Relaxing:
    def __init__(self, strict: Strict, definitions: Mapping[str, Node], *, nested: bool) -> None:
        self._strict, self._definitions, self._nested = strict, definitions, nested
        self._kinds: dict[str, Callable[[Node, Config, bool], Node]] = {
            "definition-ref": self._reference,
            "union": self._union,
            **dict.fromkeys(_AROUND - _CODE, self._around),
            **dict.fromkeys(_CODE, self._code),
            **dict.fromkeys(FIELDS, self._object),
            **dict.fromkeys(_LISTS, self._list),
        }

    def validator(self, root: Node) -> SchemaValidator:
        return self._strict.validator(self._relaxed(root, None, is_root=True), None)

    def _relaxed(self, node: Node, config: Config, *, is_root: bool = False) -> Node:
        """Relax what stands in single places; leave all else to the strict form."""
        config = config_within(node, config)
        relax = self._kinds.get(node["type"]) if is_root or self._nested else None
        return relax(node, config, is_root) if relax else self._strict.rewritten(node, config)

    def _around(self, node: Node, config: Config, is_root: bool) -> Node:
        left = {key: value for key, value in node.items() if key not in _OF_INSTANCES}
        if node["type"] == "default":
            left["validate_default"] = False
        return {**left, "schema": self._relaxed(node["schema"], config, is_root=is_root)}

    def _reference(self, node: Node, _: Config, is_root: bool) -> Node:
        """Refer to the lax form of a definition, which may refer to itself."""
        name = node["schema_ref"]
        relaxed = f"{name}:{'whole' if is_root else 'part'}"
        made = self._strict.more
        if relaxed not in made:
            made[relaxed] = node
            made[relaxed] = {**self._relaxed(self._definitions[name], None, is_root=is_root), "ref": relaxed}
        return {**node, "schema_ref": relaxed}

    def _code(self, node: Node, config: Config, is_root: bool) -> Node:
        """Leave out what judges an object or a list when it is read, and let what prepares it fail."""
        if self._kind(node) not in FIELDS | _LISTS:
            return self._strict.rewritten(node, config)
        if node["type"] != "function-before":
            return self._relaxed(node["schema"], config, is_root=is_root)
        return self._strict.before(
            with_code(node, _tolerant),
            config,
            lambda inner, within: self._relaxed(inner, within, is_root=is_root),
        )

    def _object(self, node: Node, config: Config, is_root: bool) -> Node:
        strict = {key: value for key, value in self._strict.rewritten(node, config).items() if key != "ref"}
        changed = with_fields(node, lambda name, field: read_by_key(name, self._field(field, config, is_root=is_root)))
        return {**strict, "fields": changed["fields"]}

    def _field(self, field: Node, config: Config, *, is_root: bool) -> Node:
        schema = self._relaxed(field["schema"], config)
        # What of the whole is required is asked by the part's own JSON Schema.
        may_lack = is_root or self._kind(field["schema"]) not in _LISTS
        if not may_lack:
            return {**field, "schema": schema}
        if field["type"] == "typed-dict-field":
            return {**field, "schema": schema, "required": False}
        return {
            **field,
            "schema": {"type": "default", "schema": schema, "default": _MISSING, "validate_default": False},
        }

    def _list(self, node: Node, config: Config, _: bool) -> Node:
        return {key: value for key, value in self._strict.rewritten(node, config).items() if key != "min_length"}

    def _union(self, node: Node, config: Config, _: bool) -> Node:
        """Relax alternatives, if one of them at most is an object: what is lax does not tell objects apart."""
        members = [choice[0] if isinstance(choice, tuple) else choice for choice in node["choices"]]
        if sum(self._kind(member) in FIELDS for member in members) > 1:
            return self._strict.rewritten(node, config)
        return {**node, "choices": [self._relaxed(member, config) for member in members]}

    def _kind(self, node: Node) -> str:
        kind: str = bare(node, self._definitions, _AROUND)["type"]
        return kind


def _lacking(node: Node) -> Node:
    """Have the user's code that looks at the fields before its own see those that are there."""
    changed = with_children(node, _lacking)
    return with_code(changed, _of_what_is_there) if takes_info(changed) else changed


def _of_what_is_there(code: Any) -> Any:
    def run(value: Any, *more: Any) -> Any:
        *handler, info = more
        before = info.data or {}
        there = {name: part for name, part in before.items() if part is not _MISSING}
        if len(there) == len(before):
            return code(value, *more)
        told = {name: getattr(info, name) for name in ("context", "config", "mode", "field_name")}
        try:
            return code(value, *handler, SimpleNamespace(**told, data=there))
        except JUDGEMENTS:
            raise
        except Exception:  # noqa: BLE001 - the user's code, which counts on what is missing
            return handler[0](value) if handler else value

    return run


def _tolerant(code: Any) -> Any:
    """Let the user's code fail over what is missing: the value is then read as it is."""

    def run(value: Any, *info: Any) -> Any:
        try:
            return code(value, *info)
        except ValidationError:
            raise
        except Exception:  # noqa: BLE001 - the user's code, which counts on a whole value
            return value

    return run
