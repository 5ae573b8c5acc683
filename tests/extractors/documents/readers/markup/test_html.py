"""Pages: what is seen is read, in its order, and nothing that is hidden."""

import codecs
import html
import re
import sys
import time
from itertools import chain

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.markup.depth_limit import limit_depth
from slotfill.extractors.documents.readers.markup.html import html_lines, read
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions


def text(page, **options):
    data = page if isinstance(page, bytes) else page.encode()
    (part,) = read(data, ReadOptions(**options))
    return part.text


def test_a_page_file_is_read_by_its_reader(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<title>Offer</title><p>Costs <b>&euro;&nbsp;5</b><script>steal()</script>", encoding="utf-8")
    assert Document.read(path).text == "Offer\n\nCosts €\u00a05"
    assert "<script>" in Document.read(path, raw=True).text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<title> A &amp;\n B </title><p>one", "A & B\n\none"),
        ("<h1>Head</h1>text<p>one\n  two</p><p>three</p>", "Head\n\ntext\n\none two\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br><br>three<br>", "one\ntwo\n\nthree"),
        ("<div>a<br></div><div><br></div><div>b</div>", "a\n\nb"),
        ("<p>a</p><br><br><br><p>b</p>", "a\n\nb"),
        ("<ul><li>a<li>b<ul><li>c</ul><li><p>d</p></ul>end", "- a\n- b\n  - c\n\n- d\n\nend"),
        ("<ol start=3><li>a<li>b<li value=9>c</ol>", "3. a\n4. b\n9. c"),
        ("<ul><li></ul>after", "after"),
        ("<pre>\n a\n\n\n  b\t c\n</pre>d", " a\n\n\n  b\t c\n\nd"),
        ("<div style='white-space: pre-wrap'>a\n b</div>", "a\n b"),
        ("<dl><dt>Name<dd>Ann<dt>Age<dd>7</dl>", "Name\nAnn\nAge\n7"),
        ("a<b> b</b><i>c </i> d", "a bc d"),
        ("un<b>believ</b>able <a href='/x'>link</a>, <span>x</span>.", "unbelievable link, x."),
        ("<span style='display:block'>a</span><span style='display:block'>b</span>", "a\nb"),
        ("a&nbsp;b &shy;c&#8203;d &copy; &#x1F600; &lt;b&gt;", "a\u00a0b \u00adc\u200bd © \U0001f600 <b>"),
        ("<img alt='Our shop'><img alt='IMG_1.jpg'><img alt=pixel width=1>x", "Our shop x"),
        (
            "Name: <input value='Ann B'><input type=hidden value=no><input type=checkbox checked>yes",
            "Name: Ann B [x] yes",
        ),
        ("Size <select><option>S<option selected>M</select>, <select><option>1<option>2</select>", "Size M , 1"),
        ("<textarea>\na\nb</textarea><button>Go</button><button>Stop</button>", "a\nb Go Stop"),
        ("10<sup>2</sup> m, $19<sup>99</sup>, 4<sup>th</sup>, H<sub>2</sub>O", "10² m, $19⁹⁹, 4th, H2O"),
        ("<details><summary>More</summary>inside</details>", "More\ninside"),
        ("<q>yes</q>", "“yes”"),
        ("<!--[if mso]>no<![endif]--><![if !mso]>yes<![endif]>", "yes"),
        ("<a style='mso-hide:all'>Button of a newsletter</a>", "Button of a newsletter"),
        ("<p aria-hidden=true>seen", "seen"),
        ("<frameset><frame>", ""),
        ("<?xml version='1.0'?><html><head><script src='a.js'/><title/></head><body>seen</body></html>", "seen"),
    ],
)
def test_a_page_reads_as_a_person_sees_it(page, expected):
    assert text(page) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><th>Item<th>Price<tr><td>Box<td><p>5</p><tr><td>Bag<td>", "Item | Price\nBox | 5\nBag"),
        ("<tr><th>a<th>b<th>c<tr><td>1<td><td>3<tr><td><td>2<td>", "a | b | c\n1 |  | 3\n| 2"),
        ("<tr><td>a<td width=9><td>b<tr><td>c<td><td>d", "a | b\nc | d"),
        ("<tr><td rowspan=2>a<td>1<tr><td>2<tr><td colspan=2>sum", "a | 1\n| 2\nsum"),
        ("<tr><td rowspan=3>a<td>1<tr><td>2<tr><td>3<tr><td>b<td>4", "a | 1\n| 2\n| 3\nb | 4"),
        ("<tr><td>14 Sawpit Lane<br>Bristol<td>5", "14 Sawpit Lane Bristol | 5"),
        ("<caption>Prices</caption><thead><tr><th>a<tbody><tr><td>1", "Prices\na\n1"),
        ("<tr><td><p>Hello</p><p>there</p><td>side<tr><td>below", "Hello\n\nthere\n\nside\nbelow"),
        ("<tr><td><table><tr><td><table><tr><td>Buy<tr><td>now</table><tr><td>x<td>y</table>", "Buy\nnow\nx | y"),
        ("<tr><td><table><tr><td>Button</table><td>text", "Button | text"),
    ],
)
def test_a_table_is_read_row_by_row_and_a_layout_block_by_block(rows, expected):
    assert text(f"before<table>{rows}</table>after") == f"before\n\n{expected}\n\nafter"


