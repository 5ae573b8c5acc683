"""One answer, checked by the schema: a question a field, or the whole object in one go."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import jsonschema
from referencing import Registry

from slotfill.extractors.local.by_field.fields import FieldDecoder, too_long
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.conversation import STOP, Conversation, Shot
from slotfill.extractors.local.filling.answer_sheet import REPLY_ROOM
from slotfill.extractors.local.filling.filling import answer_by_field
from slotfill.extractors.local.grammar import SEPARATORS, write_grammar
from slotfill.extractors.local.messages import EngineReply
from slotfill.extractors.local.strategies import CALIBRATION, QUESTION
from slotfill.extractors.messages_api.api_error import ApiError

if TYPE_CHECKING:
    import threading

    from referencing.jsonschema import SchemaRegistry

    from slotfill.extractors.local.llama import Engine
    from slotfill.extractors.messages_api.request import MessageRequest
    from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["answer"]

LOOP = 3
"""How often a list must end in the same entry for the rest to count as a loop."""

TRIES = 6
"""How often an answer is drawn anew where a schema says more than a grammar can (`if`, `not`, `contains`)."""


def answer(engine: Engine, request: MessageRequest, cancelled: threading.Event) -> EngineReply:
    """Answer a request. Where it names a schema, the text is JSON and valid, unless it was cut or lacks what it must.

    Raises ApiError: 400 for a prompt that is too long even without examples, 500 for an answer that does not fit.
    """
    decoder = None if request.schema is None or engine.whole else _decoder(engine, request)
    if decoder is None:
        reply = _whole(engine, request, cancelled)
    else:
        reply = answer_by_field(decoder, _conversation(request).document, request.max_tokens, cancelled)
    if request.schema is None:
        return reply
    for seed in range(TRIES + 1):
        if reply.cut or reply.missing or cancelled.is_set():
            return reply
        try:
            return replace(reply, text=_checked(reply.text, request.schema))
        except ApiError as error:
            unfit = error
        left = request.max_tokens - reply.completion_tokens
        if seed == TRIES or left <= 0:
            break
        again = _whole(engine, replace(request, max_tokens=left), cancelled, seed)
        read, wrote = reply.prompt_tokens + again.prompt_tokens, reply.completion_tokens + again.completion_tokens
        reply = replace(again, prompt_tokens=read, completion_tokens=wrote)
    raise unfit


def _decoder(engine: Engine, request: MessageRequest) -> FieldDecoder | None:
    conversation = _conversation(request)
    shots = json.dumps([[shot.text, shot.value] for shot in conversation.shots])
    return _decoder_of(engine, json.dumps(request.schema), shots, conversation.instructions)


@lru_cache(maxsize=32)
def _decoder_of(engine: Engine, written_schema: str, shots: str, instructions: str) -> FieldDecoder | None:
    schema = json.loads(written_schema)
    compiled = compile_schema(schema)
    if compiled is None:
        return None
    return FieldDecoder(
        engine,
        schema,
        compiled,
        _validator(schema),
        examples=[Shot(*shot) for shot in json.loads(shots)],
        labelled=[Shot(entry["text"], entry["value"]) for entry in schema.get(CALIBRATION, ())],
        instructions=instructions,
        question=schema.get(QUESTION, ""),
    )


def _whole(engine: Engine, request: MessageRequest, cancelled: threading.Event, seed: int | None = None) -> EngineReply:
    """Have the model write all there is to say, in one go."""
    conversation = _conversation(request)
    prompt, tokens = _fit(engine, conversation, min(request.max_tokens, REPLY_ROOM))
    grammar = ""
    if request.schema is not None:
        grammar = write_grammar(request.schema, conversation.document, readable=engine.reads)
    completion = engine.complete(
        prompt,
        max_tokens=min(request.max_tokens, engine.context - tokens),
        grammar=grammar,
        stop=() if grammar else STOP,
        cancelled=cancelled,
        seed=seed,
    )
    return EngineReply(completion.text.strip(), completion.prompt_tokens, completion.completion_tokens, completion.cut)


def _conversation(request: MessageRequest) -> Conversation:
    return Conversation(request.system, request.turns)


def _fit(engine: Engine, conversation: Conversation, room: int) -> tuple[str, int]:
    """Write the prompt with as many of the latest examples as fit."""
    limit = engine.context - room
    shorter: Conversation | None = conversation
    while shorter is not None:
        prompt = shorter.write()
        tokens = engine.count(prompt)
        if tokens <= limit:
            return prompt, tokens
        shorter = shorter.shorter()
    raise too_long(tokens, limit)


def _validator(schema: JSONMapping) -> JSON:
    # An empty registry: a reference to elsewhere is never fetched.
    registry: SchemaRegistry = Registry()
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)(schema, registry=registry)


def _checked(text: str, schema: JSONMapping) -> str:
    """Return the text of a valid value, after doing what no grammar can: entries that must differ do."""
    validator = _validator(schema)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unfit(f"it is no JSON: {error}") from error
    if validator.is_valid(shorter := _without_loops(value)):  # it is not where the schema wants so many entries
        value = shorter
    for breach in list(validator.iter_errors(value)):
        if breach.validator == "uniqueItems" and isinstance(breach.instance, list):
            breach.instance[:] = _distinct(breach.instance)
    if (worst := jsonschema.exceptions.best_match(validator.iter_errors(value))) is not None:
        raise _unfit(f"{worst.json_path}: {worst.message[:200]}")
    return json.dumps(value, ensure_ascii=False, separators=SEPARATORS)


def _without_loops(value: JSON) -> JSON:
    """Cut a list where a small model has begun to say the same entry for ever: it only stops at the list's bound."""
    if isinstance(value, dict):
        return {key: _without_loops(part) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    start = len(value)  # of the entries at the end that are all the same
    while start and value[start - 1] == value[-1]:
        start -= 1
    loops = len(value) - start >= LOOP
    return [_without_loops(entry) for entry in (value[: start + 1] if loops else value)]


def _distinct(entries: list[JSON]) -> list[JSON]:
    return list({json.dumps(entry, sort_keys=True): entry for entry in entries}.values())


def _unfit(reason: str) -> ApiError:
    return ApiError(500, "api_error", f"the embedded model's answer does not fit the schema: {reason}")
