"""Retrieved passages as one document: joined, extracted from, and each value traced to its source and offset.

    from slotfill import AnswerExtractor
    from slotfill.passages import Passage, join_passages, source_spans

    with AnswerExtractor("What is the refund policy?") as extractor:
        extraction = extractor.extract(join_passages([Passage("Within 30 days.", "refunds.md", 112)]))
    source_spans(extraction)["/quotes/0"]

Each name is loaded when it is first used. `__init__.pyi` lists them.
"""

from __future__ import annotations

from slotfill.schemas.lazy_names import lazy_names

__getattr__, __dir__, __all__ = lazy_names(__name__)
