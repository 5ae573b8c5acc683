r"""Names: where one might stand, by its look alone. What may be read in two ways is found in both, as rivals.

A run of capitalised words is one name (New York), or a title and a name (President Tomas Revilla), or a word that
begins a sentence and a name (Watching Titanic). In capitals throughout (POLICE SEIZE SHIP OFF PORTUGAL), and in chats,
where names are in lower case (greetings from korea), the words that English does not know are names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from slotfill.extractors.local.candidates.english import is_english_text, is_english_word, is_frequent_word

__all__ = ["name_candidates"]

TextRange = tuple[int, int]

WORD = re.compile(
    r"""
      (?P<gap>\n|\t|[ ]{2,}|[|])                         # what parts lines and columns
    | (?:[^\W\d_]\.){2,}                                 # U.S.
    | (?:St|Mt|Ft|Jr|Sr|Bros|Co|Inc|Ltd|Corp|No|[A-Z])\.(?=[ ][A-Z0-9])   # St. Louis, J. Brandt
    | [@]?\w+(?:['\u2019.-]\w+)*                       # O'Donnell, @ada, al-Rashid, 2.0
    | &
    | \S
    """,
    re.VERBOSE,
)

POSSESSIVE = re.compile(r"['\u2019]s\Z|(?<=s)['\u2019]\Z", re.IGNORECASE)

JOINING = frozenset(
    "of de van von der den del della da di do dos du des la le las los el al bin ibn zu y & the and for".split()  # noqa: SIM905 - a list of words
)
"""Words that stand within a name."""

FIGURE = re.compile(r"\d{1,4}[A-Za-z]?")
"""A figure that is part of a name: Nokia 888, 2024 Olympics, Area 51b."""

INFLECTED = ("ing", "ed", "ly")
"""How a word ends that begins a sentence by itself, and is no name: Watching, Sincerely."""

QUOTED = re.compile(
    r"[\"\u201c\u201e\u00ab]\s?((?=[A-Z0-9])[^\"\u201c\u201d\u201e\u00bb\n.!?]{2,60}?)[,.]?\s?[\"\u201d\u201c\u00bb]"
)
"""The title of a work, perhaps: a few words in quotation marks, of which the first has a capital."""

TITLES = frozenset(
    """
    admiral ambassador archbishop archduke aunt baron bishop brother captain capt chairman chairwoman chancellor chief
    coach colonel col commissioner congressman congresswoman councillor count countess dame detective director doctor dr
    duchess duke emperor executive father general gen governor gov inspector judge justice king lady lieutenant lord
    madam major master mayor minister miss mister mr mrs ms mx officer pope premier president prime prince princess
    professor prof queen representative rep reverend rev secretary senator sen sergeant sgt shaikh sheikh sir sister
    spokesman spokeswoman sultan uncle
    """.split()  # noqa: SIM905 - a list of words
)
"""What stands before the name of a person, and is no part of it."""

NEVER_FIRST = frozenset(
    """
    a about after again against ah all also although always am an and any are as at be because been before being both
    but by can can't could couldn't did didn't do does doesn't doing don't during each else ever every for from had has
    have haven't having he hello her here hers hey hi him his how however i i'd i'll i'm i've if in into is isn't it
    it's its just let let's like lol many maybe me meanwhile most much must my never nope not now of off oh ok okay omg
    on only onto or other our please really regards rt same see shall she should since so some still such than thank
    thanks
    that that's their them then there there's these they they're this those though through to today tomorrow too
    under until up upon very was wasn't we we're well were what what's when where which while who whom whose why with
    without won't would wow yeah yep yes yesterday yet you you're your yours
    """.split()  # noqa: SIM905 - a list of words
)
"""Words that begin a name only where it is in quotation marks, if ever."""

NEVER_ALONE = (
    NEVER_FIRST
    | TITLES
    | frozenset(
        """
    best between bit day dear down few first get go going good got great know last look lot love made make may might
    more my need new no nobody once one out over own part put quite re s said say subject sure t thing think two u very
    via want way will per inc ltd corp co jr sr no monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december
    """.split()  # noqa: SIM905 - a list of words
    )
)
"""Words that are no name by themselves, but for those of `ACRONYMS`."""

ACRONYMS = frozenset(("US", "WHO", "IT", "CO", "LA", "UN"))
"""What in capitals is a name, and else a word."""

SHOUT = 4
"""So many words in capitals are loud, and no name."""

_CAPITALISED = r"[^\W\d_a-z]\w{0,40}"
SPACED = re.compile(
    rf"""
      \b{_CAPITALISED}[ ]?['\u2019][ ]?s[ ]{_CAPITALISED}(?:[ ]{_CAPITALISED}){{0,3}}  # Assassin ' s Creed
    | \b{_CAPITALISED}(?:[ ]?[-:\u2013][ ]|[ ]-){_CAPITALISED}(?:[ ]{_CAPITALISED}){{0,3}}  # Spider - Man, GPK : Movie
    | \b{_CAPITALISED},[ ]{_CAPITALISED}[ ](?:&|and)[ ]{_CAPITALISED}  # Hewson, Park & Co
    | \b(?:Mr|Mrs|Ms|Dr|St|Jr)[ ]\.[ ]{_CAPITALISED}  # Mr . Robot
    """,
    re.VERBOSE,
)

LONGEST = 8
"""So many words a name has, at most."""

LONGEST_RUN = 24
"""So many words of a run are read at once: what is longer is no prose."""

SHORTEST_LOWER = 4
"""Letters of a name in lower case: shorter ones are mostly slips of the keys."""


@dataclass(frozen=True, slots=True)
class _Word:
    """opens: it begins a sentence, or what stands in quotation marks."""

    text: str
    start: int
    end: int
    opens: bool
    gap: bool = False

    @property
    def key(self) -> str:
        return self.text.lower().replace("\u2019", "'").rstrip(".")

    @property
    def capital(self) -> bool:
        """It has a capital, though perhaps not first: iPhone, al-Rashid."""
        return (self.text[0] == "@" and len(self.text) > 1) or any(map(str.isupper, self.text))

    @property
    def figure(self) -> bool:
        return FIGURE.fullmatch(self.text) is not None

    @property
    def loud(self) -> bool:
        return self.text.isupper()

    @property
    def common(self) -> bool:
        return is_english_word(self.key)


def name_candidates(text: str) -> list[TextRange]:
    """Return where names might stand, rivals included, in order and each once."""
    words = _words(text)
    spans: set[TextRange] = {*_quoted(text), *_spaced(text)}
    for run in _runs(words):
        spans.update(_loud_names(run) if _is_loud(run) else _rivals(run))
        spans.update(_possessive(run))
    spans.update(_names_in_lower_case(words))
    return sorted(span for span in spans if span[1] - span[0] > 1)


def _quoted(text: str) -> Iterator[TextRange]:
    for match in QUOTED.finditer(text):
        words = match[1].split()
        if 1 < len(words) <= LONGEST and sum(map(str.istitle, words)) * 2 > len(words):
            yield match.span(1)


def _spaced(text: str) -> Iterator[TextRange]:
    """Find names with marks between their words, which noisy texts set apart: Spider - Man, Assassin ' s Creed."""
    for match in SPACED.finditer(text):
        yield match.span()


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    opens = True
    for match in WORD.finditer(text):
        gap, mark = match["gap"] is not None, not match[0][0].isalnum()
        words.append(_Word(match[0], *match.span(), opens, gap))
        opens = gap or match[0] in ".!?:\u201c\u201e\u00ab\"'(*" or (mark and opens)
    return words


def _runs(words: list[_Word]) -> Iterator[list[_Word]]:
    """Iterate over runs of capitalised words, with the words between that may join them, and figures after them."""
    at = 0
    while at < len(words):
        end = _run_end(words, at)
        if end > at:
            yield words[at:end]
        at = max(end, at + 1)


def _run_end(words: list[_Word], at: int) -> int:
    """Return where the run that begins at `at` ends; `at` itself where none begins."""
    end = at
    while end < min(len(words), at + LONGEST_RUN):
        word = words[end]
        if word.capital:
            end += 1
            if POSSESSIVE.search(word.text):
                break
        elif word.figure and (end > at or _is_capital(words, end + 1)):
            end += 1
        elif at < end and (ahead := _joined(words, end)):
            end = ahead
        else:
            break
    return end


def _joined(words: list[_Word], at: int) -> int:
    """Return where a run goes on after joining words at `at`, as in `Office of the High Court`; 0 where it does not."""
    for end in (at + 1, at + 2):
        if all(word.key in JOINING and not word.gap for word in words[at:end]) and _is_capital(words, end):
            return end
    return 0


def _is_capital(words: list[_Word], at: int) -> bool:
    return at < len(words) and words[at].capital


def _possessive(run: list[_Word]) -> Iterator[TextRange]:
    """Find a name that ends with its 's: Sotheby's."""
    if POSSESSIVE.search(run[-1].text) and len(run) == 1 and run[0].key not in NEVER_FIRST:
        yield run[0].start, run[0].end


def _is_loud(run: list[_Word]) -> bool:
    return len(run) >= SHOUT and all(word.loud or not word.capital for word in run)


def _loud_names(run: list[_Word]) -> Iterator[TextRange]:
    """Find the words that English does not know, with the known one before them as a rival: NEW YORK."""
    before: list[_Word] = []
    for common, group in groupby(run, key=lambda word: word.common or not word.capital):
        words = list(group)
        if not common:
            yield from _spans(words)
            yield from _spans([*before, *words])
        before = words[-1:] if common and words[-1].key not in NEVER_FIRST | JOINING else []


def _rivals(run: list[_Word]) -> Iterator[TextRange]:
    for reading in _readings(run):
        yield from _spans(reading)


def _readings(run: list[_Word]) -> Iterator[list[_Word]]:
    """Iterate over the readings of a run: whole, what its joining words join, what a title stands before."""
    while len(run) > 1 and run[0].key in NEVER_FIRST and not run[0].loud:
        yield run if run[0].key == "the" and len(run) < SHOUT else []  # The Watcher
        run = run[1:]
    parts = _parted(run)
    if len(parts) == 1 or _is_one_name(run, parts):
        yield run
    for part in parts:
        yield part
        titles = [at for at, word in enumerate(part[:-1]) if word.key in TITLES]
        if titles:
            yield part[titles[-1] + 1 :]
            yield part[: titles[0]]
        elif len(part) > 1 and part[0].figure:
            yield part[1:]
        elif len(part) > 1 and (part[0].opens or len(part) >= SHOUT):
            yield part[1:] if part[0].common else []
            yield from (list(group) for common, group in groupby(part, key=_is_plain) if not common)
        if len(part) > 1 and (part[-1].common or part[-1].figure) and not any(word.common for word in part[:-1]):
            yield part[:-1]


def _parted(run: list[_Word]) -> list[list[_Word]]:
    """Part a run at the words that stand between names as well as in them: `of` where more than a word is before it."""
    parts: list[list[_Word]] = [[]]
    for at, word in enumerate(run):
        opening = parts[-1]
        sure = word.key in JOINING - {"and", "the", "of", "for"}
        one_noun = word.key in ("of", "for") and len(opening) == 1 and opening[0].common
        inside = word.key == "the" and at > 0 and run[at - 1].key in ("of", "for") and bool(opening)
        if (word.capital and (word.key not in NEVER_FIRST or not opening)) or word.figure or sure or one_noun or inside:
            opening.append(word)
        else:
            parts.append([])
    return [part for part in parts if part]


def _is_one_name(run: list[_Word], parts: list[list[_Word]]) -> bool:
    """Whether what is joined may be one name: `of` and the like do that, and `and` between two single words."""
    if any(word.key == "and" for word in run):
        return all(len(part) == 1 for part in parts)
    return True


def _is_plain(word: _Word) -> bool:
    return word.common and not word.loud


def _spans(run: list[_Word]) -> Iterator[TextRange]:
    """Write a reading as a span, without the words at its ends that no name has there."""
    while (
        run
        and (not (run[0].capital or run[0].figure) or (run[0].key in NEVER_FIRST and run[0].key != "the"))
        and not _is_acronym(run)
    ):
        run = run[1:]
    while run and (not (run[-1].capital or run[-1].figure) or (len(run[-1].text) == 1 and run[-1].key in NEVER_FIRST)):
        run = run[:-1]
    if not run or not any(word.capital for word in run) or len(run) > LONGEST:
        return
    if len(run) == 1 and _is_no_name(run[0]) and not _is_acronym(run):
        return
    yield run[0].start, run[-1].end - len(possessive[0] if (possessive := POSSESSIVE.search(run[-1].text)) else "")


def _is_no_name(word: _Word) -> bool:
    inflected = word.opens and word.common and word.key.endswith(INFLECTED) and len(word.key) > SHORTEST_LOWER
    return word.key in NEVER_ALONE or word.key in JOINING or inflected


def _is_acronym(run: list[_Word]) -> bool:
    return len(run) == 1 and run[0].text in ACRONYMS


def _names_in_lower_case(words: list[_Word]) -> Iterator[TextRange]:
    """Find words in lower case that English does not know, with the known one after them as a rival: paul walker."""
    lower = [word for word in words if word.text.islower() and word.text.isalpha()]
    if not is_english_text([word.text for word in lower]):
        return
    for at, word in enumerate(words):
        if not _is_unknown(word):
            continue
        yield word.start, word.end
        if at and words[at - 1].capital and words[at - 1].key not in NEVER_ALONE:
            yield words[at - 1].start, word.end
        if at + 1 < len(words) and words[at + 1].text.isalpha() and words[at + 1].key not in NEVER_ALONE:
            yield word.start, words[at + 1].end


def _is_unknown(word: _Word) -> bool:
    """Whether a word in lower case may be a name: spacex, ps4."""
    is_coded = word.text.isalnum() and word.text[0].isalpha() and any(map(str.isdigit, word.text))
    is_word = word.text.isalpha() and len(word.text) >= SHORTEST_LOWER and not is_frequent_word(word.text)
    return word.text.islower() and (is_word or is_coded)