HIDING = (
    ("<div hidden>", "</div>"),
    ("<span style='DISPLAY : none !important'>", "</span>"),
    ("<div style='color:red;visibility:hidden'>", "</div>"),
    ("<div style='font-size:0px'><b style='font-size: 1.5em'>", "</b></div>"),
    ("<div style='opacity: 0.0'>", "</div>"),
    ("<div style='max-height:0;overflow:hidden'>", "</div>"),
    ("<!-- <p>", " -->"),
    ("<script>", "</script>"),
    ("<style>", "</style>"),
    ("<template>", "</template>"),
    ("<noscript>", "</noscript>"),
    ("<iframe>", "</iframe>"),
    ("<dialog>", "</dialog>"),
    ("<svg><title>", "</title></svg>"),
    ("<datalist><option>", "</option></datalist>"),
    ("<b title='", "'></b>"),
    ("<a href='/", "'></a>"),
    ("<input type=password value='", "'>"),
)
SHOWING = (
    *(("<div>", "</div>"), ("<section>", "</section>"), ("<b>", "</b>"), ("<span>", "</span>"), ("<i>", "</i>")),
    *(("<ul><li>", "</li></ul>"), ("<blockquote>", "</blockquote>"), ("<pre>", "</pre>"), ("<h2>", "</h2>")),
    ("<table><tr><td>", "</td><td></td></tr></table>"),
    ("<table><tr><td> </td><td>", "</td><td>x</td></tr></table>"),
    ("<table><thead><tr><th>x</th></tr></thead><tr><td>", "</td></tr></table>"),
    ("<div style='font-size:0'><div style='font-size:14px'>", "</div></div>"),
    ("<div style='visibility:hidden'><div style='visibility:visible'>", "</div></div>"),
    ("<details><summary>x</summary>", "</details>"),
    ("<p>x</p><!-- x -->", "<br>"),
    ("<fieldset><legend>x</legend>", "</fieldset>"),
)

FACTS = st.integers(0, 999_999)
TREES = st.recursive(
    st.one_of(st.tuples(st.just("seen"), FACTS), st.tuples(st.just("unseen"), st.sampled_from(HIDING), FACTS)),
    lambda inner: st.tuples(st.just("within"), st.sampled_from(SHOWING), st.lists(inner, min_size=1, max_size=4)),
    max_leaves=25,
)


