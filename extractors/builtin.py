"""The five ready-made extractors, of the built-in schemas."""

from __future__ import annotations

from typing import Any, Unpack

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.options import Options
from slotfill.schemas.built_in.entities import Entities
from slotfill.schemas.built_in.feedback import Feedback
from slotfill.schemas.built_in.quoted_answer import QuotedAnswer
from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.built_in.summary import Summary
from slotfill.schemas.schema import Schema

__all__ = ["AnswerExtractor", "EntityExtractor", "FeedbackExtractor", "SentimentExtractor", "SummaryExtractor"]


class AnswerExtractor(Extractor[QuotedAnswer]):
    """Extracts `slotfill.schemas.QuotedAnswer`; takes the question to answer, and the options of `Extractor`."""

    def __init__(self, question: str, **options: Unpack[Options]) -> None:
        super().__init__(Schema(QuotedAnswer, name="answer", parameters={"question": question}), **options)


class SentimentExtractor(Extractor[Sentiment]):
    """Extracts `slotfill.schemas.Sentiment`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Sentiment, **options)


class FeedbackExtractor(Extractor[Feedback]):
    """Extracts `slotfill.schemas.Feedback`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Feedback, **options)


class EntityExtractor(Extractor[Entities]):
    """Extracts `slotfill.schemas.Entities`; takes the options of `Extractor`."""

    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(Entities, **options)


class SummaryExtractor(Extractor[Summary]):
    """Extracts `slotfill.schemas.Summary`; takes the options of `Extractor`, and how many sentences at most."""

    def __init__(self, *, sentences: int | None = None, **options: Any) -> None:
        if sentences is not None:
            options["parameters"] = {**(options.get("parameters") or {}), "sentences": sentences}
        super().__init__(Summary, **options)
