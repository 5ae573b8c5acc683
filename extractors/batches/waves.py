"""Waves: the asks of all documents go into batches, their replies are read, and what is still to be asked goes again.

A wave is one pass over the documents. Each one's plan is made anew and answered from the ledger as far as that goes;
what it asks then goes into the wave's batches, and the document is put aside. Nothing else is held of it: a hundred
thousand suspended plans would take a gigabyte. When the batches have ended, and are read, the next pass begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from slotfill.extractors.batches.batch_ledger import BatchLedger
from slotfill.extractors.batches.batch_runner import BatchRunner, batches_text, requests_text
from slotfill.extractors.batches.batch_service import BatchService
from slotfill.extractors.batches.draft import MOST_BATCH_BYTES, MOST_BATCH_REQUESTS, BatchDraft
from slotfill.extractors.batches.result_reader import ResultReader
from slotfill.extractors.clients.metering import BudgetError, Try, size_of
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.spool import Spool
from slotfill.extractors.drivers import replay
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.earlier_records import EarlierRecords
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.telemetry.extraction_telemetry import tell_batched
from slotfill.schemas.wire.losses import Mode

__all__ = ["BatchOptions", "Waves"]


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How a run goes through batches.

    tail: so many asks at most, which earlier waves have left, are asked live. waits: whether the run waits for its
    batches, or leaves when they are sent. most_requests, most_bytes: of one batch. asks_canceled: whether requests that
    were cancelled with their batches are asked again at once, and not by the next start.
    """

    tail: int = 50
    waits: bool = True
    most_requests: int = MOST_BATCH_REQUESTS
    most_bytes: int = MOST_BATCH_BYTES
    asks_canceled: bool = False


