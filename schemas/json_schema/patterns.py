"""ECMA-262 patterns, as JSON Schema has them, searched for within a deadline.

A pattern may backtrack for longer than anybody waits. The standard library's matcher cannot be stopped; `regex` can.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

import regex

__all__ = [
    "OutOfTimeError",
    "check_time",
    "compiled",
    "deadline",
    "for_python",
    "matches_somewhere",
    "patience",
    "time_left",
]

SECONDS = 1.0
"""How long one validation may take, in seconds of its thread's processor time: other threads do not count."""


@dataclass(slots=True)
class _Deadline:
    """When a validation must have ended: by its thread's processor time, which never runs faster than the clock."""

    processor: float
    clock: float


@dataclass(slots=True)
class _Patience:
    """How many seconds the next validation may take."""

    seconds: float


_deadline: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)
_patience: ContextVar[_Patience | None] = ContextVar("patience", default=None)

_HEX = "[0-9a-fA-F]"
_ESCAPE = (
    rf"\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|\\u\{{{_HEX}+\}}|\\u{_HEX}{{4}}|\\x{_HEX}{{2}}"
    r"|\\c[A-Za-z]|\\k<[^>]*>|\\[pP]\{[^}]*\}|\\."
)
_TOKEN = regex.compile(rf"{_ESCAPE}|\[(?P<not>\^?)(?P<set>(?:\\.|[^\]\\])*)\]|\{{\d+(?:,\d*)?\}}|.", regex.DOTALL)
_IN_SET = regex.compile(rf"{_ESCAPE}|.", regex.DOTALL)

# Where ECMA-262 and Python differ: its \d, \w and \b are ASCII, its \s is a list of its own, its $ is the very end
# alone, its . takes no line separator, and a brace or bracket that opens nothing is a character.
_DIGIT, _WORD, _SPACE = "0-9", "a-zA-Z0-9_", r"\t\n\v\f\r\uFEFF\u2028\u2029\p{Zs}"
_SETS = {
    r"\d": f"[{_DIGIT}]",
    r"\D": f"[^{_DIGIT}]",
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\s": f"[{_SPACE}]",
    r"\S": f"[^{_SPACE}]",
}
_EDGE = rf"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))"
_OUTSIDE = {"$": r"\Z", ".": r"[^\n\r\u2028\u2029]", "{": r"\{", "}": r"\}", r"\b": _EDGE, r"\B": f"(?!{_EDGE})"}
_CLASSES = frozenset(_SETS)
_PYTHON = {
    **dict.fromkeys((r"\p{L}", r"\p{Letter}", r"\p{Alphabetic}", r"\p{Alpha}"), "a-zA-Z"),
    **dict.fromkeys((r"\p{Lu}", r"\p{Uppercase_Letter}"), "A-Z"),
    **dict.fromkeys((r"\p{Ll}", r"\p{Lowercase_Letter}"), "a-z"),
    **dict.fromkeys((r"\p{N}", r"\p{Nd}", r"\p{Number}"), "0-9"),
}
"""What of a property of Unicode the standard library can be told, within brackets."""
_CONTROLS = frozenset({r"\t", r"\n", r"\v", r"\f", r"\r"})


class OutOfTimeError(Exception):
    """A validation that takes too long."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Have each validation within take so many seconds at most, and half of it after each that has taken them all.

    So all that hang take twice as long together, however many values are tried: for a schema that comes from anybody,
    in a process that has others to serve.
    """
    token = _patience.set(_Patience(seconds))
    try:
        yield
    finally:
        _patience.reset(token)


@contextmanager
def deadline() -> Iterator[None]:
    """Bound the time of all that is validated within."""
    patient = _patience.get()
    seconds = patient.seconds if patient else SECONDS
    until = _Deadline(time.thread_time() + seconds, time.perf_counter() + seconds)
    token = _deadline.set(until)
    try:
        yield
    finally:
        _deadline.reset(token)
        if patient and time.perf_counter() >= until.clock and time.thread_time() >= until.processor:
            patient.seconds /= 2


def time_left() -> float:
    """Return the seconds until the deadline. Raises OutOfTimeError when there are none."""
    until = _deadline.get()
    left = until.processor - time.thread_time() if until else SECONDS
    if left <= 0:
        raise OutOfTimeError("takes too long to check against the schema")
    return left


