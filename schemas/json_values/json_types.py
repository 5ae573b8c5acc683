"""The types of plain JSON data, as `json.loads` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = ["JSON", "JSONMapping", "JSONObject"]

JSON: TypeAlias = Any
"""A value of JSON: null, a truth, a number, a string, a list or an object of them.

A recursive union would say so to type checkers, and have them ask at each step into a value what it is.
"""

JSONObject: TypeAlias = dict[str, JSON]
"""An object that may be changed by who has it."""

JSONMapping: TypeAlias = Mapping[str, JSON]
"""An object that is only read, such as a JSON Schema."""
