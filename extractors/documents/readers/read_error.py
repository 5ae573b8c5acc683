"""Why a file cannot be read, as its reader finds it."""

from __future__ import annotations

from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["ReadError"]


class ReadError(Exception):
    """A file cannot be read: its document ends with this failure, and stops no other."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)
