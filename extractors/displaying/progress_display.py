"""How far something is, as a notebook shows it: a bar of the browser's own, and a line."""

from __future__ import annotations

from slotfill.extractors.displaying.notebook_style import notebook_block
from slotfill.extractors.pages.html_markup import element, shown

__all__ = ["progress_display"]


def progress_display(share: float | None, line: str) -> str:
    """Write it as markup for a notebook.

    Args:
        share: Which part is done, from 0 to 1; None where that is not known.
        line: What is said of it.
    """
    value = None if share is None else f"{share:.4f}"
    bar = element("progress", value=value, max="1", aria_label="progress")
    return notebook_block(element("div", bar, element("span", shown(line), class_="soft"), class_="head"))
