"""The built-in schema `answer`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator
from pydantic_core import PydanticCustomError

from slotfill.schemas.marks.free_text import FreeText
from slotfill.schemas.marks.merge_policy import Merge
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.verbatim import Verbatim

__all__ = ["QuotedAnswer"]


class QuotedAnswer(BaseModel):
    """Answer a question, and quote what the answer rests on, or say that the document does not tell.
    The question is: {question}

    Answer from the document alone, as a careful reader would who knows nothing else of the matter. What is common
    knowledge, likely, or said of something similar is no answer.

    First copy into `quotes` the passages that answer the question, letter for letter: each as short as it can be and
    still show the answer, a sentence or a part of one, the most telling first; no passage twice. Leave the list empty
    where no passage answers the question, not even in part.

    Then write `answer` from these passages alone: the answer first, then the conditions, exceptions and figures that
    belong to it, in one to four sentences of plain prose and in the language of the question. Keep names, numbers and
    dates as they are. Where passages contradict each other, say so and give each. Where they answer a part of the
    question, answer that part and name what the document does not say. Set `answer` to null where `quotes` is empty.
    """  # noqa: D205, D400 - the embedded model is shown the first paragraph alone

    model_config = ConfigDict(extra="forbid")

    class Asked(Parameters):
        """What must be set, as in `-P question="What is the refund policy?"`."""

        question: str = Field(
            min_length=1, max_length=4000, pattern=r"\S", description="The question that the document is to answer."
        )

    # No worked examples: each would be of another question than the one that is asked.
    quotes: list[Annotated[Verbatim, Field(min_length=1, max_length=1000)]] = Field(
        description="The passages that answer the question, word for word, most telling first; empty where none does."
    )
    answer: Annotated[Annotated[FreeText, Field(min_length=1)] | None, Merge("join")] = Field(
        description="The answer, from these passages alone; null where the document does not say it."
    )

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to write it
    @property
    def stated(self) -> bool:
        """Whether the document says it at all."""
        return self.answer is not None

    @model_validator(mode="after")
    def _rests_on_quotes(self) -> Self:
        if self.answer is not None and not self.quotes:
            raise PydanticCustomError(
                "unfounded_answer", "has an answer, and no passage that shows it: quote one, or set `answer` to null"
            )
        if self.answer is None and self.quotes:
            raise PydanticCustomError(
                "unanswered_quotes", "has quotes, and no answer: write what they say, or leave `quotes` empty"
            )
        return self
