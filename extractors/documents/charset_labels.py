"""What mails and pages say that they are in -> the codec that reads it, and what is to be done where it is wrong.

A label names what the web and mail programs read by it (WHATWG Encoding Standard): `iso-8859-1` is Windows-1252 there,
`gb2312` is GB 18030, `shift_jis` is Windows-31J, each the larger set, and the same where the smaller one has anything.
"""

from __future__ import annotations

import io
from contextlib import suppress

from slotfill.extractors.documents.decoding import check_encoding, encoding_of, encoding_of_bom
from slotfill.extractors.errors import InputError

__all__ = ["codec_of", "decode_labelled"]

_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
"""By the name of the codec that Python has for the label."""

_LABELS = {
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "windows-949": "cp949",
    "windows-874": "cp874",
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "x-gbk": "gb18030",
    "x-x-big5": "big5hkscs",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "unicode-1-1-utf-8": "utf-8",
}
"""Labels that Python has no codec by."""

_WESTERN = frozenset({"cp1252", "iso8859-15"})

_MOST_REPLACED = 0.02
"""The share of characters that no codec reads, above which there is no text: a cut line costs one or two."""


def codec_of(label: str | None) -> str | None:
    """Return the codec that a label means; None for none, and for one that nobody knows, as `x-unknown`."""
    name = (label or "").strip().strip("\"'").lower()
    if not name or name in _LABELS:
        return _LABELS.get(name)
    with suppress(InputError):
        canonical = check_encoding(name)
        return _LARGER.get(canonical, canonical)
    return None


def decode_labelled(data: bytes, label: str | None, otherwise: str | None = None) -> str | None:
    """Decode what says what it is in; None where nothing sensible comes of it.

    A byte order mark tells more than the label. UTF-8 is so much unlike anything else that it is read as such where
    the label says Western: programs that pass a text on lose its label more often than two letters make an accident of
    UTF-8. What the label does not fit is read as files without one are. A few bytes that nothing reads, as a cut line
    has them, become U+FFFD, which everybody sees.

    otherwise: the codec of what has no label.
    """
    codec = encoding_of_bom(data) or codec_of(label) or otherwise
    if codec in (None, *_WESTERN) and (text := _strictly(data, "utf-8")) is not None:
        if "\x1b$" not in text:
            return text
        codec = "iso2022_jp"
    for name in (codec, otherwise, encoding_of(io.BytesIO(data))):
        if isinstance(name, str) and (text := _strictly(data, name)) is not None:
            return text
    text = _without_bom(data.decode(codec or "utf-8", "replace"))
    return text if text.count("\ufffd") <= max(_MOST_REPLACED * len(text), 2) else None


def _strictly(data: bytes, codec: str) -> str | None:
    with suppress(UnicodeError):
        return _without_bom(data.decode(codec))
    return None


def _without_bom(text: str) -> str:
    return text.removeprefix("\ufeff")
