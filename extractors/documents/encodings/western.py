"""Whether what no Unicode decoder takes reads as Western European words in Windows-1252.

Every byte string is some text in every one-byte encoding, so the letters have to tell: read as Windows-1252, Cyrillic
has accented letters side by side (быстрый: áûñòðûé), Turkish has Icelandic ones (şey: þey), Polish has signs within
words (żółw: ¿ó³w), Shift-JIS has quotation marks before letters of no word. A letter or sign counts as Western where it
stands as English, Danish, Dutch, Finnish, French, German, Italian, Norwegian, Portuguese, Spanish or Swedish write it.
What other languages share with these, as Czech á, is the same byte there and the same letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_western"]

_MOST_ODD = 0.02
"""The share of words with odd letters above which text is not Western: names and slips of the pen stay below."""

_FEW = 10
"""Of so many words one may be odd: a short text may hold a name of another country."""

_MOST_AT, _MOST_AT_SHARE = 5, 0.1
"""A line without spaces that has more of @ is EBCDIC, of which it is the space: no list of addresses has so many."""

_ENOUGH = 5_000
"""How many words with letters beyond ASCII decide."""

_WORD = re.compile(r"\S*[^\x00-\x7f\s]\S*")
"""A word with a character beyond ASCII."""

_CAPITAL_WITHIN = re.compile(
    "[a-zß-öø-ÿ][À-ÖØ-ÞŠŒŽŸ]|[A-Z][ÀÂ-ÄÇ-ÖØ-ÞŠŒŽŸ](?=[a-z])|[A-ZÀ-ÖØ-Þ][ß-öø-ÿœšž](?=[A-ZÀ-ÖØ-Þ])"
)
"""As café and Käse are in Mac OS Roman, cafŽ and KŠse, and FÜR in that of DOS: FšR."""

_HIGH = "à-öø-ÿœšž"
_LETTER = "a-z" + _HIGH

_AS_WESTERN = re.compile(
    rf"""
    # Letters, in small. Hardly any stand side by side:
      (?<![{_HIGH}]) (?:
        éé | éâ | (?<=[a-z])ç[ãõáâóôú] | ü[íéè]             # créée, théâtre, ação, lingüística
      | (?<=[aeiou])ñ[áéíóú] | [áéíóú]ñ(?=[aeiou])          # compañía, Ibáñez
      ) (?![{_HIGH}])
    | (?<![à-ãå-õøù-ûý-ÿœšž]) (?: [äöü] | (?<=[aeiouyäöü])ß ) (?![à-ãå-õøù-ûý-ÿœšž])    # größe, hyvää, tschüß
    | (?<![{_HIGH}]) (?:
        [åéíóú] | (?<![ao])á                                # also Czech, Hungarian: the same bytes there
      | (?<=[a-z])[šž] | [šž](?=[a-z])                      # Škoda: likewise
      | à | (?<![a-z])[èòôêæø](?![{_LETTER}])               # words of one letter
      | (?:(?<=[fhmtp])|(?<=io))è(?![{_LETTER}])            # caffè, cioè
      | (?<=[a-z])è(?=[b-df-hj-np-tv-xz])(?!k) | (?<![a-z])è(?=s\b)    # père, ès lettres
      | (?<=[b-df-hj-np-tv-z])ì(?![{_LETTER}])              # così
      | (?<=[a-z])ò (?: (?![{_LETTER}]) | (?=[b-df-hj-np-tv-xz][aeiou]) )    # però, pròpia
      | (?<=[a-z])ù(?![{_LETTER}])                          # più, où
      | â(?=[b-df-hk-np-tv-xz])                             # âge, distância
      | (?<=[a-z])î(?=[b-df-hj-np-tv-xz]) | \bî(?=l[eo])    # maître, île
      | ô(?=[b-df-hj-np-tv-xzo] | (?![{_LETTER}]))          # hôtel, avô
      | û(?=[trlmncsp]) | (?<=[dcr])û(?![{_LETTER}])        # goût, dû
      | ê(?=[tmlvprnsqz] | ch | er | (?![{_LETTER}]))            # être, pêche, você
      | (?<=[a-z])ã(?=[oe]) | (?<=[hmlf])ã(?=s?(?![{_LETTER}]))    # não, mãe, irmã
      | (?<=[a-z])õ(?=e)                                    # põe
      | (?<=[aeiou])ñ(?=[aeiou]) | \bñ(?=[aeiou])           # mañana, ñandú
      | ç                                                   # also Turkish, Albanian: the same byte there
      | (?<=[aeioué])ë | (?<=[aeou])ï(?=[a-z])              # Noël, België, maïs
      | œ(?=[uidn]) | (?<=f)œ(?=t) | \bœ(?=so)              # cœur, œil, fœtus, œsophage
      | (?<![aeiouy])æ(?=[b-df-hj-np-vxyz] | (?![{_LETTER}]))    # læge, knæ
      | (?<![aeiouy])ø(?=[b-df-hj-np-tv-z] | e[nrt] | (?![{_LETTER}]))    # bøger, øen, dø
      ) (?![{_HIGH}])
    # Signs. These stand anywhere:
    | [\xa0«»·–—…’´©®™] | (?<![{_LETTER}])• | (?<=[{_LETTER}])\xad(?=[{_LETTER}])
    | (?<![{_LETTER}])[‘“”‹›] | [‘“”‹›](?![{_LETTER}])
    | (?<![{_LETTER}0-9])(?:„(?=[\s!-~\w“‘»…–—¿¡])|‚(?=[^‚]+[‘’]))
    | (?<![{_LETTER}0-9])[¿¡](?=[\s\w"'“«(…¿¡!?])
    | (?<=[0-9])[€£¥¢] | (?<![{_LETTER}])[€£¥](?![{_LETTER}])    # 10€, €10
    | (?<![{_LETTER}])[§†‡](?![{_LETTER}]) | (?<=[0-9\s])[‰]
    | (?<=[0-9\sn])°(?![{_HIGH}]) | ±(?=\s*\d) | µ(?![{_HIGH}])    # 20°C, n°5, ±3, µm
    | (?<![{_LETTER}])[×÷] | [×÷](?![{_LETTER}])
    | (?<=[0-9\s)m])[¹²³](?![{_LETTER}]) | (?<=[a-z])²(?![{_LETTER}])    # 10², m³, CO²
    | (?:(?<![a-z\x80-\uffff])|(?<=[mnrd]))[ªº](?![{_LETTER}])    # 1º, nº
    | (?<![a-z\x80-\uffff])[¼½¾](?![a-z\x80-\uffff])
    """,  # noqa: RUF001 - the signs themselves
    re.VERBOSE,
)


def is_western(texts: Iterable[str], *, strictly: bool = False) -> bool:
    """Whether texts, parts of one and decoded as Windows-1252, read as words of Western European languages.

    At most 2 % of the words beyond ASCII may be odd, among the first 5,000; of ten or more, one. strictly: none.
    """
    words = odd = 0
    for text in texts:
        if " " not in text and text.count("@") > max(_MOST_AT, len(text) * _MOST_AT_SHARE):
            return False
        words += len(_WORD.findall(text))
        odd += _odd_words(text)
        if words >= _ENOUGH:
            break
    return not odd or (not strictly and odd <= max(_MOST_ODD * words, words >= _FEW))


def _odd_words(text: str) -> int:
    return len(_CAPITAL_WITHIN.findall(text)) + len(_WORD.findall(_AS_WESTERN.sub("", text.lower())))
