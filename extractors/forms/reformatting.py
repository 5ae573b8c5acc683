"""Strings of a format of JSON Schema that are only written otherwise: dates, addresses, identifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from slotfill.extractors.forms.dates import ISO_FORMS
from slotfill.extractors.forms.value_types import ExpectedForms, PlainMeaning

__all__ = ["TEMPORAL", "rewritten"]

TEMPORAL = frozenset(ISO_FORMS)
"""The formats of dates and times, of which no number is one by itself."""

_LINK = re.compile(r"\[([^\[\]]+)\]\((?:mailto:)?\1\)")  # [a@b.org](mailto:a@b.org)
_ANGLES = re.compile(r"<([^<>]+)>")
_MAIL = re.compile(r"(?:mailto:)?([^\s@<>:]+@[^\s@<>]+)", re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*+:\S+", re.IGNORECASE)
_UUID = re.compile(
    r"(?:urn:uuid:)?(\{)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(?(1)\})"
)


def rewritten(text: str, expected: ExpectedForms, day_first: bool | None) -> Iterator[PlainMeaning]:
    """Yield a text in the form that a format asks for, where it is plainly that."""
    formats, bare = expected.formats, text.strip()
    for name in sorted(formats & TEMPORAL):
        if (moment := ISO_FORMS[name](bare, day_first)) and moment != bare:
            yield PlainMeaning("date", moment, "low")
    for name in sorted(formats & _ADDRESSES.keys()):
        if (address := _ADDRESSES[name](_unwrapped(bare))) and address != bare:
            yield PlainMeaning("format", address, "low")
    if bare and (formats or expected.has_pattern):
        yield PlainMeaning("space", bare, "none")


def _unwrapped(text: str) -> str:
    """Take off what Markdown and mails put around an address."""
    match = _LINK.fullmatch(text) or _ANGLES.fullmatch(text)
    return match[1].strip() if match else text


def _mail(text: str) -> str | None:
    match = _MAIL.fullmatch(text)
    return match[1] if match else None


def _uri(text: str) -> str | None:
    return text if _URI.fullmatch(text) else None


def _uuid(text: str) -> str | None:
    match = _UUID.fullmatch(text.lower())
    return "-".join(match.groups()[1:]) if match else None


_ADDRESSES: Mapping[str, Callable[[str], str | None]] = {
    "email": _mail,
    "idn-email": _mail,
    "uri": _uri,
    "iri": _uri,
    "uuid": _uuid,
}
