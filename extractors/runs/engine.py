"""The engine: many documents through one extractor, several at once, from reader to ledger to outputs.

Nothing is held that grows with the input: what is known of a document stands in the ledger.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, closing, contextmanager
from typing import Any, Protocol

from slotfill.extractors.documents.blocks.row_block import BlockLookup, RowBlock
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.read_ahead import ReadAhead
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.rungs.asks import Executor
from slotfill.extractors.rungs.recording import emptied, record_failure
from slotfill.extractors.runs.asking import Asking, HaltedError
from slotfill.extractors.runs.breaker import Breaker, reason_of
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.earlier_records import EarlierRecords
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.registration import Registration
from slotfill.extractors.runs.ledger.retrying import cause_of
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.reports.logs import log_extraction
from slotfill.extractors.runs.reports.totals import Totals
from slotfill.extractors.runs.second_tries import FirstTry, SecondTries
from slotfill.extractors.runs.stopping import Stopping
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.errors import SlotfillError

__all__ = ["ExtractElsewhere", "Run", "Workers"]

BATCH = 64
"""How many documents are registered at once, at most; the first ones are few, so that work begins with the first."""

BATCH_OF_ENDED = 4_096
"""How many, while those that are read have all ended before."""

BATCH_CHARS = 1_000_000
"""After how many code points a batch ends, whatever its number."""

OnPartial = Callable[[Document, Partial[Any]], None]
"""Takes what has arrived of a document's value."""

ExtractElsewhere = Callable[[Document, EarlierRecord | None], Awaitable[Extraction[Any]]]
"""Has a document extracted in another process, with what an earlier record says of it."""

Workers = Callable[[Asking], AbstractAsyncContextManager[ExtractElsewhere]]
"""Gives, while it is entered, what has documents extracted; what they ask is put on the account of an `Asking`."""


class Waves(Protocol):
    """Takes documents through batches."""

    def drive(
        self, documents: AsyncIterator[Document], store: Callable[[Extraction[Any]], None]
    ) -> AsyncGenerator[Document]:
        """Have `store` take what came of each; yield the documents that are left to be asked live."""


