"""Names: whatever a model or a document calls a field -> a key of JSON, an attribute of Python, a class."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Container

from pydantic import BaseModel

__all__ = ["attribute_name", "class_name", "distinct", "field_key"]

MOST_COLUMNS = 30
"""How wide a key is at most, a letter beyond ASCII counting twice: a line of Python has to hold it with its type."""

_TYPES_USED = frozenset({"bool", "dt", "float", "int", "list", "str"})
"""What annotations of the module mention: a field of the name would stand before it within its class."""

_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
"""Letters that are no other with a mark."""

_PROTECTED = ("model_dump", "model_validate")
"""What no attribute of a Pydantic model begins with."""

_OF_SCHEMAS = frozenset({"calibration", "examples"})
"""Class variables that a schema reads."""


def field_key(name: str, default: str = "field") -> str:
    """Return a key of JSON: letters and digits in lower case, `_` between words; `default` for none.

    Latin letters lose their accents, as the service's structured output and tools take ASCII alone. Of other scripts
    they stay: such a schema is asked for in words.
    """
    folded = unicodedata.normalize("NFKC", "".join(map(_plain_letters, unicodedata.normalize("NFKC", name).lower())))
    letters = "".join(letter if f"a{letter}".isidentifier() else " " for letter in folded)
    return _cut("_".join(letters.replace("_", " ").split())) or default


def _plain_letters(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    is_latin = parts[0].isascii() and all(map(unicodedata.combining, parts[1:]))
    return _LATIN.get(letter, parts[0] if is_latin else letter)


def distinct(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken: itself, or with the first number that makes it so."""
    number, candidate = 2, name
    while candidate in taken:
        number, candidate = number + 1, f"{name}_{number}"
    return candidate


def attribute_name(key: str) -> str:
    """Return the attribute that holds a key in a Pydantic model: the key itself, unless Python or Pydantic takes it."""
    name = key if key.isidentifier() and not key.startswith(_PROTECTED) else f"field_{key}"
    if keyword.iskeyword(name) or name in _TYPES_USED | _OF_SCHEMAS or hasattr(BaseModel, name):
        return f"{name}_"
    return name


def class_name(key: str, taken: Container[str]) -> str:
    """Return a class's name for a key, that none of the module has: `line_items` is `LineItems`."""
    words = "".join(word[:1].upper() + word[1:] for word in key.split("_"))
    name = words if words.isidentifier() else f"Field{words}"
    while name in taken or keyword.iskeyword(name):
        name += "Model"
    return name


def _cut(key: str) -> str:
    columns = 0
    for at, letter in enumerate(key):
        columns += 1 if letter.isascii() else 2
        if columns > MOST_COLUMNS:
            return key[:at].rstrip("_")
    return key
