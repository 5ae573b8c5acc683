"""Workers as processes of this machine, reached by pipes: the local engine of several processes."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from slotfill.extractors.distributed.worker_messages import FRAME, Orders, WorkerReport
from slotfill.extractors.distributed.worker_pool import WorkerLink, WorkerLostError, WorkerPool
from slotfill.schemas.errors import SlotfillError

__all__ = ["LocalWorkers"]

_ENDING = 5.0
"""Seconds that a process has to end by itself."""


class LocalWorkers(WorkerPool):
    """As many processes as there are workers. They end with this one, whatever ends it: their pipes do."""

    async def start(self) -> WorkerLink:
        """Start a process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "slotfill.extractors.distributed.worker_process",
            stdin=PIPE,
            stdout=PIPE,
            # A Ctrl-C is for this process, which tells the others what to do.
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        link = _ProcessLink(process)
        level = logging.getLogger("slotfill").getEffectiveLevel()
        await link.send((self.recipe.text, self.concurrency, level))
        return link


class _ProcessLink(WorkerLink):
    """A worker in a process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def send(self, message: object) -> None:
        """Send a message. Raises WorkerLostError."""
        data = pickle.dumps(message)
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was started with a pipe
        try:
            stdin.write(len(data).to_bytes(FRAME, "big") + data)
            await stdin.drain()
        except (ConnectionError, RuntimeError):
            raise await self._lost() from None

    async def step(self, orders: Orders) -> WorkerReport:
        """Send orders, and wait for the report."""
        await self.send(orders)
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was started with a pipe
        try:
            size = int.from_bytes(await stdout.readexactly(FRAME), "big")
            message = pickle.loads(await stdout.readexactly(size))  # noqa: S301 - it is our own process
        except asyncio.IncompleteReadError:
            raise await self._lost() from None
        if isinstance(message, SlotfillError):
            raise message
        report: WorkerReport = message
        return report

    async def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _ENDING)
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _lost(self) -> WorkerLostError:
        code = await self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return WorkerLostError(f"ended with {how}")
