"""Accounts: what each key has spent on each schema, in ledgers that `slotfill costs` adds up, within its budgets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.schemas.schema import Schema

__all__ = ["KeyAccounts"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
"""What a file's name is not made of here."""

ID_DIGITS = 12
"""So many digits of a schema's id tell schemas of one name apart."""


class KeyAccounts:
    """Opens them as they are needed, for one process. Safe for one event loop and the threads that its asks use.

    Args:
        folder: Where the ledgers stand.
        money: What all runs and services of the user spend.
        place: What tells the ledgers of this server from those of another: its port.
        budgets: What is limited beside each key's own limits.
    """

    def __init__(self, folder: Path, money: BudgetLedger, *, place: str, budgets: Sequence[SpendingLimit]) -> None:
        self._folder, self._money, self._place, self._budgets = folder, money, place, tuple(budgets)
        self._open = ExitStack()
        self._ledgers: dict[tuple[str, str], Ledger] = {}
        self._accounts: dict[tuple[str, str, str], tuple[ApiKey, tuple[SpendingLimit, ...], Budget]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledgers."""
        self._open.close()

    def account(
        self,
        key: ApiKey,
        shared: Sequence[SpendingLimit],
        schema: Schema[object],
        models: Sequence[str],
        labels: Mapping[str, str],
    ) -> Budget:
        """Return what takes account of what a key spends on a schema.

        Args:
            key: As it is now.
            shared: What keys may cost together, as their file says now.
            schema: What is extracted.
            models: The models that may be asked.
            labels: What the request's costs bear beside those of the key.

        Raises:
            LedgerError: A ledger cannot be used.
        """
        of_key = {**labels, **key.cost_labels}
        name = (key.name, schema.id, repr(sorted(of_key.items())))
        limits = self._limits_of(key, shared)
        known = self._accounts.get(name)
        if known is None or known[:2] != (key, limits):
            ledger = self._ledger(key, schema, models)
            account = self._money.account(of_key, limits)
            known = self._accounts[name] = (
                key,
                limits,
                Budget(ledger.account, models, shared=account, schema=schema.name),
            )
        return known[-1]

    def _limits_of(self, key: ApiKey, shared: Sequence[SpendingLimit]) -> tuple[SpendingLimit, ...]:
        return (*key.spending_limits, *shared, *self._budgets)

    def seconds_to_more(self, key: ApiKey, shared: Sequence[SpendingLimit]) -> float | None:
        """Return the seconds until a key may spend more, where it cannot now; None where no limit of it says that."""
        limits = self._limits_of(key, shared)
        reached = [status for status in self._money.status(limits) if status.is_reached]
        return max(((one.end - datetime.now(UTC)).total_seconds() for one in reached), default=None)

    def _ledger(self, key: ApiKey, schema: Schema[object], models: Sequence[str]) -> Ledger:
        name = key.name, schema.id
        if name not in self._ledgers:
            file = f"service-{key.name}-{_UNSAFE.sub('_', schema.name)}-{schema.id[:ID_DIGITS]}-{self._place}.db"
            about = {"schema": schema.name, "schema_id": schema.id, "models": " ".join(models), "output": "service"}
            ledger = Ledger(self._folder / file, about=about, labels=key.cost_labels)
            self._ledgers[name] = self._open.enter_context(ledger)
        return self._ledgers[name]
