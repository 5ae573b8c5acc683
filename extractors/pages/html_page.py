"""One HTML file that needs nothing else: style and script are in it, and by its policy a browser loads nothing more."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from slotfill.extractors.pages.html_markup import element, shown

__all__ = ["content_policy", "html_page"]


def html_page(title: str, *parts: str, style: str, script: str = "") -> str:
    """Write a page of parts that are markup already.

    Args:
        title: What the browser's window is called.
        parts: What the page's body holds.
        style: The style sheet.
        script: The program that runs once the body is there; nothing else runs, whatever the parts hold.
    """
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{content_policy(style, script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{shown(title)}</title><style>{style}</style>"
    )
    body = element("main", *parts) + (f"<script>{script}</script>" if script else "")
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def content_policy(style: str, script: str = "") -> str:
    """Write the Content-Security-Policy of a page: this style and script, by their hashes, pictures in it, no more."""
    allowed = {
        "default-src": "'none'",
        "style-src": _hash_source(style),
        "script-src": _hash_source(script) if script else "",
        "img-src": "data:" if script else "",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {source}" for name, source in allowed.items() if source)


def _hash_source(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
