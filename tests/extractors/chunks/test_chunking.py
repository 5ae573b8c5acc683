"""Chunks of a text."""

from itertools import pairwise

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.chunks.chunking import Chunk, default_overlap, split_text
from slotfill.schemas.passages.folding import divides
from slotfill.schemas.strategies import PlantedDocument, documents

FAMILY = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}\u200d\N{BOY}"

many = examples(200)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int | None]:
    limit = draw(st.integers(1, 600))
    return limit, draw(st.none() | st.integers(0, limit - 1))


def check(text: str, limit: int, overlap: int | None) -> tuple[Chunk, ...]:
    chunks = split_text(text, limit, overlap=overlap)
    assert [chunk.index for chunk in chunks] == [*range(len(chunks))]
    assert all(text[chunk.start : chunk.end] == chunk.text and len(chunk.text) <= limit for chunk in chunks)
    assert (chunks[0].start, chunks[-1].end) == (0, len(text))
    shared = default_overlap(limit) if overlap is None else overlap
    for one, other in pairwise(chunks):
        assert one.start < other.start <= max(0, one.end - shared)
        assert one.end < other.end
    return chunks


@many
@given(documents(), sizes())
@example(PlantedDocument("a\n\n\n" + "b" * 30 + "\r\n" + "c" * 9, ()), (16, 5))
@example(PlantedDocument("\n" * 50, ()), (7, 3))
@example(PlantedDocument("T\n\n" + "word " * 100, ()), (100, 20))
def test_chunks_cover_the_text_and_share_the_overlap(document: PlantedDocument, sizes: tuple[int, int | None]) -> None:
    check(document.text, *sizes)


@many
@given(documents(), sizes(), st.data())
def test_every_passage_as_long_as_the_overlap_stands_whole_in_a_chunk(
    document: PlantedDocument, sizes: tuple[int, int | None], data: st.DataObject
) -> None:
    limit, overlap = sizes
    shared = default_overlap(limit) if overlap is None else overlap
    start = data.draw(st.integers(0, len(document.text)))
    end = min(len(document.text), start + data.draw(st.integers(0, shared)))
    chunks = split_text(document.text, limit, overlap=overlap)
    assert any(chunk.start <= start and end <= chunk.end for chunk in chunks)


@pytest.mark.parametrize("text", ["", "a", "a" * 100, "a. " * 33])
def test_a_text_within_the_limit_is_one_chunk(text: str) -> None:
    assert split_text(text, 100) == (Chunk(0, 0, text),)


@pytest.mark.parametrize(("limit", "overlap"), [(10, 10), (10, 11), (10, -1), (0, None), (-3, None)])
def test_an_overlap_that_does_not_fit_is_refused(limit: int, overlap: int | None) -> None:
    with pytest.raises(ValueError, match=f"does not fit into chunks of {limit}"):
        split_text("some text", limit, overlap=overlap)


def test_the_overlap_is_a_tenth_within_reason() -> None:
    assert [default_overlap(limit) for limit in (1, 100, 1000, 10_000, 100_000)] == [0, 25, 200, 1000, 2000]


@pytest.mark.parametrize(
    "unit", [FAMILY, "e\u0301\u0323", "\r\n", "x\r\n", "\N{REGIONAL INDICATOR SYMBOL LETTER N}" * 2, "नि"]
)
@pytest.mark.parametrize(("limit", "overlap"), [(300, None), (301, 99), (400, 0), (257, 13)])
def test_no_character_is_cut(unit: str, limit: int, overlap: int | None) -> None:
    text = unit * 1000
    chunks = check(text, limit, overlap)
    assert all(divides(text, edge) for chunk in chunks for edge in (chunk.start, chunk.end))


def test_a_character_longer_than_a_chunk_is_cut_all_the_same() -> None:
    check("e" + "\u0301" * 500, 100, None)


def test_chunks_end_with_paragraphs_and_start_with_lines() -> None:
    paragraph = "One line of it.\nAnother line of it, a bit longer.\nThe last line."
    text = "\n\n".join([paragraph] * 50)
    chunks = check(text, 700, 70)
    assert len(chunks) < 2 * len(text) / 700
    assert all(chunk.text.rstrip("\n").endswith("The last line.") for chunk in chunks)
    assert all(text[chunk.start - 1] == "\n" for chunk in chunks[1:])


def test_an_overlap_starts_with_a_sentence_or_else_a_word() -> None:
    sentences = "The parcel came on Tuesday. The lid was cracked, and so was the pot within. " * 40
    assert all(chunk.text.startswith("The ") for chunk in check(sentences, 500, 90))
    words = "parcel " * 400
    chunks = check(words, 500, 90)
    assert all(chunk.text.startswith("parcel") for chunk in chunks)
    assert all(one.end - other.start < 90 + len("parcel ") for one, other in pairwise(chunks))


@pytest.mark.parametrize("text", ["字" * 200_000, "x" * 200_000, "{}," * 60_000, "\n" * 200_000, f"{FAMILY} " * 20_000])
def test_a_text_without_structure_is_split_too(text: str) -> None:
    assert len(check(text, 1000, None)) < 3 * len(text) / 1000


def test_a_short_piece_whole_in_the_next_chunk_is_no_chunk() -> None:
    text = "Title\n\n" + "word " * 30 + "\n\nEnd"
    chunks = check(text, 100, 20)
    assert chunks[0].text.startswith("Title\n\nword")
