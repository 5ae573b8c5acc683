"""Alphabets: which letters languages are written with, in which encodings, and whether a text reads as one of them.

Every byte string is some text in every one-byte encoding, so the letters have to tell. Read in a wrong encoding,
Russian has capitals within its words (быстрый in KOI8-R as Windows-1251: АШЯРПШИ), or its rarest letters are the
commonest; Polish has signs within words (mało: ma³o), or letters that no Polish word has.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import regex

__all__ = ["ALPHABETS", "Alphabet"]

# ruff: noqa: RUF001 - letters of other alphabets, as they are written

_MOST_FOREIGN = 0.01
"""The share of characters beyond ASCII that may be none of the language's: names, slips of the pen."""

_MOST_MISPLACED = 0.01
"""The share of letters beyond ASCII after which a capital, or a sign within a word, may stand."""

_LETTERS_A_SIGN = 3
"""So many letters stand beside a sign, where all letters are beyond ASCII."""

_SIGNS = frozenset("\xa0\xad«»·–—…•’‘“”„‚‹›©®™°§№€£½²³\u200b\u3000")
"""What all languages write, beside letters."""

_MISPLACED = regex.compile(
    r"""
      \p{Ll}(?=\p{Lu})(?<=[^\x00-\x7f]|.(?=[^\x00-\x7f]))       # дНЯРЮБЙЮ
    | \p{L}[«»„“”‚‹›©®™°§№€£½²³…•](?=\p{L})                     # go™æ
    | (?<![\p{L}\d])’(?=\p{L})(?=[^\x00-\x7f])                  # ’λλη for Άλλη
    """,
    regex.VERBOSE,
)
_MIXED = regex.compile(r"[a-zA-Z](?=[\p{L}--\p{Latin}])|[\p{L}--\p{Latin}](?=[a-zA-Z])", regex.VERSION1)
"""Where letters of two alphabets touch, as in one word: Tяle."""

_MOST_MIXED = 0.1
"""The share of letters that touch those of ASCII: iPhoneを is written so, but seldom."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Letters that languages share, or most of them.

    Attributes:
        name: What it is called in messages.
        encodings: What its files are in, by their Python names, the commonest first.
        languages: The letters beyond ASCII, in small, that each language writes.
        common: Its commonest letters, that a text holds most of; "" where those are ASCII.
        share: The least share of them among the letters beyond ASCII.
        fewest: So many letters beyond ASCII, a fourth of them different, are evidence.
    """

    name: str
    encodings: tuple[str, ...]
    languages: tuple[str, ...]
    common: str = ""
    share: float = 0
    fewest: int = 40

    def flaws(self, text: str) -> int | None:
        """Count what no text of one of the languages has; None where that is too much for one."""
        counts = Counter(regex.sub(r"[\x00-\x7f]+", "", text).lower())
        signs = sum(counts.pop(sign, 0) for sign in _SIGNS)
        letters = counts.total()
        if not letters or signs > letters / (_LETTERS_A_SIGN if self.common else 1):
            return None
        foreign = letters - max(sum(counts[letter] for letter in language) for language in self.languages)
        misplaced = sum(1 for _ in _MISPLACED.finditer(text))
        mixed = sum(1 for _ in _MIXED.finditer(text)) if self.common else 0
        reads_so = (
            foreign <= _MOST_FOREIGN * letters
            and misplaced <= _MOST_MISPLACED * letters
            and mixed <= _MOST_MIXED * letters
            and sum(counts[letter] for letter in self.common) >= self.share * letters
        )
        return foreign + misplaced if reads_so else None

    def evidence(self, text: str) -> float:
        """Measure how much a text that reads so holds of the letters: from 1 on it is no accident."""
        letters = [letter for letter in regex.sub(r"[\x00-\x7f]+", "", text).lower() if letter not in _SIGNS]
        return min(len(letters) / self.fewest, 4 * len({*letters}) / min(self.fewest, 40))


_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_HANGUL = "".join(map(chr, range(0xAC00, 0xD7A4)))
_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097)))
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30FB))) + "ー"
_HAN = "".join(map(chr, range(0x4E00, 0xA000))) + "々〇"
_WIDE = "、。，．・：；？！（）「」『』【】《》〈〉〜～％＋－／＝" + "".join(
    map(chr, (*range(0xFF10, 0xFF1A), *range(0xFF41, 0xFF5B)))
)
_COMMON_HAN = "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能"
_THAI = "".join(map(chr, (*range(0x0E01, 0x0E3B), *range(0x0E3F, 0x0E5C))))
_CENTRAL = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţ",  # Romanian
    "čćđšž",  # Croatian, Slovene
)
_WESTERN = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíñóúü¿¡ºª",  # Spanish
    "àáâãçéêíóôõúüºª",  # Portuguese
    "àèéìòù",  # Italian
    "åäöé",  # Swedish, Finnish
    "åæøé",  # Danish, Norwegian
    "àçèéíïòóúü·",  # Catalan
    "áéíóúýþæöð",  # Icelandic
    "äöõüšž",  # Estonian
)

ALPHABETS = (
    Alphabet(
        "Cyrillic",
        ("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac_cyrillic"),
        (
            _RUSSIAN,
            "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",  # Ukrainian
            "абвгдеёжзійклмнопрстуўфхцчшыьэюя",  # Belarusian
            "абвгдђежзијклљмнњопрстћуфхцчџш",  # Serbian
        ),
        "оаеинтсрвл",
        0.5,
    ),
    Alphabet(
        "Greek",
        ("cp1253", "iso8859-7", "cp737", "mac_greek"),
        ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",),
        "αοιετνσηυρκπςλμάόίέή",
        0.8,
    ),
    Alphabet("Hebrew", ("cp1255", "iso8859-8", "cp862"), ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",), "ויהלאמתרבש", 0.55),
    Alphabet(
        "Arabic",
        ("cp1256", "iso8859-6"),
        ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ،؛؟ـپچژگ",),
        "الينمروتبهعد",
        0.55,
    ),
    Alphabet(
        "Thai",
        ("cp874",),
        (_THAI,),
        "นรากเงอยมวลสทต",
        0.4,
    ),
    Alphabet("Japanese", ("cp932", "euc_jp"), (_HIRAGANA + _KATAKANA + _HAN + _WIDE,), _HIRAGANA, 0.3),
    Alphabet(
        "Chinese",
        ("gb18030", "big5"),
        (_HAN + _WIDE,),
        "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能",
        0.07,
        60,
    ),
    Alphabet("Korean", ("cp949",), (_HANGUL + _WIDE,), "이다는을의에가하고지한를은서도로기사어니습", 0.2),
    Alphabet("Western European", ("cp1252", "mac_roman", "cp850"), _WESTERN, fewest=16),
    Alphabet("Central European", ("cp1250", "iso8859-2", "cp852", "mac_latin2"), _CENTRAL, fewest=16),
    Alphabet("Turkish", ("cp1254", "cp857", "mac_turkish"), ("çğıöşüâîûi̇",), fewest=16),
    Alphabet("Baltic", ("cp1257", "iso8859-13", "cp775"), ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"), fewest=16),
)
"""All that are told apart."""
