"""Votes, from the first request to the record: how many readings there are, what they cost, what they agree on."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Self

import pytest
from pydantic import BaseModel, create_model, field_validator, model_validator

from slotfill import Document, Extraction, Extractor
from slotfill.extractors.extractions.loading import load_record, verify
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.streaming.events import Partial
from slotfill.extractors.testing import ApiError, SimulatedClaude, SimulatedReply, SimulatedRequest
from slotfill.schemas import Confidence, Example, resolve

LONG = "The brakes failed on Monday; the door of car 17 is loose. Two of A1, one of B2. " * 60
SHORT = "The brakes failed."


class Ticket(BaseModel):
    team: str
    urgency: int | None


class Labelled(BaseModel):
    team: str
    sure: Confidence["team"]  # noqa: F821 - the name of a field, not of a type
    tags: list[str]
    how: Confidence["tags"]  # noqa: F821 - likewise


def ticket(team: str = "brakes", urgency: int | None = 3) -> dict[str, Any]:
    return {"team": team, "urgency": urgency}


def read(
    replies: Any, text: str = LONG, schema: Any = Ticket, **options: Any
) -> tuple[Extraction[Any], SimulatedClaude]:
    claude = SimulatedClaude(replies)
    with Extractor(schema, client=claude.client(max_retries=0), **{"votes": 3} | options) as extractor:
        return extractor.extract(text), claude


def last_turn(request: dict[str, Any]) -> str:
    content = request["messages"][-1]["content"]
    return str(content if isinstance(content, str) else content[-1]["text"])


@pytest.mark.parametrize(
    ("votes", "replies", "requests"),
    [
        (3, [ticket()], 2),
        (3, [ticket(), ticket("doors"), ticket()], 3),
        (5, [ticket()], 3),
        (5, [ticket(), ticket(), ticket(), ticket("doors")], 3),
        (5, [ticket(), ticket("doors"), ticket()], 4),
        (5, [ticket(), ticket("doors"), ticket("doors"), ticket()], 5),
        (2, [ticket()], 2),
        (2, [ticket(), ticket("doors")], 2),
        (1, [ticket()], 1),
    ],
)
def test_readings_stop_where_no_field_can_change(votes: int, replies: list[Any], requests: int) -> None:
    extraction, claude = read(replies, votes=votes)
    assert extraction.ok
    assert len(claude.requests) == requests
    assert extraction.data == ticket()
    assert [attempt.reading for attempt in extraction.attempts] == [None, *range(2, requests + 1)]


def test_the_record_tells_what_was_agreed_and_by_whom() -> None:
    extraction, _ = read([ticket(), ticket("doors"), ticket("doors", None)])
    assert extraction.value == Ticket(team="doors", urgency=3)
    assert extraction.agreement == {"/team": 0.6667, "/urgency": 0.6667}
    assert extraction.found_in == {"/team": (2, 3), "/urgency": (1, 2)}
    conflicts = {
        conflict.path: [(one.value, one.reading) for one in conflict.others] for conflict in extraction.conflicts
    }
    assert conflicts == {"/team": [("brakes", 1)], "/urgency": [(None, 3)]}
    record = extraction.to_json()
    assert "reading" not in record["attempts"][0]
    assert record["attempts"][1]["reading"] == 2
    schema = resolve(Ticket)
    assert load_record(json.loads(json.dumps(record)), schema, extraction.document).agreement == extraction.agreement
    assert verify(json.dumps(record), schema) == record


def test_a_record_without_a_vote_says_nothing_of_one() -> None:
    extraction, _ = read([ticket()], votes=None)
    assert not {"agreement", "probability"} & extraction.to_json().keys()
    assert not {"reading", "escalated"} & extraction.to_json()["attempts"][0].keys()


def test_a_confidence_is_what_the_readings_agree() -> None:
    replies = [
        {"team": team, "sure": 0.99, "tags": tags, "how": 0.99}
        for team, tags in (("brakes", ["a", "b"]), ("doors", ["a"]), ("brakes", ["a", "b"]))
    ]
    extraction, _ = read(replies, schema=Labelled)
    assert extraction.data == {"team": "brakes", "sure": 0.6667, "tags": ["a", "b"], "how": 0.6667}
    assert extraction.confidence == {"/sure": "agreed", "/how": "agreed"}
    assert set(extraction.agreement) == {"/team", "/tags", "/tags/0", "/tags/1"}


def test_three_readings_cost_less_than_three_times_one() -> None:
    one, _ = read([ticket()], votes=1)
    three, claude = read([ticket(), ticket("doors"), ticket("roof")])
    assert len(claude.requests) == 3
    assert one.cost_usd is not None
    assert three.cost_usd is not None
    assert three.cost_usd < one.cost_usd * Decimal("1.7")
    assert three.usage == claude.usage
    first, *others = claude.requests
    assert first.usage.cache_write_tokens
    assert all(other.usage.cache_read_tokens == first.usage.cache_write_tokens for other in others)


def test_readings_are_asked_for_in_other_words_and_nothing_before_them_changes() -> None:
    _, claude = read([ticket(), ticket("doors"), ticket("roof")])
    bodies = [entry.body for entry in claude.requests if entry.body]
    documents = [body["messages"][0] for body in bodies]
    assert documents[0] == documents[1] == documents[2]
    assert len({last_turn(body) for body in bodies}) == 3
    assert all("'team'" in last_turn(body) for body in bodies[1:])
    _, again = read([ticket(), ticket("doors"), ticket("roof")])
    assert [entry.http.body for entry in again.requests] == [entry.http.body for entry in claude.requests]


def test_each_further_reading_decides_on_the_fields_in_an_order_of_its_own() -> None:
    names = [f"field{number}" for number in range(8)]
    values = [dict.fromkeys(names, value) for value in "abc"]
    _, claude = read(values, schema=", ".join(names))
    orders = [re.findall("'(field[0-9])'", last_turn(entry.body)) for entry in claude.requests[1:] if entry.body]
    assert [sorted(order) for order in orders] == [names, names]
    assert names not in orders
    assert orders[0] != orders[1]


def test_where_nothing_is_cached_the_examples_stand_in_another_order() -> None:
    examples = [Example(f"The {word} failed.", ticket(word)) for word in ("roof", "door", "lamp")]
    _, claude = read([ticket(), ticket("doors"), ticket("roof")], SHORT, examples=examples)
    orders = [re.findall("The (roof|door|lamp) failed", entry.http.body.decode()) for entry in claude.requests]
    assert orders == [["roof", "door", "lamp"], ["roof", "lamp", "door"], ["door", "roof", "lamp"]]
    _, claude = read([ticket(), ticket("doors"), ticket("roof")], LONG, examples=examples)
    orders = [re.findall("The (roof|door|lamp) failed", entry.http.body.decode()) for entry in claude.requests]
    assert orders == [["roof", "door", "lamp"]] * 3


def refusing(number: int) -> Callable[[SimulatedRequest], Any]:
    """Have the model refuse the reading of a number, from 1."""
    asked = [0]

    def reply(_: SimulatedRequest) -> Any:
        asked[0] += 1
        return SimulatedReply((), "refusal") if asked[0] == number else ticket()

    return reply


def test_the_same_model_is_not_asked_after_a_refusal() -> None:
    extraction, claude = read(refusing(1))
    assert extraction.outcome is Outcome.REFUSED
    assert len(claude.requests) == 1
    extraction, claude = read(refusing(2), votes=5)
    assert extraction.ok
    assert extraction.agreement == {"/team": 0.6667, "/urgency": 0.6667}  # two of the three that were asked
    assert len(claude.requests) == 3


def test_a_reading_that_does_not_validate_has_no_vote() -> None:
    wrong = {"team": "roof", "urgency": "now"}
    extraction, claude = read([wrong, ticket(), ticket()], retries=0)
    assert extraction.ok
    assert extraction.value == Ticket(team="brakes", urgency=3)
    assert extraction.agreement == {"/team": 0.6667, "/urgency": 0.6667}
    assert len(claude.requests) == 3
    extraction, claude = read([wrong], retries=0)
    assert extraction.outcome is Outcome.FAILED
    assert extraction.invalid == wrong
    assert len(extraction.attempts) == len(claude.requests) == 3
    assert extraction.usage == claude.usage


def test_a_reading_that_is_lost_on_the_way_has_no_vote_and_another_one_is_read() -> None:
    extraction, claude = read([ticket(), ApiError(500, "api_error", "lost"), ticket()])
    assert extraction.ok
    assert extraction.agreement == {"/team": 0.6667, "/urgency": 0.6667}
    assert len(claude.requests) == 3


def test_a_credential_that_is_refused_is_tried_once() -> None:
    extraction, claude = read([ApiError(401, "authentication_error", "no")])
    assert extraction.outcome is Outcome.FAILED
    assert len(claude.requests) == 1


def parts(request: SimulatedRequest) -> Any:
    """Give the sentences of a chunk that name a part."""
    return {"parts": sorted({word for word in request.document.replace(".", " ").split() if word.startswith("part")})}


class Parts(BaseModel):
    parts: list[str]


def test_each_reading_is_of_all_chunks() -> None:
    text = " ".join(f"There is part{number} in the box, as was written down before." for number in range(40))
    extraction, claude = read(parts, text, Parts, chunk_chars=1000)
    assert extraction.ok
    chunks = {chunk.chunk for chunk in extraction.chunks}
    assert len(chunks) > 2
    assert len(claude.requests) == 2 * len(chunks)
    assert {chunk.reading for chunk in extraction.chunks} == {None, 2}
    assert {*extraction.data["parts"]} == {f"part{number}" for number in range(40)}
    assert set(extraction.agreement.values()) == {1.0}
    assert extraction.usage == claude.usage


def test_each_pass_of_a_reading_comes_after_its_own_answer() -> None:
    extraction, claude = read([ticket()], passes=2)
    assert extraction.ok
    assert len(claude.requests) == 4
    roles = [[message["role"] for message in (entry.body or {})["messages"]] for entry in claude.requests]
    assert sorted(roles, key=len) == [
        ["user"],
        ["user"] * 2,
        ["user", "assistant", "user"],
        ["user", "user", "assistant", "user"],
    ]


class Sum(BaseModel):
    one: int
    other: int
    sum: int

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.one + self.other != self.sum:
            raise ValueError("the sum is another one")
        return self


def test_where_the_vote_breaks_a_rule_of_the_whole_the_nearest_reading_stands() -> None:
    sums = [{"one": 1, "other": 3, "sum": 4}, {"one": 1, "other": 2, "sum": 3}, {"one": 2, "other": 2, "sum": 4}]
    extraction, claude = read(sums, schema=Sum)  # most say 1, 2 and 4
    assert extraction.ok
    assert extraction.data == sums[0]
    assert len(claude.requests) == 3
    assert extraction.agreement == {"/one": 0.6667, "/other": 0.3333, "/sum": 0.6667}
    (conflict,) = extraction.conflicts
    assert (conflict.policy, [(one.value, one.reading) for one in conflict.others]) == (
        "nearest",
        [(sums[1], 2), (sums[2], 3)],
    )


def test_it_is_the_one_that_the_others_share_most_with_wherever_it_comes() -> None:
    sums = [{"one": one, "other": other, "sum": one + other} for one, other in ((0, 9), (1, 3), (1, 2), (2, 2), (1, 2))]
    extraction, _ = read(sums, schema=Sum, votes=5)  # most say 1, 2 and 4
    assert extraction.data == sums[2]
    assert extraction.agreement == {"/one": 0.6, "/other": 0.6, "/sum": 0.4}


class Loud(BaseModel):
    team: str

    @field_validator("team")
    @classmethod
    def _is_loud(cls, team: str) -> str:
        return team.upper()


def test_what_is_written_of_a_value_is_not_what_is_voted_on() -> None:
    extraction, _ = read([{"team": "brakes"}], schema=Loud)
    assert extraction.data == {"team": "BRAKES"}
    assert extraction.reply == {"team": "brakes"}
    assert extraction.agreement == {"/team": 1.0}


def test_a_label_alone_is_voted_on() -> None:
    replies = [{"value": label} for label in ("good", "bad", "bad")]
    extraction, _ = read(replies, schema={"type": "string", "enum": ["good", "bad"]})
    assert extraction.value == "bad"
    assert extraction.agreement == {"": 0.6667}


def test_the_first_reading_alone_streams() -> None:
    claude = SimulatedClaude([ticket(), ticket("doors"), ticket("doors")])
    with Extractor(Ticket, client=claude.client(), votes=3) as extractor:
        *partials, extraction = extractor.stream(LONG)
    assert partials
    assert isinstance(partials[-1], Partial)
    assert [bool((entry.body or {}).get("stream")) for entry in claude.requests] == [True, False, False]
    assert isinstance(extraction, Extraction)
    assert extraction.value.team == "doors"


def test_a_further_turn_is_voted_on_too() -> None:
    claude = SimulatedClaude([ticket()])
    with Extractor(Ticket, client=claude.client(), votes=3) as extractor:
        first = extractor.extract(LONG)
        claude.script([ticket(urgency=5), ticket(urgency=4), ticket(urgency=5)])
        second = first.refine("urgency is 5")
    assert second.value.urgency == 5
    assert second.agreement["/urgency"] == 0.6667
    assert all(b"urgency is 5" in entry.http.body for entry in claude.requests[2:])


def test_each_reading_falls_back_by_itself() -> None:
    def reply(request: SimulatedRequest) -> Any:
        return SimulatedReply((), "refusal") if "haiku" in request.model else ticket()

    extraction, claude = read(reply, model=["claude-haiku-5-5", "claude-sonnet-5-5"])
    assert extraction.outcome is Outcome.FALLBACK
    assert extraction.model == "claude-sonnet-5-5"
    assert extraction.agreement == {"/team": 1.0, "/urgency": 1.0}
    assert len(claude.requests) == 4


def test_a_document_that_cannot_be_read_is_asked_about_by_nobody() -> None:
    extraction, claude = read([ticket()], " ")
    assert not extraction.ok
    assert claude.requests == []
    assert Document.of(" ").failure is not None


Sited = create_model("Ticket", __base__=Ticket, site=(str, ...))


def test_what_an_earlier_vote_gave_is_not_voted_on_again() -> None:
    earlier, _ = read([ticket()] * 2)
    claude = SimulatedClaude([{"site": "Accra"}, {"site": "Lagos"}, {"site": "Accra"}])
    with Extractor(Sited, client=claude.client(), votes=3) as extractor:
        extraction = extractor.update(earlier.to_json(), Document.of(LONG))
        assert extraction.data == {**ticket(), "site": "Accra"}
        assert extraction.agreement == {**earlier.agreement, "/site": 0.6667}
        assert len(claude.requests) == 3
        again = extractor.update(extraction.to_json(), Document.of(LONG))
    assert again.data == extraction.data
    assert again.agreement == extraction.agreement
    assert len(claude.requests) == 3


class Visits(BaseModel):
    """List the days of visits."""

    days: list[str]


def test_readings_of_a_text_in_chunks_are_taken_over_as_what_they_agreed_on() -> None:
    lines = [f"Of day {number} it is said that someone came. " for number in range(40)]

    def reply(request: SimulatedRequest) -> Any:
        days = [f"day {number}" for number, line in enumerate(lines) if line.strip() in request.document]
        return {"days": days if int(request.digest[:2], 16) % 2 else days[1:]}

    with Extractor(Visits, client=SimulatedClaude(reply).client(), votes=3, chunk_chars=600) as extractor:
        earlier = extractor.extract("".join(lines))
    assert 2 in {chunk.reading for chunk in earlier.chunks}
    nobody = SimulatedClaude([{}])
    for options in ({"votes": 3}, {}):
        with Extractor(Visits, client=nobody.client(), chunk_chars=600, **options) as extractor:
            extraction = extractor.update(earlier.to_json(), "".join(lines))
        assert extraction.data == earlier.data
        assert extraction.agreement == earlier.agreement
        assert extraction.taken_over is not None
        assert extraction.taken_over.fields == ("/days",)
    assert nobody.requests == []
