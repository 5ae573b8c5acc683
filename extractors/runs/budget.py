"""The budget: what a run has spent, what it has reserved, and what it may still spend."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from decimal import Decimal

from slotfill.extractors.budgets.budget_ledger import SpendingAccount
from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.metering import BudgetError, Try
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.record.money import money_text
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.ledger.accounts import Account
from slotfill.extractors.telemetry.extraction_telemetry import count_spending

__all__ = ["Budget"]

_NOTHING = Decimal(0)


class Budget:
    """The meter of a run: what is spent and what is reserved, together, never exceed what may be spent.

    account: read once, stored to at each try. models: all that may be asked.
    max_cost: in USD, of the whole run, resumed parts included; None for no limit.
    warn_cost: in USD; `on_warning` is called once when more has been spent.
    shared: books it all where other runs do, within limits that they have in common; None for nowhere.
    ttl: how long the service keeps what is marked for its cache.
    schema: the name of what is asked for, by which what each try took is told in metrics, as the account has it.

    The worst case of a try is reserved before it is sent, and given back when it is settled. One whose reply was lost
    keeps its reservation as spent. Safe for threads.

    Raises SettingsError where a limit cannot be kept to, as a price is unknown.
    """

    def __init__(
        self,
        account: Account,
        models: Iterable[str] = (),
        *,
        max_cost: Decimal | None = None,
        warn_cost: Decimal | None = None,
        shared: SpendingAccount | None = None,
        ttl: CacheTTL = "5m",
        on_warning: Callable[[str], None] = lambda _: None,
        schema: str = "",
    ) -> None:
        self._schema = schema
        self._account, self._ttl = account, ttl
        self._max_cost, self._warn_cost, self._on_warning = max_cost, warn_cost, on_warning
        self._shared, self._set_aside = shared or _Unshared(), Decimal(0)
        self._spent, self._reserved = account.spent(), Decimal(0)
        self._in_flight: dict[int, tuple[str, Decimal | None]] = {}
        self._counting = threading.Lock()
        self._closed = False
        if max_cost is not None:
            self._check(models, "--max-cost")
        if self._shared.limits:
            self._check(models, "--budget")

    @property
    def spent(self) -> Decimal | None:
        """What the whole run has spent in USD, lost replies included; None once a price was unknown."""
        return self._spent

    @property
    def reserved(self) -> Decimal:
        """What the tries in flight may cost beside, in USD."""
        return self._reserved

    def admit(self, tried: Try) -> int | None:
        """Reserve a try's worst case and return its number; None while others in flight may leave room for it.

        Raises BudgetError where they cannot.
        """
        self.check()
        worst = self.worst(tried)
        with self._counting:
            if not self._fits(tried, worst) or not self._shared.reserve(worst or _NOTHING):
                return None
            try:
                number = self._account.reserve(tried.model, worst)
            except BaseException:
                self._shared.settle(worst or _NOTHING, _NOTHING)  # nothing is sent: the disk may be full
                raise
            self._hold(number, tried.model, worst)
            return number

    def worst(self, tried: Try) -> Decimal | None:
        """Return the most that a try can cost in USD; None where its price is unknown."""
        return prices.worst(tried.model, tried.size, tried.room, ttl=self._ttl, tier=tried.tier)

    def set_aside(self, tried: Try, *, beside: Decimal) -> bool:
        """Whether a try of a batch fits beside what others of it may cost, and what is in flight.

        Where it does, budgets that are shared have its worst case set aside until it is held, or all is closed.

        Raises BudgetError where it will not even when those are settled.
        """
        self.check()
        worst = self.worst(tried)
        with self._counting:
            if not self._fits(tried, worst, beside) or not self._shared.reserve(worst or _NOTHING):
                return False
            self._set_aside += worst or 0
            return True

    def hold(self, number: int, model: str, worst: Decimal | None, *, spent: bool = False) -> None:
        """Hold what the account has reserved already for a try of a batch, until it is settled.

        spent: whether it was counted as spent, as what an earlier start has left in flight is.
        """
        with self._counting:
            self._hold(number, model, worst)
            if spent and self._spent is not None:
                self._spent -= worst or 0
            # A batch that the service found too large goes in halves: what was set aside for it was given back since.
            ready = min(self._set_aside, worst or _NOTHING)
            self._set_aside -= ready
            if worst and worst > ready:
                self._shared.take_over(worst - ready)

    def check(self) -> None:
        """Raise BudgetError once it is closed."""
        if self._closed:
            raise BudgetError("the run is being stopped: the same command goes on")

    def close(self) -> None:
        """Let no further try start."""
        self._closed = True

    def settle(self, number: int, usage: Usage | None) -> None:
        """Give back what was reserved for a try, and count what it took; None: all that was reserved."""
        with self._counting:
            model, worst = self._in_flight.pop(number)
            cost = None if usage is None else prices.cost(model, usage, ttl=self._ttl)
            self._account.settle(number, usage, cost)
            taken = worst if usage is None else cost
            self._shared.settle(worst or _NOTHING, taken or _NOTHING)
            self._reserved -= worst or 0
            self._spent = None if self._spent is None or taken is None else self._spent + taken
            warning = self._warning()
        count_spending(self._schema, model, usage, taken)
        if warning:
            self._on_warning(warning)

    def lend(self, amount: Decimal) -> bool:
        """Reserve an amount for tries elsewhere, where it fits; `repay` gives it back, `spend` what they took of it."""
        with self._counting:
            if self._max_cost is not None and self._left(self._max_cost) < amount:
                return False
            try:
                if not self._shared.reserve(amount):
                    return False
            except BudgetError:
                return False  # less may fit: `refusal` tells whether
            self._reserved += amount
            return True

    def repay(self, amount: Decimal) -> None:
        """Take back what was lent and not spent."""
        with self._counting:
            self._reserved -= amount
            self._shared.settle(amount, _NOTHING)

    def spend(self, lent: Decimal, model: str, usage: Usage | None, taken: Decimal | None) -> None:
        """Count what a try took of what was lent, so much of it; None where its price is not known."""
        with self._counting:
            self._reserved -= lent
            self._shared.settle(lent, taken or _NOTHING)
            self._spent = None if self._spent is None or taken is None else self._spent + taken
            warning = self._warning()
        count_spending(self._schema, model, usage, taken)
        if warning:
            self._on_warning(warning)

    @property
    def left(self) -> Decimal | None:
        """What may still be spent or reserved in USD; None without a limit."""
        with self._counting:
            return None if self._max_cost is None else self._left(self._max_cost)

    def refusal(self, worst: Decimal) -> str | None:
        """Say why a try of a worst case will not fit whatever comes of the others; None where it may."""
        if self._max_cost is None or self._spent is None or self._spent + worst <= self._max_cost or not worst:
            return self._shared.refusal(worst)
        return _exhausted(self._spent, self._max_cost, worst)

    def leave(self) -> None:
        """Give back to budgets that are shared what is not in flight: batches are, and a later start reads them."""
        with self._counting:
            self._shared.close(remaining=sum((worst or _NOTHING for _, worst in self._in_flight.values()), _NOTHING))

    def _left(self, max_cost: Decimal) -> Decimal:
        return max_cost - (self._spent or 0) - self._reserved

    def _hold(self, number: int, model: str, worst: Decimal | None) -> None:
        self._in_flight[number] = (model, worst)
        self._reserved += worst or 0

    def _fits(self, tried: Try, worst: Decimal | None, beside: Decimal = Decimal(0)) -> bool:
        max_cost = self._max_cost
        if max_cost is None:
            return True
        if worst is None or self._spent is None:
            raise BudgetError(_unknown(tried.model))
        if self._spent + worst > max_cost and worst > 0:
            raise BudgetError(_exhausted(self._spent, max_cost, worst))
        return self._spent + self._reserved + beside + worst <= max_cost or worst == 0

    def _warning(self) -> str | None:
        """Return the warning that is due, once."""
        if self._warn_cost is None or self._spent is None or self._spent <= self._warn_cost:
            return None
        warning = f"{money_text(self._spent)} is spent, more than --warn-cost {money_text(self._warn_cost)}"
        self._warn_cost = None
        return warning

    def _check(self, models: Iterable[str], option: str) -> None:
        for model in models:
            if prices.worst(model, 0, 0, ttl=self._ttl) is None:
                raise SettingsError(_unknown(model, option))
        if self._spent is None and self._max_cost is not None:
            raise SettingsError(
                "--max-cost cannot be kept to: this run has asked a model whose price is unknown; leave --max-cost "
                "out, or begin anew with --fresh"
            )


class _Unshared:
    """Stands for budgets that are shared where there are none."""

    limits = ()

    def reserve(self, _: Decimal) -> bool:
        return True

    def refusal(self, _: Decimal) -> None:
        return None

    def take_over(self, _: Decimal) -> None:
        pass

    def settle(self, reserved: Decimal, taken: Decimal) -> None:
        pass

    def close(self, *, remaining: Decimal) -> None:
        pass


def _exhausted(spent: Decimal, max_cost: Decimal, worst: Decimal) -> str:
    return (
        f"{money_text(spent)} of --max-cost {money_text(max_cost)} is spent, and the next request could cost "
        f"{money_text(worst)}: the same command goes on with a higher --max-cost"
    )


def _unknown(model: str, option: str = "--max-cost") -> str:
    return (
        f"{option} cannot be kept to: no price is known for the model {model!r}; leave {option} out, or name a "
        "model that `slotfill models` lists"
    )
