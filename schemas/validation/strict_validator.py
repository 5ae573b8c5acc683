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

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from pydantic import BaseModel, ValidationError, ValidationInfo
from pydantic_core import (
    InitErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    SchemaValidator,
    to_jsonable_python,
)

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.decimals import quoted_decimals
from slotfill.schemas.json_values.exact_json import dumps, has_exact_floats, loads
from slotfill.schemas.json_values.pointer import follow, pointer_to
from slotfill.schemas.validation.core_walk import Node, definitions_of, nodes_of, with_children
from slotfill.schemas.validation.field_keys import FIELDS, read_by_key, with_fields
from slotfill.schemas.validation.lenient_validator import TIME_ERRORS, Config, Lenient, built_validator, is_number
from slotfill.schemas.validation.literals import as_alternatives, literal_error, members_of
from slotfill.schemas.validation.model_schema import decimal_schema
from slotfill.schemas.validation.user_code import (
    JUDGEMENTS,
    around,
    code_of,
    informed,
    located,
    reading,
    takes_info,
    with_code,
)

__all__ = ["Strict", "check_code", "config_within", "core_schema_of", "strict_validator"]

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


def check_code(model: type[BaseModel]) -> None:
    """Raise SchemaError for code of a model that can never work: an async validator, a default that is refused."""
    root, definitions = core_schema_of(model)
    form = Strict(definitions)
    for whole in (root, *definitions.values()):
        for node in nodes_of(whole):
            _check_function(node)
        form.rewritten(whole, None)
    form.check_defaults()


def core_schema_of(model: type[BaseModel]) -> tuple[Node, Mapping[str, Node]]:
    """Give a model's core schema, and the definitions that it refers to, by name."""
    if not model.__pydantic_complete__:
        model.model_rebuild()
    schema: Node = model.__pydantic_core_schema__
    return (schema["schema"] if schema["type"] == "definitions" else schema), definitions_of(schema)


