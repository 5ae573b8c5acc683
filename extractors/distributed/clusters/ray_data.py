"""Extraction as a step of a Ray Data pipeline: `dataset.map_batches(SlotfillExtract, …)`.

Ray Data has as many actors as it likes, each of which is a worker; one more actor is their coordinator. An actor hands
the rows that it is called with to the coordinator, and takes from it what it is to extract, which need not be its own.
"""

from __future__ import annotations

import asyncio
import faulthandler
import hashlib
import logging
import pickle
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Unpack
from uuid import uuid4

from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.distributed.clusters.ray_workers import import_ray
from slotfill.extractors.distributed.coordinator import Coordinator
from slotfill.extractors.distributed.correspondence import Correspondence
from slotfill.extractors.distributed.extraction_worker import Worker, packed
from slotfill.extractors.distributed.leases.leased_pacer import LENT_SHARE
from slotfill.extractors.distributed.leases.money_leases import MoneyLeases
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.distributed.worker_messages import SILENT_SECONDS, WorkerReport
from slotfill.extractors.distributed.worker_pool import WorkerLostError
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import SettingsError, StoppedError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.options import Options
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.runs.asking import Asking, HaltedError
from slotfill.extractors.runs.breaker import Breaker, reason_of
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.ledger.identity import document_key
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["RayCoordinator", "SlotfillExtract"]

LOST_SECONDS = 15.0
"""After so long without a sign of life a worker is taken for lost."""

ALIVE_SECONDS = 2.0
"""So often a worker tells that its process is there, whatever keeps it from its reports. One that hangs ends itself."""

LONELY_SECONDS = 60.0
"""After so long without any worker a coordinator ends: its pipeline has."""

AHEAD = 0.25
"""Seconds that a worker with nothing to do waits for something."""


