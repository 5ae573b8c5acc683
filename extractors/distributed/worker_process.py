"""A worker in a process of its own, behind the pipes of the process that started it."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from typing import IO, Any

from slotfill.extractors.distributed.extraction_worker import Worker, packed
from slotfill.extractors.distributed.forwarded_log import ForwardedLog
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.distributed.worker_messages import FRAME, Orders
from slotfill.extractors.telemetry.exporting import export_as_worker
from slotfill.schemas.errors import SlotfillError

__all__ = ["work_by_pipes"]


def work_by_pipes() -> None:
    """Do what comes in by standard input, and report by standard output, until the one is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = sys.stdin.buffer
    # What the schema's own code prints is no report.
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        asyncio.run(_work(orders, reports))
    except BrokenPipeError:
        os._exit(0)  # whoever started it is no more: nothing that it holds is of use


async def _work(orders: IO[bytes], reports: IO[bytes]) -> None:
    recipe, concurrency, level = _read(orders)
    log = ForwardedLog(level)
    try:
        export_as_worker()
        worker = Worker(Recipe.read(recipe), concurrency, log.take)
    except SlotfillError as error:
        _write(reports, pickle.dumps(error))
        return
    log.take()  # what settings say is said where the run is
    leaving = False
    while not leaving:
        order: Orders = await asyncio.to_thread(_read, orders)
        leaving = order.leaving
        _write(reports, packed(await worker.step(order)))


def _read(stream: IO[bytes]) -> Any:
    """Read a message. Raises BrokenPipeError at the end."""
    size = int.from_bytes(stream.read(FRAME), "big")
    data = stream.read(size)
    if not size or len(data) < size:
        raise BrokenPipeError
    return pickle.loads(data)  # noqa: S301 - of whoever started it


def _write(stream: IO[bytes], data: bytes) -> None:
    stream.write(len(data).to_bytes(FRAME, "big") + data)
    stream.flush()


if __name__ == "__main__":
    work_by_pipes()
