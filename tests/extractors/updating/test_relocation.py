"""A changed document is split where it was split before, as far as its chunks still stand in it."""

import random

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Document
from slotfill.extractors.chunks.chunking import default_overlap, split_text
from slotfill.extractors.record.anchors import anchor_of
from slotfill.extractors.updating.earlier_record import EarlierChunk
from slotfill.extractors.updating.relocation import relocate

LIMIT = 1_200
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "while", "日本", "rains", "café", "😀"]


def prose(size, seed=0):
    """Write a text of paragraphs, none like another."""
    chance, parts = random.Random(seed), []
    while sum(map(len, parts)) < size:
        parts.append(" ".join(chance.choices(WORDS, k=chance.randrange(5, 40))) + chance.choice([". ", "\n", "\n\n"]))
    return "".join(parts)


def chunks_of(text, limit=LIMIT):
    return [
        EarlierChunk(
            one.index, one.index, (one.start, one.end, ()), Document.of(one.text).id, anchor_of(one.text), (one.index,)
        )
        for one in split_text(text, limit)
    ]


def relocated(before, after, limit=LIMIT):
    return relocate(chunks_of(before, limit), after, chars=len(before), limit=limit)


def new_ones(stretches):
    return [one for one in stretches if one.earlier is None]


def test_a_text_that_has_not_changed_is_split_as_it_was():
    text = prose(20_000)
    assert [(one.start, one.end, one.earlier.readings) for one in relocated(text, text)] == [
        (one.start, one.end, (one.index,)) for one in split_text(text, LIMIT)
    ]


def test_an_insertion_costs_a_chunk_or_two_and_the_rest_moves():
    text = prose(40_000)
    at = text.index("\n\n", 20_000)
    after = text[:at] + "\n\nA new paragraph stands here." + text[at:]
    stretches = relocated(text, after)
    assert 1 <= len(new_ones(stretches)) <= 2
    assert len(stretches) - len(new_ones(stretches)) >= len(chunks_of(text)) - 2


def test_several_changes_far_apart_cost_a_chunk_or_two_each():
    text = prose(120_000)
    after = text
    for at in (100_000, 60_000, 20_000):
        after = after[:at] + " Something else. " + after[at + at // 1000 :]
    assert len(new_ones(relocated(text, after))) <= 6


def test_what_was_prepended_or_appended_is_in_no_earlier_chunk():
    text = prose(10_000)
    for after in ("New. " + text, text + " New."):
        stretches = relocated(text, after)
        seam = after.index("New.") + (0 if after.endswith("New.") else 5)
        assert any(one.start <= seam - 4 and seam + 4 <= one.end for one in stretches)
        (new,) = [one for one in new_ones(stretches) if "New." in after[one.start : one.end]]
        assert len(new_ones(stretches)) <= 2
        assert new.earlier is None


def test_where_nothing_stands_any_more_there_are_no_stretches():
    assert relocated(prose(10_000), prose(10_000, seed=1)) == []


def test_a_text_of_one_line_repeated_is_done_with():
    text = "A line that is like every other one.\n" * 3_000
    assert relocated(text, "Changed. " + text + "Changed.") is not None


def edits_of(draw, text):
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 3_000)))
        text = (
            text[:start] + draw(st.sampled_from(["", " word ", "\n\nA paragraph.\n\n", prose(2_000, 7)])) + text[end:]
        )
    return text


@st.composite
def changed_texts(draw):
    before = prose(draw(st.integers(2_000, 12_000)), draw(st.integers(0, 5)))
    return before, edits_of(draw, before), draw(st.sampled_from([400, 1_200, 3_000]))


@examples(40)
@given(changed_texts())
def test_every_passage_of_an_overlap_stands_whole_in_some_stretch(case):
    before, after, limit = case
    stretches = relocated(before, after, limit)
    if not stretches:
        return
    places = [(one.start, one.end) for one in stretches]
    assert places == sorted(places)
    assert len({start for start, _ in places}) == len({end for _, end in places}) == len(places)
    assert all(end - start <= limit for start, end in places)
    for one in stretches:
        if one.earlier is not None:
            assert after[one.start : one.end] == before[one.earlier.start : one.earlier.end]
    # As of chunks that are split anew: what is as long as an overlap stands whole in one of them.
    overlap = default_overlap(limit)
    for at in range(0, len(after), 23):
        passage = after[at : at + overlap]
        if passage.strip() == passage:
            assert any(start <= at and at + len(passage) <= end for start, end in places), at
