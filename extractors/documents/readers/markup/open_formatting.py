"""Formatting that nothing closes is taken out where it piles up: a parser opens all of it again in each paragraph."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

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

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)

_START, _END = "<wbr>", "<!---->"
"""Stand in the place of tags that are taken out: text on both sides of one must not become another."""


def limit_formatting(page: str) -> str:
    """Take out formatting that decides nothing of what is read, where more than 64 elements of it are open at once.

    `<p><font color="1">a</p><p><font color="2">b</p>` and so on makes a tree of the square of its size. What hides
    text, shows it or keeps its line ends stays, with that alone said of it, so that a parser knows it for the same.
    So does what ends behind the start of something else that is still open, as that ends with it: in
    `<b>one <span style="display: none">two </b>three` the third word is shown.
    """
    return _Reducer(page).reduced() if _piles_up(page) else page


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


@dataclass(slots=True)
class _Start:
    """A tag that began formatting. within: what was open around it, last. stays: it decides what is read."""

    at: int
    stays: bool
    within: tuple[str, int] | None


@dataclass(slots=True)
class _Scope:
    """Beyond which no formatting can be open. others: what else is open in it, each with where it began."""

    name: str
    formatting: dict[str, list[_Start]] = field(default_factory=dict)
    others: list[tuple[str, int]] = field(default_factory=list)

    @property
    def within(self) -> tuple[str, int] | None:
        return self.others[-1] if self.others else None


class _Reducer:
    """Goes over the tags of a page, and knows which start an end tag belongs to."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._pieces: list[str] = []
        self._scopes = [_Scope("")]
        self._tables = 0

    def reduced(self) -> str:
        """Return the page without what is taken out. A start is, until an end that must stay is found for it."""
        done = 0
        for match in _TOKEN.finditer(self._page):
            self._pieces.append(self._page[done : match.start()])
            self._pieces.append(self._piece(match))
            done = match.end()
        return "".join(self._pieces) + self._page[done:]

    def _piece(self, match: re.Match[str]) -> str:
        """Return what stands in the place of a tag, or of something else."""
        name, whole = (match["name"] or "").lower(), match[0]
        scope = self._scopes[-1]
        if name in _FORMATTING_NAMES:
            return self._end(scope, name, whole) if match["slash"] else self._begin(scope, name, match["attributes"])
        if name in _SCOPES:
            self._end_scope(name) if match["slash"] else self._begin_scope(name)
        elif name in _CELLS and scope.name == "table":
            self._scopes[-1] = _Scope("table")
        elif match["slash"]:
            if scope.within is not None and scope.within[0] == name:
                scope.others.pop()
        elif name and name not in _VOID:
            scope.others.append((name, len(self._pieces)))
        return whole

    def _begin(self, scope: _Scope, name: str, attributes: str) -> str:
        style = _style(attributes)
        at = len(self._pieces)
        scope.formatting.setdefault(name, []).append(_Start(at, bool(style), scope.within))
        if not style:
            return _START
        scope.others.append((name, at))
        return f'<{name} style="{style}">'

    def _end(self, scope: _Scope, name: str, whole: str) -> str:
        open_ones = scope.formatting.get(name)
        if not open_ones:
            return whole
        start = open_ones.pop()
        if start.stays:
            if scope.within == (name, start.at):
                scope.others.pop()
            return whole
        if scope.within == start.within:
            return _END
        self._pieces[start.at] = f"<{name}>"
        return whole

    def _begin_scope(self, name: str) -> None:
        self._scopes.append(_Scope(name))
        self._tables += name == "table"

    def _end_scope(self, name: str) -> None:
        """End a table with all that is open within it, and anything else where nothing is."""
        is_open = self._tables > 0 if name == "table" else self._scopes[-1].name == name
        while is_open:
            ended = self._scopes.pop().name
            self._tables -= ended == "table"
            is_open = ended != name


def _style(attributes: str) -> str:
    """Return what of a tag's attributes decides what is read, as a style; the first of a name counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTES.finditer(attributes):
        value = match["double"] or match["single"] or match["plain"] or ""
        found.setdefault(match["key"].lower(), value)
    return "display:none" if "hidden" in found else reduced_style(html.unescape(found.get("style", "")))
