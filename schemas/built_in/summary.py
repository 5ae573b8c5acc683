"""The built-in schema `summary`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from slotfill.schemas.example import Example
from slotfill.schemas.marks.free_text import FreeText
from slotfill.schemas.marks.merge_policy import Merge
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.passages.sentences import count_sentences

__all__ = ["Summary"]


class Summary(BaseModel):
    """Summarise a document faithfully, in a few sentences, and list its key points.

    Write `summary` in the language of the document, as plain prose of at most {sentences} complete sentences.
    Begin with what matters most: who did, decided or claims what. Then give the reasons, figures and
    consequences that a reader needs to decide whether to read on. Use fewer sentences where the document says
    little. Keep names, numbers and dates exactly as they are. Add nothing that the document does not say: no
    opinion, no outside knowledge, no `this document describes`. Report claims as claims.

    List 1 to 7 `key_points`, the weightiest first: each one a single fact, decision, request or finding in a
    short phrase that stands on its own, none repeating another. A short notice may have only one.
    Where the document holds no content to speak of, say just that in the summary and in one key point.
    """

    model_config = ConfigDict(extra="forbid")

    class Length(Parameters):
        """What can be set, as in `-P sentences=2`."""

        sentences: int = Field(3, ge=1, le=20, description="The most sentences that the summary may have.")

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Minutes, 12 June. Present: Ana, Joel, Dr. Singh. The roof repair was offered at 18,400 euros "
            "by Keller and at 21,000 by Baumann. After a discussion about the guarantee (Keller 5 years, "
            "Baumann 10) the board chose Baumann, three to none. Work starts on 3 August and takes about "
            "two weeks; the courtyard will be closed. Joel informs the tenants by the end of the month.",
            {
                "summary": "The board chose Baumann for the roof repair at 21,000 euros, because of its "
                "ten-year guarantee, over Keller's cheaper offer. Work starts on 3 August, takes about two "
                "weeks and closes the courtyard. Joel informs the tenants by the end of June.",
                "key_points": [
                    "Baumann repairs the roof for 21,000 euros",
                    "Baumann guarantees 10 years, Keller 5",
                    "work from 3 August, about two weeks",
                    "courtyard closed during the work",
                    "Joel informs the tenants by the end of June",
                ],
            },
        ),
        Example(
            "The lift is out of order until Thursday. Please use the stairs.",
            {
                "summary": "The lift is out of order until Thursday.",
                "key_points": ["lift out of order until Thursday", "use the stairs"],
            },
        ),
        Example(
            "Les chercheurs ont suivi 1 200 enfants pendant six ans. Ceux qui dormaient moins de neuf "
            "heures obtenaient des résultats scolaires un peu plus faibles, mais l'écart disparaissait "
            "quand on tenait compte du revenu des parents. Les auteurs demandent donc de la prudence.",
            {
                "summary": "Une étude de six ans sur 1 200 enfants trouve des résultats scolaires un peu "
                "plus faibles chez ceux qui dorment moins de neuf heures. L'écart disparaît quand on tient "
                "compte du revenu des parents, et les auteurs appellent à la prudence.",
                "key_points": [
                    "1 200 enfants suivis pendant six ans",
                    "moins de neuf heures de sommeil : résultats un peu plus faibles",
                    "aucun écart à revenu égal",
                ],
            },
        ),
        Example(
            "Hi team,\n\nquick one: the March invoice from the print shop (no. 771, $340) was paid twice. "
            "Could someone in accounts ask for the second payment back? They are usually quick about it. No "
            "rush, but before the quarter closes would be great.\n\nThanks, Mo",
            {
                "summary": "Mo reports that the print shop's March invoice no. 771 over $340 was paid "
                "twice. Accounts is asked to get the second payment back before the quarter closes.",
                "key_points": [
                    "invoice no. 771 ($340) was paid twice",
                    "accounts to ask for the second payment back",
                    "due before the quarter closes",
                ],
            },
        ),
    )

    summary: Annotated[FreeText, Merge("longest")] = Field(
        min_length=1,
        max_length=6000,
        description="The summary as plain prose, in the language of the document.",
    )
    key_points: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        min_length=1, max_length=7, description="1 to 7 single facts, weightiest first, each a short phrase."
    )

    @field_validator("summary")
    @classmethod
    def _is_short_enough(cls, summary: str, info: ValidationInfo) -> str:
        parameters = (info.context or {}).get("parameters")
        if parameters is None or (count := count_sentences(summary)) <= parameters.sentences:
            return summary
        raise PydanticCustomError(
            "too_many_sentences",
            "has {count} sentences: write at most {limit}",
            {"count": count, "limit": parameters.sentences},
        )