class RayCoordinator:
    """A coordinator in an actor. What it knows beside its ledger is gone when it starts again, and so is asked anew."""

    def __init__(self, recipe: str, options: Mapping[str, Any]) -> None:
        extractor = Recipe.read(recipe).extractor()
        self._extractor = extractor
        self._ledger = Ledger(options["ledger"] and Path(options["ledger"]), wait=True)
        max_cost = options["max_cost"]
        budget = Budget(
            self._ledger.account,
            extractor.all_models,
            max_cost=max_cost and Decimal(max_cost),
            ttl=extractor.settings.cache_ttl,
            schema=extractor.schema.name,
        )
        self._breaker = Breaker(max_wait=extractor.settings.max_wait, on_warning=logging.getLogger("slotfill").warning)
        self._asking = Asking(extractor.executor, self._ledger, self._breaker, concurrency=1, on_halt=budget.close)
        limits = {name: options[name] for name in ("rpm", "itpm", "otpm")}
        self._coordinator = Coordinator(
            self._asking,
            self._ledger,
            RateLeases(Pacer(**limits, share=LENT_SHARE)),
            MoneyLeases(budget, self._ledger.account),
            schema=extractor.schema,
            model=extractor.model.id,
        )
        self._correspondence = Correspondence(self._coordinator)
        self._documents: dict[bytes, asyncio.Task[Extraction[Any]]] = {}
        self._watch: asyncio.Task[None] | None = None

    async def extract(self, documents: bytes) -> bytes:
        """Have documents extracted, and return what came of them; or the error that ends the pipeline."""
        self._watch = self._watch or asyncio.create_task(self._watch_workers())
        tasks = [self._task(document) for document in pickle.loads(documents)]  # noqa: S301 - of our own worker
        try:
            # Shielded: what is brought by several is extracted for each of them.
            extractions = [await asyncio.shield(task) for task in tasks]
        except HaltedError:
            return pickle.dumps(StoppedError(str(self._asking.halted)))
        return pickle.dumps(extractions)

    async def exchange(self, worker: str, started: str | None, number: int, report: bytes) -> bytes:
        """Answer a report as `Correspondence` does, with the name of this start."""
        await self._coordinator.wait_for_news(worker, AHEAD)
        read: WorkerReport = pickle.loads(report)  # noqa: S301 - of our own worker
        orders = self._correspondence.exchange(worker, started, number, read)
        return pickle.dumps((self._correspondence.started, orders))

    async def alive(self, worker: str) -> None:
        """Take note that a worker's process is there."""
        self._correspondence.alive(worker)

    def _task(self, document: Document) -> asyncio.Task[Extraction[Any]]:
        """Have a document extracted once, however often it is brought: the rows of a dead worker are brought again."""
        key = document_key(document)
        task = self._documents.get(key)
        if task is None:
            task = self._documents[key] = asyncio.create_task(self._extract(document))
        return task

    async def _extract(self, document: Document) -> Extraction[Any]:
        try:
            extraction = await self._coordinator.extract(document)
        except BaseException:
            self._documents.pop(document_key(document), None)
            raise
        self._breaker.ended(document_key(document), reason_of(extraction))
        self._asking.check()
        self._ledger.end(extraction)
        # What is brought again is made of its answers; but not what would end three more workers.
        if extraction.error is None or extraction.error.type is not FailureKind.WORKER_LOST:
            self._documents.pop(document_key(document), None)
        return extraction

    async def _watch_workers(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._correspondence.give_up(LOST_SECONDS)
            if time.monotonic() - self._correspondence.heard_at > LONELY_SECONDS:
                import_ray().actor.exit_actor()


class SlotfillExtract:
    """Extracts from the rows of a Ray Data set; a class for `map_batches`, which makes an object an actor.

        dataset.map_batches(
            SlotfillExtract,
            fn_constructor_args=("feedback",),
            fn_constructor_kwargs={"text": "review", "rpm": 1000},
            concurrency=4, num_cpus=0.5, batch_format="pyarrow", batch_size=256,
        )

    All that are made with the same arguments share their limits, their budget and the breaker, and what was answered.

    Args:
        schema: As for an `Extractor`; it must be found on each machine.
        text: The column of the texts.
        workers_concurrency: How many requests each actor may have in flight.
        max_cost: In USD, for the whole pipeline: what would cost more ends it.
        ledger: The path of a file that keeps the answers, for a pipeline that is started again, on the machine of the
            coordinator. Without one they are kept while it lasts.
        options: See `Options`; but neither `client` nor `cassette`.

    Raises:
        MissingExtraError: The extra `ray` is not installed.
        SchemaError: The schema cannot be had on another machine.
        SettingsError: An option cannot be used.
    """

    def __init__(
        self,
        schema: Any,
        *,
        text: str = "text",
        workers_concurrency: int = 8,
        max_cost: Decimal | float | str | None = None,
        ledger: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._ray = import_ray()
        if options.get("client") is not None or options.get("cassette") is not None:
            raise SettingsError("a client or a cassette is of one process: leave it out")
        extractor = Extractor(schema, **options)
        self._text, self._recipe, self._concurrency = text, Recipe.of(extractor), workers_concurrency
        shared = {
            "max_cost": None if max_cost is None else str(max_cost),
            "ledger": ledger,
            **{name: getattr(extractor.settings, name) for name in ("rpm", "itpm", "otpm")},
        }
        self._columns = _ArrowColumns(extractor)
        self._coordinator = _coordinator_of(self._ray, self._recipe.text, shared)
        self._name = uuid4().hex
        for work in (self._run, self._tell_of_life):
            threading.Thread(target=work, name="slotfill-worker", daemon=True).start()

    def __call__(self, batch: Any) -> Any:
        """Extract from a batch: a table of Arrow's, a frame of pandas, or a mapping of NumPy arrays.

        Returns:
            The same rows, of the same kind, with the value's columns, `outcome`, `error` and the `record`, as JSON.
        """
        table = self._columns.table_of(batch)
        documents = [Document.of(text if isinstance(text, str) else "") for text in table[self._text].to_pylist()]
        reference = self._coordinator.extract.remote(pickle.dumps(documents))
        answer = pickle.loads(self._ray.get(reference))  # noqa: S301 - of our own actor
        if isinstance(answer, BaseException):
            raise answer
        return self._columns.like(batch, self._columns.added(table, answer))

    def _run(self) -> None:
        asyncio.run(self._work())

    def _tell_of_life(self) -> None:
        while True:
            time.sleep(ALIVE_SECONDS)
            self._coordinator.alive.remote(self._name)

    async def _work(self) -> None:
        """Be a worker, for as long as there is a coordinator."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_end_if_it_hangs())
            while True:
                with suppress(WorkerLostError):  # it is the coordinator that was: there is another one by now
                    await self._serve()
                self._name = uuid4().hex

    async def _serve(self) -> None:
        worker, started, report = Worker(self._recipe, self._concurrency), None, WorkerReport()
        try:
            for number in count():
                call = self._coordinator.exchange.remote(self._name, started, number, packed(report))
                try:
                    message = await asyncio.wrap_future(call.future())
                except self._ray.exceptions.RayError:
                    raise WorkerLostError from None
                started, orders = pickle.loads(message)  # noqa: S301 - of our own actor
                if orders is None:
                    raise WorkerLostError
                report = await worker.step(orders)
        finally:
            await worker.close()


async def _end_if_it_hangs() -> None:
    """End this process if its event loop does not go on, so that Ray starts it again.

    Nobody else could, and where it is in a regular expression no thread of Python's could either.
    """
    while True:
        faulthandler.dump_traceback_later(SILENT_SECONDS, exit=True)
        await asyncio.sleep(1.0)


def _coordinator_of(ray: Any, recipe: str, shared: Mapping[str, Any]) -> Any:
    """Return the coordinator of all that have one recipe; it is made where there is none."""
    name = f"slotfill-{hashlib.sha256(json_text([recipe, dict(shared)]).encode()).hexdigest()[:24]}"
    options = {
        "name": name,
        "namespace": "slotfill",
        "get_if_exists": True,
        "lifetime": "detached",
        "num_cpus": 0,
        "max_restarts": -1,
        "max_task_retries": -1,
        "max_concurrency": 1_000,
    }
    return ray.remote(**options)(RayCoordinator).remote(recipe, shared)


class _ArrowColumns:
    """The columns that are added to a batch. Arrow's types are those of the schema, whatever a batch holds."""

    def __init__(self, extractor: Extractor[Any]) -> None:
        from slotfill.extractors.runs.outputs.tables.shapes import shape_of
        from slotfill.extractors.runs.outputs.tables.table_rows import Rows

        self._rows = Rows(shape_of(extractor.schema.output_schema), records=False)

    def table_of(self, batch: Any) -> Any:
        """Return a batch as a table of Arrow's."""
        import pyarrow as pa

        if isinstance(batch, pa.Table):
            return batch
        return pa.table({name: pa.array(part) for name, part in batch.items()})

    def added(self, table: Any, extractions: list[Extraction[Any]]) -> Any:
        """Add what came of each row."""
        import pyarrow as pa

        from slotfill.extractors.runs.outputs.tables.parquet_sink import arrow_cell, arrow_type

        records = [extraction.to_json() for extraction in extractions]
        cells: list[tuple[JSON, ...]] = [*zip(*(self._rows.row(record, arrow_cell) for record in records), strict=True)]
        for column, values in zip(self._rows.columns[1:], cells[1:] or [()] * len(self._rows.columns), strict=False):
            table = _with(table, column.name, pa.array(values, arrow_type(column.shape)))
        errors = [extraction.error.type.value if extraction.error else None for extraction in extractions]
        table = _with(table, "outcome", pa.array([one.outcome.value for one in extractions], pa.string()))
        table = _with(table, "error", pa.array(errors, pa.string()))
        return _with(table, "record", pa.array(map(json_text, records), pa.string()))

    def like(self, batch: Any, table: Any) -> Any:
        """Return a table in the form that a batch has."""
        import pyarrow as pa

        if isinstance(batch, pa.Table):
            return table
        frame = table.to_pandas()
        return {name: frame[name].to_numpy() for name in frame} if isinstance(batch, dict) else frame


def _with(table: Any, name: str, column: Any) -> Any:
    """Add a column; a name that the table has already gets a number."""
    number = 2
    free = name
    while free in table.column_names:
        free, number = f"{name}_{number}", number + 1
    return table.append_column(free, column)
