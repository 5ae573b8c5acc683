"""Pydantic's validators, strict on the JSON that a model said, also where code of the user's reads it.

Pydantic's own strict mode is nearly that. It falls short in these ways, each mended by a rewritten core schema:

- Behind a `before` or `wrap` validator it asks for Python objects, of which JSON has none: no text is a date then.
  Here what the user's code left as it was is read as JSON, strictly; what it changed is the user's own, and is read as
  the model's configuration has it.
- Digits are taken for seconds since 1970 ("2026" is 1970-01-01T00:33:46Z), and true for 1 in a `Literal` or `Enum`.
- Keys that a model does not know are dropped without a word.
- An `Iterable` is read once, when it is first looked at: here it is a list.
- A default that is validated counts as what a model said.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any

from pydantic import BaseModel, ValidationError, ValidationInfo
from pydantic_core import (
    InitErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    PydanticOmit,
    PydanticUseDefault,
    SchemaValidator,
)

from slotfill.schemas.core_walk import Node, definitions_of, nodes_of, with_children
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.pointer import look_up, pointer_to

__all__ = ["Config", "Strict", "check_code", "config_within", "core_schema_of", "strict_validator"]

Config = Mapping[str, Any] | None
"""What a model's configuration says to the validators of its fields."""

Rewrite = Callable[[Node, Config], Node]

_TEXT_CHANGES = frozenset({"str_strip_whitespace", "str_to_lower", "str_to_upper"})
"""What a configuration may do to texts, keys included."""

_TIME_ERRORS = {
    "date": "date_type",
    "datetime": "datetime_type",
    "time": "time_type",
    "timedelta": "time_delta_type",
}


