"""UTF-16 without a mark: told from records with NULs in them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.encodings.unmarked import unmarked_utf16


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["a,b\r\n1,2", "Größe: 5\xa0€", "да, нет — и да", "שלום לכם", "Số điện thoại"])
def test_it_is_told_by_its_zeros(encoding, text):
    assert unmarked_utf16(text.encode(encoding)) == encoding


@example(["0!0"])
@example(["1 2 3 4 5 6 7 8 9"])
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=2), min_size=1))
def test_texts_with_nuls_after_them_are_none(fields):
    assert unmarked_utf16("\0".join([*fields, ""]).encode()) is None


@pytest.mark.parametrize("data", [b"", b"plain", bytes(100), bytes(range(32)) * 9, b"\x01\0\x02\0" * 50])
def test_what_has_no_letters_is_none(data):
    assert unmarked_utf16(data) is None
