"""The files that a viewer's page is made of, beside this module: style, scripts, and the frame that they fill."""

from __future__ import annotations

import re
from importlib.resources import files

from slotfill.extractors.pages.html_markup import shown

__all__ = ["controls_style", "page_file", "viewer_frame", "viewer_script", "viewer_style"]

_SCRIPTS = ("page_elements", "row_blocks", "document_list", "marked_text", "drawn_pages", "field_form", "viewer")
"""In this order: each uses those before it."""


def viewer_style() -> str:
    """Return the style sheet."""
    return _file("viewer.css")


def controls_style() -> str:
    """Return the style sheet of buttons, editors and dialogs; where something can be done it follows the viewer's."""
    return _file("controls.css")


def viewer_script() -> str:
    """Return the program: all scripts as one. What is put behind it can use what they define (see `viewer.js`)."""
    return "".join(_file(f"{name}.js") for name in _SCRIPTS)


def viewer_frame(title: str, *, above_list: str = "", list_name: str = "Documents") -> str:
    """Return the markup that scripts fill.

    Args:
        title: What stands at its top.
        above_list: Markup in the pane of the list of documents, above it.
        list_name: What this pane is called.
    """
    texts = {"above_list": above_list, "list_name": shown(list_name), "title": shown(title)}
    return re.sub(r"{(\w+)}", lambda match: texts[match[1]], _file("viewer.html"))


def page_file(package: str, name: str) -> str:
    """Read a file that a page is made of, without the comments and the indentation for those who work on it.

    Args:
        package: The package that it stands in.
        name: Its name.
    """
    text = (files(package) / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def _file(name: str) -> str:
    return page_file("slotfill.extractors.viewing", name)
