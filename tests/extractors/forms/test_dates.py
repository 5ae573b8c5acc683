"""Dates, moments, times and durations: written as ISO 8601 where they can be read in one way alone."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill.extractors.forms.dates import ISO_FORMS, day_first_in
from slotfill.extractors.repair.repair import repair
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.parameters import Parameters
from slotfill.schemas.schema import Schema


def written(name, text, day_first=None):
    return ISO_FORMS[name](text, day_first)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("21 November 2026", "2026-11-21"),
        ("21st of Nov. 2026", "2026-11-21"),
        ("Nov 21, 2026", "2026-11-21"),
        ("Saturday, November 21st, 2026", "2026-11-21"),
        ("Tues., 3 March 2026", "2026-03-03"),
        ("Monday, March 3, 2026", None),
        ("thu 3 March 2026", None),
        ("Monday, 2026-03-03 00:00", None),
        ("Wed, 21.11.2026", None),
        ("2026/11/21", "2026-11-21"),
        ("20261121", "2026-11-21"),
        (20261121, "2026-11-21"),
        ("21.11.2026", "2026-11-21"),
        ("11/21/2026", "2026-11-21"),
        ("5/5/2026", "2026-05-05"),
        ("2026-03-03T00:00:00Z", "2026-03-03"),
        ("2026-03-03 00:00", "2026-03-03"),
        ("2026-03-03T00:00:00.000+02:00", "2026-03-03"),
        ("2026-03-03T00:00:00.001Z", None),
        ("2026-03-03T10:00:00Z", None),
        ("03/04/2026", None),
        ("3. März 2026", "2026-03-03"),
        ("3 de marzo de 2026", "2026-03-03"),
        ("1er août 2026", "2026-08-01"),
        ("3 Mar 26", None),
        ("31 February 2026", None),
        ("November 2026", None),
        ("next Friday", None),
        ("2026-11", None),
    ],
)
def test_dates_that_can_be_read_in_one_way(text, date):
    class Day(BaseModel):
        day: dt.date

    mended = repair(json.dumps({"day": text}), Schema(Day))
    assert mended.data == {"day": date or text}
    assert [(edit.kind, edit.risk) for edit in mended.edits] == ([("date", "low")] if date else [])


@pytest.mark.parametrize("name", ISO_FORMS)
@pytest.mark.parametrize("text", ["0", "2026", "1772530200", "90", "1e9", "1.5", ""])
def test_digits_and_a_year_alone_are_no_date_or_time(name, text):
    assert written(name, text) is None


@pytest.mark.parametrize("kind", ["date", "date-time", "time", "duration"])
@pytest.mark.parametrize("value", [0, 2026, 1772530200, 1.5])
def test_no_number_becomes_a_text_where_a_date_or_time_is_asked_for(kind, value):
    whole = {"type": "object", "properties": {"a": {"type": "string", "format": kind}}, "required": ["a"]}
    mended = repair(json.dumps({"a": value}), Schema(response_model(whole, name="schema")), "bold")
    assert (mended.data, mended.edits) == ({"a": value}, ())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("21 November 2026 10:30", "2026-11-21T10:30:00"),
        ("2026/11/21 10:30:15 UTC", "2026-11-21T10:30:15Z"),
        ("Nov 21, 2026 at 10:30+02:00", "2026-11-21T10:30:00+02:00"),
        ("Nov 21, 2026 at 9 pm", "2026-11-21T21:00:00"),
        ("Nov 21, 2026, 12:05 a.m.", "2026-11-21T00:05:00"),
        ("20261121T103015Z", "2026-11-21T10:30:15Z"),
        ("20261121103015", "2026-11-21T10:30:15"),
        ("2026-11-21T1030+0200", "2026-11-21T10:30:00+02:00"),
        ("2026-11-21", "2026-11-21T00:00:00"),
        ("21 November 2026", "2026-11-21T00:00:00"),
        ("20261121", None),
        ("tomorrow at 9", None),
        ("Nov 21, 2026 at 25:00", None),
        ("Nov 21, 2026 at 13 pm", None),
        ("Sat, 21 Nov 2026 10:30:00 GMT", "2026-11-21T10:30:00Z"),
        ("Sun, 21 Nov 2026 10:30:00 GMT", None),
    ],
)
def test_moments(text, moment):
    assert written("date-time", text) == moment


@pytest.mark.parametrize(
    ("text", "time"),
    [("10:30", "10:30:00"), ("9 am", "09:00:00"), ("12:15 pm", "12:15:00"), ("10.30", "10:30:00"), ("1030", None)],
)
def test_times(text, time):
    assert written("time", text) == time


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90 minutes", "PT1H30M"),
        ("1 hour and 30 min", "PT1H30M"),
        ("1h 5 sec", "PT1H0M5S"),
        ("2 weeks, 3 days", "P17D"),
        ("1.5 hours", "PT1H30M"),
        ("0 days", "PT0S"),
        ("5 m", None),
        ("30 minutes 1 hour", None),
        ("90", None),
        ("a while", None),
        (f"{'1' * 5_000} days", None),
    ],
)
def test_durations(text, duration):
    assert written("duration", text) == duration


@given(st.dates(), st.sampled_from(["%d %B %Y", "%B %d, %Y", "%Y/%m/%d", "%A, %d %b %Y", "%Y-%m-%dT00:00:00"]))
def test_every_date_is_read_back(date, form):
    assert written("date", date.strftime(form)) == (date.isoformat() if date.year > 999 else None)


@given(st.dates(dt.date(1000, 1, 1)), st.dates())
def test_a_date_on_another_day_of_the_week_than_it_says_is_none(date, other):
    text = f"{other:%A}, {date:%d %B %Y}"
    assert (written("date", text) is None) == (other.weekday() != date.weekday())


ZONES = [None, dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30)), dt.timezone(dt.timedelta(hours=-3))]


@given(st.datetimes(timezones=st.sampled_from(ZONES)))
def test_what_iso_8601_has_stays_what_it_is(moment):
    assert dt.datetime.fromisoformat(written("date-time", moment.isoformat())) == moment


@given(st.timedeltas(min_value=dt.timedelta(0)).map(lambda span: span - dt.timedelta(microseconds=span.microseconds)))
def test_every_duration_is_read_back(span):
    class Span(BaseModel):
        span: dt.timedelta

    hours, seconds = divmod(span.seconds, 3600)
    text = f"{span.days} days, {hours} hours, {seconds // 60} minutes and {seconds % 60} seconds"
    assert Span.model_validate({"span": written("duration", text)}).span == span


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "day_first"),
        [
            ("on 13/02/2026", True),
            ("on 02/13/2026", False),
            ("on 13/02/2026, then 02/13/2026", None),
            ("on 13.02.2026", None),
            ("on 01/02/2026", None),
            ("on 13/14/2026", None),
            ("no date", None),
        ],
    )
    def test_a_date_of_the_same_form_tells_which_is_the_day(self, text, day_first):
        assert day_first_in(text, "03/04/2026") is day_first

    def test_a_parameter_tells(self):
        class Day(BaseModel):
            class Reading(Parameters):
                day_first: bool | None = None

            day: dt.date

        for day_first, date in ((True, "2026-04-03"), ("false", "2026-03-04")):
            schema = Schema(Day, parameters={"day_first": day_first})
            assert repair('{"day": "03/04/2026"}', schema, document="Paid on 25/04/2026.").data == {"day": date}

    def test_the_document_tells(self):
        class Day(BaseModel):
            day: dt.date

        reply = json.dumps({"day": "03/04/2026"})
        assert repair(reply, Schema(Day), document="Paid on 25/04/2026.").data == {"day": "2026-04-03"}
        assert repair(reply, Schema(Day), document="Paid on 04/25/2026.").data == {"day": "2026-03-04"}
        assert repair(reply, Schema(Day), "bold", document="Paid on 03/04/2026.").data == {"day": "03/04/2026"}
