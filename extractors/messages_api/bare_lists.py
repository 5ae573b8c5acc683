"""Bare lists: structured output takes a list as it is, which elsewhere travels in an object.

All but the codec know it as it travels there: replies are put into that object as they come, and turns that quote one
are sent without it.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from slotfill.schemas.json_values.wrapper import WRAPPER

__all__ = ["OPENING", "as_bare_list", "as_wrapped_list"]

OPENING = f'{{"{WRAPPER}": '
"""What stands before a list in the object that it travels in."""

_WRAPPED = re.compile(rf'\s*\{{\s*"{WRAPPER}"\s*:(.*)\}}\s*', re.DOTALL)


def as_wrapped_list(text: str) -> str:
    """Put a JSON list into the object that it travels in; any other text stays as it is."""
    return f"{OPENING}{text}}}" if _is_list(text) else text


@lru_cache(maxsize=64)
def as_bare_list(text: str) -> str:
    """Take a JSON list out of the object that it travels in; any other text stays as it is."""
    wrapped = _WRAPPED.fullmatch(text)
    return wrapped[1].strip() if wrapped and _is_list(wrapped[1]) else text


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
