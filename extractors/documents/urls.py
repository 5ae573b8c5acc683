"""Addresses of files elsewhere, `s3://bucket/mails`, and what of them nobody may see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

__all__ = ["is_address", "parts_of", "public", "secrets_of", "unescaped_password", "without_local_protocol"]

_PROTOCOLS = r"(?:[\w.+-]{2,}::)*[\w.+-]{2,}://"
"""How what fsspec opens begins: a protocol, before which may stand others that only hand files on."""

_ADDRESS = re.compile(rf"\A({_PROTOCOLS})(.*?)(::.*)?\Z", re.DOTALL)

_OF_THIS_MACHINE = re.compile(r"\A(?:file|local)://")

_PASSWORD = re.compile(
    r"""
    (?P<before>\b(?!(?:git|github|libarchive|memory|tar|zip)://)  # where other things stand before an @
    [\w.+-]+://[^/?\#:@]*)
    :(?!:|\d+(?:[/?\#]|$))         # no chain of addresses, and no port
    (?P<secret>[^/?\#]*|[^@]*)@    # up to the last @ before the path; where none is, it is not escaped
    """,
    re.VERBOSE,
)
_USER = re.compile(r"(?P<before>\bhttps?://)(?P<secret>[^/?#@:]+)@")
"""On the web a token may stand in place of a user."""

_SIGNATURE = re.compile(
    r"""
    (?P<before>[?&](?:[\w-]*(?:credential|password|secret|signature|token)|(?:[\w-]*[-_])?(?:auth|(?:api)?key|sig))=)
    (?P<secret>[^&\#\s'"]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)

_SECRETS = {_PASSWORD: r"\g<before>@", _USER: r"\g<before>", _SIGNATURE: r"\g<before>…"}
"""What nobody may see, and what is left of it."""


def is_address(name: str) -> bool:
    """Whether a name begins as an address does."""
    return re.match(_PROTOCOLS, name) is not None


def without_local_protocol(name: str) -> str:
    """Leave a protocol out that leads to this machine's own files."""
    return _OF_THIS_MACHINE.sub("", name)


def parts_of(address: str) -> tuple[str, str, str]:
    """Return the protocols, the path, and where that is in its turn: `zip://`, `*.txt`, `::mails.zip`."""
    [(protocols, path, place)] = _ADDRESS.findall(address)
    return protocols, path, place


def public(text: str) -> str:
    """Leave out of an address, or of a text that holds one, what nobody may see. Any other text stays as it is."""
    for pattern, rest in _SECRETS.items():
        text = pattern.sub(rest, text)
    return text


def secrets_of(address: str) -> Iterator[str]:
    """Yield what nobody may see, in each way of writing it."""
    for match in (match for pattern in _SECRETS for match in pattern.finditer(address)):
        plain = unquote(match["secret"])
        yield from filter(None, (match["secret"], plain, quote(plain), quote(plain, safe="")))


def unescaped_password(address: str) -> bool:
    """Whether a password holds what ends it for a reader of addresses."""
    password = _PASSWORD.search(address)
    return password is not None and re.search(r"[/?#]", password["secret"]) is not None
