"""Workers as actors of a Ray cluster (extra `ray`): one that is joined, or one of this machine that is started."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from slotfill.extractors.distributed.extraction_worker import Worker, packed
from slotfill.extractors.distributed.forwarded_log import ForwardedLog
from slotfill.extractors.distributed.recipe import Recipe
from slotfill.extractors.distributed.worker_messages import Orders, WorkerReport
from slotfill.extractors.distributed.worker_pool import WorkerLink, WorkerLostError, WorkerPool
from slotfill.extractors.errors import StoppedError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.engine import ExtractElsewhere
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.telemetry.exporting import export_as_worker, flush_spans
from slotfill.schemas.errors import MissingExtraError, SlotfillError

__all__ = ["RAY", "RayWorkers", "import_ray", "variables_of"]

RAY = "ray"
"""The name of the engine, and the scheme of a cluster's address: ray://HOST."""

CPUS_A_WORKER = 0.5
"""What a worker has of a core. Two whole ones, beside Ray's own tasks, would leave a machine of two cores waiting."""

_PORT = 10001
"""Where a cluster takes clients, unless its address says otherwise."""


class RayWorkers(WorkerPool):
    """As many actors as there are workers.

    address: `ray` starts a cluster of this machine, or joins the one that it is a part of or that RAY_ADDRESS names;
    `ray://HOST` joins that one. One that was started ends with the run.
    """

    def __init__(self, extractor: Extractor[Any], *, workers: int, concurrency: int, address: str = RAY) -> None:
        super().__init__(extractor, workers=workers, concurrency=concurrency)
        self._ray = import_ray()
        self._address = None if address == RAY else _with_port(address)
        self._variables = variables_of(extractor)

    @asynccontextmanager
    async def at_work(self, ledger: Ledger, budget: Budget, asking: Asking) -> AsyncIterator[ExtractElsewhere]:
        """Have the workers at work while it is entered."""
        joined = self._ray.is_initialized()
        if not joined:
            self._join()
        try:
            async with super().at_work(ledger, budget, asking) as extract:
                yield extract
        finally:
            if not joined:
                self._ray.shutdown()

    async def start(self) -> WorkerLink:
        """Start an actor."""
        options = {"num_cpus": CPUS_A_WORKER, "max_restarts": 0, "max_concurrency": 2}
        actor = self._ray.remote(**options)(RayWorker).remote()
        link = _ActorLink(self._ray, actor)
        level = logging.getLogger("slotfill").getEffectiveLevel()
        # Not as the actor's own arguments, which the cluster keeps: credentials are among the variables.
        await link.call(actor.begin, self.recipe.text, self.concurrency, self._variables, level)
        return link

    def _join(self) -> None:
        """Join the cluster, or start one. Raises StoppedError where there is none at an address."""
        quiet = {"include_dashboard": False} if self._address is None else {}
        with _own_signals(), _quiet():
            try:
                self._ray.init(
                    self._address,
                    logging_level=logging.CRITICAL,
                    log_to_driver=False,
                    configure_logging=False,
                    **quiet,
                )
            except (ConnectionError, OSError, RuntimeError, ValueError) as error:
                lines = str(error).strip().splitlines() or [type(error).__name__]
                reason = lines[-1] if lines[0].endswith(":") else lines[0]  # what a head raised comes as a traceback
                raise StoppedError(
                    f"no Ray cluster can be had at {self._address or 'this machine'}: {reason}"
                ) from None


class RayWorker:
    """A worker in an actor."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    async def begin(self, recipe: str, concurrency: int, variables: Mapping[str, str], level: int) -> bytes:
        """Make the worker; returns nothing, or the error that it cannot be made for."""
        os.environ.update(variables)
        log = ForwardedLog(level)
        try:
            export_as_worker()
            self._worker = Worker(Recipe.read(recipe), concurrency, log.take)
        except SlotfillError as error:
            return pickle.dumps(error)
        log.take()  # what settings say is said where the run is
        return pickle.dumps(None)

    async def step(self, orders: bytes) -> bytes:
        """Do what is ordered, and report."""
        assert self._worker is not None  # noqa: S101 - it has begun
        read: Orders = pickle.loads(orders)  # noqa: S301 - of the run's own process
        report = packed(await self._worker.step(read))
        if read.leaving:
            await asyncio.to_thread(flush_spans)
        return report


class _ActorLink(WorkerLink):
    """A worker in an actor, as the run's process sees it."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    async def call(self, method: Any, *arguments: object) -> Any:
        """Call the actor. Raises WorkerLostError, and what it could not be made for."""
        try:
            message = await asyncio.wrap_future(method.remote(*arguments).future())
        except (self._ray.exceptions.RayActorError, self._ray.exceptions.RaySystemError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise WorkerLostError(f"ended: {reason}") from None
        answer = pickle.loads(message)  # noqa: S301 - of our own actor
        if isinstance(answer, SlotfillError):
            raise answer
        return answer

    async def step(self, orders: Orders) -> WorkerReport:
        """Send orders, and wait for the report."""
        report: WorkerReport = await self.call(self._actor.step, pickle.dumps(orders))
        return report

    async def close(self) -> None:
        """End the actor."""
        with suppress(Exception):  # it has ended by itself, or its cluster has
            self._ray.kill(self._actor)


def import_ray() -> Any:
    """Import Ray, which tells nobody of its use. Raises MissingExtraError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtraError("a cluster needs the extra `ray`: pip install 'slotfill[ray]'") from None
    return ray


def variables_of(extractor: Extractor[Any]) -> dict[str, str]:
    """Return what a worker on another machine needs of the environment.

    The service's address, credentials, and where traces go.
    """
    settings = extractor.settings
    variables = {
        name: value for name, value in os.environ.items() if name.startswith(("ANTHROPIC_", "OTEL_")) and value
    }
    for name, secret in (("ANTHROPIC_API_KEY", settings.api_key), ("ANTHROPIC_AUTH_TOKEN", settings.auth_token)):
        if secret is not None:
            variables[name] = secret.get_secret_value()
    return variables


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing reach standard error: Ray's own processes write to it what no option of Python's turns off."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _with_port(address: str) -> str:
    return address if ":" in address.removeprefix(f"{RAY}://") else f"{address}:{_PORT}"


@contextmanager
def _own_signals() -> Iterator[None]:
    """Let Ray take no signal: Ctrl-C and SIGTERM ask the run to finish what is in flight."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
