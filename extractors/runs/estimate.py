"""What a run would take: counted from the requests it would send, without sending one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slotfill.extractors.catalogue import prices
from slotfill.extractors.clients.metering import pdf_size, without_pdfs
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.money import money_json
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.prompt import BYTES_A_TOKEN
from slotfill.extractors.runs.earlier_records import EarlierRecords
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["estimate"]


def estimate(
    extractor: Extractor[Any], documents: Iterable[Document], earlier: EarlierRecords | None = None
) -> JSONObject:
    """Count documents, characters, pages that are sent as they are, requests, tokens and cost.

    Tokens in and the cost are estimates, each document, or chunk of one, asked about once and nothing read from the
    cache; tokens out, and the cost they make, are what the replies are given room for. The surcharge is what of the
    cost is for long prompts, for which some models have higher rates.

    earlier: what an earlier run has found: what need not be asked for is not counted then, and `taken_over` tells of
    how many documents nothing is.
    """
    counts = {"documents": 0, "unreadable": 0, "characters": 0, "pages": 0, "requests": 0}
    counts |= {} if earlier is None else {"taken_over": 0}
    total, cost, surcharge = Usage(), _Bounds(prices.cost), _Bounds(prices.surcharge)
    for document in documents:
        counts["documents"] += 1
        counts["unreadable"] += document.failure is not None
        if document.failure:
            continue
        counts["characters"] += len(document.text_beside_pages)
        counts["pages"] += document.page_count
        known = None if earlier is None else earlier.find(document)
        requests = extractor.requests(document, earlier=known)
        if known is not None and not requests:
            counts["taken_over"] += 1
        for request in requests:
            counts["requests"] += 1
            text = json.dumps(without_pdfs(request), ensure_ascii=False).encode()
            sent = (len(text) + pdf_size(request)) // BYTES_A_TOKEN
            total += Usage(sent, request["max_tokens"])
            cost.add(extractor.model.id, sent, request["max_tokens"])
            surcharge.add(extractor.model.id, sent, request["max_tokens"])
    return {
        "model": extractor.model.id,
        **counts,
        "input_tokens": total.input_tokens,
        "output_tokens_at_most": total.output_tokens,
        "cost_usd": cost.to_json(),
        "surcharge_usd": surcharge.to_json(),
    }


@dataclass(slots=True)
class _Bounds:
    """What requests cost by one reckoning: at least, with empty replies, and at most, with full ones."""

    priced: Callable[[str, Usage], Decimal | None]
    at_least: Decimal = Decimal(0)
    at_most: Decimal = Decimal(0)
    known: bool = True

    def add(self, model: str, sent: int, room: int) -> None:
        """Add what one costs, of so many tokens and with room for so many."""
        least, most = (self.priced(model, Usage(sent, out)) for out in (0, room))
        self.known = self.known and least is not None and most is not None
        self.at_least += least or 0
        self.at_most += most or 0

    def to_json(self) -> dict[str, str | None] | None:
        """Return both as plain JSON data; None where a price is unknown."""
        if not self.known:
            return None
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: money_json(amount.quantize(_MICRODOLLAR)) for name, amount in bounds.items()}


_MICRODOLLAR = Decimal("0.000001")
