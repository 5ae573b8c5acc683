"""A document's text as a terminal may show it: nothing in it drives the terminal, and nothing hides."""

from __future__ import annotations

import re

from slotfill.extractors.record.json_text import CONTROLS

__all__ = ["TURNING", "visible"]

TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""For a regex's class of characters: what turns the direction of a line, which then shows what does not stand there."""

_HIDDEN = re.compile(f"[{CONTROLS}\r{TURNING}]")


def visible(text: str) -> str:
    """Show what cannot be seen as an escape; line ends and tabs stay, the line ends of Windows as one."""
    return _HIDDEN.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