class Waves:
    """Takes a run's documents through waves of batches.

    asking: asks live. earlier: as in `Run`. on_message, on_waiting: as in `BatchRunner`.
    """

    def __init__(
        self,
        asking: Asking,
        *,
        extractor: Extractor[Any],
        ledger: Ledger,
        budget: Budget,
        options: BatchOptions,
        earlier: EarlierRecords | None = None,
        on_message: Callable[[str], None] = lambda _: None,
        on_waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._extractor, self._ledger, self._asking, self._budget = extractor, ledger, asking, budget
        self._options, self._earlier, self._on_message = options, earlier, on_message
        self._models = extractor.executor
        self._batches = BatchLedger(ledger)
        self._runner = BatchRunner(
            BatchService(self._models.clients),
            self._batches,
            ResultReader(ledger, self._batches, budget, self._models, on_halt=asking.halt, on_message=on_message),
            budget,
            asking,
            max_wait=extractor.settings.max_wait,
            waits=options.waits,
            on_message=on_message,
            on_waiting=on_waiting,
        )
        self._draft: BatchDraft
        self._wave = 0
        self._intents: dict[bytes, str] = {}
        self._proven: set[tuple[str, Mode]] = set()
        self._canceled = 0
        self._unaffordable: StoppedError | None = None

    async def drive(
        self, documents: AsyncIterator[Document], store: Callable[[Extraction[Any]], None]
    ) -> AsyncGenerator[Document]:
        """Take documents through waves, until none is left or the run is halted.

        store: takes what came of each that has ended.

        Yields:
            The documents that are left when few asks are: they are to be asked live.
        """
        self._draft = self._new_draft()  # here, so that of a run that is halted before nothing is open
        with ExitStack() as closing:
            closing.callback(self._say_what_is_left)
            closing.callback(self._close)
            await self._runner.recover()
            spool = closing.enter_context(await self._pass(documents, store))
            while spool and not self._asking.halted:
                if self._is_tail:
                    for document in spool:
                        yield document
                    return
                await self._submit()
                await self._runner.collect()
                with spool:
                    left = await self._pass(_each(spool), store)
                spool = closing.enter_context(left)

    @property
    def _is_tail(self) -> bool:
        """Whether what this pass has left is not worth a batch: what earlier waves have left, and little of it."""
        return 0 < len(self._draft) <= self._options.tail and self._batches.wave > 0 and not self._batches.open

    async def _pass(
        self, documents: AsyncIterator[Document], store: Callable[[Extraction[Any]], None]
    ) -> Spool[Document]:
        """Take each document's plan as far as it goes; return those that wait for a batch."""
        self._wave = self._batches.wave + 1
        self._intents.clear()
        with ExitStack() as undone:
            spool = undone.enter_context(Spool[Document]())
            async for document in documents:
                if await self._advance(document, store):
                    spool.add(document)
                if self._asking.halted:
                    break
                await asyncio.sleep(0)  # a signal, and the thread that reads ahead, have their turn
            undone.pop_all()
            return spool

    async def _advance(self, document: Document, store: Callable[[Extraction[Any]], None]) -> bool:
        """Take a document's plan as far as it goes. Returns whether it waits for a batch."""
        key = document_key(document)
        earlier = None if self._earlier is None else self._earlier.find(document)
        plan = self._extractor.begin(document, earlier=earlier)
        known = self._ledger.recall(document, replaying=True)
        waiting = self._batches.under_way(key)
        while True:
            replay(plan, lambda ask: self._take(ask, known))
            if not plan.asks:
                store(tell_batched(self._extractor.end(plan), self._extractor.settings.cache_ttl))
                return False
            new = [ask for ask in plan.asks if ask.digest not in waiting]
            unproven = next((ask for ask in new if (ask.model, ask.mode) not in self._proven), None)
            if unproven is None:
                return await self._add(key, new)
            # The first ask of each model and mode goes live: a wrong key, model or schema is told in seconds.
            answer = await self._asking.ask(document, unproven)
            known.setdefault(unproven.digest, []).append(answer)

    def _take(self, ask: Ask, known: dict[bytes, list[Answer]]) -> Answer | None:
        """Return the next answer to an ask; one that is none of a failure proves that its model can be asked so."""
        if not (answers := known.get(ask.digest)):
            return None
        if answers[0].failure is None:
            self._proven.add((ask.model, ask.mode))
        return answers.pop(0)

    async def _add(self, document: bytes, asks: Iterable[Ask]) -> bool:
        """Have a document's asks go with the wave. Returns whether they do.

        They do not where they were cancelled, or the budget is spent: then the document stays pending.
        """
        canceled = frozenset() if self._options.asks_canceled else self._batches.canceled(document)
        for ask in asks:
            if ask.digest in canceled:
                self._canceled += 1
                return False
            if not await self._add_one(document, ask):
                return False
        return True

    async def _add_one(self, document: bytes, ask: Ask) -> bool:
        digest = ask.digest
        if self._is_shared(digest, document):
            return True
        body = self._models.encode(ask)
        params = to_json(body)
        tried = Try(ask.model, size_of(body), ask.max_tokens, "batch")
        if not await self._has_room(tried, len(params)):
            return False
        self._draft.add(
            digest,
            params,
            model=ask.model,
            shape=self._models.shape_of(ask),
            worst=self._budget.worst(tried),
            documents=(document,),
        )
        self._intents[digest] = self._draft.intent
        return True

    def _is_shared(self, digest: bytes, document: bytes) -> bool:
        """Have an ask share the reply to an equal one of the same wave, where there is one, of another document."""
        if (request := self._draft.requests.get(digest)) is not None:
            if document not in request.documents:
                request.documents.append(document)
            return True
        intent = self._intents.get(digest)
        return intent is not None and self._batches.share(intent, digest, document)

    async def _has_room(self, tried: Try, size: int) -> bool:
        """Make room for a request, in the draft and in what may be spent."""
        if self._unaffordable is not None:
            return False
        if not self._draft.has_room(size):
            await self._submit()
        try:
            while not self._asking.halted and not self._budget.set_aside(tried, beside=self._draft.worst):
                await (self._submit() if self._draft else self._runner.collect(some=True))
        except BudgetError as error:
            # What is with the service is waited for all the same.
            self._unaffordable = StoppedError(str(error))
            return False
        return not self._asking.halted

    async def _submit(self) -> None:
        """Send what is drafted, and begin anew."""
        draft, self._draft = self._draft, self._new_draft()
        if draft and not self._asking.halted:
            await self._runner.submit(draft, self._wave)
        draft.close()

    def _new_draft(self) -> BatchDraft:
        return BatchDraft(self._options.most_requests, self._options.most_bytes)

    def _close(self) -> None:
        self._draft.close()

    def _say_what_is_left(self) -> None:
        """Say why the run ends before all documents have, and what stays with the service."""
        if self._unaffordable is not None:
            self._asking.halt(self._unaffordable)
        elif self._canceled:
            again = "the same command asks them again"
            self._asking.halt(StoppedError(f"{self._canceled:,} requests were cancelled with their batches: {again}"))
        if left := self._batches.open:
            requests = f"{requests_text(sum(batch.requests for batch in left))} in {batches_text(len(left))}"
            self._on_message(
                f"left with the service, which works on: {requests}: the same command goes on, "
                "`slotfill batches cancel` stops them"
            )


async def _each(spool: Spool[Document]) -> AsyncGenerator[Document]:
    """Give what was put aside."""
    for document in spool:
        yield document