def written(tree):
    """Write a tree as HTML; return it, and the facts that are seen in it."""
    kind, *rest = tree
    if kind == "seen":
        return f" fact{rest[0]}; ", [f"fact{rest[0]};"]
    if kind == "unseen":
        (opening, closing), fact = rest
        return f"{opening}fact{fact};{closing}", []
    (opening, closing), inner = rest
    pages, facts = zip(*map(written, inner), strict=True)
    return opening + "".join(pages) + closing, [*chain(*facts)]


@examples(400)
@given(TREES)
def test_all_that_is_seen_is_read_in_its_order_and_nothing_that_is_hidden(tree):
    page, facts = written(tree)
    assert re.findall(r"fact\d+;", text(f"<title>x</title>{page}")) == facts


WORDS = st.lists(
    st.tuples(st.sampled_from(["ab", "c", "é", "漢", "<", "&amp"]), st.sampled_from(["", " ", "\n  ", "\t"]))
)
CUTS = st.lists(
    st.sampled_from(["", "<b>|</b>", "<a href=x>|</a>", "<span>|<!-- --></span>", "<font>|</font>"]), min_size=1
)


@examples(300)
@given(WORDS, CUTS)
def test_inline_elements_neither_make_spaces_nor_lose_them(words, cuts):
    pieces = [cuts[number % len(cuts)] or "|" for number in range(len(words))]
    page = "".join(
        cut.replace("|", html.escape(word) + space) for cut, (word, space) in zip(pieces, words, strict=True)
    )
    plain = " ".join("".join(word + space for word, space in words).split())
    assert (
        "\n".join(line.text for line in html_lines(f"<p>{page}x</p>".encode())[1]) == f"{plain}x"
        if (not words or not words[-1][1])
        else f"{plain} x"
    )


@pytest.mark.parametrize(
    ("label", "codec", "word"),
    [
        ("utf-8", "utf-8", "größe Łódź 漢字"),
        ("iso-8859-1", "cp1252", "größe “5 €”"),
        ("iso-8859-2", "iso8859-2", "Łódź, żółw"),
        ("windows-1251", "cp1251", "быстрый"),
        ("koi8-r", "koi8-r", "быстрый"),
        ("shift_jis", "cp932", "漢字かな①"),
        ("gb2312", "gb18030", "汉字镕"),
        ("euc-kr", "cp949", "한글 똠"),
        ("iso-2022-jp", "iso2022_jp", "漢字かな"),
        ("big5", "big5hkscs", "漢字"),
        ("x-sjis", "cp932", "漢字"),
        ("utf-16", "utf-8", "größe"),
    ],
)
def test_a_page_is_in_what_it_says(label, codec, word):
    metas = (f"<meta charset={label}>", f"<meta http-equiv=Content-Type content='text/html; charset={label}'>")
    for page in (*metas, f"<!-- {'x' * 900} -->{metas[0]}", f"<?xml version='1.0' encoding='{label}'?>"):
        assert text(f"{page}<p>{word}".encode(codec)) == word


def test_who_hands_a_page_over_knows_better_and_a_byte_order_mark_best():
    page = "<meta charset=koi8-r><p>быстрый"
    assert text(page.encode("cp1251"), encoding="cp1251") == "быстрый"
    assert text(codecs.BOM_UTF8 + page.encode(), encoding="cp1251") == "быстрый"
    assert text(page.encode("utf-16")) == "быстрый"


@pytest.mark.parametrize("label", ["", "<meta charset=x-unknown>", "<meta charset=iso-8859-1>", "<meta charset=idna>"])
def test_utf_8_is_told_whatever_a_page_says(label):
    assert text(f"{label}<p>größe 5 €".encode()) == "größe 5 €"
    assert text(f"{label}<p>größe 5 €".encode("cp1252")) == "größe 5 €"


def test_a_cut_letter_is_seen_to_be_missing():
    assert text("<meta charset=utf-8><p>größe größe".encode() + b"\xe2\x82") == "größe größe\ufffd"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("<p>быстрый ёж".encode("cp866"), "undecodable_document"),
        (b"%PDF-1.4", "binary_document"),
        (b"<p>\0\1\2", "binary_document"),
        (b" \n", "empty_document"),
    ],
)
def test_what_is_no_page_says_why(data, kind):
    with pytest.raises(ReadError) as caught:
        text(data)
    assert caught.value.failure.type == kind


