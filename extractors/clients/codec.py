"""Ask -> request, message -> answer: one pure pair, for clients, batches, workers and tests alike.

Requests for structured output are written here, all others by Instructor (`instructor_bridge`), which finds the JSON in
replies of each mode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from anthropic.types import Message

from slotfill.extractors.catalogue.prices import CacheTTL
from slotfill.extractors.clients.instructor_bridge import ReplyForm
from slotfill.extractors.messages_api.bare_lists import as_bare_list, as_wrapped_list
from slotfill.extractors.messages_api.inbound import excerpt, identifier, input_text, usage_of, whole_characters
from slotfill.extractors.messages_api.message import pdf_block, text_block, tool_call
from slotfill.extractors.messages_api.thinking import WITHOUT_THINKING, Thinking
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.stop_reasons import CUT_OFF
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.rungs.prompt import Message as Turn
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.wire.losses import Mode
from slotfill.schemas.wire.wire import Wire

__all__ = ["Codec", "ReplyShape"]

_TAKEN = "Taken."
"""What a tool that was called gives back: all results that were recorded of the service say something."""


class ReplyShape(NamedTuple):
    """What must be known of an ask to read the reply to it. bare: whether that is a list without its object."""

    mode: Mode
    bare: bool


class Codec:
    """Writes the requests for one schema, and reads the replies.

    name: the schema's name; the tool is called after it.
    full: the whole JSON Schema of what travels, an object.
    reduced: what of it `output_config.format` takes, None where structured output is not to be had.
    bare: the same of a list without its wrapper, if that may be asked for (`messages_api.bare_lists`).
    whole: whether a patch, too, is asked for by its whole schema, as `reduced` is.
    keywords: what the root of each schema that structured output is asked by holds beside its own.
    forced: whether the model can be forced to call the tool; else it is asked to, and may answer in text. One that
        thinks cannot.
    thinking: how it is asked to think.
    ttl: how long the service shall keep what is marked for its cache.
    """

    def __init__(
        self,
        name: str,
        full: JSONMapping,
        reduced: JSONMapping | None,
        *,
        bare: JSONMapping | None = None,
        whole: bool = False,
        keywords: JSONMapping | None = None,
        forced: bool = True,
        thinking: Thinking = WITHOUT_THINKING,
        ttl: CacheTTL = "5m",
    ) -> None:
        self._mark = {"cache_control": {"type": "ephemeral"} | ({} if ttl == "5m" else {"ttl": ttl})}
        self._tool = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64]
        self._reply = ReplyForm(self._tool, full)
        self._full, self._reduced, self._bare, self._whole = full, reduced, bare, whole
        self._keywords = keywords or {}
        self._forced = forced and not thinking.room
        self._thinking = thinking
        self._fixed = cache(self._fixed_part)

    def encode(self, ask: Ask) -> JSONObject:
        """Write the keyword arguments of `messages.create` for an ask."""
        fixed = self._fixed(ask.mode) if ask.wire is None else self._patched(ask.mode, ask.wire)
        system = {**text_block(ask.prompt.system)} | ({} if ask.prompt.shared else self._mark)
        return {
            **fixed,
            "model": ask.model,
            "max_tokens": ask.max_tokens,
            "system": [system, *fixed.get("system", ())],
            "messages": self._messages(ask),
        }

    def decode(self, ask: Ask, completion: object, *, ms: int = 0) -> Answer:
        """Read what the service sent for an ask. What is no message becomes a failure, never an exception."""
        return self.read(self.shape_of(ask), completion, ms=ms)

    def shape_of(self, ask: Ask) -> ReplyShape:
        """Say how the reply to an ask is read."""
        return ReplyShape(ask.mode, self.asks_bare_list(ask))

    def read(self, shape: ReplyShape, completion: object, *, ms: int = 0) -> Answer:
        """Do what `decode` does, where the ask is not at hand any more.

        All that an answer holds is typed and bounded here: the SDK builds its types without validating them.
        """
        reason = ""
        try:
            if isinstance(completion, Message) and _well_formed(completion):
                return self._read(shape, completion, ms)
        except Exception as error:  # noqa: BLE001 - whatever a gateway calls a message: one nested a thousand deep
            reason = f": {type(error).__name__}"
        return Answer(
            failure=Failure(FailureKind.UNREADABLE_REPLY, f"the service's reply is no message{reason}"), ms=ms
        )

    def asks_bare_list(self, ask: Ask) -> bool:
        """Whether the reply's text is a list, without the object that an answer has it in."""
        bare = self._bare if ask.wire is None else ask.wire.bare
        return ask.mode == "structured" and not self._whole and bare is not None

    def _read(self, shape: ReplyShape, message: Message, ms: int) -> Answer:
        stop_reason = identifier(message.stop_reason)
        json_text, errors = self._find(shape.mode, message, stop_reason)
        text = _text_of(message)
        if shape.bare:
            json_text, text = json_text and as_wrapped_list(json_text), as_wrapped_list(text)
        return Answer(
            json=json_text,
            text=text,
            stop_reason=stop_reason,
            errors=errors,
            usage=usage_of(message.usage, message.content),
            ms=ms,
            request_id=identifier(getattr(message, "_request_id", None)),  # a message of a batch has none
            scored=_scored(message),
        )

    def _messages(self, ask: Ask) -> list[JSONObject]:
        prompt = ask.prompt
        messages = [{"role": turn.role, "content": _content(turn)} for turn in prompt.turns]
        # With a budget for thinking the service wants a thought before a call, and what was thought is not kept.
        if ask.mode == "tool" and not self._thinking.budget:
            self._call(messages)
        elif self.asks_bare_list(ask):
            for message in messages:
                if message["role"] == "assistant":
                    message["content"] = as_bare_list(message["content"])
        # What all documents share is read from the cache, and a document that is asked about again.
        # The service ignores the mark on a prompt too short for it.
        for number in {*filter(None, (prompt.shared,)), *((prompt.shared + 1,) if prompt.again else ())}:
            *blocks, last = _blocks(messages[number - 1]["content"])
            messages[number - 1]["content"] = [*blocks, last | self._mark]
        return messages

    def _call(self, messages: list[JSONObject]) -> None:
        """Turn answers into the tool calls that they are; the turn that follows holds each one's result."""
        for number, (message, following) in enumerate(pairwise(messages)):
            value = _object(message["content"]) if message["role"] == "assistant" else None
            if value is not None:
                call = tool_call(self._tool, value, number=str(number))
                message["content"] = [call]
                result = {"type": "tool_result", "tool_use_id": call["id"], "content": _TAKEN}
                following["content"] = [result, *_blocks(following["content"])]

    def _fixed_part(self, mode: Mode) -> JSONObject:
        """Write what all requests of a mode share."""
        return self._thoughtful(self._form(mode, self._full, self._bare or self._reduced))

    def _patched(self, mode: Mode, wire: Wire) -> JSONObject:
        return self._thoughtful(self._form(mode, wire.full, wire.full if self._whole else wire.bare or wire.reduced))

    def _thoughtful(self, form: JSONObject) -> JSONObject:
        """Say how the model shall think, where anything is to be said of it."""
        if self._thinking.form is not None:
            form = {**form, "thinking": self._thinking.form}
        if self._thinking.effort is not None:
            form = {**form, "output_config": {**form.get("output_config", {}), "effort": self._thinking.effort}}
        return form

    def _form(self, mode: Mode, full: JSONMapping, reduced: JSONMapping | None) -> JSONObject:
        """Write what of a request asks for JSON of a schema."""
        if mode == "structured":
            schema = {**reduced, **self._keywords} if reduced and self._keywords else reduced
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        reply = self._reply if full is self._full else ReplyForm(self._tool, full)
        form = reply.request(mode)
        if mode == "tool" and not self._forced:
            wish = text_block(f"Answer by calling the tool {self._tool} once, and with nothing else.")
            return form | {"tool_choice": {"type": "auto"}, "system": [*form.get("system", ()), wish]}
        return form

    def _find(self, mode: Mode, message: Message, stop_reason: str | None) -> tuple[str | None, tuple[FieldError, ...]]:
        if stop_reason == "refusal":
            return None, _refusal(message)
        if stop_reason in CUT_OFF:
            return None, ()
        calls = [block for block in message.content if block.type == "tool_use"] if mode == "tool" else []
        if wrong := [block.name for block in calls if block.name != self._tool]:
            return None, (FieldError("", f"the reply calls the tool {excerpt(wrong[0])!r} instead of {self._tool!r}"),)
        if mode == "tool" and _is_repeated(message):
            return None, ()
        json_text = self._reply.find(mode, message)
        if json_text is None:
            place = "exactly one tool call" if mode == "tool" else "any text"
            return None, (FieldError("", f"the reply does not hold {place}"),)
        text = whole_characters(_input_text(calls[0]) if calls else json_text)
        return (text, ()) if _is_unicode(text) else (None, _HALF_CHARACTER)


