"""A draft: the requests that are to go into one batch, encoded as they come, in a file that has no name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from tempfile import SpooledTemporaryFile

from slotfill.extractors.batches.custom_ids import custom_id, new_intent
from slotfill.extractors.clients.codec import ReplyShape

__all__ = ["MOST_BATCH_BYTES", "MOST_BATCH_REQUESTS", "BatchDraft", "DraftedRequest"]

MOST_BATCH_REQUESTS = 100_000
"""What the service takes in one batch: https://platform.claude.com/docs/en/build-with-claude/batch-processing"""

MOST_BATCH_BYTES = 256_000_000 * 95 // 100
"""Likewise, less a twentieth: the service may count otherwise than we do, and then refuses the whole batch."""

IN_MEMORY = 1_000_000
"""So many bytes are held in memory; more go to a file, which ends with the process, whatever ends that."""

PIECE = 2**20
"""Bytes that are read, and sent, at once."""

_BEGINNING, _END = b'{"requests":[', b"]}"


@dataclass(slots=True)
class DraftedRequest:
    """One request of a draft.

    digest: of its ask. shape: how its reply is read. worst: the most that it can cost, in USD; None where that is
    unknown. documents: the keys of those that it is about; several have the same text. at, size: where its parameters
    stand in the draft.
    """

    digest: bytes
    model: str
    shape: ReplyShape
    worst: Decimal | None
    documents: list[bytes]
    at: int
    size: int


def _open_file() -> SpooledTemporaryFile[bytes]:
    return SpooledTemporaryFile(IN_MEMORY)


@dataclass(slots=True)
class BatchDraft:
    """Requests, within what one batch may hold; equal asks are one.

    most_requests, most_bytes: what it may hold. intent: what its custom ids begin with. requests: by the digest of
    each ask. worst: the most that they can cost together, in USD, as far as that is known.
    """

    most_requests: int = MOST_BATCH_REQUESTS
    most_bytes: int = MOST_BATCH_BYTES
    intent: str = field(default_factory=new_intent)
    requests: dict[bytes, DraftedRequest] = field(default_factory=dict)
    worst: Decimal = Decimal(0)
    _file: SpooledTemporaryFile[bytes] = field(default_factory=_open_file)
    _size: int = 0

    def __post_init__(self) -> None:
        self._write(_BEGINNING)

    def __len__(self) -> int:
        return len(self.requests)

    def has_room(self, size: int) -> bool:
        """Whether a request with parameters of so many bytes fits; one does in any case: the service shall judge it."""
        around = len(self._around(bytes(32))) + len(b",}") + len(_END)
        fits = len(self) < self.most_requests and self._size + around + size <= self.most_bytes
        return fits or not self.requests

    def add(
        self,
        digest: bytes,
        params: bytes,
        *,
        model: str,
        shape: ReplyShape,
        worst: Decimal | None,
        documents: Iterable[bytes],
    ) -> None:
        """Add a request that is not in it yet."""
        self._write(self._around(digest) if not self.requests else b"," + self._around(digest))
        self.requests[digest] = DraftedRequest(digest, model, shape, worst, [*documents], self._size, len(params))
        self._write(params + b"}")
        self.worst += worst or 0

    @property
    def body_size(self) -> int:
        """How many bytes the JSON has that creates the batch."""
        return self._size + len(_END)

    async def body(self) -> AsyncGenerator[bytes]:
        """Give the JSON that creates the batch, in pieces: a quarter of a gigabyte is not held at once."""
        self._file.seek(self._size)
        self._file.write(_END)
        for at in range(0, self.body_size, PIECE):
            self._file.seek(at)
            yield self._file.read(min(PIECE, self.body_size - at))

    def halves(self) -> tuple[BatchDraft, BatchDraft]:
        """Part it in two, each with an intent of its own: a gateway may take less than the service does."""
        requests = [*self.requests.values()]
        middle = len(requests) // 2
        return self._part(requests[:middle]), self._part(requests[middle:])

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _part(self, requests: Iterable[DraftedRequest]) -> BatchDraft:
        part = BatchDraft(self.most_requests, self.most_bytes // 2)
        for one in requests:
            self._file.seek(one.at)
            params = self._file.read(one.size)
            part.add(one.digest, params, model=one.model, shape=one.shape, worst=one.worst, documents=one.documents)
        return part

    def _around(self, digest: bytes) -> bytes:
        """Write what stands before a request's parameters."""
        return b'{"custom_id":"%b","params":' % custom_id(self.intent, digest).encode()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._size += len(data)
