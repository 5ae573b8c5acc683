"""One call of a model: the request, and what comes of it, whole or in pieces."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Self

import anthropic
import httpx2

from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.clients.instructor_bridge import CREATE
from slotfill.extractors.clients.rate_limits import settling
from slotfill.extractors.http.redaction import Redaction, StreamRedaction
from slotfill.extractors.messages_api.bare_lists import OPENING
from slotfill.extractors.messages_api.inbound import identifier
from slotfill.extractors.messages_api.stream_reader import StreamReader
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.schemas.entry_points.installed_plugins import PluginError
from slotfill.schemas.errors import FieldError, SlotfillError

__all__ = ["Call", "StreamedCall", "redacted"]


class Call:
    """A request and what comes of it. Around what puts it to the service: whatever that raises is in the answer.

    What a service sends can raise anything, at any depth of the SDK, so that no kind of exception is let through but
    those of our own that end a run, as that of a ledger which can no longer be written.
    """

    def __init__(self, codec: Codec, ask: Ask, secrets: Iterable[str], redaction: Redaction) -> None:
        self.request = {**CREATE, **codec.encode(ask)}
        self.completion: object = None
        self._codec, self._ask = codec, ask
        self._secrets, self._redaction = secrets, redaction
        self._started = time.monotonic()
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Exception) or _ends_the_run(error):
            return False
        self._error = error
        return True

    def answer(self) -> Answer:
        """Return what came of it, with no credential in it."""
        ms = round((time.monotonic() - self._started) * 1000)
        if self._error is None:
            return redacted(self._codec.decode(self._ask, self.completion, ms=ms), self._redaction)
        request_id = identifier(getattr(self._error, "request_id", None))
        failure = failure_of(self._error, self._secrets)
        return redacted(Answer(failure=failure, ms=ms, request_id=request_id), self._redaction)


class StreamedCall(Call):
    """One whose reply arrives in pieces."""

    def __init__(self, codec: Codec, ask: Ask, secrets: Iterable[str], redaction: Redaction) -> None:
        super().__init__(codec, ask, secrets, redaction)
        self.request["stream"] = True
        self._reader, self._redacted_text = StreamReader(), StreamRedaction(redaction)
        self._opening = OPENING if codec.asks_bare_list(ask) else ""

    @contextmanager
    def receiving(self, reply: httpx2.Response) -> Iterator[None]:
        """Read a reply's events within it."""
        self._reader.request_id = reply.headers.get("request-id")
        with settling(reply, self._reader):
            yield

    def take(self, event: object) -> str:
        """Take the next event, and return what of the text can be shown."""
        if piece := self._reader.take(event):
            piece, self._opening = self._opening + piece, ""
        return self._redacted_text.take(piece)

    def answer(self) -> Answer:
        """Return what came of it. A message that is whole counts, whatever came behind it.

        A stream that broke off is told from a request that failed: what has arrived is kept, and was paid for. One that
        ends in an error which the same request would meet again has failed, too.
        """
        reader, error = self._reader, self._error
        if reader.begun or reader.ended:
            self._error = None
            with self:  # the parts that came need not fit together
                self.completion = reader.message()
        answer = super().answer()
        if reader.ended or not reader.begun or answer.failure:
            return answer
        failure = (
            failure_of(error, self._secrets)
            if error
            else Failure(FailureKind.CONNECTION, "it ended before the message did")
        )
        if not failure.type.retry_later:
            return redacted(replace(answer, failure=failure, stop_reason=None), self._redaction)
        return redacted(replace(answer, errors=(FieldError("", failure.message),)), self._redaction)


def _ends_the_run(error: Exception) -> bool:
    # What a plug-in raises while its reply is read is a failure of one document, as it is before there is a reply.
    return isinstance(error, SlotfillError) and not isinstance(error, (anthropic.AnthropicError, PluginError))


def redacted(answer: Answer, redaction: Redaction) -> Answer:
    """Hide credentials in all that a service has said in an answer; few hold any, and are read once for it."""
    return Answer.from_json(redaction.hide_within(answer.to_json())) if redaction.finds(_texts(answer)) else answer


def _texts(answer: Answer) -> str:
    """Join all that a service has said in an answer."""
    is_told = answer.json is None or answer.json in answer.text
    texts = [answer.text] if is_told else [str(answer.json), answer.text]
    texts += [str(answer.stop_reason), str(answer.request_id), *answer.scored]
    texts += [answer.batch.id, answer.batch.custom_id] if answer.batch else []
    texts += [error.message for error in answer.errors]
    if answer.failure:
        texts.append(answer.failure.message)
    return "\n".join(texts)