def _content(turn: Turn) -> JSON:
    """Write what a turn says: what is to be looked at comes first, as the service advises."""
    return [*(pdf_block(pages.base64) for pages in turn.pages), text_block(turn.text)] if turn.pages else turn.text


def _blocks(content: JSON) -> list[JSONObject]:
    return [{**text_block(content)}] if isinstance(content, str) else content


_HALF_CHARACTER = (FieldError("", "the reply holds half a surrogate pair, which is no character"),)


def _object(text: str) -> JSONObject | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _well_formed(message: Message) -> bool:
    """Check what the SDK takes on trust: it builds its types without validating them."""
    return isinstance(message.content, list) and all(
        isinstance(getattr(block, "type", None), str)
        and (block.type != "text" or isinstance(block.text, str))
        and (block.type != "tool_use" or isinstance(block.name, str))
        for block in message.content
    )


def _is_repeated(message: Message) -> bool:
    """Whether one call is made several times over: the reply's text then holds one value, again and again."""
    inputs = [json.dumps(block.input, sort_keys=True) for block in message.content if block.type == "tool_use"]
    return len(inputs) > 1 and len(set(inputs)) == 1


def _text_of(message: Message) -> str:
    parts = [
        block.text if block.type == "text" else _input_text(block)
        for block in message.content
        if block.type in ("text", "tool_use")
    ]
    text = whole_characters(_joined(parts))
    return text if _is_unicode(text) else text.encode("utf-8", "replace").decode()


def _joined(parts: Sequence[str]) -> str:
    """Put a message's texts together: nothing stands between those that are one value, with a thought amid it."""
    whole = "".join(parts)
    return whole if len(parts) > 1 and _is_json(whole) else "\n".join(parts)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _input_text(block: JSON) -> str:
    """Return a tool's input as the model wrote it, where that is known: read and written again it has lost digits."""
    text = input_text(block)
    return json.dumps(block.input, ensure_ascii=False) if text is None else text


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _refusal(message: Message) -> tuple[FieldError, ...]:
    details = message.stop_details
    reasons = [reason for name in ("category", "explanation") if (reason := excerpt(getattr(details, name, None)))]
    return (FieldError("", ": ".join(reasons)),) if reasons else ()


def _scored(message: Message) -> tuple[str, ...]:
    """Read a field that the embedded model adds to the API's own; the SDK keeps it as it came."""
    scored: object = getattr(message, "scored", None)
    return tuple(path for path in scored if isinstance(path, str)) if isinstance(scored, list) else ()
