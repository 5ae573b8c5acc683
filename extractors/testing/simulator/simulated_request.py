"""What a request asks the simulated model for: the document, the schema, the form of the answer."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic_core import to_json

from slotfill.extractors.local.conversation import Conversation
from slotfill.extractors.messages_api.request import parse_request
from slotfill.extractors.testing.rules.document_rules import document_blocks, pages_of
from slotfill.extractors.testing.rules.model_rules import ModelRules
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["SimulatedRequest", "read_request", "size"]

BYTES_A_TOKEN = 4

PAGE_TOKENS = 3_000
"""Those of a page of a PDF: its text, of which 1,500 to 3,000 are documented, and its image, which has up to 1,600."""


@dataclass(frozen=True, slots=True)
class SimulatedRequest:
    """A request that passed the checks: what a script's function is called with.

    Attributes:
        model: The model's name, as it was sent.
        max_tokens: The room for a reply.
        document: The text between the marks of the last fenced turn, else the last user turn; of a document that is all
            attached, the names of its PDFs: `pdf:` and the hash of each, SHA-256.
        pages: How many pages of PDFs there are to look at.
        schema: The JSON Schema that the answer shall be valid for, None where none is asked for.
        tool: The tool to call with it; None asks for text.
        prefill: How the answer begins already, as a text.
        stream: Whether the reply comes as events.
        thinking: Whether the model thinks before it answers.
        thinking_budget: The tokens that it may think, None for any number.
        tokens: Those of the whole prompt, as simulated: one for each four bytes begun, and 3,000 for a page of a PDF.
        cache_prefixes: Each part of the prompt that is marked for the cache, the longest last: its hash, its tokens,
            and for how long, `5m` or `1h`.
        digest: The hash of the whole prompt, and of the model: equal requests have equal ones.
        rules: What the service knows of the model.
    """

    model: str
    max_tokens: int
    document: str
    pages: int
    schema: JSONMapping | None
    tool: str | None
    prefill: str
    stream: bool
    thinking: bool
    thinking_budget: int | None
    tokens: int
    cache_prefixes: tuple[tuple[str, int, str], ...]
    digest: str
    rules: ModelRules


def size(text: str) -> int:
    """Return the simulated count of a text's tokens: one for each four bytes begun."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_A_TOKEN)


def read_request(data: JSONMapping, rules: ModelRules) -> SimulatedRequest:
    """Read a request to a model that was checked."""
    request = parse_request(data)
    tokens, prefixes, digest = _measure(data, rules)
    thinking = request.thinking or {}
    attached = [block for _, block in document_blocks(data["messages"])]
    return SimulatedRequest(
        model=request.model,
        max_tokens=request.max_tokens,
        document=_document_of(Conversation(request.system, request.turns), attached),
        pages=sum(map(pages_of, attached)),
        schema=request.schema if request.tool or request.schema else _schema_in(request.system),
        tool=request.tool,
        prefill=request.prefill,
        stream=request.stream,
        thinking=thinking["type"] in ("adaptive", "enabled") if thinking else rules.thinks,
        thinking_budget=thinking.get("budget_tokens"),
        tokens=tokens,
        cache_prefixes=prefixes,
        digest=digest,
        rules=rules,
    )


def _document_of(conversation: Conversation, attached: Sequence[JSONMapping]) -> str:
    """Name what is asked about, so that documents that say the same beside their PDFs are told apart."""
    text, hashes = conversation.document, [_hash_of(block) for block in attached]
    return text if not attached or conversation.is_fenced else "\n".join(f"pdf:{name}" for name in hashes)


def _hash_of(block: JSONMapping) -> str:
    source = block["source"]
    data = b64decode(source["data"]) if source["type"] == "base64" else to_json(source)
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=64)
def _schema_in(text: str) -> JSONMapping | None:
    """Find a JSON Schema that stands in the instructions, as it does where neither a format nor a tool carries it."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if isinstance(value, dict) and value.keys() & {"properties", "$ref", "anyOf"}:
                return value
        at = text.find("{", end)
    return None


def _measure(data: JSONMapping, rules: ModelRules) -> tuple[int, tuple[tuple[str, int, str], ...], str]:
    """Return the tokens of a prompt, its parts that are marked for the cache, and its hash."""
    digest, counted, prefixes = hashlib.sha256(rules.id.encode()), 0, []  # what one model has read is no other's
    least = rules.cacheable * BYTES_A_TOKEN
    for block, ttl in _blocks(data):
        written = block.encode("utf-8", "surrogatepass") if isinstance(block, str) else to_json(block)
        digest.update(written)
        counted += _size_of(block, written)
        if ttl and counted >= least:
            prefixes.append((digest.hexdigest(), counted // BYTES_A_TOKEN, ttl))
    if (ttl := _ttl(data)) and counted >= least:
        prefixes.append((digest.hexdigest(), counted // BYTES_A_TOKEN, ttl))
    return -(-counted // BYTES_A_TOKEN), tuple(prefixes), digest.hexdigest()


def _size_of(block: JSON, written: bytes) -> int:
    """Count what a part of a prompt is read as: a PDF by its pages, however long it is."""
    is_pdf = isinstance(block, dict) and block.get("type") == "document" and block["source"]["type"] == "base64"
    return pages_of(block) * PAGE_TOKENS * BYTES_A_TOKEN if is_pdf else len(written)


def _ttl(marked: JSONMapping) -> str:
    """Say for how long the cache is to keep what ends here, "" for not at all."""
    return str((mark.get("ttl") or "5m") if (mark := marked.get("cache_control")) else "")


def _blocks(data: JSONMapping) -> Iterator[tuple[JSON, str]]:
    """Yield the parts of a prompt in the order in which they are read, and for how long the cache is to keep them."""
    for tool in data.get("tools") or ():
        yield tool, _ttl(tool)
    if output := data.get("output_config"):
        yield output, ""
    for content in (data.get("system") or (), *(message["content"] for message in data["messages"])):
        if isinstance(content, str):
            yield content, ""
        else:
            yield from ((_bare(block), _ttl(block)) for block in content)


def _bare(block: JSONMapping) -> JSON:
    """Return what a block says: a mark for the cache is no part of it."""
    return block["text"] if block["type"] == "text" else {k: v for k, v in block.items() if k != "cache_control"}
