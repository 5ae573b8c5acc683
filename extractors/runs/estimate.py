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
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["estimate"]


def estimate(
    extractor: Extractor[Any], documents: Iterable[Document], earlier: EarlierRecords | None = None
) -> JSONObject:
    """Count documents, characters, pages that are sent as they are, requests, tokens and cost.

    Tokens in and the cost are estimates, each document, or chunk of one, asked about once and nothing read from the
    cache; tokens out, and the cost they make, are what the replies are given room for. The surcharge is what of the
    cost is for long prompts, for which some models have higher rates.

    Of several votes, requests, tokens and the most that it costs count all readings, and one of each document by the
    stronger model, if there is one; the least that it costs counts the readings that decide where all agree.

    earlier: what an earlier run has found: what need not be asked for is not counted then, and `taken_over` tells of
    how many documents nothing is.
    """
    counts = {"documents": 0, "unreadable": 0, "characters": 0, "pages": 0, "requests": 0}
    counts |= {} if earlier is None else {"taken_over": 0}
    total, cost, surcharge = Usage(), _Bounds(prices.cost), _Bounds(prices.surcharge)
    votes, stronger = extractor.settings.votes or 1, extractor.settings.escalate
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
        asked = [(_tokens_of(request), request["max_tokens"]) for request in requests]
        readings = [(extractor.model.id, sent, room, votes // 2 + 1, votes) for sent, room in asked]
        if stronger and asked:
            whole = sum(sent for sent, _ in asked), max(room for _, room in asked)
            readings.append((stronger, *whole, 0, 1))
        for model, sent, room, fewest, most in readings:
            counts["requests"] += most
            total += Usage(sent * most, room * most)
            for bounds in (cost, surcharge):
                bounds.add(model, sent, room, fewest=fewest, most=most)
    return {
        "model": extractor.model.id,
        **counts,
        "input_tokens": total.input_tokens,
        "output_tokens_at_most": total.output_tokens,
        "cost_usd": cost.to_json(),
        "surcharge_usd": surcharge.to_json(),
    }


def _tokens_of(request: JSONMapping) -> int:
    """Estimate the tokens that a request sends."""
    text = json.dumps(without_pdfs(request), ensure_ascii=False).encode()
    return (len(text) + pdf_size(request)) // BYTES_A_TOKEN


@dataclass(slots=True)
class _Bounds:
    """What requests cost by one reckoning: at least, with empty replies, and at most, with full ones."""

    priced: Callable[[str, Usage], Decimal | None]
    at_least: Decimal = Decimal(0)
    at_most: Decimal = Decimal(0)
    known: bool = True

    def add(self, model: str, sent: int, room: int, *, fewest: int, most: int) -> None:
        """Add what one costs, of so many tokens and with room for so many, that is sent so often."""
        empty, full = (self.priced(model, Usage(sent, out)) for out in (0, room))
        self.known = self.known and empty is not None and full is not None
        self.at_least += (empty or 0) * fewest
        self.at_most += (full or 0) * most

    def to_json(self) -> dict[str, str | None] | None:
        """Return both as plain JSON data; None where a price is unknown."""
        if not self.known:
            return None
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: money_json(amount.quantize(_MICRODOLLAR)) for name, amount in bounds.items()}


_MICRODOLLAR = Decimal("0.000001")
