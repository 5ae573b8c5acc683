"""The money of a server's life: what its calls may cost together, booked where `slotfill costs` and budgets look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path

from slotfill.extractors.budgets.run_budgets import run_budgets
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.identity import state_folder
from slotfill.extractors.runs.ledger.lock import LedgerInUseError
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.settings import Settings

__all__ = ["tool_account"]

MOST_SERVERS = 64
"""So many servers of one user run at a time: each program that starts one has its own."""

_NAME = "mcp"
"""How costs call what clients had extracted."""


@contextmanager
def tool_account(models: Sequence[str], settings: Settings, *, max_cost: Decimal | None) -> Iterator[Budget]:
    """Give what each HTTP try is told to, before and after.

    Args:
        models: All that may be asked.
        settings: Say where state stands.
        max_cost: In USD, from now on; None for no limit.

    Raises:
        SettingsError: The limit cannot be kept to, as a price is unknown.
        LedgerError: What is spent cannot be written down.
    """
    with _free_ledger(state_folder(settings), models) as ledger:
        shared = run_budgets((), {}, settings, webhook=None, ledger=ledger.path, lasting=True)
        with shared as money:
            budget = Budget(
                ledger.account, models, max_cost=max_cost, shared=money, ttl=settings.cache_ttl, schema=_NAME
            )
            try:
                yield budget
            finally:
                budget.close()
                budget.leave()


def _free_ledger(folder: Path, models: Sequence[str]) -> Ledger:
    """Open the first ledger that no other server has: what this start spends is counted from nothing."""
    about = {"schema": _NAME, "schema_id": "", "models": " ".join(models), "output": _NAME}
    for number in range(1, MOST_SERVERS):
        with suppress(LedgerInUseError):
            return Ledger(folder / f"{_NAME}-{number}.db", about=about, fresh=True)
    return Ledger(folder / f"{_NAME}-{MOST_SERVERS}.db", about=about, fresh=True)
