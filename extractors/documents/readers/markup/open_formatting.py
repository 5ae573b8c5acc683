"""Formatting that nothing closes is taken out where it piles up: a parser opens all of it again in each paragraph."""

from __future__ import annotations

import html
import re

from slotfill.extractors.documents.readers.markup.visibility import reduced_style

__all__ = ["limit_formatting"]

_MOST_OPEN = 64
"""So many elements of formatting may be open at once before any is taken out. Pages that close them have a handful."""

_NAMES = "b|big|code|em|font|i|s|small|strike|strong|tt|u"
"""What HTML opens again behind the end of a paragraph, but for `a` and `nobr`, of which each ends the one before."""

_FORMATTING = re.compile(rf"<(/?)(?:{_NAMES})(?=[\s/>])", re.IGNORECASE | re.ASCII)
_FORMATTING_NAMES = frozenset(_NAMES.split("|"))

_ATTRIBUTE = r"""
    [\s/]*+ (?P<key> [^\s/>] [^\s/>=]*+ )                   # color
    (?: \s*+ = \s*+                                         # =
        (?: "(?P<double> [^"]*+ ) (?:"|\Z)                  # "red"
        |   '(?P<single> [^']*+ ) (?:'|\Z)                  # 'red'
        |   (?P<plain> (?!["'>]) [^\s>]++ ) | (?=>) | \Z    # red
        )
    )?+
"""
_ATTRIBUTES = re.compile(_ATTRIBUTE, re.VERBOSE | re.ASCII)
_UNNAMED = re.sub("[?]P<[a-z]+>", "?:", _ATTRIBUTE)

_TOKEN = re.compile(
    rf"""
    <!-- (?: -?> | .*? (?: --!?> | \Z ) )                   # a comment
    | < (?P<raw> script|style|textarea|title|xmp|iframe|noembed|noframes|noscript ) (?=[\s/>])
        .*? (?: </(?P=raw) (?=[\s/>]) | \Z )                # what holds text alone, whatever that looks like
    | <plaintext (?=[\s/>]) .*
    | < (?P<slash> /? ) (?P<name> [a-z] [^\s/>]*+ )
        (?P<attributes> (?: {_UNNAMED} )*+ )
        [\s/]*+ (?: > | \Z )                                # a tag, in whose attributes others may seem to stand
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
"""Each takes all that it goes over, and none goes back: a page is passed through once."""

_SCOPES = frozenset(("table", "object", "applet", "marquee", "template"))
_CELLS = frozenset(("td", "th", "caption", "tr", "tbody", "thead", "tfoot"))
"""What ends all formatting that is open in a cell of the table."""

_START, _END = "<wbr>", "<!---->"
"""Stand in the place of tags that are taken out: text on both sides of one must not become another."""


def limit_formatting(page: str) -> str:
    """Take out formatting that decides nothing of what is read, where more than 64 elements of it are open at once.

    `<p><font color="1">a</p><p><font color="2">b</p>` and so on makes a tree of the square of its size. What hides
    text, shows it or keeps its line ends stays, with that alone said of it, so that a parser knows it for the same.
    """
    return _TOKEN.sub(_Reducer().reduced, page) if _piles_up(page) else page


def _piles_up(page: str) -> bool:
    count = 0
    for closes in _FORMATTING.findall(page):
        if not closes:
            count += 1
            if count > _MOST_OPEN:
                return True
        elif count:
            count -= 1
    return False


class _Reducer:
    """Goes over the tags of a page, and knows which start an end tag belongs to."""

    def __init__(self) -> None:
        # By what formatting cannot be open beyond, innermost last: by name, whether each start that is open has stayed.
        self._scopes: list[tuple[str, dict[str, list[bool]]]] = [("", {})]
        self._tables = 0

    def reduced(self, match: re.Match[str]) -> str:
        """Return what stands in the place of a tag, or of something else."""
        name, whole = (match["name"] or "").lower(), match[0]
        if name in _FORMATTING_NAMES:
            open_ones = self._scopes[-1][1].setdefault(name, [])
            if match["slash"]:
                return whole if not open_ones or open_ones.pop() else _END
            style = _style(match["attributes"])
            open_ones.append(bool(style))
            return f'<{name} style="{style}">' if style else _START
        if name in _SCOPES:
            self._end_scope(name) if match["slash"] else self._begin_scope(name)
        elif name in _CELLS and self._scopes[-1][0] == "table":
            self._scopes[-1] = "table", {}
        return whole

    def _begin_scope(self, name: str) -> None:
        self._scopes.append((name, {}))
        self._tables += name == "table"

    def _end_scope(self, name: str) -> None:
        """End a table with all that is open within it, and anything else where nothing is."""
        is_open = self._tables > 0 if name == "table" else self._scopes[-1][0] == name
        while is_open:
            ended, _ = self._scopes.pop()
            self._tables -= ended == "table"
            is_open = ended != name


def _style(attributes: str) -> str:
    """Return what of a tag's attributes decides what is read, as a style; the first of a name counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTES.finditer(attributes):
        value = match["double"] or match["single"] or match["plain"] or ""
        found.setdefault(match["key"].lower(), value)
    return "display:none" if "hidden" in found else reduced_style(html.unescape(found.get("style", "")))
