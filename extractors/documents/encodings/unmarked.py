"""UTF-16 without a byte order mark, told where it is plain: programs for Windows write it."""

from __future__ import annotations

from collections import Counter

__all__ = ["unmarked_utf16"]

_LEAST_ASCII = 0.1
"""The share of characters below 256 from which the zeros beside them are no accident: in Russian, spaces and marks."""

_MARKS = frozenset(b" !")
"""High bytes of dashes, quotes, the euro: there is one for two characters below 256 at most. Records of text and NULs
have more, as one stands before each NUL: `0!0` and a NUL are no `\u2130` and `0`."""

_ALPHABETS = frozenset((*range(0x07), 0x0E, 0x1E, 0x1F)) | _MARKS
"""High bytes of letters and signs of alphabets. None is a letter in ASCII, as records of text and NULs have."""

_MOST_OTHER = 0.01

_CONTROLS = frozenset(range(32)) - {*b"\t\n\f\r"}


def unmarked_utf16(data: bytes) -> str | None:
    """Return `utf-16-le` or `utf-16-be` where data, the beginning of a file, reads as that; else None.

    Chinese, Japanese and Korean are not told: any two bytes are one of their letters.
    """
    if b"\0" not in data or len(data) % 2:
        return None
    for encoding, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        tops, bottoms = data[high::2], data[1 - high :: 2]
        count = max(1, len(tops))
        zeros, marks = tops.count(0), sum(map(tops.count, _MARKS))
        other = sum(number for byte, number in Counter(tops).items() if byte not in _ALPHABETS)
        controls = sum(1 for top, bottom in zip(tops, bottoms, strict=False) if not top and bottom in _CONTROLS)
        if zeros >= max(_LEAST_ASCII * count, 2 * marks) and other <= _MOST_OTHER * count and not controls:
            return encoding
    return None
