"""A long text by a few windows of it, from its first sentences to its last, for a model that knows short texts."""

from __future__ import annotations

import math

from slotfill.schemas.passages.sentences import sentence_ranges

__all__ = ["text_windows"]

LONG = 1_900
"""A text of fewer code points, some 350 words, is one window: read whole, it is judged no worse (docs/embedded.md)."""

SENTENCES = 3
"""Of a window: as long as most worked examples are."""

LONGEST = 400
"""The most code points of a window: what stands in one line without a full stop is cut at a space."""

DENSITY = 1.5
"""Of n windows of a text so many times the root of n are read: 5 of 8, 20 of 170."""


def text_windows(text: str) -> list[str]:
    """Return windows of a text, spread evenly over it, the first and the last among them; a short text is the one."""
    if len(text) < LONG:
        return [text]
    windows = _all_windows(text)
    count = min(len(windows), math.ceil(DENSITY * math.sqrt(len(windows))))
    if count < 2:  # noqa: PLR2004 - there is nothing to spread
        return windows or [text]
    return [windows[round(at * (len(windows) - 1) / (count - 1))] for at in range(count)]


def _all_windows(text: str) -> list[str]:
    sentences = [
        piece for line in text.splitlines() for start, end in sentence_ranges(line) for piece in _cut(line[start:end])
    ]
    windows: list[str] = []
    run: list[str] = []
    for sentence in sentences:
        if run and (len(run) == SENTENCES or len(" ".join(run)) + len(sentence) > LONGEST):
            windows.append("\n".join(run))
            run = []
        run.append(sentence)
    return [*windows, "\n".join(run)] if run else windows


def _cut(sentence: str) -> list[str]:
    pieces = []
    while len(sentence) > LONGEST:
        at = sentence.rfind(" ", 1, LONGEST)
        at = at if at > 0 else LONGEST
        pieces.append(sentence[:at].rstrip())
        sentence = sentence[at:].lstrip()
    return [*pieces, sentence] if sentence else pieces
