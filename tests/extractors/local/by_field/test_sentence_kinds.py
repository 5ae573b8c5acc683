"""Which sentences a list's entries may come from."""

from __future__ import annotations

from collections.abc import Sequence

from slotfill.extractors.local.by_field.sentence_kinds import are_of_whole_texts, passages_of_kind, text_sentences

TEXT = "I wish it were red. It is blue.\n\n---\nPlease add a lid\nThe end."

PARTED = "It cost £5. I wish it were red, but it is blue. And I wish: all would add to it."


def test_each_line_ends_a_sentence() -> None:
    assert text_sentences(TEXT) == ["I wish it were red.", "It is blue.", "Please add a lid", "The end."]


def scorer(least: float) -> object:
    def score(prompt: str, labels: Sequence[str]) -> list[float]:
        sentence = prompt.rpartition("Sentence: ")[2].partition("\n")[0]
        lead = 2.0 if "wish" in sentence else -1.0 if "add" in sentence else -3.0
        lead = lead if sentence in TEXT + PARTED and "..." not in sentence else least
        return [lead, *(0.0 for _ in labels[1:])]

    return score


def test_a_sentence_is_of_a_kind_where_it_leads_by_more_than_a_text_that_says_nothing() -> None:
    assert passages_of_kind(TEXT, "Wishes", scorer(0)) == ["I wish it were red"]  # type: ignore[arg-type]  # a scorer
    both = ["I wish it were red", "Please add a lid"]
    assert passages_of_kind(TEXT, "Wishes", scorer(-4)) == both  # type: ignore[arg-type]  # likewise


def test_of_a_sentence_those_parts_stay_that_are_of_the_kind() -> None:
    found = passages_of_kind(PARTED, "Wishes", scorer(0))  # type: ignore[arg-type]  # likewise
    assert found == ["I wish it were red", "And I wish"]


def test_names_and_tags_are_no_kind_of_sentence() -> None:
    assert are_of_whole_texts("Names")
    assert are_of_whole_texts("Blog tags")
    assert not are_of_whole_texts("Wishes")