def config_within(node: Node, config: Config) -> Config:
    """Give the configuration that holds within a core schema."""
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
            "literal": self._literal,
            "enum": self._enum,
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
        """Give a core schema in its strict form, the same one each time."""
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

        def read(value: Any, info: ValidationInfo) -> Any:
            info = around(info)
            written = _as_json(value)  # before the code is run, which may change the value in place
            with inner.to_blame(written, info):
                value = code(value, info)
            return inner.read(value, written, info)

        return self._with_code(_plain(node, read))

    def check_defaults(self) -> None:
        """Raise SchemaError where a default that is to be validated is refused."""
        for check in self._defaults:
            check()

    def _wrap(self, node: Node, config: Config) -> Node:
        code, inner = code_of(node, "handler"), self._behind(node["schema"], config)

        def read(value: Any, info: ValidationInfo) -> Any:
            info = around(info)
            written = _as_json(value)
            with inner.to_blame(written, info):
                return code(value, lambda given, _location=None: inner.read(given, written, info), info)

        return self._with_code(_plain(node, read))

    def _after(self, node: Node, config: Config) -> Node:
        return self._with_code(informed(self._within(node, config)))

    def _with_code(self, node: Node) -> Node:
        return with_code(node, located) if self._locating else node

    def _behind(self, node: Node, config: Config, rewrite: Rewrite | None = None) -> _Behind:
        rewrite = rewrite or self.rewritten
        return _Behind(
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
        inner = _Behind(lambda: self.validator(read_alone, config), lambda: self._lenient.validator(node, config))

        def read(value: Any, info: ValidationInfo) -> Any:
            return inner.read_by_code(value, around(info))

        return self._with_code(_plain(node, read))

    def _fields(self, node: Node, config: Config) -> Node:
        behaviour = node.get("extra_behavior") or (config or {}).get("extra_fields_behavior")
        fields = with_fields(self._within(node, config), read_by_key)
        return {**fields, "extra_behavior": "allow" if behaviour == "allow" else "forbid"}

    def _time(self, node: Node, config: Config) -> Node:
        inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # it is one of CoreSchema's dictionaries

        def read(value: Any, _: ValidationInfo) -> Any:
            if not isinstance(value, str) or is_number(value):
                raise PydanticKnownError(TIME_ERRORS[node["type"]])  # type: ignore[arg-type]  # a name it knows
            return inner.validate_strings(value, strict=True)  # type: ignore[arg-type]  # its stub knows mappings only

        return _plain(node, read)

    def _literal(self, node: Node, _: Config) -> Node:
        if all(item is None or isinstance(item, str) for item in node["expected"]):
            return node
        members = members_of(node["expected"])

        def read(value: Any, _: ValidationInfo) -> Any:
            if isinstance(value, dict | list) or (type(value), value) not in members:
                raise literal_error(members)
            return members[type(value), value]

        return _plain(node, read)

    def _enum(self, node: Node, config: Config) -> Node:
        values = [member.value for member in node["members"]]
        kinds = {type(value) for value in values}
        if kinds <= {str}:
            return node
        inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # as above
        error = PydanticKnownError("enum", {"expected": as_alternatives(values)})
        members = {_as_json(to_jsonable_python(member.value)): member for member in node["members"]}

        def read(value: Any, _: ValidationInfo) -> Any:
            if (member := members.get(_as_json(value))) is not None:
                return member
            if type(value) is bool and bool not in kinds:
                raise error
            if type(value) is int and int not in kinds:
                if float not in kinds:
                    raise error
                value = float(value)  # JSON has one kind of number
            return inner.validate_json(json.dumps(value), strict=True)

        return _plain(node, read)

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
        inner = _Behind(lambda: self.validator(changed, config), lambda: self._lenient.validator(node, config))

        def read(value: Any, info: ValidationInfo) -> Any:
            result = inner.read(value, _as_json(value), around(info))
            if isinstance(value, dict) and len(result) < len(value):
                raise PydanticCustomError("duplicate_key", "holds keys that are read as one: each must stand once")
            return result

        return _plain(node, read)

    def _json(self, node: Node, config: Config) -> Node:
        schema = node.get("schema", {"type": "any"})
        whole = {"type": "definitions", "schema": schema, "definitions": [*self._definitions.values()]}
        return _plain(node, _InText(lambda: self.validator(self.rewritten(schema, config), config), whole).read)

    def _list(self, node: Node, config: Config) -> Node:
        return {**self._within(node, config), "type": "list"}

    def _default(self, node: Node, config: Config) -> Node:
        if not node.get("validate_default", (config or {}).get("validate_default", False)):
            return self._within(node, config)
        inner = self._behind(node["schema"], config)
        if "default" in node and not any(map(takes_info, nodes_of(node["schema"]))):
            self._defaults.append(partial(_check_default, node["default"], inner))

        def read(value: Any, info: ValidationInfo) -> Any:
            if isinstance(value, _Default):
                return inner.read_own(value.value, around(info))
            return inner.read(value, _as_json(value), around(info))

        return {**node, "schema": _plain(node["schema"], read), **_marked(node), "validate_default": True}


class _Behind:
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

    def read(self, value: Any, written: str | None, info: ValidationInfo) -> Any:
        """Read what the code made of a value, which was `written` before."""
        text = _as_json(value)
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

    def read_by_code(self, value: Any, info: ValidationInfo) -> Any:
        """Have the user's code read a value, if what is there of it is sound: what is missing the code may know."""
        try:
            self._read_strictly(json.dumps(value), info)
        except ValidationError as error:
            if any(detail["type"] != "missing" for detail in error.errors(include_url=False, include_context=False)):
                raise
        return self.read_own(value, info)

    def read_own(self, value: Any, info: ValidationInfo | None) -> Any:
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

    def _read_strictly(self, text: str, info: ValidationInfo) -> Any:
        with reading(info):
            return self._strict.validate_json(text, strict=True, context=info.context)


class _InText:
    """The JSON in a text, read as exactly as a reply itself: each key once, all digits of a decimal number."""

    def __init__(self, validator: Callable[[], SchemaValidator], schema: Node) -> None:
        self._validator_of, self._schema = validator, schema

    def read(self, value: Any, info: ValidationInfo) -> Any:
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
    def _decimal_schema(self) -> dict[str, Any]:
        return decimal_schema(self._schema)


@dataclass(frozen=True)
class _Default:
    """A default that is to be validated: it is the user's own, and not what a model said."""

    value: Any


def _marked(node: Node) -> Node:
    """Have a core schema's default tell that it is one."""
    if "default" in node:
        return {"default": _Default(node["default"])}
    factory = node["default_factory"]
    return {"default_factory": lambda *data: _Default(factory(*data))}


def _check_default(default: Any, inner: _Behind) -> None:
    try:
        inner.read_own(default, None)
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything, and would with every reply
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
        raise SchemaError(f"the default {default!r} is refused: {reason}: mend the default") from None


def _plain(node: Node, read: Callable[[Any, ValidationInfo], Any]) -> Node:
    """Put a function in the place of a core schema."""
    kept = {key: node[key] for key in ("ref",) if key in node}
    return {"type": "function-plain", "function": {"type": "with-info", "function": read}, **kept}


def _as_json(value: Any) -> str | None:
    """Write plain JSON data; None for what is none."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _ignored(error: ValidationError, written: str | None) -> Iterator[InitErrorDetails]:
    """Give the keys that nobody reads: those of what was `written`, not those that the user's code has put in."""
    before = None if written is None else json.loads(written)
    for detail in error.errors(include_url=False, include_context=False):
        holder = follow(pointer_to(detail["loc"], before).rpartition("/")[0], before)
        if detail["type"] == "extra_forbidden" and isinstance(holder, dict) and detail["loc"][-1] in holder:
            yield {"type": "extra_forbidden", "loc": detail["loc"], "input": detail["input"]}


def _check_function(node: Node) -> None:
    """Refuse code that is async: what it gives is a coroutine, and no value."""
    for what, code in _functions(node):
        called = type(code).__call__ if callable(code) else None
        if inspect.iscoroutinefunction(code) or inspect.iscoroutinefunction(called):
            name = getattr(code, "__qualname__", repr(code))
            raise SchemaError(f"{what} {name} is async, and nothing waits for it: make it a plain function")


def _functions(node: Node) -> Iterator[tuple[str, Any]]:
    """Give the code of the user's that a core schema calls itself, and what it is."""
    for what, holder in (("validator", node.get("function")), ("serializer", node.get("serialization"))):
        if isinstance(holder, Mapping):
            yield what, holder.get("function")
    decorators = getattr(node.get("cls"), "__pydantic_decorators__", None)
    for field in decorators.computed_fields.values() if decorators else ():
        wrapped = field.info.wrapped_property
        yield "computed field", getattr(wrapped, "fget", None) or getattr(wrapped, "func", None)
