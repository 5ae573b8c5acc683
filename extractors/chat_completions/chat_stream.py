"""A streamed chat completion, written as the stream of a message, event by event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from slotfill.extractors.chat_completions.chat_errors import read_error, refusal_of
from slotfill.extractors.chat_completions.chat_reply import counts_of, identity_of, stop_reason_of, thought_in
from slotfill.extractors.messages_api.message import text_block, write_message

if TYPE_CHECKING:
    from slotfill.extractors.http.redaction import Redaction
    from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["ChatStream"]

_END = b"[DONE]"
_OK = 200


class ChatStream:
    """Translates a stream that comes in pieces; `take` and `end` give the events of the message, as bytes.

    A stream that breaks off, before the server has said why the reply ended, has no last event here either.

    model: as it was asked for. redaction: hides what is not to be said.
    """

    def __init__(self, model: str, redaction: Redaction) -> None:
        self._model, self._redaction = model, redaction
        self._pieces: list[bytes] = []
        self._data: list[bytes] = []
        self._begun = self._ended = False
        self._blocks: dict[object, int] = {}
        self._open: int | None = None
        self._finish_reason: str | None = None
        self._refusal = ""
        self._usage: JSON = None

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Take the next piece of the body."""
        self._pieces.append(piece)
        if b"\n" not in piece:
            return
        *lines, rest = b"".join(self._pieces).split(b"\n")
        self._pieces = [rest]
        for line in map(bytes.strip, lines):
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                yield from self._event(data)

    def end(self) -> Iterator[bytes]:
        """Take the end of the body: not all servers say that it is one."""
        yield from self.take(b"\n\n")
        if self._finish_reason is not None:
            yield from self._finish()

    def _event(self, data: bytes) -> Iterator[bytes]:
        if self._ended:
            return
        if data == _END:
            yield from self._finish()
            return
        chunk = json.loads(self._redaction.hide(data.decode()))
        if isinstance(chunk, dict) and (error := read_error(chunk)) is not None:
            self._ended = True
            yield _written(refusal_of(_OK, error).to_json(), "error")
            return
        if not isinstance(chunk, dict):
            raise ValueError("a chunk of the stream is no object")  # noqa: TRY004 - of what a server sends
        yield from self._start(chunk)
        if chunk.get("usage"):
            self._usage = chunk["usage"]
        match chunk.get("choices"):
            case [{"delta": dict() as delta} as choice, *_]:
                yield from self._say(delta)
                self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def _start(self, chunk: JSONMapping) -> Iterator[bytes]:
        if self._begun:
            return
        self._begun = True
        message = write_message(
            [], number=identity_of(chunk.get("id")), model=self._model, stop_reason="", usage=counts_of(None)
        )
        yield _written({"message": {**message, "stop_reason": None}}, "message_start")

    def _say(self, delta: JSONMapping) -> Iterator[bytes]:
        if thought := thought_in(delta):
            yield from self._add("thinking", {"type": "thinking", "thinking": "", "signature": ""}, thought)
        if isinstance(text := delta.get("content"), str) and text:
            yield from self._add("text", {**text_block("")}, text)
        if isinstance(refusal := delta.get("refusal"), str):
            self._refusal += refusal
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") or {}
            own = str(call.get("id") or f"call_{call.get('index', 0)}")
            block = {"type": "tool_use", "id": own, "name": str(function.get("name") or ""), "input": {}}
            yield from self._add(("tool", call.get("index", own)), block, str(function.get("arguments") or ""))

    def _add(self, key: object, block: JSONObject, piece: str) -> Iterator[bytes]:
        """Go on with the block of a key, which begins with its first piece, as the one before it ends."""
        index = self._blocks.get(key)
        if index is None:
            yield from self._close()
            index = self._open = self._blocks[key] = len(self._blocks)
            yield _written({"index": index, "content_block": block}, "content_block_start")
        form, name = _DELTAS[block["type"]]
        if piece:
            yield _written({"index": index, "delta": {"type": form, name: piece}}, "content_block_delta")

    def _close(self) -> Iterator[bytes]:
        if self._open is not None:
            yield _written({"index": self._open}, "content_block_stop")
            self._open = None

    def _finish(self) -> Iterator[bytes]:
        if self._ended or not self._begun:
            return
        self._ended = True
        yield from self._close()
        ending = stop_reason_of(self._finish_reason or "stop", self._refusal)
        delta = {"stop_reason": ending.stop_reason, "stop_sequence": None, "stop_details": ending.details}
        yield _written({"delta": delta, "usage": counts_of(self._usage)}, "message_delta")
        yield _written({}, "message_stop")


_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}
"""What a delta of each kind of block is called, and what holds its text."""


def _written(event: JSONObject, kind: str) -> bytes:
    data = json.dumps({"type": kind, **event}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode("utf-8", "surrogatepass")
