"""Gold and predictions matched: by the text's hash, else by source. What has no partner is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slotfill.extractors.errors import InputError
from slotfill.extractors.evaluation.drawing.figures import counted
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["MatchedGold", "match_gold"]


@dataclass(frozen=True, slots=True)
class MatchedGold:
    """Gold documents, each with its prediction.

    Attributes:
        pairs: In gold's order; None where nothing was extracted.
        missing: The names of gold documents without a prediction.
        strays: The names of predictions without gold.
        doubles: The names of predictions and gold documents of which there is another: the last of several predictions
            counts, and the first of several gold documents.
    """

    pairs: tuple[tuple[GoldDocument, JSONMapping | None], ...]
    missing: tuple[str, ...]
    strays: tuple[str, ...]
    doubles: tuple[str, ...]

    def check(self, name: str = "") -> None:
        """Raise InputError where no gold document has a prediction. name: which ones, such as ` in out.jsonl`."""
        if len(self.missing) == len(self.pairs):
            raise InputError(
                f"of {len(self.pairs):,} gold documents none has one of the {len(self.strays):,} records{name}: they "
                'are matched by the text, or by "source": are both of the same documents?'
            )

    def messages(self) -> Iterator[str]:
        """Yield a line for each kind of what could not be matched."""
        for names, noun, what in (
            (self.missing, "gold document", " without a record: all fields count as omitted"),
            (self.strays, "record", " without gold: not counted"),
            (self.doubles, "double", ": of records the last counts, of gold the first"),
        ):
            if names:
                few = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")  # noqa: PLR2004 - enough to know them by
                yield f"{counted(len(names), noun)}{what} ({few})"


def match_gold(gold: Sequence[GoldDocument], predictions: Sequence[JSONMapping]) -> MatchedGold:
    """Match gold documents with predictions.

    Args:
        gold: The gold documents.
        predictions: Records, or `{"source": …, "value": …}`, as plain JSON data.

    A prediction of the same text fits wherever it was read. One that is of another text does not fit by its source,
    unless gold's text is not known.
    """
    doubles: dict[str, None] = {}
    by_id: dict[str, int] = {}
    by_source: dict[str, int] = {}
    for number, data in enumerate(predictions):
        identity, source = _identity(data), _source(data)
        # Files of one text are several documents: a record is a double where its source is the same, too.
        if source is not None and source in by_source:
            doubles[source] = None
        if identity is not None:
            by_id[identity] = number
        if source is not None:
            by_source[source] = number
    pairs: list[tuple[GoldDocument, JSONMapping | None]] = []
    used: set[int] = set()
    seen: set[tuple[str | None, str | None]] = set()
    for document in gold:
        if (document.id, document.source) in seen:
            doubles[document.name] = None
            continue
        seen.add((document.id, document.source))
        partner = _partner(document, by_id, by_source, predictions)
        pairs.append((document, None if partner is None else predictions[partner]))
        used |= set() if partner is None else {partner}
    taken = {_identity(predictions[number]) for number in used} - {None}
    strays = dict.fromkeys(
        _name(data)
        for number, data in enumerate(predictions)
        if number not in used and _identity(data) not in taken and _name(data) not in doubles
    )
    missing = tuple(document.name for document, data in pairs if data is None)
    return MatchedGold(tuple(pairs), missing, tuple(strays), tuple(doubles))


def _partner(
    document: GoldDocument, by_id: dict[str, int], by_source: dict[str, int], predictions: Sequence[JSONMapping]
) -> int | None:
    """Return the number of the prediction for a gold document: that of its text and its source, or of one of them."""
    at_source = by_source.get(document.source or "")
    if at_source is not None and document.id in (None, _identity(predictions[at_source])):
        return at_source
    if document.id is None:
        return at_source
    if document.id in by_id:
        return by_id[document.id]
    # A bare line does not say which text it is of.
    return at_source if at_source is not None and _identity(predictions[at_source]) is None else None


def _identity(data: JSONMapping) -> str | None:
    note = data.get("document")
    return note.get("id") if isinstance(note, dict) and "slotfill" in data else None


def _source(data: JSONMapping) -> str | None:
    note = data.get("document")
    return note.get("source") if isinstance(note, dict) and "slotfill" in data else data.get("source")


def _name(data: JSONMapping) -> str:
    return _source(data) or f"document {(_identity(data) or '')[:12]}"
