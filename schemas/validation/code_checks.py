"""Code of a model that can never work, told before anything is asked: async functions, defaults that are refused."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.validation.core_walk import Node, nodes_of
from slotfill.schemas.validation.strict_validator import Strict, core_schema_of

__all__ = ["check_code"]


def check_code(model: type[BaseModel]) -> None:
    """Raise SchemaError for code of a model that can never work."""
    root, definitions = core_schema_of(model)
    form = Strict(definitions)
    for whole in (root, *definitions.values()):
        for node in nodes_of(whole):
            _check_functions(node)
        form.rewritten(whole, None)
    form.check_defaults()


def _check_functions(node: Node) -> None:
    """Refuse code that is async: what it gives is a coroutine, and no value."""
    for what, code in _functions(node):
        called = type(code).__call__ if callable(code) else None
        if inspect.iscoroutinefunction(code) or inspect.iscoroutinefunction(called):
            name = getattr(code, "__qualname__", repr(code))
            raise SchemaError(f"{what} {name} is async, and nothing waits for it: make it a plain function")


def _functions(node: Node) -> Iterator[tuple[str, object]]:
    """Yield the code of the user's that a core schema calls itself, and what it is."""
    for what, holder in (("validator", node.get("function")), ("serializer", node.get("serialization"))):
        if isinstance(holder, Mapping):
            yield what, holder.get("function")
    decorators = getattr(node.get("cls"), "__pydantic_decorators__", None)
    for field in decorators.computed_fields.values() if decorators else ():
        wrapped = field.info.wrapped_property
        yield "computed field", getattr(wrapped, "fget", None) or getattr(wrapped, "func", None)
