"""What is so at a moment: requests in flight, what is left of a budget, breakers, limits. Read when it is collected."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakSet, finalize

from opentelemetry.metrics import CallbackOptions, Meter, Observation

__all__ = ["LIVE", "BudgetLevel", "LiveGauges", "LiveRun", "Paced"]

BREAKER_STATES = ("closed", "open", "ended")
"""All requests start; none does, until the service answers again; none does any more."""

_Observe = Callable[[CallbackOptions], Iterable[Observation]]


@dataclass(frozen=True, slots=True)
class BudgetLevel:
    """What a run may spend, and what is left of it beside what is reserved, in US dollars."""

    limit: float
    left: float


class Paced(Protocol):
    """What keeps to limits.

    Attributes:
        used: What was taken of each, by its name, since the beginning.
    """

    used: dict[str, float]

    @property
    def limits(self) -> Mapping[str, float]:
        """Those that are known, a minute, by their names."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveRun:
    """A run, or a service, that is looked at while it lasts.

    breaker: gives one of BREAKER_STATES. budget: None of what has none. elsewhere: gives how many of its requests are
    in flight in other processes.
    """

    schema: str
    breaker: Callable[[], str]
    budget: Callable[[], BudgetLevel | None] = lambda: None
    elsewhere: Callable[[], int] = lambda: 0


class LiveGauges:
    """What is alive in a process. Being entered costs little, whether anybody looks or not."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._runs: list[LiveRun] = []
        self._pacers: WeakSet[Paced] = WeakSet()
        self._used_before: Counter[str] = Counter()  # by pacers that are no more: a total never falls
        self._in_flight = 0

    @contextmanager
    def showing(self, run: LiveRun) -> Iterator[None]:
        """Have a run looked at while it is entered."""
        with self._changing:
            self._runs.append(run)
        try:
            yield
        finally:
            with self._changing:
                self._runs.remove(run)

    def pace(self, pacer: Paced) -> None:
        """Have a pacer looked at as long as it is in use."""
        with self._changing:
            if pacer not in self._pacers:
                self._pacers.add(pacer)
                finalize(pacer, self._used_before.update, pacer.used).atexit = False

    def fly(self, requests: int) -> None:
        """Count requests that are in flight from now on; negative for those that no longer are."""
        with self._changing:
            self._in_flight += requests

    def observed_by(self, meter: Meter) -> None:
        """Have a meter look when it collects."""
        described: Mapping[str, tuple[str, _Observe]] = {
            "slotfill.in.flight": ("Requests to models that are in flight.", self._flights),
            "slotfill.budget.limit.usd": ("What running runs may spend, in US dollars.", self._budget_limits),
            "slotfill.budget.left.usd": ("What they have neither spent nor reserved of it.", self._budgets_left),
            "slotfill.breaker": ("Breakers of running runs, by state.", self._breakers),
            "slotfill.limit": ("What is allowed a minute, as it was told or learnt.", self._limits),
        }
        for name, (description, look) in described.items():
            meter.create_observable_gauge(name, [look], "", description)
        meter.create_observable_counter("slotfill.limit.used", [self._used], "", "What of it was used, in all.")

    def _flights(self, _: CallbackOptions) -> Iterable[Observation]:
        yield Observation(self._in_flight + sum(run.elsewhere() for run in self._looked_at()))

    def _budget_limits(self, _: CallbackOptions) -> Iterable[Observation]:
        return _by_schema((run.schema, level.limit) for run, level in self._budgets())

    def _budgets_left(self, _: CallbackOptions) -> Iterable[Observation]:
        return _by_schema((run.schema, level.left) for run, level in self._budgets())

    def _budgets(self) -> Iterator[tuple[LiveRun, BudgetLevel]]:
        for run in self._looked_at():
            if (level := run.budget()) is not None:
                yield run, level

    def _breakers(self, _: CallbackOptions) -> Iterable[Observation]:
        counts = Counter(run.breaker() for run in self._looked_at())
        return [Observation(counts[state], {"state": state}) for state in BREAKER_STATES]

    def _limits(self, _: CallbackOptions) -> Iterable[Observation]:
        # They are of one organisation, mostly: the widest one is what it has.
        widest: dict[str, float] = {}
        for pacer in self._paced():
            for name, limit in pacer.limits.items():
                widest[name] = max(widest.get(name, 0.0), limit)
        return [Observation(limit, {"limit": name}) for name, limit in widest.items()]

    def _used(self, _: CallbackOptions) -> Iterable[Observation]:
        totals = self._used_before.copy()
        for pacer in self._paced():
            totals.update(pacer.used)
        return [Observation(used, {"limit": name}) for name, used in totals.items()]

    def _paced(self) -> list[Paced]:
        with self._changing:
            return [*self._pacers]

    def _looked_at(self) -> list[LiveRun]:
        with self._changing:
            return [*self._runs]


def _by_schema(amounts: Iterable[tuple[str, float]]) -> list[Observation]:
    """Add up what has one schema: of several observations the last one would count."""
    totals: dict[str, float] = {}
    for schema, amount in amounts:
        totals[schema] = totals.get(schema, 0.0) + amount
    return [Observation(total, {"schema": schema}) for schema, total in totals.items()]


LIVE = LiveGauges()
"""What is alive in this process."""
