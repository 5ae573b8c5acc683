"""A page's tree -> the lines that a person reads.

The tree is walked, not descended into: it may be as deep as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from selectolax.lexbor import LexborHTMLParser, LexborNode

from slotfill.extractors.documents.readers.markup.depth_limit import limit_depth
from slotfill.extractors.documents.readers.markup.flow import Flow, TextLine, one_line
from slotfill.extractors.documents.readers.markup.form_fields import FORM_FIELDS, field_text
from slotfill.extractors.documents.readers.markup.grid import Grid
from slotfill.extractors.documents.readers.markup.open_formatting import limit_formatting
from slotfill.extractors.documents.readers.markup.visibility import UNSEEN, Look, look_of
from slotfill.extractors.documents.readers.work_limit import at_most

__all__ = ["PARSE_SECONDS", "page_lines", "page_title"]

PARSE_SECONDS = 5.0
"""Of the processor, for one page. The largest takes 0.7 s; with thousands of attributes in a tag, or of options in a
list, the parser's time grows with the square of their number.
"""

_BLOCKS: Mapping[str, int] = {
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "listing", "xmp", "table", "hr"), 2),
    **dict.fromkeys(("ul", "ol", "menu", "dir", "dl", "figure", "form", "details"), 2),
    **dict.fromkeys(("html", "body", "div", "section", "article", "main", "header", "footer", "nav", "aside"), 1),
    **dict.fromkeys(("address", "center", "hgroup", "search", "fieldset", "legend", "summary", "figcaption"), 1),
    **dict.fromkeys(("li", "dt", "dd", "caption", "tr", "td", "th", "dialog", "optgroup", "option"), 1),
}
"""Elements that have lines of their own, and the line ends around them: 2 make a blank line."""

_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_CELLS = frozenset(("td", "th"))

_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.IGNORECASE)
"""What programs put for what an image shows: `IMG_0231.jpg`"""

_RAISED = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")  # noqa: RUF001 - the minus sign
_RAISED_TEXT = re.compile(r"\s*[0-9+\-−=()]+\s*", re.ASCII)  # noqa: RUF001
"""What is raised: 10<sup>2</sup> is no 102, and $19<sup>99</sup> no 1999."""

_Attributes: TypeAlias = Mapping[str, str | None]
_Leave: TypeAlias = Callable[[], object]
"""What is done after all that is within an element."""


def page_title(page: LexborHTMLParser) -> str:
    """Return what stands in the tab of the page, "" for nothing."""
    title = page.css_first("head > title")
    return " ".join(title.text().split()) if title else ""


def page_lines(page: str) -> tuple[str, list[TextLine]]:
    """Read a page: its title, and the lines of its text."""
    with at_most(PARSE_SECONDS):
        parsed = LexborHTMLParser(limit_depth(limit_formatting(page)), scripting=True)
    return page_title(parsed), _Walk().lines(parsed.root)


class _Walk:
    """One walk over a tree, text before text."""

    def __init__(self) -> None:
        self._flow = Flow()
        self._looks = [Look()]
        self._grids: list[Grid] = []
        self._numbers: list[int | None] = []  # of the lists around, each its next item's; None where it has dots
        self._enter: Mapping[str, Callable[[_Attributes], _Leave]] = {
            "table": self._table,
            "tr": self._row,
            **dict.fromkeys(_CELLS, self._cell),
            **dict.fromkeys(_LISTS, self._list),
            "ol": self._numbered_list,
            "li": self._item,
            "q": self._quotation,
            "button": self._apart,
        }

    def lines(self, root: LexborNode | None) -> list[TextLine]:
        """Return all lines below a node, and its own."""
        # Popped first: what is within a node, what is to be done after that, what follows the node.
        pending: list[LexborNode | _Leave] = [] if root is None else [root]
        while pending:
            node = pending.pop()
            if not isinstance(node, LexborNode):
                node()
                continue
            if following := node.next:
                pending.append(following)
            tag = node.tag or ""
            if tag == "-text":  # half of all nodes
                self._text(node.text_content or "")
            elif leave := self._visit(node, tag):
                pending.append(leave)
                if child := node.first_child:
                    pending.append(child)
        return self._flow.lines()

    def _visit(self, node: LexborNode, tag: str) -> _Leave | None:
        """Read an element; return what is to be done after those within it, None where nothing there is read."""
        if tag in UNSEEN or tag.startswith("-"):
            return None
        attributes = node.attributes
        look = look_of(tag, attributes, self._looks[-1])
        if look is None:
            return None
        return self._element(node, tag, attributes, look)

    def _element(self, node: LexborNode, tag: str, attributes: _Attributes, look: Look) -> _Leave | None:
        if tag == "br":
            self._flow.end_line()
        elif tag == "img":
            self._image(attributes, look)
        elif tag in FORM_FIELDS:
            self._shown(field_text(node, tag), look)
        elif tag == "sup" and _RAISED_TEXT.fullmatch(raised := node.text()):
            if look.is_seen:
                self._flow.add(raised.translate(_RAISED), quoted=look.quoted)
        elif tag in _CELLS and self._grids and _holds_text_alone(node, look):
            self._plain_cell(node, attributes, look)
        else:
            return self._container(tag, attributes, look)
        return None

    def _container(self, tag: str, attributes: _Attributes, look: Look) -> _Leave:
        ends = _BLOCKS.get(tag, 1 if look.is_block else 0)
        if ends == 2 and self._numbers and tag in _LISTS:  # noqa: PLR2004 - as in the table
            ends = 1  # a list in a list
        enter = self._enter.get(tag)
        if not ends and enter is None and look is self._looks[-1]:
            return _nothing
        self._looks.append(look)
        if ends:
            self._flow.block(ends)
        inner = enter(attributes) if enter else None

        def leave() -> None:
            if inner:
                inner()
            self._looks.pop()
            if ends:
                self._flow.block(ends)

        return leave

    def _text(self, text: str) -> None:
        look = self._looks[-1]
        if not look.is_seen:
            return
        if look.preformatted:
            self._flow.add_preformatted(text, quoted=look.quoted)
        else:
            self._flow.add(text, quoted=look.quoted)

    def _shown(self, text: str, look: Look) -> None:
        """Add text of an element that is drawn as one, apart from what is beside it."""
        if text and not look.invisible:
            self._flow.space()
            self._flow.add_preformatted(text, quoted=look.quoted)
            self._flow.space()

    def _image(self, attributes: _Attributes, look: Look) -> None:
        text = " ".join((attributes.get("alt") or "").split())
        is_dot = {attributes.get("width"), attributes.get("height")} & {"0", "1"}
        if not is_dot and not _FILE_NAME.fullmatch(text):
            self._shown(text, look)

    def _list(self, _: _Attributes, first: int | None = None) -> _Leave:
        self._numbers.append(first)
        return self._numbers.pop

    def _numbered_list(self, attributes: _Attributes) -> _Leave:
        return self._list(attributes, _number(attributes.get("start"), 1))

    def _item(self, attributes: _Attributes) -> _Leave:
        number = self._numbers[-1] if self._numbers else None
        indent = "  " * max(len(self._numbers) - 1, 0)
        if number is None:
            self._flow.mark(f"{indent}- ")
        else:
            number = _number(attributes.get("value"), number)
            self._numbers[-1] = number + 1
            self._flow.mark(f"{indent}{number}. ")
        return lambda: self._flow.mark("")

    def _quotation(self, _: _Attributes) -> _Leave:
        self._text("“")
        return lambda: self._text("”")

    def _apart(self, _: _Attributes) -> _Leave:
        self._flow.space()
        return self._flow.space

    def _table(self, _: _Attributes) -> _Leave:
        self._grids.append(Grid())
        return lambda: self._flow.add_lines(self._grids.pop().lines())

    def _row(self, _: _Attributes) -> _Leave:
        if self._grids:
            self._grids[-1].begin_row()
        return _nothing

    def _cell(self, attributes: _Attributes) -> _Leave:
        if not self._grids:
            return _nothing
        outer, self._flow = self._flow, Flow()

        def leave() -> None:
            self._add_cell(self._flow.lines(), attributes)
            self._flow = outer

        return leave

    def _plain_cell(self, node: LexborNode, attributes: _Attributes, look: Look) -> None:
        """Read a cell at once that has no flow of its own to be kept: a large table has little else."""
        self._flow.block()
        child = node.first_child
        text = one_line(child.text_content or "") if child and look.is_seen else ""
        self._add_cell([TextLine(text, look.quoted)] if text else [], attributes)

    def _add_cell(self, lines: list[TextLine], attributes: _Attributes) -> None:
        columns, rows = _number(attributes.get("colspan"), 1), _number(attributes.get("rowspan"), 1)
        self._grids[-1].add(lines, columns, rows)


def _holds_text_alone(cell: LexborNode, look: Look) -> bool:
    child = cell.first_child
    return not look.preformatted and (child is None or (child.tag == "-text" and child.next is None))


def _nothing() -> None:
    """Do nothing after an element."""


def _number(text: str | None, otherwise: int) -> int:
    """Read an attribute's number."""
    if not text:
        return otherwise
    digits = text.strip()
    return int(digits) if re.fullmatch(r"-?[0-9]{1,9}", digits) else otherwise
