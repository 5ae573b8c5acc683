"""How files are read: options as they are typed, checked before anything is opened."""

import pytest

from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.errors import InputError


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("3", [3]),
        ("1-3,7", [1, 2, 3, 7]),
        (" 2 - 4 , 6 ", [2, 3, 4, 6]),
        ("8-", [8, 9]),
        ("-2", [1, 2]),
        ("7,1", [1, 7]),
    ],
)
def test_pages_are_named_by_stretches(text, taken):
    options = ReadOptions.of(pages=text)
    assert [number for number in range(1, 10) if options.takes_page(number)] == taken


def test_all_pages_are_read_where_none_is_named():
    assert ReadOptions.of().takes_page(10_000)


@pytest.mark.parametrize("text", ["", ",", "0", "0-3", "3-1", "-", "1-2-3", "one", "1;2", "1,,2", "9999999", "\u0661"])
def test_what_names_no_pages_is_an_error(text):
    with pytest.raises(InputError, match="names no pages: write them as 1-3,7 or 5-"):
        ReadOptions.of(pages=text)


def test_an_encoding_is_known_by_its_own_name():
    assert ReadOptions.of(encoding="latin1").encoding == "iso8859-1"
    with pytest.raises(InputError, match="is no text encoding"):
        ReadOptions.of(encoding="rot13")
