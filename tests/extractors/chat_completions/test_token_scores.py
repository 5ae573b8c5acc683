"""Confidences computed from the probabilities of a reply's tokens."""

from __future__ import annotations

import json
from math import isclose, log
from typing import Any

import pytest
from chat_completions import token
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.chat_completions.token_scores import scored_text

SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"enum": ["good", "bad", "badly"]},
        "sure": {"type": "number", "x-confidence-of": "mood"},
        "name": {"type": "string"},
        "known": {"type": "number", "x-confidence-of": "name"},
    },
}


def scored(tokens: list[Any], schema: dict[str, Any] = SCHEMA) -> tuple[dict[str, Any], tuple[str, ...]]:
    text = "".join(one["token"] for one in tokens)
    text, paths = scored_text(text, schema, {"content": tokens})
    return json.loads(text), paths


def test_a_label_counts_by_its_share_of_all_labels() -> None:
    # What the model would rather have said, had it been free to, does not count.
    choice = token("bad", 0.06, good=0.03, **{"\n": 0.9, "Sure": 0.01})
    tokens = [token('{"mood": "', 0.9), choice, token('", "sure": ', 0.9), token("0.8", 0.9), token("}", 0.9)]
    value, paths = scored(tokens)
    assert value == {"mood": "bad", "sure": 0.6667}
    assert paths == ("/sure",)


def test_labels_that_begin_alike_are_told_apart_where_they_differ() -> None:
    ends = token('", "sure": ', 0.3, **{'ly"': 0.6})
    value, _ = scored([token('{"mood": ', 1), token(' "bad', 0.8, **{' "good': 0.2}), ends, token("1}", 1)])
    assert value["sure"] == pytest.approx(0.8 / 3, abs=1e-4)


def test_what_begins_otherwise_could_not_have_stood_there() -> None:
    ends = token('", "sure": 1}', 1)
    value, _ = scored([token('{"mood": ', 1), token('"bad', 0.4, good=0.5), ends])
    assert value["sure"] == 1.0
    value, _ = scored([token('{"mood":', 1), token(' "bad', 0.4, **{'x"good': 0.5, ' "good': 0.1}), ends])
    assert value["sure"] == 0.8


def test_another_value_counts_by_the_mean_of_its_tokens() -> None:
    tokens = [token('{"name": ', 0.1), token('"An', 0.9), token('na"', 0.4), token(', "known": 1}', 0.1)]
    value, paths = scored(tokens)
    assert value["known"] == 0.6
    assert paths == ("/known",)


def test_the_least_likely_part_counts_for_a_whole() -> None:
    schema = {
        "type": "object",
        "properties": {
            "all": {"type": "array", "items": {"type": "boolean"}},
            "sure": {"type": "number", "x-confidence-of": "all"},
        },
    }
    tokens = [
        token('{"all": [', 1),
        token("true", 0.9, false=0.1),
        token(", ", 1),
        token("false", 0.6, true=0.4),
        token('], "sure": 1}', 1),
    ]
    assert scored(tokens, schema)[0]["sure"] == 0.6


def test_half_a_character_in_a_token_and_a_fence_before_it_all() -> None:
    halves = "é".encode()
    tokens = [token("```json\n", 1), token('{"name": "', 1)]
    tokens += [{"token": "?", "bytes": [half], "logprob": log(0.5)} for half in halves]
    tokens += [token('", "known": 0}', 1), token("\n```", 1)]
    text, paths = scored_text('{"name": "é", "known": 0}', SCHEMA, {"content": tokens})
    assert isclose(json.loads(text)["known"], 0.5**0.5, abs_tol=1e-3)
    assert paths == ("/known",)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        {"content": [token("other", 1)]},
        {"content": [{"odd": 1}]},
        {"content": [3]},
        [1],
    ],
)
def test_without_probabilities_of_this_text_it_stays_as_it_is(logprobs: Any) -> None:
    text = '{"mood": "bad", "sure": 0.8}'
    assert scored_text(text, SCHEMA, logprobs) == (text, ())


def test_no_json_stays_as_it_is() -> None:
    assert scored_text("{", SCHEMA, {"content": [token("{", 1)]}) == ("{", ())


@given(
    name=st.text(max_size=6),
    mood=st.sampled_from(["good", "bad"]),
    cuts=st.lists(st.integers(0, 80), max_size=8),
    chances=st.lists(st.floats(0.01, 1), min_size=10, max_size=10),
)
def test_however_a_text_is_cut_the_value_stays_and_each_confidence_is_one(
    name: str, mood: str, cuts: list[int], chances: list[float]
) -> None:
    text = json.dumps({"name": name, "known": 0.5, "mood": mood, "sure": 1}, ensure_ascii=False)
    body = text.encode("utf-8", "surrogatepass")
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    tokens = [
        {"token": "", "bytes": list(body[start:end]), "logprob": log(chance)}
        for start, end, chance in zip(places, places[1:], chances, strict=False)
    ]
    written, paths = scored_text(text, SCHEMA, {"content": tokens})
    value = json.loads(written)
    assert (value["name"], value["mood"]) == (name, mood)
    assert set(paths) == {"/known", "/sure"}
    assert all(0 <= value[path[1:]] <= 1 for path in paths)
