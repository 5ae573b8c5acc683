"""Money lent to workers, and on disk before it is: whatever ends a worker or this process, no more was spent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from slotfill.extractors.distributed.worker_messages import MoneyLease, MoneyNeeds
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.accounts import Account

__all__ = ["MoneyLeases"]

NOTHING = Decimal(0)


@dataclass(slots=True)
class _Loan:
    """What a worker holds, by which model, and under which number it is reserved in the account; None before it is."""

    amount: Decimal = NOTHING
    model: str = ""
    number: int | None = None


class MoneyLeases:
    """Lends what a budget allows. account: that of the budget, which holds a row a worker for what is lent to it."""

    def __init__(self, budget: Budget, account: Account) -> None:
        self._budget, self._account = budget, account
        self._loans: dict[str, _Loan] = {}

    def settle(self, worker: str, needs: MoneyNeeds) -> None:
        """Take what a worker has spent, and what it gives back."""
        loan = self._loans.setdefault(worker, _Loan())
        before = loan.amount
        for settled in needs.settled:
            taken = settled.worst if settled.cost is None else settled.cost
            lent = min(settled.worst, taken)
            self._account.add(settled.model, settled.usage, settled.cost)
            self._budget.spend(lent, settled.model, settled.usage, settled.cost)
            loan.amount -= lent
        self._budget.repay(loan.amount - needs.balance)
        loan.amount = needs.balance
        if loan.number is not None and loan.amount != before:
            self._account.renew(loan.number, loan.amount)

    def lend(self, worker: str, needs: MoneyNeeds) -> MoneyLease:
        """Lend what a worker wants, if not that then what helps it at least; it is stored before it is lent."""
        granted = next((one for one in (needs.wanted, needs.least) if one and self._budget.lend(one)), NOTHING)
        if granted:
            self._store(self._loans[worker], granted, needs.model)
        if not granted and needs.least and (refusal := self._budget.refusal(needs.least)):
            return MoneyLease(refusal=refusal)
        return MoneyLease(granted, scarce=granted < needs.wanted)

    def left(self, worker: str) -> None:
        """Close the account of a worker that has given everything back."""
        loan = self._loans.pop(worker, _Loan())
        if loan.number is not None:
            self._account.release(loan.number)

    def lost(self, worker: str) -> None:
        """Take all that a worker held for spent: it may have been, until it ended."""
        loan = self._loans.pop(worker, _Loan())
        self._budget.spend(loan.amount, loan.model, None, loan.amount)
        if loan.number is not None and not loan.amount:
            self._account.release(loan.number)

    def _store(self, loan: _Loan, granted: Decimal, model: str) -> None:
        loan.amount += granted
        loan.model = loan.model or model
        if loan.number is None:
            loan.number = self._account.reserve(model, loan.amount)
        else:
            self._account.renew(loan.number, loan.amount)
            self._account.store()
