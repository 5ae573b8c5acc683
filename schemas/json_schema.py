"""A JSON Schema becomes a Pydantic response model whose validator is `jsonschema` itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pydantic import RootModel

__all__ = ["JsonValue", "resolve_local"]


class JsonValue(RootModel[Any]):
    """The base of the models that `response_model` makes; `.root` is the plain JSON value."""


def resolve_local(schema: Any, root: Any) -> dict[str, Any]:
    """Follow a chain of local `#/…` references from `schema` within `root`.

    Gives the schema at the end, and an empty dict when the chain leads nowhere, in a circle or to a boolean.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
        if reference in seen or not (reference == "#" or reference.startswith("#/")):
            return {}
        seen.add(reference)
        schema = _at(reference[1:], root)
    return schema if isinstance(schema, dict) else {}


def _at(pointer: str, root: Any) -> Any:
    for token in unquote(pointer).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(root, Mapping) and key in root:
            root = root[key]
        elif isinstance(root, list) and key.isdecimal() and int(key) < len(root):
            root = root[int(key)]
        else:
            return None
    return root
