"""The formats of JSON Schema as checks, each by the document that defines it (2020-12, validation, 7.3).

In one thing they ask for less: a `date-time` or a `time` may lack its offset from UTC. Few texts tell one, and a model
that has to give one makes it up. Formats that are not known here are annotations.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import regex

from slotfill.schemas.json_schema.patterns import compiled

__all__ = ["FORMATS", "Format", "Formats", "conforms"]

Formats = Literal["check", "annotate"]
"""Whether formats are checked, or are annotations, which is the standard's default."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: whether a string conforms to it, and how one looks, for an error message."""

    check: Callable[[str], bool]
    form: str


def conforms(name: str, text: str) -> bool:
    """Whether a string conforms to a format; to one that is not known every string does."""
    known = FORMATS.get(name)
    return known is None or known.check(text)


def _matching(expression: str, flags: int = 0) -> Callable[[str], bool]:
    """Make the check that a whole string matches. The digits of other scripts are none."""
    matcher = re.compile(expression, re.VERBOSE | flags)
    return lambda text: matcher.fullmatch(text) is not None


# Dates and times: RFC 3339, 5.6; durations: its appendix A.
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"""
    (?P<hour>[01]\d|2[0-3]) : (?P<minute>[0-5]\d) : (?P<second>[0-5]\d|60) (?:\.\d+)?
    (?: [Zz] | (?P<sign>[+-]) (?P<hours>[01]\d|2[0-3]) : (?P<minutes>[0-5]\d) )?
    """,
    re.VERBOSE | re.ASCII,
)
_DAY = 24 * 60
"""The minutes of one."""


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    time = _TIME.fullmatch(text)
    if time is None or time["second"] != "60":
        return time is not None
    # A leap second is the last one of a day in UTC.
    offset = int(time["hours"] or 0) * 60 + int(time["minutes"] or 0)
    local = int(time["hour"]) * 60 + int(time["minute"])
    return (local - (-offset if time["sign"] == "-" else offset)) % _DAY == _DAY - 1


def _is_date_time(text: str) -> bool:
    day, mark, time = text[:10], text[10:11], text[11:]
    return mark in ("T", "t") and _is_date(day) and _is_time(time)


_is_duration = _matching(
    r"""
    P (?: \d+W                                                   # weeks stand alone
        | (?=\d|T\d)                                             # there is something
          (?: \d+Y (?: \d+M (?:\d+D)? )? | \d+M (?:\d+D)? | \d+D )?
          (?: T (?: \d+H (?: \d+M (?:\d+S)? )? | \d+M (?:\d+S)? | \d+S ) )?
      )
    """,
    re.ASCII,
)


# Internet addresses: RFC 2673 and 4291; host names: RFC 1123 and 5890; mail: RFC 5321, 4.1.2, and 6531.
def _is_ipv4(text: str) -> bool:
    return _is_address(ipaddress.IPv4Address, text)


def _is_ipv6(text: str) -> bool:
    return "%" not in text and _is_address(ipaddress.IPv6Address, text)  # a zone is no part of the address


def _is_address(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_LONGEST_HOST = 253


def _is_hostname(text: str) -> bool:
    labels = text.split(".")
    is_ascii = len(text) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, labels))
    return is_ascii and all(_is_international([label]) for label in labels if label.lower().startswith("xn--"))


def _is_idn_hostname(text: str) -> bool:
    return _is_international(_DOTS.split(text))


def _is_international(labels: list[str]) -> bool:
    """Whether labels, of any script or encoded in ASCII, make a host name."""
    import idna  # it is slow to import, and few schemas need it

    try:
        names = [idna.ulabel(label) for label in labels]
        encoded = [idna.alabel(name).decode() for name in names]
        if any(map(_is_bidi, names)):
            for name in names:
                idna.check_bidi(name, check_ltr=True)
    except (idna.IDNAError, UnicodeError):
        return False
    return len(".".join(encoded)) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, encoded))


def _is_bidi(name: str) -> bool:
    from unicodedata import bidirectional

    return any(bidirectional(character) in ("R", "AL", "AN") for character in name)


_ATOM = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]"
_is_local_part = re.compile(rf'{_ATOM}+(?:\.{_ATOM}+)*|"(?:[ !#-\[\]-~]|\\[ -~])*"', re.ASCII)
_INTERNATIONAL_ATOM = rf"(?:{_ATOM}|[^\x00-\x7f])"
_is_international_local_part = re.compile(
    rf'{_INTERNATIONAL_ATOM}+(?:\.{_INTERNATIONAL_ATOM}+)*|"(?:[ !#-\[\]-~]|[^\x00-\x7f]|\\[ -~])*"'
)


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return _is_local_part.fullmatch(local) is not None and _is_mail_domain(domain, _is_hostname)


def _is_idn_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return _is_international_local_part.fullmatch(local) is not None and _is_mail_domain(domain, _is_any_hostname)


def _is_any_hostname(text: str) -> bool:
    from unicodedata import normalize

    return _is_idn_hostname(normalize("NFC", text))


