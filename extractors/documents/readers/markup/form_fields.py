"""What a form's fields show: what has been filled in, or chosen."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

__all__ = ["FORM_FIELDS", "field_text"]

FORM_FIELDS = frozenset(("input", "select"))
"""Elements that show something other than the text within them."""

_UNSHOWN = frozenset(("hidden", "password", "file", "color", "range"))


def field_text(node: LexborNode, tag: str) -> str:
    """Return what a field shows, "" for nothing."""
    return _chosen(node) if tag == "select" else _value(node)


def _value(field: LexborNode) -> str:
    attributes = field.attributes
    kind = (attributes.get("type") or "text").lower()
    if kind in {"checkbox", "radio"}:
        return "[x]" if "checked" in attributes else "[ ]"
    if kind == "image":
        return attributes.get("alt") or ""
    return "" if kind in _UNSHOWN else attributes.get("value") or ""


def _chosen(field: LexborNode) -> str:
    """Return the options that are chosen; of a field where one is, and none says so, the first."""
    options = [option for option in field.css("option") if "hidden" not in option.attributes]
    chosen = [option for option in options if "selected" in option.attributes]
    if "multiple" not in field.attributes:
        chosen = chosen[-1:] or options[:1]
    return ", ".join(" ".join(option.text().split()) for option in chosen)
