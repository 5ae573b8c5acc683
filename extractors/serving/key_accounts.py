"""Accounts: what each key has spent on each schema, in ledgers that `slotfill costs` adds up, within its budgets."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from slotfill.extractors.budgets.budget_ledger import BudgetLedger, SpendingAccount
from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.schemas.schema import Schema

__all__ = ["KeyAccounts", "Payer"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
"""What a file's name is not made of here."""

OF_REQUESTS = "of_requests"
"""How costs call all schemas that requests bring: each would have a file of its own."""

ID_DIGITS = 12
"""So many digits of a schema's id tell schemas of one name apart."""


MOST_ACCOUNTS = 256
"""So many are held that nothing is in flight of: requests bring labels of their own, and anybody may think of many."""


@dataclass(frozen=True, slots=True)
class Payer:
    """What takes account of requests of one key that bear the same labels.

    Attributes:
        meter: Is told of each HTTP try.
    """

    key: ApiKey
    limits: tuple[SpendingLimit, ...]
    ledger: Ledger
    account: SpendingAccount
    meter: Budget

    def store(self) -> None:
        """Store what tries have taken: `slotfill costs` counts those that are not as lost."""
        self.ledger.account.store()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight."""
        return not self.meter.reserved


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
        self._payers: OrderedDict[tuple[str, ...], Payer] = OrderedDict()

    def close(self) -> None:
        """Store all, and close the ledgers."""
        for payer in self._payers.values():
            payer.account.close()
        self._open.close()

    def drop_old(self) -> None:
        """Drop what nobody looks up any more of what was spent. Raises LedgerError."""
        self._money.drop_old()

    def payer(
        self,
        key: ApiKey,
        shared: Sequence[SpendingLimit],
        schema: Schema[object] | None,
        models: Sequence[str],
        labels: Mapping[str, str],
    ) -> Payer:
        """Return what takes account of what a key spends on a schema.

        Args:
            key: As it is now.
            shared: What keys may cost together, as their file says now.
            schema: What is extracted; None for any schema that a request brings.
            models: The models that may be asked.
            labels: What the request's costs bear beside those of the key.

        Raises:
            LedgerError: A ledger cannot be used.
        """
        of_key = {**labels, **key.cost_labels}
        name = (key.name, schema.id if schema else "", repr(sorted(of_key.items())))
        limits = self._limits(key, shared)
        known = self._payers.get(name)
        if known is None or (known.key, known.limits) != (key, limits):
            ledger = self._ledger(key, schema, models)
            account = self._money.account(of_key, limits)
            meter = Budget(ledger.account, models, shared=account, schema=schema.name if schema else OF_REQUESTS)
            known = self._payers[name] = Payer(key, limits, ledger, account, meter)
            self._forget_idle()
        self._payers.move_to_end(name)
        return known

    @contextmanager
    def run_account(
        self, key: ApiKey, shared: Sequence[SpendingLimit], labels: Mapping[str, str], run: Path
    ) -> Iterator[SpendingAccount]:
        """Give what books the costs of one run of a key.

        Args:
            key: As it is now.
            shared: As in `payer`.
            labels: What the run's costs bear beside those of the key.
            run: The run's own ledger, by which its later starts know what this one leaves: what is in batches.
        """
        with self._money.for_run(str(run)) as money:
            yield money.account({**labels, **key.cost_labels}, self._limits(key, shared))

    def seconds_to_more(self, payer: Payer) -> float | None:
        """Return the seconds until a payer may spend more, where it cannot now; None where no limit of it says that."""
        reached = [status for status in self._money.status(payer.limits) if status.is_reached]
        return max(((one.end - datetime.now(UTC)).total_seconds() for one in reached), default=None)

    def _limits(self, key: ApiKey, shared: Sequence[SpendingLimit]) -> tuple[SpendingLimit, ...]:
        return (*key.spending_limits, *shared, *self._budgets)

    def _forget_idle(self) -> None:
        idle = [name for name, payer in self._payers.items() if payer.is_idle]
        for name in idle[: max(0, len(idle) - MOST_ACCOUNTS)]:
            self._payers.pop(name).account.close()

    def _ledger(self, key: ApiKey, schema: Schema[object] | None, models: Sequence[str]) -> Ledger:
        name = schema.name if schema else OF_REQUESTS
        digits = f"-{schema.id[:ID_DIGITS]}" if schema else ""
        file = f"service-{key.name}-{_UNSAFE.sub('_', name)}{digits}-{self._place}.db"
        if (key.name, file) not in self._ledgers:
            about = {"schema": name, "schema_id": schema.id if schema else "", "models": " ".join(models)}
            ledger = Ledger(self._folder / file, about={**about, "output": "service"}, labels=key.cost_labels)
            self._ledgers[key.name, file] = self._open.enter_context(ledger)
        return self._ledgers[key.name, file]
