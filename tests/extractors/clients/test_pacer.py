"""The pacer: tries start evenly, within the limits, by a clock that the tests move."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.clients.pacer import (
    CATCH_UP,
    CATCH_UP_TOKENS,
    FIRST_OUTPUT,
    LEARNING_SECONDS,
    SHARE,
    UNHEARD,
    Pacer,
    Reservation,
    Wait,
)
from slotfill.extractors.testing.simulator.clock import ManualClock

SIZE, ROOM = 400, 1_000


@pytest.fixture
def clock():
    return ManualClock(0.0)


def paced(clock, **limits):
    return Pacer(**limits, now=clock.now)


def start(pacer, clock, size=SIZE, room=ROOM):
    """Wait until a try may start, and give its reservation."""
    while isinstance(told := pacer.admit(size, room), Wait):
        clock.advance(told.seconds)
    return told


def flown(pacer, count):
    """Start as many tries at once as may be, `count` at most."""
    told = [pacer.admit(SIZE, ROOM) for _ in range(count)]
    return [each for each in told if isinstance(each, Reservation)]


def test_tries_start_evenly(clock):
    pacer, starts = paced(clock, rpm=60), []
    for _ in range(20):
        pacer.answered(start(pacer, clock), 100, 10)
        starts.append(clock.now())
    assert [later - earlier for earlier, later in pairwise(starts)] == pytest.approx([1 / SHARE] * 19)


def test_a_wait_is_exact(clock):
    pacer = paced(clock, rpm=60)
    start(pacer, clock)
    told = pacer.admit(SIZE, ROOM)
    clock.advance(told.seconds * 0.99)
    assert isinstance(pacer.admit(SIZE, ROOM), Wait)
    clock.advance(told.seconds * 0.02)
    assert isinstance(pacer.admit(SIZE, ROOM), Reservation)


def test_nothing_is_saved_up_while_nobody_asks(clock):
    pacer = paced(clock, rpm=6_000)
    clock.advance(3_600)
    assert len(flown(pacer, 1_000)) == 20  # of a hundred a second


STEPS = st.lists(
    st.tuples(
        st.integers(1, 20_000),  # bytes
        st.integers(0, 8_000),  # tokens read
        st.integers(0, 3_000),  # tokens written
        st.floats(0, 30),  # seconds until somebody asks
    ),
    min_size=2,
    max_size=40,
)


@given(rpm=st.integers(1, 4_000), itpm=st.integers(1_000, 10**6), otpm=st.integers(1_000, 10**6), steps=STEPS)
@example(rpm=1, itpm=1_000, otpm=1_000, steps=[(1, 0, 3_000, 0.0), (20_000, 8_000, 0, 30.0)] * 5)
def test_no_stretch_of_time_holds_more_than_was_earned_in_it(rpm, itpm, otpm, steps):
    clock = ManualClock(0.0)
    pacer = paced(clock, rpm=rpm, itpm=itpm, otpm=otpm)
    starts = []
    for size, read, wrote, later in steps:
        clock.advance(later)
        reservation = start(pacer, clock, size)
        starts.append((clock.now(), 1, read, wrote, reservation.input_tokens, reservation.output_tokens))
        pacer.answered(reservation, read, wrote)
    for limit, column, catch_up in ((rpm, 1, CATCH_UP), (itpm, 2, CATCH_UP_TOKENS), (otpm, 3, CATCH_UP_TOKENS)):
        # What a pause allows to be caught up with: so many seconds', or one try's.
        spare = max(limit / 60 * catch_up, *(each[column + 2] for each in starts) if column > 1 else (0,))
        for first in range(len(starts)):
            for last in range(first + 1, len(starts)):
                passed = starts[last][0] - starts[first][0]
                before = sum(each[column] for each in starts[first:last])
                assert before <= limit / 60 * passed + spare + 1e-6 * limit


@given(
    limits=st.tuples(st.integers(60, 4_000), st.integers(20_000, 10**6), st.integers(4_000, 10**6)),
    read=st.integers(10, 1_000),
    wrote=st.integers(1, 200),
)
def test_the_limit_that_binds_is_used(limits, read, wrote):
    clock = ManualClock(0.0)
    pacer = paced(clock, **dict(zip(("rpm", "itpm", "otpm"), limits, strict=True)))
    for _ in range(20):  # until it knows what a try takes
        pacer.answered(start(pacer, clock), read, wrote)
    begun = clock.now()
    for _ in range(300):
        pacer.answered(start(pacer, clock), read, wrote)
    used = max(300 * each / limit for each, limit in zip((1, read, wrote), limits, strict=True))
    assert used / ((clock.now() - begun) / 60) == pytest.approx(SHARE, rel=0.01)


def test_what_a_reply_took_counts_and_not_what_was_expected(clock):
    pacer = paced(clock, otpm=6_000)
    reservation = start(pacer, clock)
    assert reservation.output_tokens == ROOM
    expected = pacer.admit(SIZE, ROOM)
    assert expected == Wait(pytest.approx(ROOM / 100 / SHARE), certain=False)
    pacer.answered(reservation, 100, 2_000)
    assert pacer.admit(SIZE, ROOM) == Wait(pytest.approx(20 / SHARE), certain=True)
    clock.advance(21)
    pacer.answered(start(pacer, clock), 100, 1)
    assert isinstance(pacer.admit(SIZE, ROOM), Reservation)


def test_a_try_of_which_nothing_is_known_has_taken_what_was_reserved(clock):
    pacer = paced(clock, otpm=6_000)
    pacer.unanswered(start(pacer, clock))
    assert pacer.admit(SIZE, ROOM) == Wait(pytest.approx(ROOM / 100 / SHARE), certain=True)


def test_a_refused_try_has_taken_no_tokens(clock):
    pacer = paced(clock, otpm=6_000)
    pacer.refused(start(pacer, clock), limited=False)
    assert isinstance(pacer.admit(SIZE, ROOM), Reservation)


def test_estimates_are_what_replies_took(clock):
    pacer = paced(clock)
    first = start(pacer, clock, size=4_000, room=64_000)
    assert (first.input_tokens, first.output_tokens) == (1_000, FIRST_OUTPUT)
    pacer.answered(first, 1_600, 80)
    second = start(pacer, clock, size=1_000, room=64_000)
    assert (second.input_tokens, second.output_tokens) == pytest.approx((400, 80))
    assert start(pacer, clock, room=50).output_tokens == 50
    for read, wrote in [(900, 900)] * 300 + [(250, 500)] * 300:  # what is long ago is forgotten
        pacer.answered(start(pacer, clock, size=1_000), read, wrote)
    later = start(pacer, clock, size=1_000, room=64_000)
    assert (later.input_tokens, later.output_tokens) == pytest.approx((250, 500), rel=0.01)


@pytest.mark.parametrize(("given", "told", "a_minute"), [(None, 60, 60), (120, 60, 60), (30, 60, 30), (30, None, 30)])
def test_a_limit_is_given_or_learnt_and_the_smaller_counts(clock, given, told, a_minute):
    pacer = paced(clock, rpm=given)
    pacer.learn({} if told is None else {"requests": float(told)})
    pacer.answered(start(pacer, clock), 100, 10)
    assert pacer.admit(SIZE, ROOM).seconds == pytest.approx(60 / a_minute / SHARE)


def test_a_limit_that_rises_is_followed(clock):
    pacer = paced(clock)
    pacer.learn({"requests": 1.0})
    pacer.answered(start(pacer, clock), 100, 10)
    assert pacer.admit(SIZE, ROOM).seconds > 60
    pacer.learn({"requests": 60.0})
    assert pacer.admit(SIZE, ROOM).seconds < 1.1


def test_what_replies_tell_is_read_once_a_second(clock):
    pacer = paced(clock)
    assert pacer.is_curious
    pacer.learn({})
    assert not pacer.is_curious
    clock.advance(LEARNING_SECONDS)
    assert pacer.is_curious


def test_before_the_limits_are_known_few_are_in_flight(clock):
    pacer = paced(clock)
    flying = flown(pacer, 100)
    assert len(flying) == UNHEARD
    pacer.answered(flying[0], 100, 10)
    assert len(flown(pacer, 100)) == 100  # no limit was told: there is none


def test_where_limits_are_given_they_alone_hold_back(clock):
    pacer = paced(clock, itpm=10**9)
    clock.advance(1)
    assert len(flown(pacer, 100)) == 100


def test_nobody_starts_before_a_retry_after_has_passed(clock):
    pacer = paced(clock)
    one, other = flown(pacer, 2)
    pacer.refused(one, limited=True, retry_after=20)
    assert pacer.admit(SIZE, ROOM) == Wait(20, certain=True)
    clock.advance(5)
    pacer.refused(other, limited=True, retry_after=3)  # a shorter one ends nothing
    assert pacer.admit(SIZE, ROOM) == Wait(15, certain=True)
    clock.advance(15)
    assert isinstance(pacer.admit(SIZE, ROOM), Reservation)


def test_after_a_pause_tries_start_as_evenly_as_before(clock):
    pacer = paced(clock, rpm=600)
    pacer.refused(start(pacer, clock), limited=False, retry_after=60)
    clock.advance(60)
    assert len(flown(pacer, 100)) <= 3


@pytest.mark.parametrize("limited", [True, False])
def test_concurrency_falls_once_for_a_flight_and_recovers(clock, limited):
    pacer = paced(clock, itpm=10**9)
    clock.advance(1)
    flying = flown(pacer, 60)
    for reservation in flying[:50]:
        pacer.refused(reservation, limited=limited)
    for passed, most in ((1, 49), (5, 54), (6, 60), (48, 108)):  # a sixtieth of sixty a second
        clock.advance(passed)
        flying += flown(pacer, 200)
        assert len(flying) - 50 == most
    for _ in range(3):
        pacer.refused(flying.pop(), limited=limited)
    clock.advance(1)
    assert not flown(pacer, 1)


def test_one_may_always_fly(clock):
    pacer = paced(clock)
    for _ in range(50):
        pacer.refused(start(pacer, clock), limited=True)
    assert len(flown(pacer, 5)) == 1


def seconds_between(pacer, clock):
    for _ in range(2):  # the first may have been late
        pacer.answered(start(pacer, clock), 1, 1)
    return pacer.admit(SIZE, ROOM).seconds


def test_a_429_slows_the_pace_which_recovers_with_time(clock):
    pacer = paced(clock, rpm=60)
    pacer.refused(start(pacer, clock), limited=True)
    clock.advance(2)
    slowed = seconds_between(pacer, clock)
    assert 1.2 < slowed < 1.3
    clock.advance(60)
    assert seconds_between(pacer, clock) == pytest.approx(1 / SHARE)


def test_a_529_does_not_slow_the_pace(clock):
    pacer = paced(clock, rpm=60)
    pacer.refused(start(pacer, clock), limited=False)
    clock.advance(2)
    assert seconds_between(pacer, clock) == pytest.approx(1 / SHARE)


def test_the_pace_never_comes_to_a_halt(clock):
    pacer = paced(clock, rpm=6_000)
    for _ in range(100):
        pacer.refused(start(pacer, clock), limited=True)
    assert math.isfinite(told := pacer.admit(SIZE, ROOM).seconds)
    assert told < 0.2
