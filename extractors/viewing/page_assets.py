"""The files that a viewer's page is made of, beside this module: style, scripts, and the frame that they fill."""

from __future__ import annotations

from importlib.resources import files

from slotfill.extractors.pages.html_markup import shown

__all__ = ["viewer_frame", "viewer_script", "viewer_style"]

_SCRIPTS = ("page_elements", "row_blocks", "document_list", "marked_text", "drawn_pages", "field_form", "viewer")
"""In this order: each uses those before it."""


def viewer_style() -> str:
    """Return the style sheet."""
    return _asset("viewer.css")


def viewer_script() -> str:
    """Return the program: all scripts as one. What is put behind it can use what they define (see `viewer.js`)."""
    return "".join(_asset(f"{name}.js") for name in _SCRIPTS)


def viewer_frame(title: str) -> str:
    """Return the markup that scripts fill. title: what stands at its top."""
    return _asset("viewer.html").replace("{title}", shown(title))


def _asset(name: str) -> str:
    """Read a file, without the comments and the indentation that are there for those who work on it."""
    text = (files("slotfill.extractors.viewing") / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))
