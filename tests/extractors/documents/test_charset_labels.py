"""Labels of encodings: what they mean, and what is read where they are wrong."""

import codecs

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.charset_labels import codec_of, decode_labelled


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        (' "utf8" ', "utf-8"),
        ("us-ascii", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("iso-8859-15", "iso8859-15"),
        ("iso-8859-9", "cp1254"),
        ("ISO-8859-8-I", "iso8859-8"),
        ("ks_c_5601-1987", "cp949"),
        ("GB2312", "gb18030"),
        ("Shift_JIS", "cp932"),
        ("windows-1251", "cp1251"),
        ("x-unknown", None),
        ("unknown-8bit", None),
        ("rot13", None),
        ("idna", None),
        ("", None),
        (None, None),
    ],
)
def test_a_label_means_what_the_web_reads_by_it(label, codec):
    assert codec_of(label) == codec


@examples(200)
@given(st.text(st.characters(codec="cp1251", exclude_characters="\0"), min_size=1))
def test_what_a_label_says_is_so_where_it_can_be(text):
    assert decode_labelled(text.encode("cp1251"), "windows-1251") == text


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("größe".encode(), "iso-8859-1", "größe"),
        ("größe".encode("cp1252"), "utf-8", "größe"),
        ("größe".encode("cp1252"), "unknown-8bit", "größe"),
        ("быстрый".encode("cp1251"), "iso-8859-5", "быстрый".encode("cp1251").decode("iso8859-5")),
        (codecs.BOM_UTF8 + "größe".encode(), "koi8-r", "größe"),
        ("漢字".encode("iso2022_jp"), "us-ascii", "漢字"),
        ("größe ".encode() * 9 + b"\xe2\x82", "utf-8", "größe " * 9 + "\ufffd"),
        ("быстрый ёж бежит".encode("cp866"), None, None),
        ("быстрый ёж бежит".encode("cp866"), "utf-8", None),
    ],
)
def test_a_wrong_label_makes_no_other_text_of_it_where_that_can_be_told(data, label, text):
    assert decode_labelled(data, label) == text
