"""ECMA-262 patterns, as JSON Schema has them, searched for within a deadline.

A pattern may backtrack for longer than anybody waits. The standard library's matcher cannot be stopped; `regex` can.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import regex

__all__ = ["PatternTimeoutError", "compiled", "deadline", "found"]

SECONDS = 1.0
"""How long all patterns of one validation may take together."""

_until: ContextVar[float] = ContextVar("until")

# Where ECMA-262 and Python differ: its \d and \w are ASCII, its \s has the BOM, its $ is the very end alone.
_TRANSLATED = {r"\d": "0-9", r"\w": "a-zA-Z0-9_", r"\s": r"\s\uFEFF"}
_NEGATED = {r"\D": "[^0-9]", r"\W": "[^a-zA-Z0-9_]", r"\S": r"[^\s\uFEFF]"}
_TOKEN = regex.compile(r"\\c[A-Za-z]|\\u\{[0-9a-fA-F]+\}|\\.|.", regex.DOTALL)


class PatternTimeoutError(Exception):
    """A pattern that takes too long on a string."""


@contextmanager
def deadline() -> Iterator[None]:
    """Bound the time of all searches within."""
    token = _until.set(time.monotonic() + SECONDS)
    try:
        yield
    finally:
        _until.reset(token)


def found(pattern: str, text: str) -> bool:
    """Tell whether the pattern matches anywhere in the text. Raises PatternTimeoutError."""
    left = _until.get(time.monotonic() + SECONDS) - time.monotonic()
    if left <= 0:
        raise PatternTimeoutError(pattern)
    try:
        return compiled(pattern).search(text, timeout=left) is not None
    except TimeoutError:
        raise PatternTimeoutError(pattern) from None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> regex.Pattern[str]:
    """Compile an ECMA-262 pattern. Raises regex.error, which says what is wrong with it."""
    return regex.compile("".join(_translated(pattern)), regex.VERSION0)


def _translated(pattern: str) -> Iterator[str]:
    inside = False
    for piece in _TOKEN.findall(pattern):
        if piece in _TRANSLATED:
            yield _TRANSLATED[piece] if inside else f"[{_TRANSLATED[piece]}]"
        elif piece in _NEGATED and not inside:
            yield _NEGATED[piece]
        elif piece == "$" and not inside:
            yield r"\Z"
        elif piece.startswith(r"\c") and len(piece) == len(r"\cX"):
            yield regex.escape(chr(ord(piece[-1]) % 32))
        elif piece.startswith(r"\u{"):
            yield regex.escape(chr(int(piece[3:-1], 16)))
        else:
            yield piece
        inside = (inside or piece == "[") and piece != "]"
