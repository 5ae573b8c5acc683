"""Faults of what a model writes: prose around the JSON, and the kinds of broken JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

__all__ = ["TEXT_FAULTS", "spoil_text"]

DRAFT = "to be decided"


def _prose(text: str) -> str:
    return f"Sure! Here is what I found {{in the text}}:\n\n{text}\n\nLet me know if you need anything else."


def _fences(text: str) -> str:
    return f"```json\n{text}\n```"


def _two_blocks(text: str) -> str:
    """Say a first draft of the same form before the answer."""
    value = json.loads(text)
    draft = dict.fromkeys(value, DRAFT) if isinstance(value, dict) else [DRAFT]
    return f"A first draft:\n\n```json\n{json.dumps(draft)}\n```\n\nAnd now in full:\n\n```json\n{text}\n```"


def _thinking_tags(text: str) -> str:
    return f'<thinking>The schema wants {{"type": "object"}}, so I fill it in.</thinking>\n{text}'


def _trailing_comma(text: str) -> str:
    return _last(r"([}\]])", r",\1", text)


def _single_quotes(text: str) -> str:
    return repr(json.loads(text))


def _python_literals(text: str) -> str | None:
    spoilt = re.sub(r"(?<=[:\[,])( ?)(true|false|null)(?=[,}\]])", lambda match: f"{match[1]}{_PYTHON[match[2]]}", text)
    return None if spoilt == text else spoilt


_PYTHON = {"true": "True", "false": "False", "null": "None"}


def _unquoted_keys(text: str) -> str | None:
    spoilt = re.sub(r'([{,]\s*)"([a-zA-Z_]\w*)"(\s*:)', r"\1\2\3", text)
    return None if spoilt == text else spoilt


def _missing_close(text: str) -> str | None:
    return text.rstrip()[:-1] if text.rstrip().endswith(("}", "]")) else None


def _missing_comma(text: str) -> str | None:
    spoilt = re.sub(r'(["\d\]}]),(\s*")', r"\1\2", text, count=1)
    return None if spoilt == text else spoilt


def _unescaped_quote(text: str) -> str | None:
    """Leave out the escapes of a quoted passage, where a string holds one."""
    spoilt = re.sub(r'\\"((?:[^"\\]|\\[^"])*)\\"', r'"\1"', text, count=1)
    return None if spoilt == text else spoilt


def _comment(text: str) -> str:
    return re.sub(r"^([{\[])", r"\1 // as asked\n", text)


def _last(pattern: str, replacement: str, text: str) -> str:
    at = max((found.start() for found in re.finditer(pattern, text)), default=len(text))
    return text[:at] + re.sub(pattern, replacement, text[at:], count=1)


TEXT_FAULTS: Mapping[str, Callable[[str], str | None]] = {
    "single_quotes": _single_quotes,
    "python_literals": _python_literals,
    "trailing_comma": _trailing_comma,
    "unquoted_keys": _unquoted_keys,
    "missing_comma": _missing_comma,
    "unescaped_quote": _unescaped_quote,
    "comment": _comment,
    "missing_close": _missing_close,
    "two_blocks": _two_blocks,
    "thinking_tags": _thinking_tags,
    "fences": _fences,
    "prose": _prose,
}
"""By name: what a fault makes of a text that is JSON; None where it changes nothing. They compose in this order: broken
JSON first, then what stands around it."""


def spoil_text(name: str, text: str) -> str:
    """Return the spoilt text; raises LookupError where the fault does not apply."""
    try:
        spoilt = TEXT_FAULTS[name](text)
    except ValueError:  # no JSON any more, after another fault
        spoilt = None
    if spoilt is None:
        raise LookupError(name)
    return spoilt