def test_a_page_of_nothing_seen_is_an_empty_document(tmp_path):
    path = tmp_path / "empty.htm"
    path.write_text("<script>let a</script>", encoding="utf-8")
    assert Document.read(path).failure.type == "empty_document"


@pytest.mark.parametrize(
    "tags",
    [
        "<div>",
        *(pytest.param(tags, marks=pytest.mark.slow) for tags in ("<table><tr><td>", "<ul><li>", "<b><div>", "<x-a>")),
    ],
)
def test_a_hundred_thousand_nested_elements_are_read(tags):
    assert text(f"{tags * 100_000}deep").strip(" -") == "deep"


def test_what_is_hidden_stays_hidden_however_deep_it_is():
    page = "<div>" * 600 + "<div>seen<div style='display:none'>unseen</div>too</div>" + "</div>" * 600 + "<div>after"
    assert text(page).split() == ["seen", "too", "after"]


def test_a_megabyte_is_read_to_its_end():
    page = "".join(f"<div><p>Item {n} <b>bold</b>.</p><ul><li>one<li>two</ul></div>" for n in range(18_000))
    assert len(page) > 1_000_000
    lines = text(page).splitlines()
    assert len([line for line in lines if line.startswith("Item")]) == 18_000
    assert lines.count("- two") == 18_000


def test_quotations_are_told_apart():
    _, lines = html_lines(b"yes<blockquote>why<div>not</div></blockquote><table><tr><td><blockquote>so</table>")
    assert [(line.text, line.quoted) for line in lines if line.text] == [
        ("yes", False), ("why", True), ("not", True), ("so", True)
    ]  # fmt: skip


def work_of(page):
    """Count the steps that reading a page takes: calls of functions, ours and those of the interpreter."""
    steps = 0

    def count(*_):
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        html_lines(page.encode())
    finally:
        sys.setprofile(None)
    return steps


LARGE = {
    "rows": lambda count: "<table>" + "<tr><td>a<td>b" * count,
    "cells": lambda count: "<table><tr>" + "<td>a" * count,
    "rows below a wide one": lambda count: "<table><tr>" + "<td>a" * count + "<tr><td>b" * count,
    "blocks": lambda count: "<div><p>a</p></div>" * count,
    "links": lambda count: "<a href=b>c</a> " * count,
}


@pytest.mark.parametrize("name", LARGE)
def test_a_page_twice_as_large_takes_twice_as_much_work(name):
    once, twice = (work_of(LARGE[name](count)) for count in (1_000, 2_000))
    assert twice < 2.2 * once


def test_a_line_within_many_tables_is_passed_on_by_each_without_a_look():
    inner = "<tr><td>" + "a<br>" * 2_000
    once, deep = (work_of("<table><tr><td>" * depth + f"<table>{inner}") for depth in (1, 100))
    assert (deep - once) / (99 * 2_000) < 8  # of a line, for each further table


def test_a_wide_row_above_many_takes_no_more_than_beside_them():
    wide, many = "<tr>" + "<td>a" * 40_000, "<tr><td>b" * 40_000
    seconds = []
    for between in ("", "</table><table>"):
        begun = time.process_time()
        html_lines(f"<table>{wide}{between}{many}".encode())
        seconds.append(time.process_time() - begun)
    assert seconds[0] < 2 * seconds[1]


def test_nesting_that_is_closed_again_is_left_as_it_is():
    page = "<div>a</div>" * 5_000
    assert limit_depth(page) is page
    deepest = "<div>" * 512 + "a" + "</div>" * 600
    assert limit_depth(deepest) is deepest
    assert limit_depth("<div>" + deepest) == "<div>" * 512 + "<br><span>a<br></span>" + "</div>" * 599
