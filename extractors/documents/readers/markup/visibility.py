"""What of a page nobody sees: by its element, its attributes and its own style.

Style sheets are not read: what only a rule of theirs hides, or shows, is taken for text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

__all__ = ["UNSEEN", "Look", "look_of", "reduced_style"]

UNSEEN = frozenset(
    (
        *("head", "script", "style", "template", "noscript", "title", "meta", "link", "base", "datalist"),
        *("iframe", "video", "audio", "canvas", "noframes", "noembed", "desc", "defs", "symbol", "metadata"),
        *("annotation", "annotation-xml", "param", "source", "track", "colgroup"),
    )
)
"""Elements whose content no browser shows: with scripts, as browsers run them; `title` is shown elsewhere."""

_PREFORMATTED = frozenset(("pre", "listing", "xmp", "plaintext", "textarea"))

_DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*([^;]*)", re.ASCII)
"""`font-size: 0px`"""

_ZERO = re.compile(r"[+-]?0*\.?0*(?:[a-z]+|%)?", re.ASCII)
"""`0`, `0px`, `.0em`, `0%`"""

_RELATIVE = re.compile(r".*(?:[\d.]em|%)|larger|smaller|inherit", re.ASCII)
"""A size that is nothing where the outer one is nothing."""


class Look(NamedTuple):
    """How text looks that stands in an element, as far as that decides what is read.

    Attributes:
        preformatted: Whether its white space counts.
        invisible: Whether it is there, and cannot be seen.
        sizeless: Whether its letters have no size. What is within it may have one, as in most newsletters.
        quoted: Whether it is in a `blockquote`.
        is_block: Whether the style of the element itself makes a block of it.
    """

    preformatted: bool = False
    invisible: bool = False
    sizeless: bool = False
    quoted: bool = False
    is_block: bool = False

    @property
    def is_seen(self) -> bool:
        """Whether its letters are seen."""
        return not (self.invisible or self.sizeless)


def look_of(tag: str, attributes: Mapping[str, str | None], outer: Look) -> Look | None:
    """Return how an element's text looks, given that of the element around it; None where all within it is hidden."""
    if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
        return None
    style = attributes.get("style")
    look = outer._replace(is_block=False) if outer.is_block else outer
    if tag in _PREFORMATTED:
        look = look._replace(preformatted=True)
    elif tag == "blockquote":
        look = look._replace(quoted=True)
    return _styled(style, look) if style else look


def _properties(style: str) -> dict[str, str]:
    """Read `Display: none !important; COLOR: red`."""
    matches = map(_DECLARATION.match, style.lower().split(";"))
    return {match[1]: match[2].replace("!important", "").strip() for match in matches if match}


@lru_cache(2048)
def reduced_style(style: str) -> str:
    """Return what of a style decides what is read, as one of few: `COLOR: red; font-size: 12pt` -> `font-size:1px`."""
    properties = _properties(style)
    if _is_hidden(properties):
        return "display:none"
    reduced = []
    if "visibility" in properties:
        reduced.append(f"visibility:{'hidden' if _is_invisible(properties) else 'visible'}")
    if size := properties.get("font-size"):
        reduced.append(f"font-size:{'0' if _ZERO.fullmatch(size) else '1em' if _RELATIVE.fullmatch(size) else '1px'}")
    if space := properties.get("white-space"):
        reduced.append(f"white-space:{'pre' if _is_preformatted(space) else 'normal'}")
    if _is_block(properties):
        reduced.append("display:block")
    return ";".join(reduced)


@lru_cache(2048)  # a page has few styles, and has them often
def _styled(declarations: str, look: Look) -> Look | None:
    style = _properties(declarations)
    if _is_hidden(style):
        return None
    if "visibility" in style:
        look = look._replace(invisible=_is_invisible(style))
    if size := style.get("font-size"):
        look = look._replace(
            sizeless=bool(_ZERO.fullmatch(size)) or (look.sizeless and bool(_RELATIVE.fullmatch(size)))
        )
    if space := style.get("white-space"):
        look = look._replace(preformatted=_is_preformatted(space))
    return look._replace(is_block=_is_block(style))


def _is_invisible(style: Mapping[str, str]) -> bool:
    return style["visibility"] in {"hidden", "collapse"}


def _is_preformatted(space: str) -> bool:
    return "pre" in space or space == "break-spaces"


def _is_block(style: Mapping[str, str]) -> bool:
    return style.get("display") in {"block", "flex", "grid", "table", "list-item"}


def _is_hidden(style: Mapping[str, str]) -> bool:
    if style.get("display") == "none" or _is_zero(style.get("opacity")):
        return True
    # The line that mail programs show beside the subject, and newsletters fill for it.
    return style.get("overflow") == "hidden" and any(_is_zero(style.get(name)) for name in ("height", "max-height"))


def _is_zero(size: str | None) -> bool:
    return bool(size and _ZERO.fullmatch(size))
