"""Header fields as a person reads them: each on a line of its own, names in their own letters, without quotes."""

from __future__ import annotations

import re
from email.message import Message

from slotfill.extractors.documents.readers.mails.encoded_words import decode_header, unfold

__all__ = ["decode_addresses", "head_of", "is_mail"]

_SHOWN = ("Subject", "From", "To", "Cc", "Date")
"""What a mail program shows above a mail."""

_ADDRESSES = frozenset(("From", "To", "Cc"))

_TELLING = frozenset(
    (
        *("subject", "from", "to", "cc", "bcc", "date", "message-id", "received", "return-path", "reply-to", "sender"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "delivered-to"),
        *("in-reply-to", "references", "x-mailer", "user-agent", "dkim-signature", "envelope-to", "resent-from"),
    )
)
"""Fields that no other file begins with."""

_TOKEN = re.compile(
    r"""
      =\? [^?\s]* \? [bBqQ] \? [^?]* \?=                             # =?utf-8?q?Lee,_Ann?=, whose comma ends nothing
    | " (?P<quoted> (?: [^"\\] | \\. )* ) (?P<end> "@? | \\?\Z )     # "Lee, Ann"; "ann lee"@a.example, "Ann stay so
    | (?P<address> < [^<>]* > )                                    # <ann@a.example>
    | (?P<mark> [,;] )
    | [^="<,;]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def is_mail(message: Message) -> bool:
    """Whether what was parsed is a mail, and not any text that begins with a word and a colon."""
    return any(name.lower() in _TELLING for name in message.keys())  # noqa: SIM118 - a Message has no sound iteration


def head_of(message: Message) -> list[str]:
    """Return the lines above a mail: `Subject: …`, `From: …`, `To: …`, `Cc: …`, `Date: …`, each where it has one."""
    lines = []
    for name in _SHOWN:
        decode = decode_addresses if name in _ADDRESSES else decode_header
        fields = [*filter(None, map(decode, message.get_all(name, ())))]
        if fields:
            lines.append(f"{name}: {', '.join(fields) if name in _ADDRESSES else fields[0]}")
    return lines


def decode_addresses(raw: str) -> str:
    """Decode a field of addresses: `"=?utf-8?q?M=C3=BCller=2C?= Jo" <m@a.example>` is `Müller, Jo <m@a.example>`.

    Quotes are of the format, and mail programs show none; a name that itself reads as an address has them.
    """
    pieces: list[str] = []
    name = ""
    for token in _TOKEN.finditer(unfold(raw)):
        if address := token["address"]:
            pieces += filter(None, (_display_name(name), decode_header(address)))
        elif mark := token["mark"]:
            pieces += filter(None, (decode_header(name),))
            pieces[-1:] = [f"{piece}{mark}" for piece in pieces[-1:]]
        else:
            name += _unquoted(token)
            continue
        name = ""
    return " ".join(filter(None, (*pieces, decode_header(name))))


def _unquoted(token: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", token["quoted"]) if token["end"] == '"' else token[0]


def _display_name(name: str) -> str:
    """Decode a name; `boss@a.example, Ann` would read as two people."""
    text = decode_header(name)
    letters = set(text)
    if letters & {"<", ">"} or ("@" in letters and letters & {",", ";"}):
        return '"{}"'.format(text.replace('"', "'"))
    return text