def _is_mail_domain(domain: str, is_hostname: Callable[[str], bool]) -> bool:
    if not (domain.startswith("[") and domain.endswith("]")):
        return is_hostname(domain)
    literal = domain[1:-1]
    return _is_ipv6(literal[5:]) if literal[:5].upper() == "IPV6:" else _is_ipv4(literal)


# Resources: RFC 3986, appendix A, and 3987, 2.2.
_FOREIGN = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000dffff\U000e1000-\U000effff"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"


def _references(foreign: str, private: str) -> Iterator[Callable[[str], bool]]:
    """Yield the checks of a resource and of a reference to one, with the characters allowed beyond ASCII."""
    unreserved, delimiters, escaped = rf"a-zA-Z0-9._~{foreign}\-", r"!$&'()*+,;=", "%[0-9a-fA-F]{2}"
    character = rf"(?:[{unreserved}{delimiters}:@]|{escaped})"
    segment = rf"(?:[{unreserved}{delimiters}@]|{escaped})+(?:/{character}*)*"  # a first one without a colon
    rooted = rf"/(?:{character}+(?:/{character}*)*)?"
    host = rf"\[(?P<ip>[^\[\]]*)\]|(?:[{unreserved}{delimiters}]|{escaped})*"
    authority = rf"//(?:(?:[{unreserved}{delimiters}:]|{escaped})*@)?(?:{host})(?::[0-9]*)?(?:/{character}*)*"
    query = rf"(?:\?(?:{character}|[/?{private}])*)?(?:\#(?:{character}|[/?])*)?"
    scheme = r"[a-zA-Z][a-zA-Z0-9+.\-]*:"
    rootless = rf"{character}+(?:/{character}*)*"
    absolute = re.compile(rf"{scheme}(?:{authority}|{rooted}|{rootless}|){query}")
    relative = re.compile(rf"(?:{authority}|{rooted}|{segment}|){query}")

    def is_absolute(text: str) -> bool:
        return _has_valid_host(absolute.fullmatch(text))

    def is_reference(text: str) -> bool:
        return is_absolute(text) or _has_valid_host(relative.fullmatch(text))

    yield from (is_absolute, is_reference)


_FUTURE_ADDRESS = re.compile(r"v[0-9a-f]+\.[a-z0-9._~!$&'()*+,;=:-]+", re.IGNORECASE | re.ASCII)


def _has_valid_host(match: re.Match[str] | None) -> bool:
    if match is None or match["ip"] is None:
        return match is not None
    return _is_ipv6(match["ip"]) or _FUTURE_ADDRESS.fullmatch(match["ip"]) is not None


_is_uri, _is_uri_reference = _references("", "")
_is_iri, _is_iri_reference = _references(_FOREIGN, _PRIVATE)

# Templates: RFC 6570, 2.
_VARIABLE = r"(?:\w|%[0-9a-fA-F]{2})(?:\.?(?:\w|%[0-9a-fA-F]{2}))*(?:\*|:[1-9][0-9]{0,3})?"
_is_uri_template = _matching(
    rf"(?:[^\x00-\x20\x7f\"<>\\^`{{|}}%]|%[0-9a-fA-F]{{2}}|\{{[+\#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*",
    re.ASCII,
)

# Pointers: RFC 6901, 3, and draft-bhutton-relative-json-pointer-00, 3.
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"


def _is_regex(text: str) -> bool:
    try:
        compiled(text)
    except regex.error:
        return False
    return True


FORMATS: Mapping[str, Format] = {
    "date": Format(_is_date, "YYYY-MM-DD"),
    "date-time": Format(
        _is_date_time, "YYYY-MM-DDThh:mm:ss, with Z or an offset such as +02:00 where the text tells it"
    ),
    "time": Format(_is_time, "hh:mm:ss, with Z or an offset such as +02:00 where the text tells it"),
    "duration": Format(_is_duration, "an ISO 8601 duration such as P1Y2M or PT36H"),
    "email": Format(_is_email, "local@domain"),
    "idn-email": Format(_is_idn_email, "local@domain"),
    "hostname": Format(_is_hostname, "labels of letters, digits and hyphens, parted by dots"),
    "idn-hostname": Format(_is_idn_hostname, "labels of letters, digits and hyphens, parted by dots"),
    "ipv4": Format(_is_ipv4, "four numbers up to 255, parted by dots"),
    "ipv6": Format(_is_ipv6, "groups of hexadecimal digits, parted by colons"),
    "uri": Format(_is_uri, "scheme:rest, such as https://…, without spaces"),
    "uri-reference": Format(_is_uri_reference, "a URI or a relative reference, without spaces"),
    "iri": Format(_is_iri, "scheme:rest, such as https://…, without spaces"),
    "iri-reference": Format(_is_iri_reference, "an IRI or a relative reference, without spaces"),
    "uri-template": Format(_is_uri_template, "a URI with {variables}"),
    "uuid": Format(_matching(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "8-4-4-4-12 hex digits"),
    "json-pointer": Format(_matching(_POINTER), 'empty, or steps that begin with "/"'),
    "relative-json-pointer": Format(_matching(rf"(?:0|[1-9][0-9]*)(?:\#|{_POINTER})"), "a number, then a JSON Pointer"),
    "regex": Format(_is_regex, "a regular expression of ECMA-262"),
}
"""By name: the formats that are known."""
