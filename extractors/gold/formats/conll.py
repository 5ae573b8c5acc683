"""CoNLL: a token a line with its tag, B- where a passage begins, I- within it, O outside; written alone.

    Ada  B-person
    met  O

Lines are of two columns, a tab between them; a blank line parts the paragraphs of a text, `-DOCSTART-` the documents.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from slotfill.extractors.gold.formats.field_marks import FieldLabels, is_passage, marks_of, types_told_by_labels
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.json_text import CONTROLS

__all__ = ["conll_text"]

_TOKEN = re.compile(rf"\w+|[^\w\s{CONTROLS}]")
"""A word, or one mark of punctuation; controls are none."""

_PARAGRAPH = re.compile(r"\n\s*\n")


def conll_text(document: GoldDocument, labels: FieldLabels) -> str:
    """Write the tokens of a gold document, whose text must be known; what tags cannot hold is noted."""
    text = document.text or ""
    tokens = [*_TOKEN.finditer(text)]
    tags = _tags(tokens, _apart(_passages(document, text, labels), labels), labels)
    lines = ["-DOCSTART-\tO", ""]
    at = 0
    for token, tag in zip(tokens, tags, strict=True):
        if at and _PARAGRAPH.search(text, at, token.start()):
            lines.append("")
        lines.append(f"{token[0]}\t{tag}")
        at = token.end()
    return "\n".join([*lines, "", ""])


def _tags(tokens: list[re.Match[str]], passages: Iterator[tuple[int, int, str]], labels: FieldLabels) -> list[str]:
    tags = ["O"] * len(tokens)
    starts, ends = [token.start() for token in tokens], [token.end() for token in tokens]
    for start, end, label in passages:
        first, last = bisect_right(ends, start), bisect_left(starts, end)
        if first == last or any(tag != "O" for tag in tags[first:last]):
            labels.lose("passages that share a word with another, or hold none")
            continue
        labels.lose(
            "the ends of passages that begin or end within a word", starts[first] < start or ends[last - 1] > end
        )
        tags[first:last] = [f"B-{label}", *[f"I-{label}"] * (last - first - 1)]
    return tags


def _passages(document: GoldDocument, text: str, labels: FieldLabels) -> Iterator[tuple[int, int, str]]:
    marks = marks_of(document.value, document.spans, labels)
    types = types_told_by_labels(marks)
    for mark in marks:
        if mark.span and is_passage(mark, text):
            label = labels.label_of(mark.path, types.get(mark.item))
            yield (*mark.span, re.sub(r"\s", "_", label))
        else:
            labels.lose("values that are no passage of the text", mark.item not in types)


def _apart(passages: Iterator[tuple[int, int, str]], labels: FieldLabels) -> Iterator[tuple[int, int, str]]:
    """Yield passages that do not overlap, the longest of those that do: a token has one tag."""
    taken: list[tuple[int, int]] = []
    for start, end, label in sorted(passages, key=lambda one: (one[0] - one[1], one[0])):
        if any(start < last and first < end for first, last in taken):
            labels.lose("passages that overlap longer ones")
            continue
        taken.append((start, end))
        yield start, end, label
