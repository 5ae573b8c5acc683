"""The worst documents of an evaluation, as HTML: what was expected and what was got, marked in their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from slotfill.extractors.evaluation.drawing.figures import counted
from slotfill.extractors.evaluation.evaluation import DocumentScore, Evaluation
from slotfill.extractors.evaluation.judging.verdicts import FieldVerdict, Verdict
from slotfill.extractors.pages.html_markup import element, shown, shown_value, table_head
from slotfill.extractors.pages.marked_text import TextMark, marked_text

__all__ = ["DocumentText", "mistake_blocks", "worst_documents"]

MOST_DOCUMENTS, MOST_MISTAKES, LONGEST_VALUE = 50, 20, 160
"""What is shown at most: of 10,000 documents the file stays well below 5 MB, whatever they hold."""


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document's text, and where in it values stand.

    Attributes:
        text: The text; None where it is not known.
        gold_spans: By JSON Pointer into gold's value: start and end.
        spans: The same, of the prediction.
    """

    text: str | None = None
    gold_spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def worst_documents(evaluation: Evaluation) -> list[DocumentScore]:
    """Return the documents with the most mistakes, the worst first."""
    wrong = [one for one in evaluation.documents if _mistakes(one)]
    return sorted(wrong, key=lambda one: (-len(_mistakes(one)), one.source or one.id or ""))[:MOST_DOCUMENTS]


def mistake_blocks(evaluation: Evaluation, texts: Mapping[str, DocumentText]) -> str:
    """Show the worst documents: what was expected and what was got, and the text with both marked in it.

    Args:
        evaluation: What they are of.
        texts: By the document's id, or its source where it has none, its text.
    """
    worst = worst_documents(evaluation)
    wrong = sum(bool(_mistakes(one)) for one in evaluation.documents)
    if not worst:
        return element("h2", "Documents") + element("p", "Each document is right as a whole.")
    note = f"{counted(wrong, 'document')} of {evaluation.scores.documents:,} with mistakes, the worst first"
    if len(worst) < wrong:
        note += f"; {len(worst)} are shown"
    blocks = [
        _document(one, texts.get(one.id or one.source or "", DocumentText()), number)
        for number, one in enumerate(worst)
    ]
    return element("h2", "The worst documents") + element("p", f"{note}.") + "".join(blocks)


def _mistakes(document: DocumentScore) -> list[FieldVerdict]:
    return [one for one in document.mistakes if one.verdict.is_mistake]


def _document(document: DocumentScore, text: DocumentText, number: int) -> str:
    mistakes = _mistakes(document)
    labels = ", ".join(f"{key} {value}" for key, value in [*document.labels.items()][:4])
    head = element(
        "summary",
        element(
            "span", shown_value(document.source or f"document {(document.id or '')[:12]}", LONGEST_VALUE), class_="path"
        ),
        element("span", shown_value(labels, LONGEST_VALUE), class_="soft"),
        element(
            "span", "nothing was extracted" if document.failed else counted(len(mistakes), "mistake"), class_="soft"
        ),
    )
    rows = [_mistake_row(one) for one in mistakes[:MOST_MISTAKES]]
    more = len(mistakes) - MOST_MISTAKES
    table = element("table", table_head(("field", "verdict", "expected", "got")), element("tbody", *rows))
    inside = [table, *([element("p", f"and {more:,} more", class_="soft")] if more > 0 else [])]
    if text.text is not None:
        inside.append(marked_text(text.text, [*_marks(document, text)]))
    return element("details", head, element("div", *inside, class_="inside"), open="" if number == 0 else None)


def _mistake_row(one: FieldVerdict) -> str:
    got = "" if one.verdict is Verdict.OMITTED else shown_value(one.got, LONGEST_VALUE)
    expected = "" if one.verdict is Verdict.HALLUCINATED else shown_value(one.expected, LONGEST_VALUE)
    return element(
        "tr",
        element("td", shown(one.path or "(value)"), class_="path"),
        element("td", element("span", one.verdict.value, class_=f"verdict {one.verdict.value}")),
        element("td", expected or element("span", "nothing", class_="soft")),
        element("td", got or element("span", "nothing", class_="soft")),
    )


def _marks(document: DocumentScore, text: DocumentText) -> Iterable[TextMark]:
    """Yield where in the text what was expected stands, and what was got."""
    for one in document.mistakes:
        for pointer, spans, kind in ((one.gold_pointer, text.gold_spans, "expected"), (one.pointer, text.spans, "got")):
            if pointer is not None and pointer in spans:
                start, end = spans[pointer]
                yield TextMark(start, end, kind, f"{kind}: {one.path}")