def check_time() -> None:
    """Raise OutOfTimeError when no time is left, as `time_left` does, at next to no cost."""
    until = _deadline.get()
    # The kernel is asked for processor time, which takes a hundred times as long as to read the clock.
    if until and time.perf_counter() >= until.clock:
        time_left()


def matches_somewhere(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text. Raises OutOfTimeError."""
    try:
        return compiled(pattern).search(text, timeout=time_left()) is not None
    except TimeoutError:
        if until := _deadline.get():
            until.processor = until.clock = -math.inf  # the matcher counts by the clock: all the time was its own
        raise OutOfTimeError(f"takes too long to match against the pattern {pattern!r}") from None


@lru_cache(maxsize=512)
def compiled(pattern: str) -> regex.Pattern[str]:
    """Compile an ECMA-262 pattern. Raises regex.error, which says what is wrong with it."""
    try:
        return regex.compile("".join(map(_translated, _TOKEN.finditer(pattern))), regex.VERSION1)
    except (ValueError, OverflowError, RecursionError) as error:  # a code point, a count or a nesting out of range
        raise regex.error(str(error), pattern) from None


def for_python(pattern: str) -> str | None:
    """Write an ECMA-262 pattern for the standard library's `re` and its flag ASCII, None where it has no such thing.

    For what is to be drawn, not judged: of letters and digits of other scripts, and of spaces, it means ASCII's alone.
    """
    pieces = [_for_python(token) for token in _TOKEN.finditer(pattern)]
    return None if None in pieces else "".join(filter(None, pieces))


def _for_python(token: regex.Match[str]) -> str | None:
    if token["set"] is not None:
        members = [_PYTHON.get(piece, piece) for piece in _IN_SET.findall(token["set"])]
        unknown = any(piece[:2] in (r"\p", r"\P") for piece in members)
        return None if unknown else _set(token["not"], members, _python_member)
    piece = _PYTHON.get(token[0], token[0])
    if piece[:2] in (r"\p", r"\P"):
        return None
    if piece in _PYTHON.values():
        return f"[{piece}]"
    return piece if piece in _CLASSES or piece in (r"\b", r"\B") else _translated(token)


def _python_member(pieces: list[str], at: int) -> str:
    known = pieces[at] in _CLASSES or pieces[at] in _PYTHON.values()
    return pieces[at] if known else _member(pieces, at)


def _translated(token: regex.Match[str]) -> str:
    piece = token[0]
    if token["set"] is not None:
        return _set(token["not"], _IN_SET.findall(token["set"]), _member)
    if piece in _OUTSIDE:
        return _OUTSIDE[piece]
    if piece.startswith(r"\k<"):
        return f"(?P={piece[3:-1]})"
    if piece[0] == "\\" and piece[1:].isdecimal() and piece != r"\0":
        return f"(?:{piece})"  # a digit after it is a character
    return _character(piece) if piece[0] == "\\" and len(piece) > 1 else piece


def _set(negated: str, pieces: list[str], written: Callable[[list[str], int], str]) -> str:
    if not pieces:
        return "(?s:.)" if negated else "(?!)"
    return f"[{negated}{''.join(written(pieces, at) for at in range(len(pieces)))}]"


def _member(pieces: list[str], at: int) -> str:
    piece = pieces[at]
    if piece == "-" and at > 1 and pieces[at - 1] == "-":
        return r"\-"  # the end of a range: two of them would subtract sets
    if piece == r"\b":
        return r"\x08"
    return _character(piece) if piece[0] == "\\" else f"\\{piece}" if piece in "[&|~^" else piece


def _character(escape: str) -> str:
    """Translate what may stand within brackets and outside them."""
    kind = escape[1]
    if escape in _SETS or escape in _CONTROLS or escape[:3] in (r"\p{", r"\P{"):
        return _SETS.get(escape, escape)
    if kind == "c" and len(escape) > len(r"\c"):
        return _literal(ord(escape[2]) % 32)
    if kind in "ux" and len(escape) > len(r"\u"):
        return _literal(_code_point(escape))
    if escape == r"\0":
        return _literal(0)
    if kind.isascii() and kind.isalnum():
        raise regex.error(f"{escape!r} has no meaning in ECMA-262")
    return regex.escape(kind, special_only=False)


def _code_point(escape: str) -> int:
    units = [int(digits, 16) for digits in regex.findall(rf"{_HEX}+", escape.replace("u", " ").replace("x", " "))]
    if len(units) == 1:
        return units[0]
    high, low = units
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)


def _literal(code_point: int) -> str:
    return f"\\U{code_point:08X}"
