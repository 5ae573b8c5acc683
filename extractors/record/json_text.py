"""JSON as it is written: in UTF-8's characters, with none that could drive a terminal."""

from __future__ import annotations

import re
from typing import Any

from slotfill.schemas.json_values.exact_json import dumps

__all__ = ["CONTROLS", "escaped", "json_text"]

CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""What no terminal is to be given, as a pattern's set: controls but tab and line ends, and half pairs."""

_CONTROL = re.compile(f"[{CONTROLS}]")


def json_text(data: Any, *, indent: int | None = None) -> str:
    """Write JSON, with no control character and nothing that UTF-8 cannot carry; a number with all its digits."""
    text = dumps(data, indent=indent)
    # JSON itself writes all other controls of ASCII as escapes, and most texts are ASCII.
    return text if text.isascii() and "\x7f" not in text else escaped(text)


def escaped(text: str) -> str:
    r"""Show control characters as JSON does, U+001B as \u001b; tabs and line ends stay."""
    if text.isprintable():  # nothing of it is a control: most texts are, and this is ten times as fast
        return text
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
