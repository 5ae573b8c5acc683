"""Where values stand: how fast `ground` finds them, and how often in the right place.

python benchmarks/grounding.py [VALUES]

Time: VALUES values (500) in one document of a million code points, the best of three runs, the document folded anew
each time; beside it one `str.find` for each. Target: under 1 s. Right: a value is a passage of the document, as it is,
changed as people change what they copy, or with one slip; it is found where it was taken from or where the same stands
again. Targets: all as they are, 99 % of the changed ones. A slip may say something else, such as a negation (不), and
is rightly not found then.
"""

from __future__ import annotations

import random
import string
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator

from hypothesis import HealthCheck, given, seed, settings

from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.parts import Span
from slotfill.schemas.passages.folding import fold, folded
from slotfill.schemas.strategies import PlantedDocument, documents

SIZE = 1_000_000
VALUES = 500
RUNS = 3
TEXTS = 300
SEED = 20261
SHORTEST, LONGEST = 12, 80

Change = Callable[[str, random.Random], str]
Planted = tuple[str, int, int]


def as_it_is(text: str, _: random.Random) -> str:
    return text


def other_space(text: str, chance: random.Random) -> str:
    return "".join(chance.choice(("  ", "\n", "\u00a0", "\r\n\t")) if mark == " " else mark for mark in text)


def other_quotes(text: str, chance: random.Random) -> str:
    open_mark, close_mark = chance.choice(("“”", "«»", "„“", "''"))
    apostrophe = str.maketrans({"'": "\u2019", "\u2019": "'", "-": "\u2013"})
    return f"{open_mark}{text.translate(apostrophe)}{close_mark}"


def other_case(text: str, chance: random.Random) -> str:
    return chance.choice((str.upper, str.lower, str.title, str.swapcase))(text)


def other_form(text: str, chance: random.Random) -> str:
    return unicodedata.normalize(chance.choice(("NFC", "NFD", "NFKC", "NFKD")), text)


def one_slip(text: str, chance: random.Random) -> str:
    """Drop, double, swap or replace one letter; digits and numerals stay."""
    letters = [at for at, mark in enumerate(text) if mark.isalpha() and not mark.isnumeric()]
    if not letters:
        return text
    at = chance.choice(letters)
    here, following = text[at], text[at + 1 : at + 2]
    slip = chance.choice(("", here * 2, chance.choice(string.ascii_lowercase), following + here))
    return text[:at] + slip + text[at + (2 if slip == following + here else 1) :]


def nowhere(text: str, chance: random.Random) -> str:
    return " ".join("".join(chance.choices("bcdfgxyz", k=7)) for _ in text.split())


CHANGES: dict[str, Change] = {
    "as it is": as_it_is,
    "white space": other_space,
    "quotes": other_quotes,
    "case": other_case,
    "Unicode form": other_form,
    "one slip": one_slip,
}


def prose(chance: random.Random, alphabet: str, between: str) -> str:
    """Write a text with as many different words as a real one has, some of them far more often than others."""
    words = ["".join(chance.choices(alphabet, k=chance.randint(2, 10))) for _ in range(30_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    marks = chance.choices(("", "", "", "", "", "", ",", ".", ".\n", "'s"), k=SIZE // 4)
    chosen = zip(chance.choices(words, weights, k=SIZE // 4), marks, strict=True)
    return between.join(word + mark for word, mark in chosen)[:SIZE]


def passages(text: str, count: int, chance: random.Random) -> Iterator[Planted]:
    """Take passages of SHORTEST to LONGEST code points, whole words where there are any."""
    while count:
        start = chance.randrange(len(text) - 200)
        end = start + chance.randint(SHORTEST, LONGEST)
        if " " in text[start:end]:
            start, end = text.index(" ", start) + 1, text.index(" ", end)
        passage = text[start:end].strip()
        if len(passage) >= SHORTEST and passage[0].isalnum():
            count -= 1
            yield passage, start, start + len(passage)


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        folded.cache_clear()
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def is_right(span: Span, document: str, taken: Planted, slack: int = 0) -> bool:
    """Tell whether a span is where the value was taken from, or where the same stands again.

    slack: by how many code points each end may be off: who drops the first letter has quoted another passage.
    """
    passage, start, end = taken
    if span.start is None or span.end is None:
        return False
    near = abs(span.start - start) <= slack and abs(span.end - end) <= slack
    return near or fold(document[span.start : span.end]) == fold(passage)


def time_all(name: str, document: str, count: int) -> None:
    chance = random.Random(SEED)
    taken = [*passages(document, count, chance)]
    finding = seconds(lambda: [document.find(passage) for passage, _, _ in taken])
    print(f"{name}: {count} values in {len(document)} code points; str.find alone {finding:.3f} s")
    for change, made in {**CHANGES, "nowhere": nowhere}.items():
        values = [made(passage, chance) for passage, _, _ in taken]
        took = seconds(lambda values=values: ground(values, document, {}))
        spans = ground(values, document, {})
        slack = made is one_slip
        right = sum(is_right(spans[f"/{at}"], document, planted, slack) for at, planted in enumerate(taken))
        share = "" if change == "nowhere" else f"  right {right / count:7.2%}"
        print(f"  {change:<14}{took:6.3f} s  {took / finding:5.1f} times str.find{share}")


def planted_texts() -> list[PlantedDocument]:
    texts: list[PlantedDocument] = []

    @seed(SEED)
    @settings(max_examples=TEXTS, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(documents())
    def collect(planted: PlantedDocument) -> None:
        texts.append(planted)

    collect()
    return texts


def ground_planted(texts: list[PlantedDocument]) -> None:
    facts = sum(len(planted.facts) for planted in texts)
    print(f"documents(): {facts} planted facts in {len(texts)} texts")
    for change, made in CHANGES.items():
        if made is one_slip:  # most facts are too short to be known with one
            continue
        chance = random.Random(SEED)
        right = exact = 0
        for planted in texts:
            spans = ground([made(fact.text, chance) for fact in planted.facts], planted.text, {})
            for at, fact in enumerate(planted.facts):
                span = spans[f"/{at}"]
                right += is_right(span, planted.text, (fact.text, fact.start, fact.end))
                exact += span.match == "exact"
        print(f"  {change:<14}right {right / facts:7.2%}  exact {exact / facts:7.2%}")


def main(count: int = VALUES) -> None:
    chance = random.Random(SEED)
    time_all("Latin", prose(chance, string.ascii_lowercase + "eeaoiéüß", " "), count)
    time_all("Chinese", prose(chance, "".join(map(chr, range(0x4E00, 0x5200))), ""), count)
    ground_planted(planted_texts())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
