"""How likely the values of a reply are, by the probabilities of its tokens.

A number that says how sure the model is of another value (`Confidence`) is computed from them, where a server tells
them: what a model states itself is hardly ever less than 0.8.

Of a value that is one of a few, a label or a boolean, it is the probability of the one that was written among all of
them: a token counts by its share of those that could have stood there. Some servers tell what the model thought before
it was held to the schema, where other tokens may be far likelier. Of any other value it is the geometric mean of its
tokens' probabilities, and of one that has parts that of the least likely part.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, ValueNode, walk
from slotfill.schemas.json_values.json_places import place_at
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.marks.confidence import confidence_subjects

__all__ = ["scored_text"]

DIGITS = 4
"""Of a probability."""


def scored_text(text: str, schema: JSONObject, logprobs: JSON) -> tuple[str, tuple[str, ...]]:
    """Return a JSON text with its confidences computed, and the JSON Pointers to those that were.

    logprobs: the server's own, of a chat completion's choice. A text that is no JSON, and one whose tokens are not
    told, stays as it is.
    """
    try:
        value = json.loads(text)
        tokens = _Tokens.read(logprobs, text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return text, ()
    if tokens is None:
        return text, ()
    schema = _one_object(json.dumps(schema))
    nodes = {node.pointer: node for node in walk(value, schema)}
    scores: dict[tuple[int, int], tuple[str, float]] = {}
    for pointer, subject in confidence_subjects(schema, value).items():
        leaves = (node for part, node in nodes.items() if _is_in(part, subject) and not _has_parts(node.value))
        chances = [chance for leaf in leaves if (chance := _chance(leaf, text, tokens)) is not None]
        if chances:
            scores[place_at(text, nodes[pointer].path)] = pointer, min(chances)
    for (start, end), (_, chance) in sorted(scores.items(), reverse=True):
        text = f"{text[:start]}{round(chance, DIGITS)}{text[end:]}"
    return text, tuple(pointer for pointer, _ in scores.values())


@lru_cache(maxsize=32)
def _one_object(written_schema: str) -> JSONObject:
    """Return one object for all requests that ask by a schema: what is read in it is remembered by that."""
    schema: JSONObject = json.loads(written_schema)
    return schema


def _is_in(pointer: str, subject: str) -> bool:
    return pointer == subject or pointer.startswith(f"{subject}/")


def _has_parts(value: JSON) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _chance(leaf: ValueNode, text: str, tokens: _Tokens) -> float | None:
    """Return how likely a value without parts is."""
    place, labels = place_at(text, leaf.path), _labels(leaf.schemas)
    return tokens.share(place, labels) if labels else tokens.likelihood(place)


def _labels(schemas: ApplicableSchemas) -> frozenset[str]:
    """Return what may stand in place of a value that is one of a few, as JSON."""
    return schemas.remember(_read_labels)


def _read_labels(schemas: ApplicableSchemas) -> frozenset[str]:
    literals: list[JSON] = []
    for schema in schemas:
        literals += schema.get("enum", ())
        literals += [True, False] if schema.get("type") == "boolean" else []
        literals += [schema["const"]] if "const" in schema else []
    return frozenset(json.dumps(literal, ensure_ascii=False) for literal in literals)


@dataclass(frozen=True, slots=True)
class _Token:
    """What was written at a place, in bytes, how likely, and what could have been."""

    start: int
    written: bytes
    chance: float
    others: Mapping[bytes, float]


class _Tokens:
    """The tokens of a text."""

    def __init__(self, tokens: Sequence[_Token], text: str) -> None:
        self._tokens, self._text = tokens, text

    @classmethod
    def read(cls, logprobs: JSON, text: str) -> Self | None:
        """Read what a server tells; None where it is of another text, or of none."""
        entries = (logprobs or {}).get("content") or ()
        if not entries:
            return None
        # A server may leave out what stands around the JSON: a fence, a thought.
        before = b"".join(map(_bytes, entries)).find(text.encode())
        if before < 0:
            return None
        tokens, start = [], -before
        for entry in entries:
            others = {_bytes(other): math.exp(other["logprob"]) for other in entry.get("top_logprobs") or ()}
            token = _Token(start, _bytes(entry), math.exp(entry["logprob"]), others)
            tokens.append(token)
            start += len(token.written)
        return cls(tokens, text)

    def likelihood(self, place: tuple[int, int]) -> float | None:
        """Return the geometric mean of the probabilities of the tokens at a place."""
        start, end = self._in_bytes(place)
        chances = [token.chance for token in self._at(start, end)]
        if not chances:
            return None
        return math.exp(sum(math.log(max(chance, 1e-9)) for chance in chances) / len(chances))

    def share(self, place: tuple[int, int], labels: frozenset[str]) -> float | None:
        """Return how likely the label at a place is, of all that could stand there."""
        start, end = self._in_bytes(place)
        written, known = self._text.encode()[start:end], [label.encode() for label in labels]
        shares = [self._share_of(token, start, written, known) for token in self._at(start, end)]
        return math.prod(shares) if shares else None

    @staticmethod
    def _share_of(token: _Token, start: int, label: bytes, labels: Sequence[bytes]) -> float:
        """Return the share that a token has of those by which a label could have gone on.

        start: where the label begins, which a token may begin before, or go on.
        """
        before, begun = token.written[: max(0, start - token.start)], label[: max(0, token.start - start)]
        right = wrong = 0.0
        for written, chance in {**token.others, token.written: token.chance}.items():
            text = begun + written[len(before) :]
            if not written.startswith(before):
                continue
            if _fits(text, label):
                right += chance
            elif any(_fits(text, other) for other in labels):
                wrong += chance
        return right / (right + wrong) if right + wrong else 1.0

    def _in_bytes(self, place: tuple[int, int]) -> tuple[int, int]:
        start, end = place
        return len(self._text[:start].encode()), len(self._text[:end].encode())

    def _at(self, start: int, end: int) -> Iterator[_Token]:
        return (token for token in self._tokens if token.start < end and token.start + len(token.written) > start)


def _fits(text: bytes, label: bytes) -> bool:
    """Whether a text that begins where a label does may be it: the beginning of it, or all of it and more."""
    return label.startswith(text) or text.startswith(label)


def _bytes(entry: JSONObject) -> bytes:
    """Return a token's bytes: half a character has no text."""
    told = entry.get("bytes")
    return bytes(told) if told else str(entry["token"]).encode()
