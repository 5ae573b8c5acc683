"""HTML as it is written: texts escaped, controls shown, nothing that a document holds becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from slotfill.extractors.record.json_text import CONTROLS
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["cut", "element", "shown", "shown_value", "table_head"]

_UNSHOWN = re.compile(rf"[{CONTROLS}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
"""Controls, and what turns the direction of a line: they would show something else than what stands there."""


def shown(text: str) -> str:
    """Write a text so that it shows as it is; what cannot be seen shows as its number."""
    return escape(_UNSHOWN.sub(lambda match: f"[U+{ord(match[0]):04X}]", text))


def shown_value(value: JSON, longest: int = 400) -> str:
    """Write a value: a text as it is, anything else as JSON; one that is long is cut."""
    return shown(cut(value if isinstance(value, str) else dumps(value), longest))


def cut(text: str, longest: int) -> str:
    """Return a text, or its beginning with an ellipsis where it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def element(name: str, *parts: str, **attributes: str | float | None) -> str:
    """Write an element of parts that are markup already. attributes: by name, with `_` for `-`; None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{shown(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(parts)}</{name}>"


def table_head(names: Iterable[str]) -> str:
    """Write the head of a table; a column of plots has no name, or that of what it draws."""
    return element(
        "thead",
        element(
            "tr",
            *(element("th", shown(name), class_="plotted" if name in ("", "verdicts") else None) for name in names),
        ),
    )


def _number(value: str | float | None) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
