"""Offsets as scripts count them."""

from __future__ import annotations

from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.pages.utf16_offsets import UTF16Offsets

TEXTS = st.text(
    st.sampled_from("ae\u0301\r\n\u05d0\U0001f600\U00010000\u202e") | st.characters(exclude_categories=["Cs"])
)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(TEXTS)
@example("a\U0001f600b\U0001f600\U0001f600c")
@examples(60)
def test_units_are_those_of_the_encoding(text: str) -> None:
    offsets = UTF16Offsets(text)
    assert [offsets.unit_at(point) for point in range(len(text) + 1)] == [
        units(text[:point]) for point in range(len(text) + 1)
    ]
    assert (offsets.points, offsets.units) == (len(text), units(text))


@given(TEXTS)
@example("\U0001f600\U0001f600")
@examples(60)
def test_a_unit_leads_back_to_its_code_point(text: str) -> None:
    offsets = UTF16Offsets(text)
    for point, character in enumerate(text):
        start = offsets.unit_at(point)
        assert [offsets.point_at(start + half) for half in range(units(character))] == [point] * units(character)
    assert offsets.point_at(offsets.units) == len(text)
