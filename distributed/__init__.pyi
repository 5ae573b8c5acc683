from slotfill.extractors.distributed.clusters.ray_data import SlotfillExtract as SlotfillExtract
from slotfill.extractors.distributed.clusters.ray_workers import RayWorkers as RayWorkers
from slotfill.extractors.distributed.coordinator import Coordinator as Coordinator
from slotfill.extractors.distributed.extraction_worker import Worker as Worker
from slotfill.extractors.distributed.local_workers import LocalWorkers as LocalWorkers
from slotfill.extractors.distributed.recipe import Recipe as Recipe
from slotfill.extractors.distributed.worker_messages import Orders as Orders
from slotfill.extractors.distributed.worker_messages import WorkerReport as WorkerReport
