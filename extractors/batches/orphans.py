"""Orphans: batches that were created, and whose reply was lost: which of a workspace's batches may be the one sought.

A batch has no metadata, and its custom ids are told in its results alone. So it is found by when it was created and how
many requests it has; once it has ended, the custom id of its first result tells it from all others.
"""

from __future__ import annotations

from slotfill.extractors.batches.batch_ledger import OpenBatch
from slotfill.extractors.batches.batch_service import BatchStatus

__all__ = ["EARLIEST", "GRACE", "may_be"]

EARLIEST = 300.0
"""Seconds that the service's clock may be behind this machine's."""

_LATEST = 3_600.0
"""Seconds after its intent by which a batch has been created, clocks included: the call is given up long before."""

GRACE = 30.0
"""Seconds after which a batch that was created stands in the list, surely."""


def may_be(sought: OpenBatch, status: BatchStatus) -> bool:
    """Whether a batch of the workspace may be the one that was to be created."""
    created = sought.at if status.created is None else status.created
    return status.requests == sought.requests and sought.at - EARLIEST <= created <= sought.at + _LATEST
