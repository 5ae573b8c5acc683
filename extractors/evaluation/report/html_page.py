"""One HTML file that needs nothing else: its style is in it, and by its policy a browser loads and runs nothing."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from slotfill.extractors.evaluation.report.html_markup import element, shown
from slotfill.extractors.evaluation.report.page_style import STYLE

__all__ = ["html_page"]


def html_page(title: str, *parts: str) -> str:
    """Write a page of parts that are markup already."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{shown(title)}</title><style>{STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{element("main", *parts)}</body></html>\n'
