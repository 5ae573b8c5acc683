"""One HTML file that needs nothing else: style and script are in it, and by its policy a browser loads nothing more."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256

from slotfill.extractors.pages.html_markup import element, shown

__all__ = ["content_policy", "html_page", "page_parts"]


def html_page(title: str, *parts: str, style: str, script: str = "") -> str:
    """Write a page of parts that are markup already.

    Args:
        title: What the browser's window is called.
        parts: What the page's body holds.
        style: The style sheet.
        script: The program that runs once the body is there; nothing else runs, whatever the parts hold.
    """
    return "".join(page_parts(title, [element("main", *parts)], style=style, script=script))


def page_parts(
    title: str, parts: Iterable[str], *, style: str, script: str = "", connections: str = "", icon: str = ""
) -> Iterator[str]:
    """Write a page part by part: its texts may be many.

    Args:
        title: What the browser's window is called.
        parts: What the page's body holds, markup already, its `main` element among it.
        style: The style sheet.
        script: The program that runs once the body is there.
        connections: What it may connect to, as in a policy's `connect-src`, such as `'self'`; default: nothing.
        icon: A data: address of the page's icon.

    Yields:
        The file's text.
    """
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{content_policy(style, script, connections)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{shown(title)}</title>{_icon(icon)}<style>{style}</style></head>\n<body>"
    )
    yield from parts
    yield (f"<script>{script}</script>" if script else "") + "</body></html>\n"


def content_policy(style: str, script: str = "", connections: str = "") -> str:
    """Write the Content-Security-Policy of a page: this style and script, by their hashes, pictures in it, no more."""
    allowed = {
        "default-src": "'none'",
        "style-src": _hash_source(style),
        "script-src": _hash_source(script) if script else "",
        "img-src": "data:" if script else "",
        "connect-src": connections,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {source}" for name, source in allowed.items() if source)


def _icon(address: str) -> str:
    return f'<link rel="icon" href="{shown(address)}">' if address else ""


def _hash_source(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
