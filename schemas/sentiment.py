"""The built-in schema `sentiment`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.schemas.schema import Example
from slotfill.schemas.verbatim import Verbatim

__all__ = ["Sentiment"]


class Sentiment(BaseModel):
    """Judge the overall sentiment of a text, and quote the phrases that carry it.

    Judge the attitude of the writer to the main subject, as a careful reader would:
    - `positive`: the writer is pleased, praises, recommends or thanks. Small complaints do not change that.
    - `negative`: the writer is displeased, complains, warns or regrets. A polite tone or one kind word does
      not change that.
    - `neutral`: the text informs, asks or arranges without an attitude of its own, or praise and blame
      balance.
    Read irony by what is meant, not by what is said. Where the text compares, judge its own subject, not the
    rival. Ignore feelings that the text only reports of other people.

    Set `confidence` to the probability that another careful reader would choose the same label: near 1 for
    plain words, about 0.6 for mixed or ironic ones, never below 0.34.
    Copy `key_phrases` from the text letter for letter, each as short as it can be and still carry the
    sentiment, the strongest first; leave the list empty where no phrase carries any.
    Write `summary` as one sentence in the language of the text: what the writer thinks of what, and why.
    """

    model_config = ConfigDict(extra="forbid")

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Battery easily lasts two days and the screen is gorgeous. The speaker is a bit tinny, but for "
            "this price I would buy it again without thinking.",
            {
                "sentiment": "positive",
                "confidence": 0.94,
                "key_phrases": ["I would buy it again without thinking", "the screen is gorgeous"],
                "summary": "The writer is delighted with the phone's battery and screen and would buy it "
                "again, in spite of a tinny speaker.",
            },
        ),
        Example(
            "Die Suppe kam lauwarm, der Kellner war unfreundlich, und am Ende stand ein Bier zu viel auf "
            "der Rechnung. Schade, früher waren wir gerne hier.",
            {
                "sentiment": "negative",
                "confidence": 0.96,
                "key_phrases": ["der Kellner war unfreundlich", "Die Suppe kam lauwarm", "Schade"],
                "summary": "Der Gast ist enttäuscht von lauwarmer Suppe, unfreundlicher Bedienung und einer "
                "falschen Rechnung.",
            },
        ),
        Example(
            "Please note that the library closes at 4 pm on Friday. Books can be returned through the box "
            "at the north door.",
            {
                "sentiment": "neutral",
                "confidence": 0.97,
                "key_phrases": [],
                "summary": "The library announces an earlier closing time on Friday and where books can be returned.",
            },
        ),
        Example(
            "Oh great, another update that logs me out every morning. Just what I needed.",
            {
                "sentiment": "negative",
                "confidence": 0.9,
                "key_phrases": ["logs me out every morning", "Oh great, another update"],
                "summary": "The writer is annoyed, with irony, that the app's update logs them out every morning.",
            },
        ),
        Example(
            "Loved it!",
            {
                "sentiment": "positive",
                "confidence": 0.98,
                "key_phrases": ["Loved it!"],
                "summary": "The writer loved it.",
            },
        ),
        Example(
            "The acting is superb and the photography stays with you. Sadly the plot falls apart after an "
            "hour, and the ending is a cheat. Half a masterpiece, half a mess.",
            {
                "sentiment": "neutral",
                "confidence": 0.66,
                "key_phrases": [
                    "Half a masterpiece, half a mess",
                    "The acting is superb",
                    "the plot falls apart",
                ],
                "summary": "The writer finds the film half admirable, for its acting and photography, and "
                "half spoilt by its plot and ending.",
            },
        ),
        Example(
            "Dear Ms Okafor,\n\nthank you for sorting out the visa papers so quickly. Without your help we "
            "would have missed the flight, and the children still talk about the trip.\n\nWarm regards\nTom",
            {
                "sentiment": "positive",
                "confidence": 0.95,
                "key_phrases": ["thank you for sorting out the visa papers so quickly"],
                "summary": "The writer thanks Ms Okafor for her quick help with the visa papers, which "
                "saved their trip.",
            },
        ),
        Example(
            "I wanted to like this blender, and the colour is nice. It leaked on the first day, the "
            "replacement leaked too, and support stopped answering.",
            {
                "sentiment": "negative",
                "confidence": 0.95,
                "key_phrases": ["It leaked on the first day", "support stopped answering"],
                "summary": "The writer is let down by a blender that leaked twice and by a support that "
                "stopped answering.",
            },
        ),
    )

    sentiment: Literal["positive", "negative", "neutral"] = Field(
        description="The writer's overall attitude to the main subject."
    )
    confidence: float = Field(
        ge=0,
        le=1,
        description="Probability, 0 to 1, that another careful reader would choose the same label.",
    )
    key_phrases: list[Annotated[Verbatim, Field(min_length=1, max_length=120)]] = Field(
        max_length=5,
        description="Up to 5 short passages that carry the sentiment, copied word for word, strongest first.",
    )
    summary: str = Field(
        min_length=1,
        max_length=400,
        description="One sentence, in the language of the text: what the writer thinks of what, and why.",
    )