class Run:
    """One run: documents in, answers and records to the ledger as they arrive, outputs from it.

    earlier: what an earlier run has found of the documents, to be taken over.
    in_waves: gives what takes the documents through batches, by what asks live; None where all are asked live.
    concurrency: how many requests may be in flight. on_progress: is called when documents have ended.
    on_interrupt: is called with how many requests are in flight when a signal asks to stop. on_halt: as in `Asking`.
    workers: what extracts in place of this process; None for that. executor: what puts asks to the models in place of
    the extractor's own.

    What stops a run (Ctrl-C, its budget, an outage, a failure that every further request would meet, an output that
    cannot be written) lets no further request start. Those in flight come to an end, and what is finished is written.
    An exception that one document causes is no such thing: it ends that document, as failed. A document that failed on
    the way to the service or back is asked about once more when the others have ended.
    """

    def __init__(
        self,
        extractor: Extractor[Any],
        ledger: Ledger,
        delivery: Delivery,
        breaker: Breaker,
        *,
        earlier: EarlierRecords | None = None,
        in_waves: Callable[[Asking], Waves] | None = None,
        concurrency: int = 8,
        on_progress: Callable[[Totals], None] = lambda _: None,
        on_interrupt: Callable[[int], None] = lambda _: None,
        on_halt: Callable[[], None] = lambda: None,
        workers: Workers | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.totals = Totals()
        self._second_tries: SecondTries | None = None
        self._first_tries: dict[bytes, FirstTry] = {}
        self._extractor, self._ledger, self._delivery, self._breaker = extractor, ledger, delivery, breaker
        self._asking = Asking(
            executor or extractor.executor,
            ledger,
            breaker,
            concurrency=concurrency,
            metered=extractor.is_metered and workers is None,
            on_answer=self._answered,
            on_halt=self._halt,
        )
        self._concurrency, self._earlier, self._in_waves = concurrency, earlier, in_waves
        self._workers = workers
        self._elsewhere: ExtractElsewhere | None = None
        self._on_progress, self._on_interrupt, self._on_halt = on_progress, on_interrupt, on_halt
        self._reading: ReadAhead | None = None
        self._stopping = Stopping(self._stop)
        self._at_work: set[bytes] = set()
        self._repeats: Counter[bytes] = Counter()

    @property
    def in_flight(self) -> int:
        """How many requests are, those of other processes that extract for it included."""
        return self._asking.in_flight

    @property
    def block_lookup(self) -> BlockLookup | None:
        """What tells of blocks of rows that need not be read; None where each document is to be looked at."""
        return None if self._earlier is not None or self._delivery.check else self._ledger.blocks.outcomes

    def stop(self, reason: BaseException) -> None:
        """Do what the first signal does, for a reason that `run` then raises. For other threads, at any time."""
        self._stopping.ask(lambda: self._asking.halt(reason))

    def run(self, documents: Iterable[Document | RowBlock], on_partial: OnPartial | None = None) -> Totals:
        """Run to the end.

        documents: in the order of the input, with the blocks of rows among them, if they come in any.
        on_partial: has the documents taken one after the other, and takes what arrives of each.

        Raises what stopped it before, once the outputs are in their places: KeyboardInterrupt (with the signal's name),
        ModelError, StoppedError, LedgerError or OutputError; anything at all where nobody foresaw it.
        """
        with self._halt_on_error():
            asyncio.run(self._drive(documents, on_partial))
        if self._asking.halted:
            raise self._asking.halted
        return self.totals

    async def _drive(self, documents: Iterable[Document | RowBlock], on_partial: OnPartial | None) -> None:
        complete = False
        with self._stopping:
            try:
                with self._halt_on_error():
                    async with self._staffed():
                        await self._work(documents, on_partial)
                    complete = self._asking.halted is None
            finally:
                with self._halt_on_error():
                    await self._extractor.aclose()
                with self._halt_on_error(), self._stopping.finishing():
                    self._finish(complete=complete)

    @asynccontextmanager
    async def _staffed(self) -> AsyncIterator[None]:
        """Have the workers at work, if there are any."""
        if self._workers is None:
            yield
            return
        async with self._workers(self._asking) as self._elsewhere:
            yield

    def _finish(self, *, complete: bool) -> None:
        """Put the outputs in their places, whatever has ended the run."""
        if refused := self._breaker.refused:
            self._ledger.ask_again(refused)
            self.totals.outcomes = self._ledger.outcomes()
        try:
            self._delivery.commit(complete=complete, on_written=self._note_written)
        finally:
            self.totals.fail(self._delivery.unwritable + self._delivery.damaged)
        if complete:
            self._ledger.complete()

    def _note_written(self, documents: int) -> None:
        self.totals.write(documents)
        self._on_progress(self.totals)

    async def _work(self, documents: Iterable[Document | RowBlock], on_partial: OnPartial | None) -> None:
        """Ask about all documents, and once more about those that failed on the way."""
        with SecondTries() as second_tries:
            self._second_tries = second_tries
            pending = self._pending(documents)
            waves = self._in_waves and self._in_waves(self._asking)
            await self._ask(self._in_batches(waves, pending) if waves else pending, on_partial)
            self._second_tries = None
            if not second_tries:
                return
            try:
                await self._ask(self._again(second_tries), on_partial)
            finally:
                for first in (*self._first_tries.values(), *second_tries):
                    self.totals.pay(first)  # it was not asked again
                self.totals.outcomes = self._ledger.outcomes()
                self._on_progress(self.totals)

    async def _ask(self, documents: AsyncIterator[Document], on_partial: OnPartial | None) -> None:
        """Ask about documents, as many at once as there are places.

        Each place has a task, which takes one document after the other: one task for each document takes a tenth more
        processor time. Each document that is taken begins one more, up to that: there may be a million places.
        """
        turn = asyncio.Lock()  # of an iterator that must not be asked for two documents at once
        free = (self._concurrency if on_partial is None else 1) - 1

        async def work() -> None:
            nonlocal free
            while not self._asking.halted:
                async with turn:
                    document = await anext(documents, None)
                if document is None:
                    return
                if free:
                    free -= 1
                    tasks.create_task(work())
                await self._one(document, on_partial)
                await asyncio.sleep(0)  # what is known already is not waited for, and all others shall have their turn

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())

    async def _in_batches(self, waves: Waves, documents: AsyncIterator[Document]) -> AsyncGenerator[Document]:
        """Have documents' asks answered in batches, and yield those that are left."""
        with self._halt_on_error():
            async with aclosing(waves.drive(documents, self._store_final)) as left:
                async for document in left:
                    yield document

    async def _again(self, second_tries: SecondTries) -> AsyncGenerator[Document]:
        """Yield the documents that failed on the way; one that is not asked after all keeps the record that it has."""
        for first in second_tries:
            self._first_tries[document_key(first.document)] = first
            yield first.document

    def _halt(self) -> None:
        """Wait for no document that is still to be read, where no further ask may start."""
        if self._reading is not None:
            self._reading.close()
        self._on_halt()

    def _stop(self) -> None:
        """Take the first signal."""
        self._asking.halt(KeyboardInterrupt(self._stopping.signal))
        self._on_interrupt(self._asking.in_flight)

    async def _pending(self, documents: Iterable[Document | RowBlock]) -> AsyncGenerator[Document]:
        """Register the documents as they are read, and yield those to be asked about, one a text."""
        size = 1
        with closing(ReadAhead(documents)) as self._reading:
            while not self._asking.halted and (batch := await self._read(self._reading, size)):
                pending = self._register(batch)
                size = min(2 * size, BATCH if pending else BATCH_OF_ENDED)
                for document in pending:
                    yield document
                await asyncio.sleep(0)  # documents that have all ended are read on without a pause

    def _register(self, batch: Sequence[Document | RowBlock]) -> list[Document]:
        """Return those of a batch that are to be asked about."""
        pending = []
        with self._halt_on_error():
            for registration in self._registrations(batch):
                self.totals.outcomes.update(registration.outcomes)
                self.totals.resumed += registration.resumed
                self.totals.repeated += registration.outcomes.total() - registration.resumed
                self._repeats.update(registration.repeats)
                for document in registration.pending:
                    key = document_key(document)
                    if key in self._at_work:
                        self._repeats[key] += 1
                    else:
                        self._at_work.add(key)
                        pending.append(document)
            self._delivery.registered()
            self._on_progress(self.totals)
        return pending

    def _registrations(self, batch: Iterable[Document | RowBlock]) -> Iterator[Registration]:
        """Register a batch, the documents between blocks together."""
        documents: list[Document] = []
        for one in batch:
            if isinstance(one, Document):
                documents.append(one)
                continue
            if documents:
                yield self._register_documents(documents)
                documents = []
            yield self._ledger.register_block(one)
        if documents:
            yield self._register_documents(documents)

    def _register_documents(self, documents: Sequence[Document]) -> Registration:
        if self._earlier is not None:
            self._earlier.meet(documents)
        return self._ledger.register(documents, self._delivery.check)

    async def _read(self, reading: ReadAhead, size: int) -> list[Document | RowBlock]:
        with self._halt_on_error():
            return await reading.take(size, BATCH_CHARS)
        return []

    async def _one(self, document: Document, on_partial: OnPartial | None = None) -> None:
        with self._halt_on_error():
            self._store(await self._extract(document, on_partial))

    @contextmanager
    def _halt_on_error(self) -> Iterator[None]:
        """Have whatever goes wrong stop the run, once what is in flight has come to its end: it is paid for."""
        try:
            yield
        except HaltedError:
            pass
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised in the end
            self._asking.halt(error)

    async def _extract(self, document: Document, on_partial: OnPartial | None) -> Extraction[Any]:
        """Extract from a document. Raises what says that nothing more can be asked, or shown."""
        try:
            return await self._ask_about(document, on_partial)
        except (SlotfillError, OSError, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            failure = internal_failure(error, document.source)
            return record_failure(document, self._extractor.schema, self._extractor.model.id, failure)

    async def _ask_about(self, document: Document, on_partial: OnPartial | None) -> Extraction[Any]:
        earlier = None if self._earlier is None else self._earlier.find(document)
        if self._elsewhere is not None:
            return await self._elsewhere(document, earlier)
        executor = self._asking.for_document(document)
        if earlier is not None:
            return await self._extractor.aupdate(earlier, document, executor=executor)
        if on_partial is None:
            return await self._extractor.aextract(document, executor=executor)
        async with aclosing(self._extractor.astream(document, executor=executor)) as events:
            async for event in events:
                if isinstance(event, Extraction):
                    return event
                on_partial(document, event)
        raise RuntimeError("a stream ended without its extraction")

    def _answered(self, answered: int, asked: int) -> None:
        """Tell how far the requests are: of a document in parts that is all there is to tell for a while."""
        self.totals.answered, self.totals.asked = answered, asked
        self._on_progress(self.totals)

    def _store_final(self, extraction: Extraction[Any]) -> None:
        """Store what came of a document that has been asked about often enough."""
        self._store(extraction, final=True)

    def _store(self, extraction: Extraction[Any], *, final: bool = False) -> None:
        """Store what came of a document, in full or else without what cannot be stored."""
        try:
            partly = any(chunk.outcome.ok for chunk in extraction.chunks)
            self._breaker.ended(document_key(extraction.document), reason_of(extraction), partly=partly)
            self._asking.check()
            if extraction.error and extraction.error.type.stops_run:
                return
            self._ledger.end(extraction)
        except (SlotfillError, *STOPS):
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            extraction = emptied(extraction, internal_failure(error, extraction.document.source))
            self._ledger.end(extraction)
        self._tell(extraction, final=final)

    def _tell(self, extraction: Extraction[Any], *, final: bool) -> None:
        key = document_key(extraction.document)
        self._at_work.discard(key)
        also = self._repeats.pop(key, 0)
        cause = cause_of(extraction)
        final = final or self._second_tries is None or cause is None or not cause.retry_later
        if self._second_tries is not None and not final:
            self._second_tries.put_aside(extraction)
            self.totals.end(extraction.outcome, also)
        elif self._first_tries.pop(key, None):
            self.totals.pay(extraction)  # how it ended is counted anew
            self.totals.take_over(extraction, also)
        else:
            self.totals.add(extraction, also)
        if final:
            self.totals.count_evidence(extraction)
        log_extraction(extraction, self._extractor.schema, final=final)
        self._delivery.ended(key)
        self._on_progress(self.totals)
