"""Opposites: words of which one taken for the other says something else, however alike they are written.

"not" is no slip of "now", nor "decreased" of "increased", "unable" of "able", "million" of "billion", "June" of "July".
Two texts are compared by their words, side by side: a negation or a figure that only one of them has, or a word for
which the other has its opposite, makes another fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import regex

from slotfill.schemas.passages.boundaries import FIGURE, UNSPACED
from slotfill.schemas.passages.folding import fold

# ruff: noqa: RUF001 - other scripts have letters that look like Latin ones

__all__ = ["are_opposed", "contradict", "is_decisive", "words_of"]

SHORTEST_STEM = 4
"""A shorter word is known only as a whole; of a longer one any ending will do: rise, rises."""

SHORTEST_REST = 3
"""What is left of a word without its prefix has at least so many letters: "in" is no opposite of "un"."""

_NEGATIONS = frozenset(
    fold(
        """
        no not never none nothing nobody nowhere neither nor without cannot cant dont wont non unless except
        hardly barely
        only less least few fewer too ever almost nearly
        nicht nichts nie niemals niemand kein keine keinen keinem keiner keines ohne weder nur kaum
        ne n pas jamais rien aucun aucune sans ni
        nunca nada sin ningún ninguno ninguna tampoco
        mai niente nulla nessun nessuno nessuna senza né
        não nem sem nenhum nenhuma
        niet niets nooit geen zonder niemand
        не ни нет без никогда ничего никто нельзя nie bez değil yok inte icke utan ikke uden ei ilman
        لا لم لن ليس ليست بدون غير לא אין בלי ללא नहीं मत ना
        不 没 沒 无 無 未 非 否 别 勿 莫 ない なかった なし ません ず 안 않 못 없
        """
    ).split()
)
"""What makes another fact wherever it stands, or is left out."""

_GROUPS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
once twice thrice
first second third fourth fifth sixth seventh eighth ninth tenth last
half third quarter whole double triple
dozen hundred thousand million billion trillion
hundert tausend millionen milliarden billionen
eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf
cent mille millions milliards
un deux trois quatre cinq six sept huit neuf dix
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miércoles jueves viernes sábado domingo
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
yesterday today tomorrow tonight
gestern heute morgen
hour minute second day week month quarter year daily weekly monthly yearly hourly
am pm
yes no
ja nein
oui non
on off
in out
up down
upward downward
above below
over under
before after
left right
north south east west
northern southern eastern western
top bottom
high low
higher lower
big small
large little
long short
longer shorter
more less fewer
most least
many few
much little
max min
maximum minimum
all some none any every
both either neither
always never sometimes often seldom rarely
early late
earlier later sooner
now then
old new young
here there
inside outside
indoor outdoor
internal external
domestic foreign
with without
for against
and or
he she it they we you
him her
his her hers
mr mrs ms miss
sir madam
king queen
male female
man woman
men women
boy girl
father mother
brother sister
son daughter
husband wife
former latter
best worst
better worse
good bad evil
true false
right wrong
same different
hot cold
warm cool
dry wet
full empty
open clos shut
black white
positive negative
plus minus
can cannot must should may might
is was will
are were
has had
rise rises rose risen rising fall falls fell fallen
rais lower
grow grew shrink shrank
gain gains lose loses loss losses lost
profit loss deficit
surplus deficit shortage
win wins won lose loses lost
pass fail
accept reject refus declin except
approv reject den
allow forbid forbad prohibit
permit prohibit
grant den
admit den
confirm den
buy buys bought sell sells sold
buyer seller
lend lends lent borrow
lender borrower
debit credit
debtor creditor
asset liabilit
import export
income outcome expense
revenue cost
paid unpaid owed
hire hired hires hiring fire fired fires firing
employer employee
start begin began begun stop end ends ended finish
arriv depart leav left
come comes came go goes went
add subtract remov
push pull
love loves loved hate hates hated
like dislik
praise criticis criticiz
live lives lived die dies died dead alive
sick healthy
guilty innocent
public private
guest host
cheap expensive costly
easy hard difficult
fast slow
strong weak
heavy light
major minor
majority minority
senior junior
optimis pessimis
superior inferior
typical atypical
moral amoral
symmetric asymmetric
mehr weniger
mit ohne
immer nie selten
hoch niedrig
höher niedriger
über unter
vor nach
auf ab zu
gewinn verlust
gestiegen gesunken gefallen
steig sink fall
gut schlecht
neu alt
plus moins
avec sans
toujours jamais
hausse baisse
augment diminu
avant après
bon mauvais
más menos
con sin
siempre nunca
aument diminu redu
antes después depois
più meno
con senza
sempre mai nunca
mais menos
com sem
meer minder
met zonder
altijd nooit
上 下
大 小
多 少
高 低
前 后
前 後
左 右
东 西 南 北
東 西 南 北
有 无 無 没
男 女
好 坏
增 减
増 減
升 降
买 卖
開 閉
开 关
shall should
day night
winter summer spring autumn
red green blue yellow
absent present
anterior posterior
systolic diastolic
malignant benign
deposit withdraw
entry enter exit
do undo
affect effect
prescrib proscrib
rais raze
kaufen verkaufen
gekauft verkauft
больше меньше
pre post
inter intra
hyper hypo
micro macro
methan ethan
methyl ethyl
nitrat nitrit nitrid
sulfat sulfit sulfid
sulphat sulphit sulphid
phosphat phosphit phosphid
chlorat chlorit chlorid
ileum ilium
mcg mg g kg ng t
nm mm cm dm m km
ml cl dl l hl
b kb mb gb tb pb
w kw mw gw kwh mwh
usd eur gbp chf aud cad nzd jpy cny inr sek nok dkk pln czk huf brl mxn zar
""".strip().splitlines()
"""Words of which none is another. Those of `SHORTEST_STEM` letters and more stand for all that begins so."""

