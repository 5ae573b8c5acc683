"""A run over a ledger and sinks of one's own, for tests of what comes of it."""

from slotfill import OutputError
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.outputs.sink import Sink


class Memory(Sink):
    """A sink that remembers, and fails at the `full`th write."""

    def __init__(self, full=None, *, live=True):
        self.kept, self.full, self.committed, self.live = [], full, None, live

    def write(self, record):
        if len(self.kept) == self.full:
            raise OutputError("full")
        self.kept.append(int(record["document"]["source"]))

    def commit(self, *, complete):
        self.committed = complete


def engine(extractor, ledger, kept, rejects=None, *, records=False, concurrency=8, breaker=None, **options):
    delivery = Delivery(ledger, kept, rejects, records=records, schema=extractor.schema)
    return Run(extractor, ledger, delivery, breaker or Breaker(), concurrency=concurrency, **options)
