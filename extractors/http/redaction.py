"""Redaction: a credential that comes back from a service is hidden before anything is made of the reply.

A service, or what stands before it, may say a request's key again: in an error, a header, a value, a tool's name. What
it says is stored, shown and logged, so that each reply is looked through once, as it arrives.

The keys of slotfill's own service are hidden by their form, whosever they are: nobody here knows them, as they are kept
as hashes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import cached_property

import regex

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["HIDDEN", "KEY_DIGITS", "KEY_PREFIX", "Redaction", "StreamRedaction"]

HIDDEN = "[credential]"

KEY_PREFIX = "sf_"
"""What a key of slotfill's service begins with."""

KEY_DIGITS = 43
"""What follows: 256 bits in base 62."""

# No more digits may follow: those would be of something else. Before it may stand anything, the `n` of "\\n" too.
_OWN_KEY = rf"{KEY_PREFIX}[0-9A-Za-z]{{{KEY_DIGITS}}}(?![0-9A-Za-z])"

_SHORT = 6
"""Fewer characters are no secret: they stand in any text."""

_RUN = r"\\*+"
"""The backslashes before a character: a text that is escaped twice has three, or seven."""

_WORD = regex.compile(r"\p{L}{0,19}")
"""What cannot be told from a word that a document may hold; the service's keys are none."""


class Redaction:
    """Hides some secrets, however they are escaped: as JSON, Python and URLs do it, or in base64; and slotfill's keys.

    words: those too that could be words of a document.
    """

    def __init__(self, secrets: Iterable[str], *, words: bool = False) -> None:
        hidden = {secret for secret in secrets if len(secret) >= _SHORT and (words or not _WORD.fullmatch(secret))}
        self._secrets = sorted(hidden, key=len, reverse=True)
        self._encoded = sorted({form for secret in hidden for form in _encoded(secret)}, key=len, reverse=True)
        self._forms = (*self._secrets, *self._encoded)

    @cached_property
    def _pattern(self) -> regex.Pattern[str]:
        """What finds them. Few runs need it, and for a key as they are it takes some 10 ms to make.

        It begins where a run of backslashes does, so that a text of nothing else is read once, and not from each anew.
        """
        plain = [_RUN.join(map(_escaped, secret)) for secret in self._secrets]
        encoded = ["".join(c if c.isalnum() else _RUN + _escaped(c) for c in form) for form in self._encoded]
        secrets = [rf"(?<!\\){_RUN}(?:{'|'.join(plain + encoded)})"] if self._forms else []
        return regex.compile("|".join([*secrets, _OWN_KEY]))

    def finds(self, text: str) -> bool:
        """Whether a secret stands in a text. It takes next to no time where nothing in it is escaped."""
        for form in self._forms:
            if form in text:
                return True
        may_hold = KEY_PREFIX in text or (self._forms and ("\\" in text or "%" in text))
        return bool(may_hold and self._pattern.search(text))

    def hide(self, text: str) -> str:
        """Put `HIDDEN` in the place of each secret."""
        return self._pattern.sub(HIDDEN, text) if self.finds(text) else text

    def hide_within(self, value: JSON) -> JSON:
        """Do so in all strings of a JSON value, the names of members included."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list | tuple):
            return [self.hide_within(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.hide_within(item) for name, item in value.items()}
        return value

    def beginning(self, text: str) -> int:
        """Return where a secret begins that may go on behind the text's end; the text's length where none does."""
        match = self._pattern.search(text, partial=True)
        return match.start() if match and match.partial else len(text)


class StreamRedaction:
    """A text that arrives in pieces, with its secrets hidden: what may be the beginning of one is held back."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._held: list[str] = []

    def take(self, piece: str) -> str:
        """Take the next piece, and return what can be shown."""
        if self._goes_on(piece):
            self._held.append(piece)
            return ""
        text = self._redaction.hide("".join((*self._held, piece)))
        at = self._redaction.beginning(text)
        self._held = [text[at:]] if at < len(text) else []
        return text[:at]

    def _goes_on(self, piece: str) -> bool:
        """Whether a piece only lengthens a run of backslashes: what is held need not be read again for it."""
        return bool(self._held) and self._held[-1].endswith("\\") and not piece.strip("\\")


def _encoded(secret: str) -> Iterator[str]:
    """Write a secret as both forms of base64 do."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret.encode()).decode().rstrip("=")


def _escaped(character: str) -> str:
    """Write a pattern of a character, behind any backslashes, that may be escaped: `s`, `u0073`, `x73`, `%73`."""
    code, quoted = ord(character), "".join(f"%{byte:02x}" for byte in character.encode())
    itself = r"(?<=\\)" if character == "\\" else regex.escape(character)
    return rf"(?:(?i:u{code:04x}|x{code:02x}|{quoted})|{itself})"
