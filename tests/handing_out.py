"""Workers in this process, which end when a test says so: the coordinator and the workers are those of any engine."""

import asyncio
import pickle

from slotfill.extractors.distributed.extraction_worker import Worker, packed
from slotfill.extractors.distributed.worker_pool import WorkerLink, WorkerLostError, WorkerPool


class InnerWorkers(WorkerPool):
    """dies, hangs: say of each report, by the worker's number, whether its worker does so before it is heard of."""

    def __init__(self, extractor, *, workers=2, concurrency=4, dies=lambda _, __: False, hangs=lambda _, __: False):
        super().__init__(extractor, workers=workers, concurrency=concurrency)
        self.dies, self.hangs, self.started = dies, hangs, 0

    async def start(self):
        self.started += 1
        return _InnerLink(Worker(self.recipe, self.concurrency), self.started, self.dies, self.hangs)


class _InnerLink(WorkerLink):
    def __init__(self, worker, number, dies, hangs):
        self.worker, self.number, self.dies, self.hangs = worker, number, dies, hangs

    async def step(self, orders):
        report = await self.worker.step(pickle.loads(pickle.dumps(orders)))
        if self.dies(self.number, report):
            raise WorkerLostError("was told to")
        if self.hangs(self.number, report):
            await asyncio.Event().wait()
        return pickle.loads(packed(report))

    async def close(self):
        await self.worker.close()
        await asyncio.sleep(0)
