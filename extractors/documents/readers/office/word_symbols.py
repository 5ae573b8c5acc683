"""Characters that Word writes by their place in a symbol font -> the Unicode characters that a person sees."""

from __future__ import annotations

__all__ = ["symbol_of"]

_PRIVATE = 0xF000
"""Where the characters of symbol fonts stand in Unicode's private area: `w:char="F061"` is the font's 0x61."""

_GREEK = dict(
    zip(
        "ABGDEZHQIKLMNXOPRSTUFCYWabgdezhqiklmnxoprstufcyw",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
        strict=True,
    )
)

_FONTS = {
    "symbol": {
        **{ord(latin): greek for latin, greek in _GREEK.items()},
        **dict(enumerate("≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…", start=0xA3)),  # noqa: RUF001 - signs are meant
        0xD2: "®",
        0xD3: "©",
        0xD4: "™",
        0xD5: "∏",
        0xD6: "√",
        0xE5: "∑",
        0xF2: "∫",
    },
    "wingdings": {
        0x6F: "☐",
        0xA8: "☐",
        0xFD: "☒",
        0xFE: "☑",
        0xFB: "✗",
        0xFC: "✓",
        0xDF: "←",
        0xE0: "→",
        0xE1: "↑",
        0xE2: "↓",
        0xE8: "→",
        0xF0: "⇨",
        0x4A: "☺",
        0x4C: "☹",
        0x28: "☎",
        0x2A: "✉",
        0x6C: "●",
        0x6E: "■",
        0x71: "❑",
        0x76: "❖",
        0xA7: "▪",
        0xD8: "➢",
        0x9F: "•",
    },
    "wingdings 2": {0x50: "✓", 0x4F: "✗", 0x51: "☒", 0x52: "☑", 0xA3: "☐"},
}

_UNKNOWN = "\ufffd"


def symbol_of(font: str, code: str) -> str:
    """Return the character that a symbol shows: `symbol_of("Wingdings", "F0FC")` is a tick.

    One that is not known is U+FFFD: there is something, and what it is only its font tells.
    """
    try:
        number = int(code, 16)
    except ValueError:
        return _UNKNOWN
    known = _FONTS.get(font.lower())
    if known is None and not _PRIVATE <= number <= _PRIVATE + 0xFF:
        return chr(number) if number < 0xD800 else _UNKNOWN  # noqa: PLR2004 - where surrogates begin
    return (known or {}).get(number & 0xFF, _UNKNOWN)
