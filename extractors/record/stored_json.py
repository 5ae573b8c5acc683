"""JSON that was written before, by this program or by somebody else: it is read only in the shape it must have."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from slotfill.schemas.json_values.exact_json import read_again

__all__ = ["parse_stored", "read_stored"]

T = TypeVar("T")

_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
r"""Finds \ud800, which JSON can hold, and Pydantic reads as no string."""


def parse_stored(text: object, shape: TypeAdapter[T]) -> T:
    """Make the objects that a text holds, strictly: "12" is no number. Numbers within values are doubles.

    Raises ValueError, whose message names the place and the reason, and quotes nothing; also for what is no text.
    """
    if not isinstance(text, str):
        raise ValueError("it is no text")  # noqa: TRY004 - a wrong type is as wrong as any content
    try:
        return shape.validate_json(_HALF_A_PAIR.sub(r"\\ufffd", text), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = "/".join(str(step) for step in first["loc"] if isinstance(step, int) or step.isidentifier())
        raise ValueError(f"{place}: {first['msg']}" if place else "it is not of the form that is written") from None
    except UnicodeEncodeError:
        raise ValueError("it is not in UTF-8") from None


def read_stored(text: Any, shape: TypeAdapter[Any]) -> Any:
    """Read plain JSON data of a shape, with all digits of its numbers. Raises ValueError as `parse_stored` does."""
    parse_stored(text, shape)
    return read_again(text)
