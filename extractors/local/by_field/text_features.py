"""What a text looks like, in a few numbers: how much a model leans to a label depends on it.

Length and register: a small model leans to another label on a page than on a sentence, and takes a notice for a
complaint. Nothing here says what a text means: words of praise and of blame count alike.
"""

from __future__ import annotations

import math
import re

__all__ = ["FEATURES", "text_features"]

FEATURES = ("length", "figures", "person", "judgement", "marks")
"""The names of the numbers, in their order."""

LENGTHS = 5
"""Doublings of ten words after which a text is no longer than any other."""

FIGURE = re.compile(r"\d[\d.,:]*")
PERSON = re.compile(r"\b(?:i|my|me|we|our|us|i'm|i've)\b", re.IGNORECASE)
MARK = re.compile(r"[!?@#]|[^\x00-\u2fff]")
"""Exclamations, questions, handles, tags and emoji."""

JUDGEMENTS = frozenset(
    """
    amazing annoyed annoying appalling avoid awesome awful bad badly bland boring beautiful best better bravo
    brilliant broke broken charming cheap cheated clean cold comfortable complain complaint crap crash crashes
    delicious delighted delightful dirty disappointed disappointing disappointment disgusting dreadful dull
    easy enjoy enjoyable enjoyed excellent exceptional fail failed fails failure fake fantastic faulty
    favorite favourite fine flawless friendly fun funny glad good gorgeous grateful great happy helpful
    horrible impressed impressive incredible kind lame liked lousy love loved lovely loves magnificent
    mediocre mess miserable nasty never nice noisy not nothing outstanding overpriced pathetic perfect
    perfectly pleasant pleased pleasure poor poorly problem problems recommend recommended reliable ridiculous
    rubbish rude sad satisfied shame shoddy slow smooth sorry spectacular splendid stopped stuck stupid suck
    sucks superb tasteless terrible terrific thank thankful thanks thrilled tired ugly unfortunately unhelpful
    unpleasant useless waste wasted weak well wonderful worked works worse worst worth worthless wow wrong
    """.split()  # noqa: SIM905 - one word a line would fill the file
)
"""Words by which one judges, for or against."""


def text_features(text: str) -> tuple[float, ...]:
    """Return the numbers of `FEATURES`, each from 0 to 5 (of length from -4)."""
    words = [word.lower() for word in re.findall(r"[A-Za-z']+", text)]
    count = max(1, len(text.split()))
    judging = sum(word in JUDGEMENTS or word.endswith("n't") for word in words)
    return (
        min(math.log2(count / 10), LENGTHS),
        min(10 * len(FIGURE.findall(text)) / count, 3.0),
        min(20 * len(PERSON.findall(text)) / count, 1.0),
        min(10 * judging / max(1, len(words)), 2.0),
        float(MARK.search(text) is not None),
    )
