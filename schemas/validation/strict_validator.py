"""Pydantic's validators, strict on the JSON that a model said, also where code of the user's reads it.

Pydantic's own strict mode is nearly that. It falls short in these ways, each mended by a rewritten core schema:

- Behind a `before` or `wrap` validator it asks for Python objects, of which JSON has none: no text is a date then.
  Here what the user's code left as it was is read as JSON, strictly; what it changed is the user's own, and is read as
  the model's configuration has it.
- Digits are taken for seconds since 1970 ("2026" is 1970-01-01T00:33:46Z), and true for 1 in a `Literal` or `Enum`.
- Keys that a model does not know are dropped without a word.
- An `Iterable` is read once, when it is first looked at: here it is a list.
- What stands beside an `AliasPath` is dropped, and in the text of a `Json` field the last of two equal keys wins.
- An `__init__` of the user's is given plain Python data, and what it passes on is read leniently.
- A default that is validated counts as what a model said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError, SchemaValidator

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.validation.behind_code import BehindCode, JsonInText, as_json, with_function
from slotfill.schemas.validation.core_walk import Config, Node, definitions_of, nodes_of, with_children
from slotfill.schemas.validation.field_keys import FIELDS, read_by_key, with_fields
from slotfill.schemas.validation.lenient_validator import TIME_ERRORS, Lenient, built_validator, is_number
from slotfill.schemas.validation.literals import members_of, strict_enum, strict_literal
from slotfill.schemas.validation.user_code import around, code_of, informed, located, takes_info, with_code

__all__ = ["Strict", "config_within", "core_schema_of", "strict_validator"]

Rewrite = Callable[[Node, Config], Node]

_TEXT_CHANGES = frozenset({"str_strip_whitespace", "str_to_lower", "str_to_upper"})
"""What a configuration may do to texts, keys included."""


def strict_validator(model: type[BaseModel], *, locating: bool = False) -> SchemaValidator:
    """Build the validator of a model. Call its `validate_json(text, strict=True, context=…)`.

    locating: have it tell where a validator of the user's raises what is no judgement, by an error of type `RAISED`.
    """
    root, definitions = core_schema_of(model)
    form = Strict(definitions, locating=locating)
    return form.validator(form.rewritten(root, None), None)


def core_schema_of(model: type[BaseModel]) -> tuple[Node, Mapping[str, Node]]:
    """Return a model's core schema, and the definitions that it refers to, by name."""
    if not model.__pydantic_complete__:
        model.model_rebuild()
    schema: Node = model.__pydantic_core_schema__
    return (schema["schema"] if schema["type"] == "definitions" else schema), definitions_of(schema)


def config_within(node: Node, config: Config) -> Config:
    """Return the configuration that holds within a core schema."""
    return node.get("config", config)  # type: ignore[no-any-return]  # a node's values are any