def strict_validator(model: type[BaseModel]) -> SchemaValidator:
    """Build the validator of a model. Call its `validate_json(text, strict=True, context=…)`."""
    root, definitions = core_schema_of(model)
    form = Strict(definitions)
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

    more: definitions that are no part of the model, and may be referred to in what is rewritten.
    """

    def __init__(self, definitions: Mapping[str, Node]) -> None:
        self.more: dict[str, Node] = {}
        self._definitions = definitions
        self._lenient = _Lenient(definitions)
        self._rewritten: dict[tuple[int, int], Node] = {}
        self._defaults: list[_Default] = []
        self._kinds: Mapping[str, Rewrite] = {
            "date": self._time,
            "datetime": self._time,
            "literal": self._literal,
            "enum": self._enum,
            "union": self._union,
            "dict": self._map,
            "generator": self._list,
            "default": self._default,
            "function-before": self.before,
            "function-wrap": self._wrap,
            **dict.fromkeys(("model-fields", "typed-dict", "dataclass-args"), self._fields),
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
        return _built(node, config, [*definitions, *self.more.values()])

    def before(self, node: Node, config: Config, rewrite: Rewrite | None = None) -> Node:
        """Have a `before` validator's outcome read as JSON. rewrite: makes the strict form of what is behind it."""
        code, inner = _code_of(node), self._behind(node["schema"], config, rewrite)

        def read(value: Any, info: ValidationInfo) -> Any:
            written = _as_json(value)  # before the code is run, which may change the value in place
            with inner.to_blame(written, info.context):
                value = code(value, info)
            return inner.read(value, written, info.context)

        return _plain(node, read)

    def check_defaults(self) -> None:
        """Raise SchemaError where a default that is to be validated is refused."""
        for default in self._defaults:
            default.check()

    def _wrap(self, node: Node, config: Config) -> Node:
        code, inner = _code_of(node, "handler"), self._behind(node["schema"], config)

        def read(value: Any, info: ValidationInfo) -> Any:
            written = _as_json(value)
            with inner.to_blame(written, info.context):
                return code(value, lambda given, _location=None: inner.read(given, written, info.context), info)

        return _plain(node, read)

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
        return {**changed, "config": {**(config or {}), "validate_default": False}}

    def _fields(self, node: Node, config: Config) -> Node:
        behaviour = node.get("extra_behavior") or (config or {}).get("extra_fields_behavior")
        return {**self._within(node, config), "extra_behavior": "allow" if behaviour == "allow" else "forbid"}

    def _time(self, node: Node, config: Config) -> Node:
        inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # it is one of CoreSchema's dictionaries

        def read(value: Any, _: ValidationInfo) -> Any:
            if not isinstance(value, str) or _is_number(value):
                raise PydanticKnownError(_TIME_ERRORS[node["type"]])  # type: ignore[arg-type]  # a name it knows
            return inner.validate_strings(value, strict=True)  # type: ignore[arg-type]  # its stub knows mappings only

        return _plain(node, read)

    def _literal(self, node: Node, _: Config) -> Node:
        expected = {(type(item), item): item for item in node["expected"]}
        if not {int, bool} & {kind for kind, _ in expected}:
            return node
        error = PydanticKnownError("literal_error", {"expected": _listed(node["expected"])})

        def read(value: Any, _: ValidationInfo) -> Any:
            if isinstance(value, dict | list) or (type(value), value) not in expected:
                raise error
            return expected[type(value), value]

        return _plain(node, read)

    def _enum(self, node: Node, config: Config) -> Node:
        values = [member.value for member in node["members"]]
        kinds = {type(value) for value in values}
        if kinds <= {str}:
            return node
        inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # as above
        error = PydanticKnownError("enum", {"expected": _listed(values)})

        def read(value: Any, _: ValidationInfo) -> Any:
            if type(value) in (int, bool) and type(value) not in kinds:
                raise error
            return inner.validate_json(json.dumps(value), strict=True)

        return _plain(node, read)

    def _union(self, node: Node, config: Config) -> Node:
        """Rewrite a union; times behind a plain string stay: all texts are the string's."""
        texts = False
        choices = []
        for choice in node["choices"]:
            member, *label = choice if isinstance(choice, tuple) else (choice,)
            shadowed = texts and member["type"] in _TIME_ERRORS
            changed = member if shadowed else self.rewritten(member, config)
            texts |= member["type"] == "str"
            choices.append((changed, *label) if label else changed)
        return {**node, "choices": choices}

    def _map(self, node: Node, config: Config) -> Node:
        """Rewrite a map; where keys are read as more than texts, two may be one: "1" and "01" as numbers."""
        changed, keys = self._within(node, config), node.get("keys_schema", {"type": "any"})
        if keys.keys() == {"type"} and keys["type"] in ("any", "str") and not _TEXT_CHANGES & {*(config or {})}:
            return changed
        inner = _Behind(lambda: self.validator(changed, config), lambda: self._lenient.validator(node, config))

        def read(value: Any, info: ValidationInfo) -> Any:
            result = inner.read(value, _as_json(value), info.context)
            if isinstance(value, dict) and len(result) < len(value):
                raise PydanticCustomError("duplicate_key", "holds keys that are read as one: each must stand once")
            return result

        return _plain(node, read)

    def _list(self, node: Node, config: Config) -> Node:
        return {**self._within(node, config), "type": "list"}

    def _default(self, node: Node, config: Config) -> Node:
        changed = self._within(node, config)
        if not node.get("validate_default", (config or {}).get("validate_default", False)):
            return changed
        default = _Default(node, partial(self._lenient.validator, node["schema"], config))
        self._defaults.append(default)
        left = {key: value for key, value in changed.items() if key not in ("default", "copy_default")}
        return {**left, "default_factory": default, "default_factory_takes_data": True, "validate_default": False}


class _Lenient:
    """Rewrites core schemas so little that the user's own values pass, and still no number is a time, no truth a 1.

    What the user's code changed may hold, elsewhere, what the model said: `data["stay"]` is one change of all of it.
    """

    def __init__(self, definitions: Mapping[str, Node]) -> None:
        self._definitions = definitions

    def validator(self, node: Node, config: Config) -> SchemaValidator:
        return _built(self._changed(node), config, [*map(self._changed, self._definitions.values())])

    def _changed(self, node: Node) -> Node:
        changed = with_children(node, self._changed)
        match node["type"]:
            case "date" | "datetime" | "time" | "timedelta" as kind:
                return _checked(changed, partial(_refuse_numbers, _TIME_ERRORS[kind]))
            case "int" | "float" | "decimal" as kind:
                return _checked(changed, partial(_refuse_truth, f"{kind}_type"))
            case "literal":
                return _checked(changed, partial(_refuse_others, "literal_error", [*node["expected"]]))
            case "enum":
                return _checked(changed, partial(_refuse_others, "enum", [one.value for one in node["members"]]))
            case "generator":
                return {**changed, "type": "list"}
        return changed


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

    def read(self, value: Any, written: str | None, context: Any) -> Any:
        """Read what the code made of a value, which was `written` before."""
        text = _as_json(value)
        if text is None:
            return self._lenient.validate_python(value, context=context)
        try:
            return self._strict.validate_json(text, strict=True, context=context)
        except ValidationError as error:
            if text == written:
                raise
            ignored = [*_ignored(error, written)]
        changed = self._lenient.validate_python(value, context=context)
        if ignored:
            raise ValidationError.from_exception_data("value", ignored)
        return changed

    @contextmanager
    def to_blame(self, written: str | None, context: Any) -> Iterator[None]:
        """Where the code fails over a value of a wrong type, say that of the value: a number that has no `strip()`.

        Raises ValidationError for that, and else what the code raised.
        """
        try:
            yield
        except (ValueError, AssertionError, PydanticOmit, PydanticUseDefault):
            raise  # by these a validator judges
        except Exception:
            if written is not None:
                self._strict.validate_json(written, strict=True, context=context)
            raise


