"""The built-in schema `entities`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.schemas.example import Example
from slotfill.schemas.verbatim import Verbatim

__all__ = ["Entities", "Entity"]


class Entity(BaseModel):
    """One mention of an entity."""

    model_config = ConfigDict(extra="forbid")

    text: Verbatim = Field(
        min_length=1,
        max_length=300,
        description="The mention as it stands in the document, letter for letter.",
    )
    type: Literal["person", "organization", "location", "date", "money", "product", "event", "other"] = Field(
        description="What the mention means where it stands."
    )


class Entities(BaseModel):
    """List the named entities, dates and sums of money of a text, in order of appearance.

    Give every mention that names one particular thing, and its type:
    - `person`: a real or fictional human or animal with a name, nicknames and user names (`@ada`) included.
    - `organization`: a company, agency, party, team, band or school, and a brand where its maker acts.
    - `location`: a country, region, city, street, building, mountain, river or planet.
    - `date`: a calendar date, weekday, month, year or holiday, or a stretch of them (`May 3 to 5`, `last
      Tuesday`). No times of day and no bare durations.
    - `money`: an amount with its currency (`$4.50`, `3 million euros`).
    - `product`: a named thing that is made and sold or used: device, vehicle, software, drug, food brand; a work
      too, such as a book, film, song, show or game.
    - `event`: a named happening: war, match, festival, conference, storm.
    - `other`: any other proper name, such as a law, language, nationality or award.

    Copy `text` letter for letter, with the spelling, case and spacing of the document, even where these are
    wrong. Take the longest name (`University of Ghana`, one entity), without a leading article, without a
    title such as `Dr.` or `Mrs`, without a possessive `'s`, without quotation marks and punctuation around
    it. Decide the type by the meaning in its sentence: in `London voted`, London is a `location`; in `Apple
    sued`, Apple is an `organization`; in `my new iPhone`, iPhone is a `product`.
    Give a name again each time it is mentioned. Leave out pronouns, common nouns (`the bank`, `my doctor`),
    plain numbers and e-mail or web addresses. Texts from chats are noisy: names may be in lower case or split
    by spaces. Give an empty list where nothing is named.
    """

    model_config = ConfigDict(extra="forbid")

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Watching Titanic with Nina again . Best Movie Ever",
            {"entities": [{"text": "Titanic", "type": "product"}, {"text": "Nina", "type": "person"}]},
        ),
        Example(
            "Happy Birthday Carlos ! Greetings from Norway",
            {"entities": [{"text": "Carlos", "type": "person"}, {"text": "Norway", "type": "location"}]},
        ),
        Example(
            "Anyone Else having trouble with Outlook on Windows 11 ? Help",
            {"entities": [{"text": "Outlook", "type": "product"}, {"text": "Windows 11", "type": "product"}]},
        ),
        Example(
            "OMG I can not believe Serena lost in Paris . Sad Day",
            {"entities": [{"text": "Serena", "type": "person"}, {"text": "Paris", "type": "location"}]},
        ),
        Example(
            "The BBC said Volvo will close its plant in Ghent .",
            {
                "entities": [
                    {"text": "BBC", "type": "organization"},
                    {"text": "Volvo", "type": "organization"},
                    {"text": "Ghent", "type": "location"},
                ]
            },
        ),
        Example(
            "Thumbs Up if you are here in 2021 . Nice Song",
            {"entities": [{"text": "2021", "type": "date"}]},
        ),
        Example(
            "Jon Bell and Maya Lind moved to Oslo in May",
            {
                "entities": [
                    {"text": "Jon Bell", "type": "person"},
                    {"text": "Maya Lind", "type": "person"},
                    {"text": "Oslo", "type": "location"},
                    {"text": "May", "type": "date"},
                ]
            },
        ),
        Example(
            "Love This Channel , keep going Bro",
            {"entities": []},
        ),
        Example(
            "Who Else cried when Elena played Zelda with Tom on Stream ? First Comment , Love from Brazil",
            {
                "entities": [
                    {"text": "Elena", "type": "person"},
                    {"text": "Zelda", "type": "product"},
                    {"text": "Tom", "type": "person"},
                    {"text": "Brazil", "type": "location"},
                ]
            },
        ),
        Example(
            "En septembre, Renault a présenté la nouvelle Twingo au Salon de Munich ; elle coûtera moins de 20 000 €.",
            {
                "entities": [
                    {"text": "septembre", "type": "date"},
                    {"text": "Renault", "type": "organization"},
                    {"text": "Twingo", "type": "product"},
                    {"text": "Salon de Munich", "type": "event"},
                    {"text": "20 000 €", "type": "money"},
                ]
            },
        ),
        Example(
            "Kenya's team trained for the 2024 Olympics in Iten. Congrats Guys !",
            {
                "entities": [
                    {"text": "Kenya", "type": "location"},
                    {"text": "2024 Olympics", "type": "event"},
                    {"text": "Iten", "type": "location"},
                ]
            },
        ),
        Example(
            'Part 2 Please ! Her novel "The Salt Road" won the Booker Prize the year the Berlin Wall fell.',
            {
                "entities": [
                    {"text": "The Salt Road", "type": "product"},
                    {"text": "Booker Prize", "type": "other"},
                    {"text": "Berlin Wall", "type": "location"},
                ]
            },
        ),
        Example(
            "Subject: Invoice 2231\n\nHello Priya,\nPlease pay $1,250.00 to Northwind Traders by Friday. "
            "Goods leave Rotterdam on 12/06. Best, Lars",
            {
                "entities": [
                    {"text": "Priya", "type": "person"},
                    {"text": "$1,250.00", "type": "money"},
                    {"text": "Northwind Traders", "type": "organization"},
                    {"text": "Friday", "type": "date"},
                    {"text": "Rotterdam", "type": "location"},
                    {"text": "12/06", "type": "date"},
                    {"text": "Lars", "type": "person"},
                ]
            },
        ),
        Example(
            "Lol Marek dropped his Galaxy S24 at the Coldplay gig , 900 bucks gone . RIP",
            {
                "entities": [
                    {"text": "Marek", "type": "person"},
                    {"text": "Galaxy S24", "type": "product"},
                    {"text": "Coldplay", "type": "organization"},
                    {"text": "900 bucks", "type": "money"},
                ]
            },
        ),
        Example(
            "WOW the soup was cold and Nobody even said sorry . Worst Night Ever",
            {"entities": []},
        ),
        Example(
            "Dr. Amina Yusuf joined Siemens Healthineers in Erlangen on 4 March 2019, and left for the "
            "University of Ghana two years later.",
            {
                "entities": [
                    {"text": "Amina Yusuf", "type": "person"},
                    {"text": "Siemens Healthineers", "type": "organization"},
                    {"text": "Erlangen", "type": "location"},
                    {"text": "4 March 2019", "type": "date"},
                    {"text": "University of Ghana", "type": "organization"},
                ]
            },
        ),
    )

    entities: list[Entity] = Field(description="Each mention in order of appearance; empty if nothing is named.")
