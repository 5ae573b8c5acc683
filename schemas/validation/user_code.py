"""The functions of the user's in core schemas, and what Pydantic tells them of the field that they judge.

Pydantic tells a validator of the fields before its own by way of the model that holds them. What stands behind code of
the user's is read by a validator apart (`validation.strict_validator`), which is in no model: here what is known
around a value is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError, PydanticOmit, PydanticUseDefault

from slotfill.schemas.validation.core_walk import Node

__all__ = ["JUDGEMENTS", "RAISED", "around", "code_of", "informed", "located", "reading", "takes_info", "with_code"]

JUDGEMENTS = (ValueError, AssertionError, PydanticOmit, PydanticUseDefault)
"""What a validator raises to judge a value; all else is a mistake of its own."""

RAISED = "validator_raised"
"""The type of the error that `located` makes of what a validator raised."""

_AROUND: ContextVar[ValidationInfo] = ContextVar("around")


def takes_info(node: Node) -> bool:
    """Whether a core schema has a function that takes information beside a value."""
    function = node.get("function")
    return isinstance(function, Mapping) and function.get("type") == "with-info"


def code_of(node: Node, *more: str) -> Callable[..., Any]:
    """Return the user's function, which takes a value, what `more` names, and the information that it may not want."""
    code = node["function"]["function"]
    if takes_info(node):
        return code  # type: ignore[no-any-return]  # it is the user's
    return lambda *arguments: code(*arguments[: 1 + len(more)])


def with_code(node: Node, change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Node:
    """Change the function of a core schema."""
    return {**node, "function": {**node["function"], "function": change(node["function"]["function"])}}


def informed(node: Node) -> Node:
    """Have the function of a core schema, if it has one, know what is around the value, however that is read."""
    return with_code(node, _informed) if takes_info(node) else node


def _informed(code: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        *values, info = arguments
        return code(*values, around(info))

    return run


def located(code: Callable[..., Any]) -> Callable[..., Any]:
    """Have a mistake of a validator told as an error of the value that it was given: Pydantic knows where that is."""

    def run(*arguments: Any) -> Any:
        try:
            return code(*arguments)
        except JUDGEMENTS:
            raise
        except Exception as error:
            raise PydanticCustomError(RAISED, "a validator raised an error") from error

    return run


def around(info: ValidationInfo) -> ValidationInfo:
    """Return what is known around a value: what Pydantic tells, or what it told of the value being read apart."""
    # Its stub denies it, but of what is in no model there is no data.
    return info if info.data is not None else _AROUND.get(info)


@contextmanager
def reading(info: ValidationInfo) -> Iterator[None]:
    """Have what is read meanwhile, by a validator apart, stand where `info` tells of."""
    token = _AROUND.set(info)
    try:
        yield
    finally:
        _AROUND.reset(token)
