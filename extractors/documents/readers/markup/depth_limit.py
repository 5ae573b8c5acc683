"""Nesting that no person wrote is cut, as browsers cut it: a parser's time grows with its square."""

from __future__ import annotations

import re

__all__ = ["limit_depth"]

_DEEPEST = 512
"""Chromium's own limit."""

_BLOCK = re.compile(
    r"""
    < (/?)
    (?: address|article|aside|blockquote|center|details|dialog|dir|div|dl|fieldset|figcaption|figure|footer|header
    | hgroup|listing|main|menu|nav|ol|optgroup|pre|search|section|summary|table|ul
    ) (?=[\s/>])
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""Tags of elements that are not ended by what follows: only these can be nested without end."""


def limit_depth(page: str) -> str:
    """Turn what is nested more than 512 times into inline elements, with line breaks where blocks would be.

    `<div><div style="…">a</div></div>` within 511 others becomes `<div><br><span style="…">a</span><br></div>`: what
    is hidden stays so.
    """
    if not _is_too_deep(page):
        return page
    depth = 0

    def inline(match: re.Match[str]) -> str:
        nonlocal depth
        if match[1]:
            depth = max(0, depth - 1)
            return "<br></span" if depth >= _DEEPEST else match[0]
        depth += 1
        return "<br><span" if depth > _DEEPEST else match[0]

    return _BLOCK.sub(inline, page)


def _is_too_deep(page: str) -> bool:
    depth = 0
    for closes in _BLOCK.findall(page):
        if not closes:
            depth += 1
            if depth > _DEEPEST:
                return True
        elif depth:
            depth -= 1
    return False
