"""One answer: the conversation is fitted into the context, continued by the grammar, and checked by the schema."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import jsonschema
from referencing import Registry

from slotfill.extractors.local.engine import Completion, Engine
from slotfill.extractors.local.grammar import HEADER, SEPARATORS, write_grammar
from slotfill.extractors.local.layout import STOP, Conversation
from slotfill.extractors.local.messages import ApiError, Request

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from referencing.jsonschema import SchemaRegistry

__all__ = ["answer"]

REPLY_ROOM = 512
"""Tokens that a prompt leaves free for the reply, where so many were asked for: most answers take under 200."""


LOOP = 3
"""How often a list must end in the same entry for the rest to count as a loop."""


def answer(engine: Engine, request: Request, cancelled: threading.Event) -> Completion:
    """Answer a request. Where it names a schema, the text is JSON and valid, unless it was cut.

    Raises ApiError: 400 for a prompt that is too long even without examples, 500 for an answer that does not fit.
    """
    prompt, tokens = _fit(engine, request.conversation, min(request.max_tokens, REPLY_ROOM))
    grammar = "" if request.schema is None else _grammar(engine, request.schema, request.conversation.document)
    completion = engine.complete(
        prompt,
        max_tokens=min(request.max_tokens, engine.context - tokens),
        grammar=grammar,
        stop=() if grammar else STOP,
        cancelled=cancelled,
    )
    completion = replace(completion, text=completion.text.strip())
    if request.schema is None or completion.cut or cancelled.is_set():
        return completion
    return replace(completion, text=_checked(completion.text, request.schema))


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
    raise ApiError(400, "invalid_request_error", f"prompt is too long: {tokens} tokens > {limit} maximum")


def _grammar(engine: Engine, schema: Mapping[str, Any], document: str) -> str:
    return write_grammar(schema, document, readable=partial(_readable, engine))


@lru_cache(maxsize=1024)
def _readable(engine: Engine, expression: str) -> bool:
    return engine.follows(f"{HEADER}\nstart: {expression}")


def _checked(text: str, schema: Mapping[str, Any]) -> str:
    """Give the text of a valid value, after doing what no grammar can: entries that must differ do."""
    # An empty registry: a reference to elsewhere is never fetched.
    registry: SchemaRegistry = Registry()
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    validator = kind(schema, registry=registry)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unfit(f"it is no JSON: {error}") from error
    if validator.is_valid(shorter := _without_loops(value)):  # it is not where the schema wants so many entries
        value = shorter
    for found in list(validator.iter_errors(value)):
        if found.validator == "uniqueItems" and isinstance(found.instance, list):
            found.instance[:] = _distinct(found.instance)
    if (worst := jsonschema.exceptions.best_match(validator.iter_errors(value))) is not None:
        raise _unfit(f"{worst.json_path}: {worst.message[:200]}")
    return json.dumps(value, ensure_ascii=False, separators=SEPARATORS)


def _without_loops(value: Any) -> Any:
    """Cut a list where a small model has begun to say the same entry for ever: it only stops at the list's bound."""
    if isinstance(value, dict):
        return {key: _without_loops(part) for key, part in value.items()}
    if not isinstance(value, list):
        return value
    said = len(value)
    while said and value[said - 1] == value[-1]:
        said -= 1
    looped = len(value) - said >= LOOP
    return [_without_loops(entry) for entry in (value[: said + 1] if looped else value)]


def _distinct(entries: list[Any]) -> list[Any]:
    return list({json.dumps(entry, sort_keys=True): entry for entry in entries}.values())


def _unfit(reason: str) -> ApiError:
    return ApiError(500, "api_error", f"the embedded model's answer does not fit the schema: {reason}")