class Strict:
    """Rewrites the core schemas of one model, whose definitions are given by name.

    locating: as for `strict_validator`.
    more: definitions that are no part of the model, and may be referred to in what is rewritten.
    """

    def __init__(self, definitions: Mapping[str, Node], *, locating: bool = False) -> None:
        self.more: dict[str, Node] = {}
        self._locating = locating
        self._definitions = definitions
        self._lenient = Lenient(definitions)
        self._rewritten: dict[tuple[int, int], Node] = {}
        self._defaults: list[Callable[[], None]] = []
        self._kinds: Mapping[str, Rewrite] = {
            "date": self._time,
            "datetime": self._time,
            "literal": strict_literal,
            "enum": strict_enum,
            "union": self._union,
            "tagged-union": self._tagged,
            "dict": self._map,
            "json": self._json,
            "generator": self._list,
            "default": self._default,
            "function-before": self.before,
            "function-wrap": self._wrap,
            **dict.fromkeys(("function-after", "function-plain"), self._after),
            **dict.fromkeys(FIELDS, self._fields),
            **dict.fromkeys(("model", "dataclass"), self._model),
        }

    def rewritten(self, node: Node, config: Config) -> Node:
        """Return a core schema in its strict form, the same one each time."""
        key = (id(node), id(config))
        if key not in self._rewritten:
            config = config_within(node, config)
            self._rewritten[key] = self._kinds.get(node["type"], self._within)(node, config)
        return self._rewritten[key]

    def validator(self, node: Node, config: Config) -> SchemaValidator:
        """Build the validator of what was rewritten."""
        definitions = (self.rewritten(part, None) for part in self._definitions.values())
        return built_validator(node, config, [*definitions, *self.more.values()])

    def before(self, node: Node, config: Config, rewrite: Rewrite | None = None) -> Node:
        """Have a `before` validator's outcome read as JSON. rewrite: makes the strict form of what is behind it."""
        code, inner = code_of(node), self._behind(node["schema"], config, rewrite)

        def read(value: JSON, info: ValidationInfo) -> JSON:
            info = around(info)
            written = as_json(value)  # before the code is run, which may change the value in place
            with inner.to_blame(written, info):
                value = code(value, info)
            return inner.read(value, written, info)

        return self._with_code(with_function(node, read))

    def check_defaults(self) -> None:
        """Raise SchemaError where a default that is to be validated is refused."""
        for check in self._defaults:
            check()

    def _wrap(self, node: Node, config: Config) -> Node:
        code, inner = code_of(node, "handler"), self._behind(node["schema"], config)

        def read(value: JSON, info: ValidationInfo) -> JSON:
            info = around(info)
            written = as_json(value)
            with inner.to_blame(written, info):
                return code(value, lambda value, _location=None: inner.read(value, written, info), info)

        return self._with_code(with_function(node, read))

    def _after(self, node: Node, config: Config) -> Node:
        return self._with_code(informed(self._within(node, config)))

    def _with_code(self, node: Node) -> Node:
        return with_code(node, located) if self._locating else node

    def _behind(self, node: Node, config: Config, rewrite: Rewrite | None = None) -> BehindCode:
        rewrite = rewrite or self.rewritten
        return BehindCode(
            lambda: self.validator(rewrite(node, config), config), lambda: self._lenient.validator(node, config)
        )

    def _within(self, node: Node, config: Config) -> Node:
        return with_children(node, partial(self.rewritten, config=config))

    def _model(self, node: Node, config: Config) -> Node:
        changed = self._within(node, config)
        # A default is validated apart: behind this switch it would be judged as what a model said.
        changed = {**changed, "config": {**(config or {}), "validate_default": False}}
        return self._initialized(node, changed, config) if node.get("custom_init") else changed

    def _initialized(self, node: Node, changed: Node, config: Config) -> Node:
        """Judge what a model said, but for what it left out, before an `__init__` of the user's makes more of it."""
        read_alone = {key: value for key, value in changed.items() if key not in ("custom_init", "post_init", "ref")}
        inner = BehindCode(lambda: self.validator(read_alone, config), lambda: self._lenient.validator(node, config))

        def read(value: JSON, info: ValidationInfo) -> JSON:
            return inner.read_by_code(value, around(info))

        return self._with_code(with_function(node, read))

    def _fields(self, node: Node, config: Config) -> Node:
        behaviour = node.get("extra_behavior") or (config or {}).get("extra_fields_behavior")
        fields = with_fields(self._within(node, config), read_by_key)
        return {**fields, "extra_behavior": "allow" if behaviour == "allow" else "forbid"}

    def _time(self, node: Node, config: Config) -> Node:
        inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # it is one of CoreSchema's dictionaries

        def read(value: JSON, _: ValidationInfo) -> JSON:
            if not isinstance(value, str) or is_number(value):
                raise PydanticKnownError(TIME_ERRORS[node["type"]])  # type: ignore[arg-type]  # a name it knows
            return inner.validate_strings(value, strict=True)  # type: ignore[arg-type]  # its stub knows mappings only

        return with_function(node, read)

    def _union(self, node: Node, config: Config) -> Node:
        """Rewrite a union; times behind a plain string stay: all texts are the string's."""
        texts = False
        choices = []
        for choice in node["choices"]:
            member, *label = choice if isinstance(choice, tuple) else (choice,)
            shadowed = texts and member["type"] in TIME_ERRORS
            changed = member if shadowed else self.rewritten(member, config)
            texts |= member["type"] == "str"
            choices.append((changed, *label) if label else changed)
        return {**node, "choices": choices}

    def _tagged(self, node: Node, config: Config) -> Node:
        choices = self._within(node, config)["choices"]
        return {**node, "choices": {value: choices[tag] for (_, value), tag in members_of([*choices]).items()}}

    def _map(self, node: Node, config: Config) -> Node:
        """Rewrite a map; where keys are read as more than texts, two may be one: "1" and "01" as numbers."""
        changed, keys = self._within(node, config), node.get("keys_schema", {"type": "any"})
        if keys.keys() == {"type"} and keys["type"] in ("any", "str") and not _TEXT_CHANGES & {*(config or {})}:
            return changed
        inner = BehindCode(lambda: self.validator(changed, config), lambda: self._lenient.validator(node, config))

        def read(value: JSON, info: ValidationInfo) -> JSON:
            result = inner.read(value, as_json(value), around(info))
            if isinstance(value, dict) and len(result) < len(value):
                raise PydanticCustomError("duplicate_key", "holds keys that are read as one: each must stand once")
            return result

        return with_function(node, read)

    def _json(self, node: Node, config: Config) -> Node:
        schema = node.get("schema", {"type": "any"})
        whole = {"type": "definitions", "schema": schema, "definitions": [*self._definitions.values()]}
        return with_function(
            node, JsonInText(lambda: self.validator(self.rewritten(schema, config), config), whole).read
        )

    def _list(self, node: Node, config: Config) -> Node:
        return {**self._within(node, config), "type": "list"}

    def _default(self, node: Node, config: Config) -> Node:
        if not node.get("validate_default", (config or {}).get("validate_default", False)):
            return self._within(node, config)
        inner = self._behind(node["schema"], config)
        if "default" in node and not any(map(takes_info, nodes_of(node["schema"]))):
            self._defaults.append(partial(_check_default, node["default"], inner))

        def read(value: JSON, info: ValidationInfo) -> JSON:
            if isinstance(value, _Default):
                return inner.read_own(value.value, around(info))
            return inner.read(value, as_json(value), around(info))

        return {**node, "schema": with_function(node["schema"], read), **_marked(node), "validate_default": True}


@dataclass(frozen=True)
class _Default:
    """A default that is to be validated: it is the user's own, and not what a model said."""

    value: JSON


def _marked(node: Node) -> Node:
    """Have a core schema's default tell that it is one."""
    if "default" in node:
        return {"default": _Default(node["default"])}
    factory = node["default_factory"]
    return {"default_factory": lambda *data: _Default(factory(*data))}


def _check_default(default: JSON, inner: BehindCode) -> None:
    try:
        inner.read_own(default, None)
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything, and would with every reply
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
        raise SchemaError(f"the default {default!r} is refused: {reason}: mend the default") from None
