"""JSON that was written before, by this program or by somebody else: it is read only in the form it must have."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from slotfill.schemas.json_values.exact_json import read_again
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join

__all__ = ["parse_stored", "read_stored"]

T = TypeVar("T")


def parse_stored(text: object, form: type[T]) -> T:
    """Make the object that a text holds, strictly: "12" is no number. Numbers within values are doubles.

    Raises ValueError, whose message names the place and the reason, and quotes nothing; also for what is no text.
    """
    if not isinstance(text, str):
        raise ValueError("it is no text")  # noqa: TRY004 - a wrong type is as wrong as any content
    try:
        if r"\u" in text:  # most have no escape at all, and are long
            text = _ESCAPE.sub(_whole_or_marked, text)
        return _reader(form).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = join(step if isinstance(step, int) or step.isidentifier() else "…" for step in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else "it is not of the form that is written") from None
    except UnicodeEncodeError:
        raise ValueError("it is not in UTF-8") from None


def read_stored(text: JSON, form: type) -> JSONObject:
    """Read plain JSON data of a form, with all digits of its numbers. Raises ValueError as `parse_stored` does."""
    parse_stored(text, form)
    data: JSONObject = read_again(text)
    return data


_ESCAPE = re.compile(
    r"""
      \\ u [dD][89abAB] [0-9a-fA-F]{2} \\ u [dD][c-fC-F] [0-9a-fA-F]{2}  # a whole pair: \ud83d\ude00
    | (?P<half> \\ u [dD][89a-fA-F] [0-9a-fA-F]{2} )  # half of one: \ud800
    | \\\\  # a backslash, which may stand before "ud800"
    """,
    re.VERBOSE,
)
r"""Finds \ud800, which JSON can hold, and Pydantic reads as no string."""


def _whole_or_marked(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["half"] else escape[0]


_READERS: dict[type, TypeAdapter[Any]] = {}
"""By form, what reads it: it takes some milliseconds to make, and most runs read nothing that was stored."""


def _reader(form: type[T]) -> TypeAdapter[T]:
    if form not in _READERS:
        _READERS[form] = TypeAdapter(form)
    return _READERS[form]
