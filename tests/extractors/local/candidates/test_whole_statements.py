"""Passages that say what the text says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.local.candidates.whole_statements import whole_statements

TEXT = "The sound is great, but they broke after a week and nobody answers my mails. It does not charge any more."


@pytest.mark.parametrize(
    ("passages", "statements"),
    [
        (["answers my mails"], ["nobody answers my mails"]),
        (["charge any more"], ["not charge any more"]),
        (["they broke after a week"], ["they broke after a week"]),
        (["broke after a week", "they broke after a week", "after a week"], ["broke after a week"]),
        (["what does not stand there"], ["what does not stand there"]),
        ([], []),
    ],
)
def test_a_statement_is_not_turned_round_nor_made_twice(passages: list[str], statements: list[str]) -> None:
    assert whole_statements(TEXT, passages, longest=200) == statements


def test_a_limit_is_kept() -> None:
    assert whole_statements(TEXT, ["answers my mails"], longest=18) == ["answers my mails"]


WORDS = st.lists(st.sampled_from(["not", "it", "works", ",", "never", "fails", "and"])).map(" ".join)


@given(WORDS, st.data())
def test_statements_are_passages_of_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    passage = text[start : data.draw(st.integers(start, len(text)))]
    (statement,) = whole_statements(text, [passage], longest=10_000)
    assert statement in text
    assert statement.endswith(passage)
