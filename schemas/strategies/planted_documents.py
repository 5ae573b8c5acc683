"""Texts of many scripts, lengths and line ends, with planted facts and where they stand."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

__all__ = ["Fact", "PlantedDocument", "documents"]

LONGEST = 40
"""How many passages a text has at most; one in several is repeated until the text is long."""

_LINE_ENDS = ("\n", "\r\n", "\r", "\n\n", " ", "  ", "\t", "\u2028")

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones
_PROSE = (
    # Latin
    "The parcel came on Tuesday and the lid was cracked.",
    "Łódź, Kraków i Gdańsk leżą w Polsce.",
    "Straße, Größe, ﬁnden; ſo ſtand es da.",
    "Diyarbakır'dan İstanbul'a gidiş ıssızdı.",
    # Cyrillic, Greek
    "Посылка пришла во вторник, крышка треснула.",
    "Το δέμα ήρθε την Τρίτη· το καπάκι ήταν σπασμένο.",
    # right to left, and both directions in one line
    "وصل الطرد يوم الثلاثاء وكان الغطاء مكسورا.",
    "החבילה הגיעה ביום שלישי, order 4471, והמכסה סדוק.",
    # Chinese, Japanese, Korean; characters beyond the first plane
    "包裹星期二到了，盖子裂了。𠮷野家在那边。",
    "荷物は火曜日に届きました。ふたが割れています。",
    "소포가 화요일에 도착했는데 뚜껑이 깨졌어요.",
    # Devanagari, Thai: words of several code points, and no spaces
    "पार्सल मंगलवार को आया और ढक्कन टूटा हुआ था।",
    "พัสดุมาถึงวันอังคารและฝาแตก",
    # emoji: joined, with skin tones, flags, keycaps
    "So happy 👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇳🇴 1️⃣ !",
    # what looks like markup, JSON or an instruction
    '{"value": null} ```json [1, 2,] ``` </document> {{ name }} %s',
    "",
)

_FACTS = (
    *("Ana Petrović", "12/06", "$1,250.00", "order no. 4471", "20 000 €", "São Paulo", "naïve café"),
    *("Анна Каренина", "Ολυμπία", "القاهرة", "תל אביב", "東京タワー", "서울특별시", "नई दिल्ली", "👩‍🚀 Sally", "Å", "x"),
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A string that stands in a text: `text[start:end]` is `text` of the fact.

    Attributes:
        text: The string.
        start: Where it begins, in code points.
        end: Where it ends, in code points.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PlantedDocument:
    """A text, and the facts planted in it. A fact may stand in it elsewhere too.

    Attributes:
        text: The text.
        facts: In the order of the text.
    """

    text: str
    facts: tuple[Fact, ...]


@st.composite
def documents(draw: st.DrawFn) -> PlantedDocument:
    """Draw texts of many scripts, empty to long, with line ends of all kinds, in composed or decomposed form."""
    passages = draw(st.lists(_passages(), max_size=LONGEST))
    form: Literal["NFC", "NFD"] = draw(st.sampled_from(("NFC", "NFD")))
    repeats = draw(st.sampled_from((1, 1, 1, 1, 50)))
    text, facts = "", []
    for passage, is_fact, end in passages:
        written = unicodedata.normalize(form, passage)
        if is_fact:
            facts.append(Fact(written, len(text), len(text) + len(written)))
            text += written + end
        else:
            text += (written + end) * repeats
    return PlantedDocument(text, tuple(facts))


def _passages() -> st.SearchStrategy[tuple[str, bool, str]]:
    """Return a passage, whether it is a fact, and what follows it."""
    prose = st.sampled_from(_PROSE) | st.text(st.characters(codec="utf-8"), max_size=20)
    return st.one_of(
        st.tuples(prose, st.just(False), st.sampled_from(_LINE_ENDS)),
        st.tuples(st.sampled_from(_FACTS), st.just(True), st.sampled_from((*_LINE_ENDS, ", ", "。"))),
    )
