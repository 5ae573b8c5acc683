"""Hypothesis as the engine of the laws: it looks for values that break one, and gives the smallest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from slotfill.extractors.testing.checking.findings import Finding
from slotfill.schemas.errors import SchemaError

__all__ = ["DEFAULT_EXAMPLES", "PropertyTest", "Search", "TimeBudget"]

T = TypeVar("T")

DEFAULT_EXAMPLES = 100

FEW = 25
"""How many values are made from one start."""

PATIENCE = 50
"""How many attempts at a value are made before there seems to be none."""

MOST = 10
"""How many places one law is shown to be broken at."""

PropertyTest = Callable[[T], Iterable[Finding]]
"""Gives what is wrong with a value."""

Key = Callable[[Finding], object]


def _place(finding: Finding) -> object:
    return finding.place


class TimeBudget:
    """How long a check may take, in seconds of the process's time: what others do on the machine does not count."""

    def __init__(self, seconds: float = math.inf) -> None:
        self._end = self._until = time.process_time() + seconds

    def allot(self, shares: int) -> None:
        """Allot what comes next its share of the time that is left. Unused time is the others'."""
        now = time.process_time()
        self._until = now + (self._end - now) / shares

    @property
    def is_over(self) -> bool:
        """Whether the share is used up."""
        return time.process_time() >= self._until


class _OutOfTime(BaseException):
    """Ends a search; Hypothesis takes no such exception for a failing test."""


class _Found(Exception):  # noqa: N818 - it is caught where it is raised for, and is no error
    """Tells Hypothesis that a value is worth shrinking."""


@dataclass(frozen=True, slots=True)
class Search:
    """How many values to look at, the seed that they follow from, and the time that there is."""

    max_examples: int = DEFAULT_EXAMPLES
    seed: int = 0
    clock: TimeBudget = field(default_factory=TimeBudget)

    def each(self, values: st.SearchStrategy[T], judge: PropertyTest[T], key: Key = _place) -> Iterator[Finding]:
        """Yield the smallest counterexample for each place that has one. key: what else tells findings apart."""
        known: set[object] = set()

        def unknown(value: T) -> Iterator[Finding]:
            return (finding for finding in judge(value) if key(finding) not in known)

        for _ in range(MOST):
            if (found := self.first(values, unknown)) is None:
                return
            known.add(key(found))
            yield found

    def first(self, values: st.SearchStrategy[T], judge: PropertyTest[T]) -> Finding | None:
        """Return the smallest counterexample, None when there seems to be none."""
        smallest: Finding | None = None

        def test(value: T) -> None:
            nonlocal smallest
            found = next(iter(judge(value)), None)
            if found is not None:
                smallest = found  # the last to be found is the smallest: Hypothesis ends by showing it again
                raise _Found

        for start in self._starts():
            start._run(values, test, (Phase.generate, Phase.shrink))  # noqa: SLF001 - its own
            if smallest is not None:
                break
        return smallest

    def sample(self, values: st.SearchStrategy[T]) -> list[T]:
        """Return values, none when none are to be had."""
        drawn: list[T] = []
        for start in self._starts():
            start._run(values, drawn.append, (Phase.generate,))  # noqa: SLF001 - its own
        return drawn

    def has(self, values: st.SearchStrategy[T]) -> bool:
        """Whether a strategy gives any value, within a few attempts, however long they take."""
        attempts, found = 0, False

        def test(data: st.DataObject) -> None:
            nonlocal attempts, found
            attempts += 1
            if attempts <= PATIENCE:
                data.draw(values)
                found = True
            raise _Found

        self._run(st.data(), test, (Phase.generate,), timed=False)
        return found

    def _starts(self) -> Iterator[Search]:
        """Yield searches of few values each: Hypothesis varies what it has, where a new start gives something else."""
        for number in range(math.ceil(self.max_examples / FEW)):
            yield Search(min(FEW, self.max_examples - number * FEW), self.seed * 1_000 + number, self.clock)

    def _run(
        self,
        values: st.SearchStrategy[T],
        test: Callable[[T], object],
        phases: tuple[Phase, ...],
        *,
        timed: bool = True,
    ) -> None:
        """Run a test as far as there are values; it is over when one is found, or no more can be drawn."""

        @seeded(self.seed)
        @settings(
            max_examples=self.max_examples,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
            report_multiple_bugs=False,
        )
        @given(values)
        def run(value: T) -> None:
            if timed and self.clock.is_over:
                raise _OutOfTime
            test(value)

        try:
            run()
        except (_Found, _OutOfTime, SchemaError, HypothesisException):
            return
