"""Formatting that nothing closes, as old mail has it by the thousand: it is read, in time in proportion to its size."""

from itertools import chain

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from slotfill.extractors.documents.readers.markup.open_formatting import limit_formatting
from slotfill.extractors.documents.readers.markup.page_text import page_lines
from slotfill.extractors.documents.readers.markup.visibility import Look, look_of, reduced_style

PILE = "<u>" * 65
"""So many that all formatting of a page is looked at; of a name that no end tag of a test has."""


def text(page):
    return "\n".join(line.text for line in page_lines(page)[1])


def test_an_old_mail_is_read():
    page = "".join(f"<p><font color={n} style='font-size: {n + 9}pt'>line {n} <b>bold</p>" for n in range(3_000))
    assert text(page).split("\n\n") == [f"line {n} bold" for n in range(3_000)]
    limited = limit_formatting(page)
    assert len(LexborHTMLParser(limited).css("font, b")) < 5 * 3_000


def test_a_page_that_closes_what_it_opens_is_left_as_it_is():
    page = "<p><font color=red><b>a</b></font> <i>b</p>" * 60
    assert limit_formatting(page) is page


TAGS = [
    *(f"{tag}{slash}" for tag in ("<b>", "<font color=red>", "<font color='2'>", "<I>") for slash in ("", " ")),
    *("<font style='DISPLAY: none'>", "<b hidden>", "<font style='font-size:0'>", "<b style='font-size: 9pt'>"),
    *("<i style='visibility:hidden'>", "<i style=visibility:visible>", "<b style='display:block'>"),
    *("<tt style='white-space:pre'>", "<b title='</b>'>", '<font face="<font>" size=1>', "<b a=it's>"),
    *("</b>", "</font>", "</i>", "</tt>", "</B >"),
    *("<p>", "</p>", "<div>", "</div>", "<a href=x>", "</a>", "<span style='display:none'>", "</span>"),
    *("<table><tr><td>", "<td>", "<tr><td>", "</td>", "</table>", "<object>", "</object>", "<br>"),
    *("<!-- <b> -->", "<!-->", "<textarea></b><b></textarea>", "<sup>2</sup>", "<", "&", "amp;", "\n "),
]


@examples(100)
@given(st.lists(st.sampled_from(TAGS), max_size=14))
@example(["<table><tr><td>", "<b hidden>", "<td>", "</b>", "</table>"])
@example(["<b hidden>", "<table><tr><td>", "<b>", "<td>", "</table>", "</b>"])
@example(["<b hidden>", "<object>", "<b>", "</object>", "</b>"])
@example(["<", "<b>", "b>"])
@example(["<b hidden>", "<b>", "</b>", "</b>"])
@example(["<b>", "<span style='display:none'>", "</b>"])
@example(["<b>", "<i style='display:block'>", "</b>"])
def test_what_is_read_is_the_same_without_it(tags):
    page = "".join(chain.from_iterable((tag, f"w{n} ") for n, tag in enumerate(tags)))
    assert text(PILE + page) == text(page)


STYLES = [
    *(
        "display:none",
        "DISPLAY : Block",
        "opacity:0",
        "max-height:0;overflow:hidden",
        "visibility:collapse",
        "color:red",
    ),
    *("visibility: visible", "font-size:0px", "font-size: 1.5em", "font-size:12pt", "white-space: pre-wrap", ""),
    *("white-space:nowrap; font-size:90%", "visibility:", "font-size:"),
]


@pytest.mark.parametrize("style", STYLES)
def test_a_reduced_style_looks_like_the_whole_one(style):
    for outer in (Look(), Look(True, True, True, True, True)):
        reduced = reduced_style(style)
        assert look_of("b", {"style": reduced}, outer) == look_of("b", {"style": style}, outer)
        assert reduced_style(reduced) == reduced


@pytest.mark.parametrize("tags", ["<b a='", "<!--", "<title>", "<b a=", "<object><table>", "</table>"])
def test_what_is_cut_off_takes_no_time_of_its_square(tags):
    """That of its square ends by the suite's time-out."""
    limit_formatting(PILE + tags * 200_000)
