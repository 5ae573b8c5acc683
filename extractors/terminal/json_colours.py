"""JSON in a terminal's colours: its text stays as it is, between the codes."""

from __future__ import annotations

import re

from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.visible_text import TURNING

__all__ = ["coloured_json"]

_TOKEN = re.compile(
    r"""
      (?P<key> "(?:[^"\\]|\\.)*" ) (?=\s*:)       # "urgency":
    | (?P<string> "(?:[^"\\]|\\.)*" )             # "low"
    | (?P<number> -?\d[\d.eE+-]* )                # -1.5e3
    | (?P<constant> \b(?:true|false|null)\b )     # null
    | (?P<mark> [{}\[\],:]+ )                     # {
    """,
    re.VERBOSE,
)

_TURNING = re.compile(f"[{TURNING}]")

_CODES = {
    "key": "1",
    "string": Colour.GREEN.code,
    "number": Colour.CYAN.code,
    "constant": Colour.MAGENTA.code,
    "mark": Colour.GREY.code,
}


def coloured_json(text: str) -> str:
    """Write JSON in colour. text: JSON as `json_text` writes it, with no control character."""
    return _TOKEN.sub(_coloured, _TURNING.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def _coloured(token: re.Match[str]) -> str:
    return f"\x1b[{_CODES[str(token.lastgroup)]}m{token[0]}\x1b[0m"
