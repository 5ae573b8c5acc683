"""Spending limits: how they are typed, what they apply to, and when their periods begin and end."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.budgets.spending_limit import EVERYTHING, Period, SpendingLimit
from slotfill.extractors.errors import SettingsError

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones)  # noqa: DTZ001 - the zones are drawn


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("team=support:200/month", SpendingLimit("team", "support", Decimal(200), Period.MONTH)),
        ("*:0.5/hour", SpendingLimit(EVERYTHING, "", Decimal("0.5"), Period.HOUR)),
        ("url=http://a:b=c:$7/week", SpendingLimit("url", "http://a:b=c", Decimal(7), Period.WEEK)),
        ("key=nightly:0.000001/day", SpendingLimit("key", "nightly", Decimal("0.000001"), Period.DAY)),
    ],
)
def test_one_is_read_as_it_is_typed(text, limit):
    assert SpendingLimit.read(text) == limit
    assert SpendingLimit.read(limit.name) == limit


def test_one_has_one_name_however_its_amount_is_written():
    assert {SpendingLimit.read(f"*:{amount}/day").name for amount in ("50", "50.0", "$50.00", "050")} == {"*:50/day"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "200/month", "team:200/month", "team=a:0/day", "team=a:-1/day", "team=a:1e3/day", "team=a:NaN/day"),
        *("team=a:5", "team=a:5/year", "team=:5/day", "=a:5/day", "*=a:5/dayx", "team=a:5/day\n", "*:5 /day"),
    ],
)
def test_what_is_none_is_refused_with_the_form(text):
    with pytest.raises(SettingsError, match="team=support:200/month"):
        SpendingLimit.read(text)


def test_it_applies_to_what_bears_its_label():
    team, everything = SpendingLimit.read("team=a:1/day"), SpendingLimit.read("*:1/day")
    assert [team.applies_to(labels) for labels in ({"team": "a", "x": "y"}, {"team": "b"}, {"x": "a"}, {})] == [
        True,
        False,
        False,
        False,
    ]
    assert everything.applies_to({})


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.HOUR, "2026-11-30T23:00", "2026-12-01T00:00"),
        (Period.DAY, "2026-11-30T00:00", "2026-12-01T00:00"),
        (Period.WEEK, "2026-11-30T00:00", "2026-12-07T00:00"),
        (Period.MONTH, "2026-11-01T00:00", "2026-12-01T00:00"),
    ],
)
def test_periods_are_the_calendars_in_utc(period, start, end):
    at = datetime(
        2026, 12, 1, 0, 59, 30, tzinfo=timezone(timedelta(hours=1))
    )  # on the last of November in UTC, a Monday
    assert [one.isoformat() for one in (period.start(at), period.end(at))] == [f"{start}:00+00:00", f"{end}:00+00:00"]


@given(instants, st.sampled_from(Period))
def test_each_instant_lies_in_one_period(at, period):
    start, end = period.start(at), period.end(at)
    assert start <= at < end
    assert start.tzinfo is UTC
    assert period.start(end) == end
    assert period.start(end - timedelta(microseconds=1)) == start