class _Default:
    """A default that is validated, by the model's own configuration. Call it with the fields before it."""

    def __init__(self, node: Node, validator: Callable[[], SchemaValidator]) -> None:
        self._node, self._validator_of = node, validator

    def __call__(self, data: dict[str, Any]) -> Any:
        if "default" in self._node:
            return self._validator.validate_python(self._node["default"])
        factory = self._node["default_factory"]
        made = factory(data) if self._node.get("default_factory_takes_data") else factory()
        return self._validator.validate_python(made)

    def check(self) -> None:
        """Raise SchemaError where it is refused; what a factory makes is not known before."""
        if "default" not in self._node:
            return
        try:
            self({})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SchemaError(f"the default {first['input']!r} is refused: {first['msg']}: mend the default") from None

    @cached_property
    def _validator(self) -> SchemaValidator:
        return self._validator_of()


def _built(node: Node, config: Config, definitions: Sequence[Node]) -> SchemaValidator:
    whole = {"type": "definitions", "schema": node, "definitions": [*definitions]} if definitions else node
    # Else a model's own validator would be put in the place of what was rewritten.
    return SchemaValidator(whole, config, _use_prebuilt=False)  # type: ignore[arg-type]  # of plain dictionaries


def _plain(node: Node, read: Callable[[Any, ValidationInfo], Any]) -> Node:
    """Put a function in the place of a core schema."""
    kept = {key: node[key] for key in ("ref",) if key in node}
    return {"type": "function-plain", "function": {"type": "with-info", "function": read}, **kept}


def _code_of(node: Node, *more: str) -> Callable[..., Any]:
    """Give the user's function, which takes a value, what `more` names, and the information that it may not want."""
    code = node["function"]["function"]
    if node["function"]["type"] == "with-info":
        return code  # type: ignore[no-any-return]  # it is the user's
    return lambda *given: code(*given[: 1 + len(more)])


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
        holder = look_up(pointer_to(detail["loc"], before).rpartition("/")[0], before)
        if detail["type"] == "extra_forbidden" and isinstance(holder, dict) and detail["loc"][-1] in holder:
            yield {"type": "extra_forbidden", "loc": detail["loc"], "input": detail["input"]}


def _checked(node: Node, check: Callable[[Any], Any]) -> Node:
    return {"type": "function-before", "function": {"type": "no-info", "function": check}, "schema": node}


def _refuse_numbers(error: Any, value: Any) -> Any:
    """Refuse what would be taken for seconds; code that means seconds can give the moment itself."""
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        raise PydanticKnownError(error)
    return value


def _refuse_truth(error: Any, value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticKnownError(error)
    return value


def _refuse_others(error: Any, expected: Sequence[Any], value: Any) -> Any:
    """Refuse true where 1 is expected, and 1 where true is; what is no number may be a member itself."""
    if isinstance(value, bool | int) and type(value) not in {type(one) for one in expected} and value in expected:
        raise PydanticKnownError(error, {"expected": _listed(expected)})
    return value


def _is_number(text: str) -> bool:
    """Tell whether Pydantic might read a text as seconds: "2026", " -12.5", "1e3"."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _listed(values: Sequence[Any]) -> str:
    *first, last = map(repr, values)
    return f"{', '.join(first)} or {last}" if first else last


def _check_function(node: Node) -> None:
    function = node.get("function")
    code = function.get("function") if isinstance(function, Mapping) else None
    if inspect.iscoroutinefunction(code):
        name = getattr(code, "__qualname__", repr(code))
        raise SchemaError(f"validator {name} is async, and nothing waits for it: make it a plain function")
