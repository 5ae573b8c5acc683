"""Quotes as people read them, over what layout, marks and characters that do not show do to a text."""

import pytest
from examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st

from slotfill.schemas.passages.passages import exact, normalised

# ruff: noqa: RUF001 - look-alikes are what it is about

WORDS = """
    customer delivery parcel würdig été first office naïve terrible Straße well-known x-ray доставка ταχυδρομείο
    12 3,450.00 2026-03-03 COVID-19 it's I
"""
BREAKS = [
    "\n",
    "\r\n",
    "  \n",
    "\\\n",
    "\f",
    "\n\n\n",
    "\n\f\n",
    "\n> ",
    "\n>> ",
    " \n> > ",
    "\n# ",
    "\n- ",
    "\n  * ",
    "\n- [x] ",
]
SPACES = ["  ", "\t", "\xa0", "\u2009", "\u202f", "\u3000", " \u200b", "\u200b "]
CELLS = [" | ", " || ", "\n| ", " |\n| ", " |\n|---|:--:|\n| ", " |\n--- | ---\n"]
WITHIN = [
    "-\n",
    "-\r\n   ",
    "‐\n",
    "-\n> ",
    "-\f",
    "-\n\n\n",
    "-\n\f",
    "\xad",
    "\xad\n",
    "\u200b",
    "\u2060",
    "\u200c",
    "\x02",
    "¬\n",
]
MARKS = [
    ("**", "**"),
    ("__", "__"),
    ("***", "***"),
    ("*", "*"),
    ("_", "_"),
    ("~~", "~~"),
    ("`", "`"),
    ("``", "``"),
    ("[", "](https://x.org/a_(b))"),
    ("[", '](/x "Title")'),
    ("[", "][1]"),
    ("![", "](x.png)"),
]
LIKE = {"'": "’", "-": "‑", "fi": "ﬁ", "ffi": "ﬃ", "1": "１", "c": "ｃ", "ï": "i\u0308", "é": "e\u0301"}


@st.composite
def distorted(draw):
    """Draw a quote, and a text in which it stands otherwise: (quote, before, as it stands, after)."""
    words = draw(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=6))
    shown = ""
    opening = closing = ""
    for at, word in enumerate(words):
        if at:
            figures = word[0].isdigit(), words[at - 1][-1].isdigit()
            between = [" ", *BREAKS] if all(figures) else [" ", *BREAKS, *SPACES, *CELLS]
            shown += draw(st.sampled_from([one for one in between if "- " not in one or not figures[0]]))  # - 12: minus
        before, after = draw(st.sampled_from([("", ""), *MARKS])) if not word[0].isdigit() else ("", "")
        whole = draw(_written(word))
        opening = opening if at else before
        closing = after if at == len(words) - 1 else ""
        shown += f"{before}{whole}{after}"
    before = draw(st.sampled_from(["", "We say: ", "> Dear all,\n> ", "# Menu\n\n", "| ", "- "])) + opening
    after = closing + draw(st.sampled_from(["", ", and so on.", "\n", " |\n", "\n\n\n7\n"]))
    return " ".join(words), before, shown[len(opening) : len(shown) - len(closing)], after


@st.composite
def _written(draw, word):
    """Draw how a word may be written: with other characters, or parted."""
    at = len(word) // 2
    if word.isalpha() and len(word) > 5 and draw(st.booleans()):
        return word[:at] + draw(st.sampled_from(WITHIN)) + word[at:]
    if word == "well-known" and draw(st.booleans()):
        return "well-" + draw(st.sampled_from(["\n", "\r\n", "\n> ", "\n\n\n"])) + "known"
    same = [letters for letters in LIKE if letters in word]
    if same and draw(st.booleans()):
        letters = draw(st.sampled_from(same))
        return word.replace(letters, LIKE[letters])
    return draw(st.sampled_from([word, word.upper() if word.isalpha() else word]))


@examples(200)
@given(distorted())
def test_what_is_read_is_found_where_it_stands(drawn):
    quote, before, shown, after = drawn
    document = before + shown + after
    found = exact(quote, document) or normalised(quote, document)
    assert (len(before), len(before) + len(shown)) in found


@examples(120)
@given(distorted(), st.data())
def test_what_is_not_there_is_not_found(drawn, data):
    quote, before, shown, after = drawn
    words, document = quote.split(), before + shown + after
    at = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from(["nowhere", "21", words[at] + "s", "un" + words[at], "-" + words[at]]))
    assume(other != "-" + words[at] or other[1].isdigit())
    wrong = " ".join([*words[:at], other, *words[at + 1 :]])
    assert not exact(wrong, document)
    assert not normalised(wrong, document)


@pytest.mark.parametrize(
    ("document", "quote"),
    [
        ("the custom er", "customer"),
        ("the cus-tomer", "customer"),
        ("a well-known man", "wellknown"),
        ("a well-\nknown man", "well known"),
        ("12-\n34", "1234"),
        ("12 | 34", "1234"),
        ("12**34**", "1234"),
        ("5 | 600 EUR", "5 600 EUR"),
        ("x | -5 EUR", "x 5 EUR"),
        ("end of a\n\n7\n\npage", "end of a page"),
        ("1. one\n2. two", "one two"),
        ("a|b", "ab"),
        ("if a | b", "if ab"),
        ("first • second", "first second"),
        ("soup – 5 EUR", "soup 5 EUR"),
    ],
)
def test_layout_is_no_licence(document, quote):
    assert not exact(quote, document)
    assert not normalised(quote, document)


@pytest.mark.parametrize(
    ("document", "quote", "passage"),
    [
        (
            "| Item | Price |\n|------|------:|\n| Soup | 5 EUR |",
            "Item Price Soup 5 EUR",
            "Item | Price |\n|------|------:|\n| Soup | 5 EUR",
        ),
        ("| Soup | -5 EUR | cold |", "-5 EUR cold", "-5 EUR | cold"),
        ("| Year | 2026 | 12 |", "Year 2026 12", "Year | 2026 | 12"),
        ("a | | b", "a b", "a | | b"),
        ("Donau-\ndampf-\nschiff", "Donaudampfschiff", "Donau-\ndampf-\nschiff"),
        ("Donau-\ndampf-\nschiff", "Donau-Dampfschiff", "Donau-\ndampf-\nschiff"),
        ("he cus-\n\n\ntomarily left", "customarily left", "cus-\n\n\ntomarily left"),
        ("**Name:** Ann Lee", "Name: Ann Lee", "Name:** Ann Lee"),
        ("ends here\\\nand goes on", "here and goes", "here\\\nand goes"),
    ],
)
def test_cells_pages_and_line_ends(document, quote, passage):
    start = document.index(passage)
    assert normalised(quote, document) == [(start, start + len(passage))]
