"""A page of a list, as the service turns them: so many entries after, or before, one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["page"]

PAGE = 20
"""Entries of a page, where nobody says how many."""


def page(entries: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Give the page that is asked for. query: `limit`, `after_id`, `before_id`."""
    names = [entry["id"] for entry in entries]
    limit = int(query.get("limit", PAGE))
    start = names.index(query["after_id"]) + 1 if query.get("after_id") in names else 0
    stop = names.index(query["before_id"]) if query.get("before_id") in names else len(names)
    first = max(start, stop - limit) if "before_id" in query else start
    told = entries[first : min(stop, first + limit)]
    return {
        "data": [*told],
        "has_more": first > 0 if "before_id" in query else first + limit < stop,
        "first_id": told[0]["id"] if told else None,
        "last_id": told[-1]["id"] if told else None,
    }