_PREFIXES = (
    *("in de", "in ex", "im ex", "in out", "ac de", "as de", "ap de", "en dis", "up down", "over under", "pre post"),
    *("hyper hypo", "inter intra", "maxi mini", "macro micro", "pro anti", "sub super", "in un", "en un", "ab auf"),
    *("an ab", "ein aus", "vor nach", "un in", "re de", "ac ex", "sup inf", "with without", "any no", "some no"),
    *("every no", "auf zu", "an aus", "endo exo", "af ef", "ab ad", "deci deca"),
)
"""Beginnings of which one makes the opposite of the other: increase, decrease; include, exclude."""

_NEGATING = (
    "un",
    "in",
    "im",
    "il",
    "ir",
    "dis",
    "non",
    "mis",
    "anti",
    "de",
    "ab",
    "counter",
    "under",
    "over",
    "n",
    "не",
    *("a", "an"),
    *("ver", "ent"),
)

_SUFFIXES = ("ful less", "er ee", "or ee")
"""Endings that do so: careful, careless; employer, employee."""


_CODE = regex.compile(r"[ivxl]+|[\p{Latin}\p{Greek}\p{Cyrillic}]")

_WORD = regex.compile(
    rf"""
      (?P<figure>{FIGURE.pattern}) | (?P<unit>[%‰\p{{Sc}}<>≤≥≠=±×÷])
    | ない|なかった|なし|ません | [{UNSPACED}]       # where words are not told apart, each letter
    | \p{{L}}[[\p{{L}}\p{{M}}]--[{UNSPACED}]]*+(?:(?<=n)'t\b)?  # n't goes with its verb
    """,
    regex.VERBOSE | regex.VERSION1,
)


def contradict(one: str, other: str) -> bool:
    """Whether two texts (folded) differ in a figure or a negation, or in a word that is another's opposite."""
    from rapidfuzz.distance.Levenshtein import editops

    words, others = words_of(one), words_of(other)
    return words != others and any(
        are_opposed(
            "" if edit.tag == "insert" else words[edit.src_pos], "" if edit.tag == "delete" else others[edit.dest_pos]
        )
        for edit in editops(words, others)
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text (folded), its figures and the signs that make another fact: %, €, <."""
    return [match[0] for match in _WORD.finditer(text)]


def are_opposed(word: str, other: str) -> bool:
    """Whether to say one word for the other, "" for none, changes a fact. They differ."""
    if any(map(is_decisive, (word, other))):
        return True
    if not (word and other):
        return False
    return (
        _are_codes(word, other) or _are_grouped(word, other) or _are_affixed(word, other) or _are_affixed(other, word)
    )


def is_decisive(word: str) -> bool:
    """Whether a word counts wherever it stands: a negation, a figure or its unit, a numeral (三)."""
    is_figure = any(character.isnumeric() for character in word) or (bool(word) and not word[0].isalpha())
    return is_figure or word in _NEGATIONS or word.endswith("n't")


def _are_codes(word: str, other: str) -> bool:
    """Whether both are letters that name something (A, B), or Roman numerals (II, III)."""
    return all(map(_CODE.fullmatch, (word, other)))


def _are_grouped(word: str, other: str) -> bool:
    groups, others = _groups(word), _groups(other)
    return any(groups[group] != others[group] for group in groups.keys() & others.keys())


def _groups(word: str) -> dict[int, str]:
    """Return what groups a word is in, and by which stem: its longest."""
    stems = [word[:length] for length in range(SHORTEST_STEM, min(len(word), LONGEST_STEM) + 1)]
    return {group: stem for start in (*stems, word) for group, stem in _STEMS.get(start, {}).items()}


def _are_affixed(word: str, other: str) -> bool:
    """Whether a word is another one with its beginning or ending turned to the opposite."""
    return any(_turns(word, other, *beginnings) for beginnings in _BEGINNINGS) or any(
        _turns(word[::-1], other[::-1], *endings) for endings in _ENDINGS
    )


def _turns(word: str, other: str, beginning: str, opposite: str) -> bool:
    rest = word.removeprefix(beginning)
    return len(word) - len(beginning) >= SHORTEST_REST and word.startswith(beginning) and other == opposite + rest


def _by_stem() -> Mapping[str, dict[int, str]]:
    """Return what groups a stem is in."""
    by_stem: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for number, group in enumerate(_GROUPS):
        for stem in fold(group).split():
            by_stem[stem][number] = stem
    return by_stem


_STEMS = dict(_by_stem())
LONGEST_STEM = max(map(len, _STEMS))
_BEGINNINGS = [*(pair.split() for pair in _PREFIXES), *([prefix, ""] for prefix in _NEGATING)]
_ENDINGS = [[ending[::-1] for ending in pair.split()] for pair in _SUFFIXES]
