"""Asking with variants: each is a run of the engine, with a ledger of its own, so that no answer is paid for twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from slotfill.extractors.budgets.budget_ledger import SpendingAccount
from slotfill.extractors.catalogue import prices
from slotfill.extractors.clients.metering import size_of
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.options import Options
from slotfill.extractors.record.money import add_money
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.ledger.accounts import Account
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledger_path, ledgers_of, run_identity
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.settings import Settings
from slotfill.schemas.schema import Schema

__all__ = ["VariantRuns"]

_logger = logging.getLogger("slotfill")


class VariantRuns:
    """Asks about documents with one schema after the other, within one budget.

    output: beside which the ledgers stand. max_cost: in USD, of all runs, those of an earlier start included.
    account: books what they cost where other runs do; None for nowhere. on_interrupt: as in `Run`.
    """

    def __init__(
        self,
        output: str,
        options: Options,
        *,
        max_cost: Decimal | None = None,
        concurrency: int | None = None,
        account: SpendingAccount | None = None,
        on_interrupt: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.held = Decimal(0)
        """What of the budget is not to be spent yet."""
        self.worst = Decimal(0)
        """The most that one request could have cost so far: so much must be left for any to be sent."""
        self._output, self._options = output, options
        self._max_cost, self._concurrency, self._on_interrupt = max_cost, concurrency, on_interrupt
        self._account = account
        earlier = costs_of(ledgers_of(output, Settings.read()), "model")
        self._spent: Decimal | None = earlier.total.usd

    @property
    def spent(self) -> Decimal | None:
        """What all runs have spent in USD; None once a price was unknown."""
        return self._spent

    @property
    def left(self) -> Decimal | None:
        """What may be spent, without what is held; None for any amount."""
        if self._max_cost is None or self._spent is None:
            return None
        return self._max_cost - self.held - self._spent

    def ask(self, schema: Schema[Any], documents: Sequence[Document]) -> list[Record]:
        """Return the record of each document.

        Raises what stops a run: StoppedError, ModelError, LedgerError, KeyboardInterrupt. What is answered by then is
        not asked again.
        """
        extractor = Extractor(schema, **self._options)
        run = run_identity(schema, extractor.models, extractor.settings)
        about = {"schema": schema.name, "schema_id": schema.id, "models": " ".join(extractor.models)}
        path = ledger_path(self._output, run, extractor.settings)
        collected = _Records()
        with Ledger(path, about={**about, "output": self._output}, labels={"command": "tune"}) as ledger:
            budget = self._budget(extractor, ledger)
            self.worst = max(self.worst, _worst_case(extractor, documents[0]))
            extractor.meter(budget)
            work = Run(
                extractor,
                ledger,
                Delivery(ledger, collected, None, records=True, schema=schema),
                Breaker(max_wait=extractor.settings.max_wait, on_warning=_logger.warning),
                concurrency=self._concurrency or extractor.settings.concurrency,
                on_interrupt=self._on_interrupt,
                on_halt=budget.close,
            )
            try:
                work.run(documents)
            finally:
                self._spent = budget.spent
                budget.leave()
        return collected.records

    def _budget(self, extractor: Extractor[Any], ledger: Ledger) -> Budget:
        others = add_money(self._spent, None if (own := ledger.account.spent()) is None else -own)
        return Budget(
            _SharedAccount(ledger.account, others),
            extractor.models,
            max_cost=None if self._max_cost is None else self._max_cost - self.held,
            shared=self._account,
            ttl=extractor.settings.cache_ttl,
            schema=extractor.schema.name,
        )


def _worst_case(extractor: Extractor[Any], document: Document) -> Decimal:
    """Return the most that the first request about a document can cost, as far as that is known."""
    costs = [
        prices.worst(extractor.model.id, size_of(request), request["max_tokens"], ttl=extractor.settings.cache_ttl)
        for request in extractor.requests(document)
    ]
    return max((cost for cost in costs if cost is not None), default=Decimal(0))


class _SharedAccount(Account):
    """A ledger's account, to which is added what the other ledgers have spent."""

    def __init__(self, own: Account, others: Decimal | None) -> None:
        self._own, self._others = own, others

    def reserve(self, model: str, worst: Decimal | None) -> int:
        return self._own.reserve(model, worst)

    def settle(self, number: int, usage: Usage | None, cost: Decimal | None) -> None:
        self._own.settle(number, usage, cost)

    def spent(self) -> Decimal | None:
        return add_money(self._own.spent(), self._others)


class _Records(Sink):
    """Collects records in the documents' order."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def write(self, record: Record) -> None:
        self.records.append(record)
