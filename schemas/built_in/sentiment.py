"""The built-in schema `sentiment`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.schemas.example import Example
from slotfill.schemas.marks.confidence import Confidence
from slotfill.schemas.marks.free_text import FreeText
from slotfill.schemas.marks.merge_policy import Merge
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
            "Loved it!",
            {
                "sentiment": "positive",
                "confidence": 0.98,
                "key_phrases": ["Loved it!"],
                "summary": "The writer loved it.",
            },
        ),
        Example(
            "Clean rooms, kind staff and a wonderful view. We will come back.",
            {
                "sentiment": "positive",
                "confidence": 0.95,
                "key_phrases": ["a wonderful view", "We will come back"],
                "summary": "The guest praises rooms, staff and view and wants to return.",
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
            "Two hours of my life that I will not get back. The jokes fall flat and the songs are worse.",
            {
                "sentiment": "negative",
                "confidence": 0.95,
                "key_phrases": ["Two hours of my life that I will not get back", "The jokes fall flat"],
                "summary": "The writer finds the film a waste of time, with bad jokes and songs.",
            },
        ),
        Example(
            "Line 14 runs every 20 minutes between 6:00 and 22:30. Tickets are sold at the counter and on board.",
            {
                "sentiment": "neutral",
                "confidence": 0.95,
                "key_phrases": [],
                "summary": "The text gives the running times of line 14 and where tickets are sold.",
            },
        ),
        Example(
            "The heater weighs 1.2 kg and measures 30 x 20 x 5 cm. It works on 230 volts.",
            {
                "sentiment": "neutral",
                "confidence": 0.95,
                "key_phrases": [],
                "summary": "The text lists weight, size and voltage of a heater.",
            },
        ),
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
            "The meeting has been moved to Tuesday at 10. Please bring the signed form.",
            {
                "sentiment": "neutral",
                "confidence": 0.95,
                "key_phrases": [],
                "summary": "The text announces a new time for the meeting and asks for the signed form.",
            },
        ),
    )

    calibration: ClassVar[tuple[Example, ...]] = tuple(
        Example(text, {"sentiment": label})
        for label, texts in {
            "positive": (
                "Best headset I have owned so far, it pairs in a second.",
                "The waiter remembered us and the lamb was tender as butter.",
                "A warm, funny film with a cast that never puts a foot wrong.",
                "Arrived a day early and fits my phone perfectly.",
                "I will go back for the noodles alone.",
                "Sturdy, light, and it does what it promises.",
                "The second half had me in tears, in the good way.",
                "Great value, and the staff could not have been nicer.",
                "Sound is clear on both ends and the battery goes on for days.",
                "Five stars from the whole family.",
                "Her performance alone is worth the ticket.",
                "No problems at all since I bought it last spring.",
                "Fresh fish, fair prices, and a table by the window.",
                "I was sceptical at first, but now I would not want to be without it.",
                "The lessons are short, clear and fun.",
            ),
            "negative": (
                "The case cracked after a week in my pocket.",
                "We waited fifty minutes and the food was cold.",
                "I have seldom been so bored in a cinema.",
                "Do not waste your money on this charger.",
                "The plot makes no sense and the actors seem to know it.",
                "Calls drop all the time and nobody answers the hotline.",
                "Overpriced, bland, and the tables were sticky.",
                "It stopped working the day after the warranty ended.",
                "The chicken was dry and I could not finish it.",
                "Would not recommend this place to anyone.",
                "The picture is blurred and the buttons stick.",
                "They never sent the refund that I was promised.",
                "A two-hour advert with no ideas of its own.",
                "The earpiece hurts after ten minutes.",
                "I expected more from a hotel at this price.",
            ),
            "neutral": (
                "The pharmacy is open from 9 to 18 on weekdays.",
                "Each box holds twelve tiles of 30 by 30 centimetres.",
                "Flight 208 now leaves from gate B7 at 11:40.",
                "Enclosed is the form that you asked for; please return it by 3 June.",
                "Does the lamp come with a bulb?",
                "Press the round button for three seconds to switch the pump off.",
            ),
        }.items()
        for text in texts
    )

    sentiment: Literal["positive", "negative", "neutral"] = Field(
        description="The writer's overall attitude to the main subject."
    )
    confidence: Annotated[float, Confidence("sentiment")] = Field(
        description="Probability, 0 to 1, that another careful reader would choose the same label."
    )
    key_phrases: list[Annotated[Verbatim, Field(min_length=1, max_length=120)]] = Field(
        max_length=5,
        description="Up to 5 short passages that carry the sentiment, copied word for word, strongest first.",
    )
    summary: Annotated[FreeText, Merge("longest")] = Field(
        min_length=1,
        max_length=400,
        description="One sentence, in the language of the text: what the writer thinks of what, and why.",
    )
