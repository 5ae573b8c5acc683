"""The built-in schema `feedback`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.schemas.example import Example
from slotfill.schemas.marks.free_text import FreeText
from slotfill.schemas.marks.merge_policy import Merge

__all__ = ["Feedback"]


class Feedback(BaseModel):
    """Turn customer feedback into its sentiment, its issues, its urgency and the next step.

    Read the text as the person would who has to act on it.

    `sentiment` is the customer's attitude as a whole: `positive` (pleased, praises, thanks), `negative`
    (complains, warns, gives up) or `neutral` (asks, informs, or praise and blame balance). Read irony by what
    is meant.

    `key_issues` names each problem, request or open question once, in a few plain words in the language of
    the text, the weightiest first. Name only what the text says: no guesses at causes. Praise is no issue.
    Leave the list empty where nothing needs attention.

    `urgency` follows from the harm of waiting, never from the tone:
    - 1: nothing to do: praise, thanks, or a remark that asks for nothing.
    - 2: minor: a wish, a question or a blemish that can wait for weeks.
    - 3: normal: a real problem, with a way around it or little harm; act within days.
    - 4: high: the customer is blocked, has lost money or is about to leave; act within a day.
    - 5: critical: danger to people, loss of data, a leak of private data, an outage for many, legal action or
      a deadline within hours; act at once.
    Between two levels choose the higher one only where the text states the harm.

    `suggested_action` is one concrete step for the team that receives the feedback, as an imperative in the
    language of the text. Where nothing needs attention, suggest what to do with the praise, or to take no
    action.
    """

    model_config = ConfigDict(extra="forbid")

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Hi, since this morning I cannot log in: the app says my account does not exist. I have a paid "
            "plan and a presentation tomorrow that is stored there. Please help!",
            {
                "sentiment": "negative",
                "key_issues": [
                    "cannot log in",
                    "paid account reported as not existing",
                    "needs a file by tomorrow",
                ],
                "urgency": 4,
                "suggested_action": "Restore access to the account today and confirm to the customer that "
                "the presentation is there.",
            },
        ),
        Example(
            "The new checkout is so much faster. Great job, everyone!",
            {
                "sentiment": "positive",
                "key_issues": [],
                "urgency": 1,
                "suggested_action": "Pass the praise on to the checkout team.",
            },
        ),
        Example(
            "Does the large backpack fit under an airline seat? I could not find its size on the page.",
            {
                "sentiment": "neutral",
                "key_issues": [
                    "asks whether the large backpack fits under a seat",
                    "size missing from product page",
                ],
                "urgency": 2,
                "suggested_action": "Send the customer the backpack's size and add it to the product page.",
            },
        ),
        Example(
            "The charger got so hot last night that it melted the table cloth and smelled of smoke. I have "
            "unplugged it. My neighbour bought the same one.",
            {
                "sentiment": "negative",
                "key_issues": ["charger overheated and melted a table cloth", "smell of smoke"],
                "urgency": 5,
                "suggested_action": "Tell the customer not to use the charger, collect it for inspection, "
                "and open a safety case for the whole series.",
            },
        ),
        Example(
            "Muy buena comida y un trato excelente, como siempre. Eso sí, tardaron casi una hora en "
            "servirnos y la reserva por la web no funcionó, tuvimos que llamar.",
            {
                "sentiment": "positive",
                "key_issues": ["la reserva por la web no funcionó", "casi una hora de espera"],
                "urgency": 3,
                "suggested_action": "Comprobar el formulario de reservas de la web y avisar al cliente "
                "cuando funcione.",
            },
        ),
        Example(
            "Order 4471 arrived with two left gloves. No drama, I still have my old pair, but I would like "
            "a right one at some point this week.",
            {
                "sentiment": "neutral",
                "key_issues": ["order 4471 holds two left gloves", "wants a right glove this week"],
                "urgency": 3,
                "suggested_action": "Send a right glove for order 4471 and tell the customer when it will arrive.",
            },
        ),
    )

    calibration: ClassVar[tuple[Example, ...]] = tuple(
        Example(text, {"sentiment": sentiment, "urgency": urgency})
        for sentiment, urgency, text in (
            ("positive", 1, "The new menu is lovely and the staff are a joy."),
            ("positive", 1, "Just a quick note to say that the course was excellent."),
            ("positive", 1, "My parcel came early and well packed, thanks."),
            ("negative", 1, "I did not care for the colour of the cover, but never mind."),
            ("neutral", 2, "Which of your bags can go into the washing machine?"),
            ("neutral", 2, "It would be handy to have the timetable as a calendar file."),
            ("positive", 2, "Great app; a dark theme would make it perfect."),
            ("negative", 2, "The label on the jar was crooked and a bit torn."),
            ("negative", 3, "The zip of the jacket broke after two weeks."),
            ("negative", 3, "Three of the nine cups in the box were chipped."),
            ("neutral", 3, "The invoice names the wrong street; please send it again."),
            ("negative", 4, "You charged my card twice and the hotline hangs up on me."),
            ("negative", 4, "Our whole office cannot print since your update and we lose orders."),
            ("neutral", 4, "My flight leaves tomorrow and the visa letter has not come yet."),
            ("negative", 5, "The baby monitor caught fire in the night."),
            ("negative", 5, "I can see the names and addresses of other patients in my account."),
            ("negative", 5, "The brakes of the rental car failed on the motorway."),
        )
    )

    sentiment: Literal["positive", "negative", "neutral"] = Field(description="The customer's attitude as a whole.")
    key_issues: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        max_length=10,
        description="Each problem, request or open question once, in a few words; weightiest first.",
    )
    urgency: Annotated[int, Merge("greatest")] = Field(
        ge=1,
        le=5,
        description="1 nothing to do, 2 minor (weeks), 3 normal (days), 4 high (a day), 5 critical (now).",
    )
    suggested_action: FreeText = Field(
        min_length=1, max_length=400, description="One concrete next step for the team, as an imperative."
    )
