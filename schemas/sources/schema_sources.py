"""Where a schema comes from: a name, `module:Model`, `file.py:Model`, `schema.json`, one line, or an object.

A string is read as the first of these that fits:

1. the name of a built-in: `feedback`;
2. a JSON Schema file: ends in `.json`;
3. a model in a Python file: `path/file.py:Model`. This executes the file, so it takes `trusted=True`;
4. one line (`slotfill.schemas.sources.one_line`): holds a space, a comma or a bracket;
5. a model in an importable module: `package.module:Model`;
6. the name of a plug-in's schema, an entry point of the group `slotfill.schemas`.

2 and 3 need an existing file where the string also holds a space, a comma or a bracket. A folder or file that
has a built-in's name is reached as `./feedback.json`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeAlias, TypeVar, cast, overload

from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin
from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.formats import Formats
from slotfill.schemas.json_schema.response_model import response_model, with_formats
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.lookalikes import refuse_lookalikes
from slotfill.schemas.sources.near_keywords import refuse_near_keywords
from slotfill.schemas.sources.one_line import parse_line
from slotfill.schemas.sources.python_models import execute_model, import_model
from slotfill.schemas.sources.schema_names import NAMED_SCHEMAS
from slotfill.schemas.typed_root import is_type, typed_root

__all__ = ["PluggedSchema", "read_examples", "resolve"]

M = TypeVar("M")

PluggedSchema: TypeAlias = type[Any] | UnionType | Schema[Any] | JSONMapping
"""What a plug-in of the group `slotfill.schemas` gives: a model or another type, a Schema, a JSON Schema."""

_IN_FILE = re.compile(r"(?P<path>.+\.py):(?P<model>[^:/\\]*)", re.IGNORECASE | re.DOTALL)
_IN_MODULE = re.compile(r"(?P<module>[\w.]+):(?P<model>[\w.]+)")
_ONE_LINE = re.compile(r"[\s,\[\]{}]")
_FORMS = "package.module:Model, path/file.py:Model, path/schema.json, or one line like 'name, age int'"
_INSTRUCTIONS = (
    "Extract what the schema describes. Take every value from the document, and leave out what is optional "
    "and does not stand there."
)
"""What a language model is told of a JSON Schema that has no description."""
_CLOSE = 0.65
"""How alike a name must be to be asked after: `feed` is to feedback, `nowhere` is not to answer."""
_LONGEST = 80
"""How much of a wrong value an error message shows."""


@overload
def resolve(
    source: type[M] | Schema[M],
    *,
    trusted: bool = ...,
    instructions: str | None = ...,
    examples: Iterable[Example] | None = ...,
    parameters: Mapping[str, object] | None = ...,
    context: Mapping[str, object] | None = ...,
    formats: Formats | None = ...,
) -> Schema[M]: ...


@overload
def resolve(
    source: str | JSONMapping | UnionType,
    *,
    trusted: bool = ...,
    instructions: str | None = ...,
    examples: Iterable[Example] | None = ...,
    parameters: Mapping[str, object] | None = ...,
    context: Mapping[str, object] | None = ...,
    formats: Formats | None = ...,
) -> Schema[Any]: ...


def resolve(
    source: str | type[Any] | JSONMapping | Schema[Any] | UnionType,
    *,
    trusted: bool = False,
    instructions: str | None = None,
    examples: Iterable[Example] | None = None,
    parameters: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    formats: Formats | None = None,
) -> Schema[Any]:
    """Make a Schema of whatever says what to extract.

    Args:
        source: The name of a built-in, or of a plug-in's schema, `package.module:Model`, `path/file.py:Model`,
            `path/schema.json`, one line such as `name, age int`, a Pydantic model, a type such as `list[Item]`, a JSON
            Schema as a mapping, or a Schema.
        trusted: Whether a Python file may be executed, and a module imported from the working folder. Only a command
            line's own user can say so.
        instructions: As for `Schema`; like the next three, they replace what the source brings.
        examples: As for `Schema`.
        parameters: As for `Schema`.
        context: As for `Schema`.
        formats: Whether the `format` of a JSON Schema, or of one line, is checked ("check", the default) or an
            annotation ("annotate"), as the standard has it. A Python model's types decide for themselves.

    Returns:
        The schema.

    Raises:
        SchemaError: The source cannot be found, read or used; the message is one line.
    """
    overrides: JSONObject = {
        "instructions": instructions,
        "examples": None if examples is None else tuple(examples),
        "parameters": parameters,
        "context": context,
        "formats": formats,
    }
    if isinstance(source, str):
        return _from_text(source, trusted=trusted, overrides=overrides)
    if isinstance(source, Mapping):
        return _from_json_schema(source, "schema", overrides)
    if isinstance(source, Schema):
        return _remade(source, overrides)
    if is_type(source):
        return _from_model(cast("type[Any]", source), overrides)
    raise SchemaError(
        f"{_clip(source)} is no schema: pass a model, a type such as list[Item], a JSON Schema as a dict, or a string: "
        f"{_FORMS}"
    )


def read_examples(path: str | Path) -> tuple[Example, ...]:
    """Read worked examples, one `{"text": …, "value": …}` a line; blank lines are skipped.

    Whatever else a line holds is passed over: gold that holds its texts is a file of examples.

    Raises SchemaError, which names the line. Whether a value fits a schema is checked by `Schema`.
    """
    lines = _read(Path(path), "examples").split("\n")
    return tuple(_example(line, number, path) for number, line in enumerate(lines, 1) if line.strip())


def _example(line: str, number: int, path: str | Path) -> Example:
    data = _json(line, path, first_line=number)
    if not (isinstance(data, dict) and data.keys() >= {"text", "value"} and isinstance(data["text"], str)):
        form = '{"text": "…", "value": …}'
        raise SchemaError(f"line {number} of {str(path)!r} is no example: expected {form}, found {_clip(data)}")
    return Example(data["text"], data["value"])


def _from_text(text: str, *, trusted: bool, overrides: JSONObject) -> Schema[Any]:
    if text in NAMED_SCHEMAS.built_ins:
        return _from_model(NAMED_SCHEMAS.load(text).value, {**overrides, "name": text})
    is_line = bool(_ONE_LINE.search(text))
    if _is_json(text) and (not is_line or _exists(text)):
        return _from_json_file(Path(text), overrides)
    if (place := _IN_FILE.fullmatch(text)) and (not is_line or _exists(place["path"])):
        if not trusted:
            raise SchemaError(f"{_clip(text)} would execute the file: import its model, and pass the class")
        return _from_model(execute_model(Path(place["path"]), place["model"]), overrides)
    if is_line:
        return _from_json_schema(_parsed(text), "inline", overrides)
    if place := _IN_MODULE.fullmatch(text):
        folder = Path.cwd() if trusted else None
        return _from_model(import_model(place["module"], place["model"], folder), overrides)
    if plugin := NAMED_SCHEMAS.find(text):
        return _from_plugin(plugin, overrides)
    raise SchemaError(_unknown(text))


def _from_plugin(plugin: InstalledPlugin, overrides: JSONObject) -> Schema[Any]:
    """Make a Schema of what a plug-in gives, which is named where that is none. It names no other source."""
    source = plugin.load()
    with plugin.named("was read as a schema", itself=SchemaError):
        if isinstance(source, Mapping):
            return _from_json_schema(source, plugin.name, overrides)
        # No string: that would be another source, of which a command line's user has not said anything.
        return resolve(cast("type[Any]", () if isinstance(source, str) else source), **overrides)


def _is_json(text: str) -> bool:
    return text.lower().endswith(".json")


def _parsed(text: str) -> JSONObject:
    try:
        return parse_line(text)
    except SchemaError as error:
        if _is_json(text) or _IN_FILE.fullmatch(text):
            raise SchemaError(f"there is no file {_clip(text)}, and as a {error}") from None
        raise


def _unknown(text: str) -> str:
    if left_out := NAMED_SCHEMAS.hint(text):
        return f"unknown schema {_clip(text)}: {left_out}"
    names = [*NAMED_SCHEMAS.names()]
    nearest = get_close_matches(text.lower(), names, n=3, cutoff=_CLOSE)
    hint = f"did you mean {' or '.join(map(repr, nearest))}? " if nearest else ""
    if text.lower().endswith(".py"):
        hint = f"write {_clip(text + ':Model')}, with the model's name. "
    alone = f" (a field alone: '{text} str')" if text.isidentifier() and not nearest else ""
    article = "A" if hint else "a"
    return f"unknown schema {_clip(text)}: {hint}{article} schema is {', '.join(names)}, {_FORMS}{alone}"


def _remade(schema: Schema[M], overrides: JSONObject) -> Schema[M]:
    """Make the schema again with what is overridden; what its maker gave it stays."""
    given = {key: value for key, value in overrides.items() if value is not None}
    if not given:
        return schema
    model = with_formats(schema.model, given.pop("formats", None))
    parameters = schema.parameters.model_dump() if schema.parameters else {}
    plain = Schema(model, name=schema.name, parameters=parameters)
    kept: JSONObject = {
        "instructions": None if schema.instructions == plain.instructions else schema.instructions,
        "examples": None if schema.examples == plain.examples else schema.examples,
        "context": schema.context,
        "calibration": schema.calibration,
    }
    given["parameters"] = {**parameters, **given.get("parameters", {})}
    return Schema(model, name=schema.name, **{**kept, **given})


def _from_model(model: type[M], overrides: JSONObject) -> Schema[M]:
    formats = overrides.pop("formats")
    read = cast("type[M]", typed_root(model))
    return Schema(with_formats(read, formats), **overrides)


def _from_json_file(path: Path, overrides: JSONObject) -> Schema[Any]:
    document = _json(_read(path, "JSON Schema"), path)
    if not isinstance(document, dict):
        raise SchemaError(f"{str(path)!r} holds no JSON Schema: expected an object, found {_clip(document)}")
    try:
        return _from_json_schema(document, path.stem, overrides)
    except SchemaError as error:
        raise SchemaError(f"{str(path)!r}: {error}") from error


def _from_json_schema(document: JSONMapping, name: str, overrides: JSONObject) -> Schema[Any]:
    refuse_lookalikes(document)
    refuse_near_keywords(document)
    title = document.get("title")
    name = title if isinstance(title, str) and title.strip() else name
    description = document.get("description")
    told = description if isinstance(description, str) and description.strip() else _INSTRUCTIONS
    overrides = {**overrides, "instructions": overrides["instructions"] or told}
    model = response_model(document, name=name, formats=overrides.pop("formats") or "check")
    return Schema(model, name=name, **overrides)


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise SchemaError(f"there is no {what} file {str(path)!r}") from None
    except UnicodeDecodeError as error:
        raise SchemaError(f"{str(path)!r} is not UTF-8: {error.reason} at byte {error.start}") from None
    except (OSError, ValueError) as error:
        raise SchemaError(f"{str(path)!r} cannot be read: {error}") from None


def _json(text: str, path: str | Path, *, first_line: int = 1) -> JSON:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {first_line + error.lineno - 1}, column {error.colno}"
        raise SchemaError(f"{str(path)!r} is no JSON: {error.msg} at {place}") from None
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{str(path)!r} is no JSON that can be read: {error}") from None


def _exists(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - unlike Path.is_file it is False for a name no system takes


def _clip(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
