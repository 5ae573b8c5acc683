"""The page of a viewer, part by part: one file that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slotfill.extractors.pages.html_page import page_parts
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.viewing.page_assets import viewer_frame, viewer_script, viewer_style
from slotfill.extractors.viewing.plain_tables import plain_table
from slotfill.extractors.viewing.record_view import document_entry
from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["data_blocks", "viewer_page"]


def viewer_page(views: Iterable[JSONObject], title: str) -> Iterator[str]:
    """Write the page of some documents.

    Args:
        views: The data of each document, as `record_view` gives it; one at a time is held.
        title: What the page is called.

    Yields:
        The file's text.
    """
    parts = _body(views, title)
    yield from page_parts(title, parts, style=viewer_style(), script=viewer_script())


def data_blocks(views: Iterable[JSONObject]) -> Iterator[str]:
    """Write documents as a page's scripts read them: a line each, parsed when it is opened; then what the list needs.

    Yields:
        Markup: two blocks of JSON, which no browser runs.
    """
    entries = []
    yield '<script type="application/json" id="documents">\n'
    for view in views:
        entries.append(document_entry(view))
        yield f"{_data(view)}\n"
    yield f'</script>\n<script type="application/json" id="index">{_data(entries)}</script>\n'


def _body(views: Iterable[JSONObject], title: str) -> Iterator[str]:
    tables: list[str] = []
    yield viewer_frame(title)
    yield from data_blocks(_noted(views, tables))
    yield f'<noscript><main class="plain">{"".join(tables)}</main></noscript>\n'


def _noted(views: Iterable[JSONObject], tables: list[str]) -> Iterator[JSONObject]:
    """Hand views on, and note the table of each: they stand behind the data, as a browser with scripts skips them."""
    for view in views:
        tables.append(plain_table(view))
        yield view


def _data(data: JSON) -> str:
    r"""Write JSON that ends no script: `<` as \u003c, whatever follows it."""
    return json_text(data).replace("<", "\\u003c")
