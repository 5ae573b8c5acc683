"""A plan under way: what it asks now, and in the end what came of it, whatever is raised in it or in its answering."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from slotfill.extractors.plan import Plan
from slotfill.extractors.record.extraction import Document, Extraction
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.unforeseen import STOPS, failed_extraction, internal_failure
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.schema import Schema

__all__ = ["RunningPlan"]

M = TypeVar("M")


class RunningPlan(Generic[M]):
    """One document's plan, at work.

    policy: by which it was made. asks: those to be answered next, none once it has ended.

    An exception in the plan ends the document as failed. `answering` does the same for what is raised while its asks
    are answered, except for slotfill's own errors there: they say that nothing can be asked at all.
    """

    def __init__(self, document: Document, schema: Schema[M], policy: Policy, plan: Plan[M]) -> None:
        self.asks: tuple[Ask, ...] = ()
        self._document, self._schema, self._policy = document, schema, policy
        self._answered: list[tuple[Ask, Answer]] = []
        self._extraction: Extraction[M] | None = None
        self._plan = plan
        self._advance(None)

    @property
    def extraction(self) -> Extraction[M]:
        """What came of the document, once it has ended."""
        if self._extraction is None:
            raise RuntimeError("the plan has not ended: it has asks to be answered")
        return self._extraction

    def answer(self, answers: tuple[Answer, ...]) -> None:
        """Give the answers to the asks, in their order."""
        self._answered += zip(self.asks, answers, strict=True)
        self._advance(answers)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """End the document where its asks cannot be answered, for a reason that nobody foresaw."""
        try:
            yield
        except (SlotfillError, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            self._fail(error)

    def _advance(self, answers: tuple[Answer, ...] | None) -> None:
        try:
            self.asks = self._plan.send(answers)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as end:
            self.asks, self._extraction = (), end.value
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        failure = internal_failure(error, self._document.source)
        model, ttl = self._policy.model, self._policy.ttl
        self.asks = ()
        self._extraction = failed_extraction(
            failure, self._document, self._schema, model, answered=self._answered, ttl=ttl
        )
