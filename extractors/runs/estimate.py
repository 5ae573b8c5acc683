"""What a run would take: counted from the requests it would send, without sending one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from slotfill.extractors import catalogue
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.prompt import BYTES_A_TOKEN
from slotfill.extractors.record import Document, Usage

__all__ = ["estimate"]


def estimate(extractor: Extractor[Any], documents: Iterable[Document]) -> dict[str, Any]:
    """Count documents, characters, requests, tokens and cost.

    Tokens in and the cost are estimates, each document, or chunk of one, asked about once and nothing read from the
    cache; tokens out, and the cost they make, are what the replies are given room for.
    """
    counts = {"documents": 0, "unreadable": 0, "characters": 0, "requests": 0}
    total, at_least, at_most = Usage(), Decimal(0), Decimal(0)
    known = True
    for document in documents:
        counts["documents"] += 1
        counts["unreadable"] += document.failure is not None
        if document.failure:
            continue
        counts["characters"] += len(document.text)
        for request in extractor.requests(document):
            counts["requests"] += 1
            sent = len(json.dumps(request, ensure_ascii=False).encode()) // BYTES_A_TOKEN
            costs = [catalogue.cost(extractor.model.id, Usage(sent, out)) for out in (0, request["max_tokens"])]
            total += Usage(sent, request["max_tokens"])
            known = known and None not in costs
            at_least += costs[0] or 0
            at_most += costs[1] or 0
    return {
        "model": extractor.model.id,
        **counts,
        "input_tokens": total.input_tokens,
        "output_tokens_at_most": total.output_tokens,
        "cost_usd": {"at_least": _price(at_least), "at_most": _price(at_most)} if known else None,
    }


def _price(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("0.000001")), "f")
