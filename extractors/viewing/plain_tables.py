"""Documents as plain tables, for browsers that run no script. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.pages.html_markup import element, shown, shown_value, table_head
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["plain_table"]


def plain_table(view: JSONMapping) -> str:
    """Write a document's values as a table. view: its data, as `record_view` gives it."""
    name = view["source"] or f"text {view['id'][:12]}"
    facts = ", ".join(_facts(view))
    parts = [element("h2", shown(name)), element("p", shown(facts))]
    if view["fields"]:
        rows = (element("tr", *(element("td", cell) for cell in _cells(row))) for row in view["fields"])
        head = table_head(("field", "value", "stands in the text", "where", "flags"))
        parts.append(element("table", head, element("tbody", *rows)))
    return element("section", *parts)


def _facts(view: JSONMapping) -> Iterator[str]:
    yield view["outcome"]
    yield f"{view['schema']} by {view['model']}"
    if view["cost_usd"] is not None:
        yield f"{view['cost_usd']} USD"
    if view["error"]:
        yield view["error"]["message"]


def _cells(row: JSONMapping) -> Iterator[str]:
    yield shown(row["path"] or "(value)")
    yield shown(f"{row['items']:,} items") if "items" in row else shown_value(row.get("digits", row["value"]))
    yield "nowhere" if row.get("match") == "absent" else row.get("match", "")
    yield shown(", ".join(_places(row)))
    yield ", ".join(row["flags"])


def _places(row: JSONMapping) -> Iterator[str]:
    if "points" in row:
        yield "characters {} to {}".format(*row["points"])
    for name, part in row.get("place", {}).items():
        if name not in ("box", "boxes"):
            yield f"{name} {part}"
