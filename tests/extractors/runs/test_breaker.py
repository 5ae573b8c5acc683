"""The breaker, as a state machine."""

import random
import threading

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slotfill.extractors.errors import ModelError, StoppedError
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.runs.breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    REFUSALS,
    Admission,
    Breaker,
    ending_of,
)
from slotfill.schemas.entry_points.installed_plugins import PluginError

KEY = b"a document"
ALIVE = (
    FailureKind.BAD_REQUEST,
    FailureKind.TOO_LARGE,
    FailureKind.TOO_LONG,
    FailureKind.SCHEMA_REFUSED,
    FailureKind.REFUSAL,
    FailureKind.NOT_FOUND,
    FailureKind.CASSETTE,
)
SIGNS_OF_LIFE = st.sampled_from([None, *(Failure(kind, "no") for kind in ALIVE)])
STOPPING = [kind for kind in FailureKind if kind.stops_run or kind.refuses_request]
TROUBLE = st.sampled_from([Failure(kind, "no") for kind in sorted(kind for kind in FailureKind if kind.retry_later)])
DOWN = Failure(FailureKind.CONNECTION, "the service cannot be reached: ConnectError")


class Clock:
    def __init__(self):
        self.time = 1_000.0

    def __call__(self):
        return self.time


class Outages(RuleBasedStateMachine):
    """Asks start and end in any order, while the service comes and goes; a model keeps the rules beside it."""

    @initialize(max_wait=st.sampled_from([0.5, 10.0, 300.0, 1e9]))
    def start(self, max_wait):
        self.clock, self.lines, self.max_wait = Clock(), [], max_wait
        self.breaker = Breaker(max_wait=max_wait, on_warning=self.lines.append, now=self.clock)
        self.in_flight = []  # admissions, each with how many outages were over
        self.in_a_row = self.over = 0
        self.opened = self.not_before = self.probe = None
        self.pause = 0.0
        self.ended = False

    @rule()
    def ask(self):
        now = self.clock.time
        if self.ended or (self.opened is not None and now >= self.opened + self.max_wait):
            self.ended = True
            with pytest.raises(StoppedError, match="--max-wait"):
                self.breaker.admit()
            return
        told = self.breaker.admit()
        if self.opened is None or (self.probe is None and now >= self.not_before):
            assert isinstance(told, Admission)
            self.in_flight.append((told, self.over))
            self.probe = told if self.opened is not None else None
        else:
            assert isinstance(told, float)
            assert 0 < told <= 1
            if self.probe is None and told < 1:
                assert now + told == pytest.approx(min(self.not_before, self.opened + self.max_wait))

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), failure=SIGNS_OF_LIFE)
    def a_sign_of_life(self, data, failure):
        admission, _ = self.taken(data)
        assert self.breaker.note(admission, failure) is False
        self.over += self.opened is not None
        self.opened = self.probe = None
        self.in_a_row = 0

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), failure=TROUBLE)
    def trouble(self, data, failure):
        self.fail(*self.taken(data), failure)

    @precondition(lambda self: self.opened is None and not self.ended)
    @rule(failure=TROUBLE, asks=st.integers(FAILURES, FAILURES + 3))
    def the_service_goes(self, failure, asks):
        """Of several asks in flight, all but those that are left over fail."""
        for _ in range(asks):
            self.ask()
        for _ in range(FAILURES):
            self.fail(*self.in_flight.pop(), failure)

    def fail(self, admission, over, failure):
        again = self.breaker.note(admission, failure)
        if self.opened is None and over < self.over:
            assert again  # it fell into an outage that is over
            return
        self.in_a_row += 1
        if self.opened is None and self.in_a_row >= FAILURES:
            self.opened, self.pause = self.clock.time, FIRST_PAUSE
            self.not_before = self.opened + self.pause
        elif self.probe is admission:
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
            self.not_before, self.probe = self.clock.time + self.pause, None
        assert again == (self.opened is not None)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def nothing_comes_of_it(self, data):
        admission, _ = self.taken(data)
        self.breaker.cancelled(admission)
        self.probe = None if self.probe is admission else self.probe

    @rule(seconds=st.sampled_from([0.01, 0.999, 1.0, 2.0, 30.0, 60.0, 299.0]))
    def time_passes(self, seconds):
        self.clock.time += seconds

    @invariant()
    def it_says_so_when_it_opens_and_closes(self):
        if hasattr(self, "breaker"):
            assert (self.breaker.reason is None) == (self.opened is None and not self.ended)
            assert len(self.lines) == 2 * self.over + (self.opened is not None)
            assert all("\n" not in line for line in self.lines)

    def taken(self, data):
        return self.in_flight.pop(data.draw(st.integers(0, len(self.in_flight) - 1)))


TestOutages = Outages.TestCase
TestOutages.settings = examples(150, stateful_step_count=40)


def opened(**options):
    clock, lines = Clock(), []
    breaker = Breaker(on_warning=lines.append, now=clock, **options)
    for _ in range(FAILURES):
        breaker.note(breaker.admit(), DOWN)
    return breaker, clock, lines


def probe(breaker, clock):
    """Wait for as long as is told, and give the probe that is let through."""
    while isinstance(told := breaker.admit(), float):
        clock.time += told
    return told


def fail_for_ever(breaker, clock):
    while True:
        breaker.note(probe(breaker, clock), DOWN)


@given(st.lists(SIGNS_OF_LIFE, max_size=60))
def test_what_shows_that_the_service_is_alive_never_opens_it(said):
    breaker = Breaker()
    for failure in said:
        assert not breaker.note(breaker.admit(), failure)
        breaker.ended(KEY, failure if failure and failure.type not in STOPPING else None)
    assert breaker.reason is None


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.TOO_LARGE])
def test_a_thousand_documents_that_are_refused_for_themselves_stop_nobody(kind):
    breaker = Breaker()
    for number in range(1_000):
        failure = Failure(kind, f"no {number} (HTTP 400)")
        breaker.note(breaker.admit(), failure)
        breaker.ended(KEY, failure)
    assert isinstance(breaker.admit(), Admission)


@given(
    st.sampled_from(sorted(kind for kind in FailureKind if kind.stops_run and kind.ends_fallbacks)),
    st.lists(SIGNS_OF_LIFE, max_size=5),
    st.integers(0, FAILURES + 1),
)
def test_a_failure_that_all_would_meet_stops_everything_at_once_and_for_good(kind, afterwards, failed):
    clock = Clock()
    breaker = Breaker(now=clock)
    last, *admissions = [breaker.admit() for _ in range(10)]
    for _ in range(failed):
        breaker.note(admissions.pop(), DOWN)
    breaker.note(last, Failure(kind, "not with this key (HTTP 401)"))
    for failure in afterwards:
        breaker.note(admissions[0], failure)
    clock.time += 10_000
    ends = {"budget": StoppedError, "max_wait": StoppedError, "plugin": PluginError}
    with pytest.raises(ends.get(kind, ModelError), match="not with this key"):
        breaker.admit()
    assert breaker.reason.startswith("not with this key (HTTP 401)")


def test_a_model_that_is_not_there_stops_a_run_without_a_fallback_alone():
    unknown = Failure(FailureKind.NOT_FOUND, "model: claude-nope (HTTP 404)")
    breaker = Breaker()
    breaker.note(breaker.admit(), unknown)  # a fallback serves
    breaker.ended(KEY, None)
    assert isinstance(breaker.admit(), Admission)
    breaker.ended(KEY, unknown)
    with pytest.raises(ModelError, match=r"claude-nope \(HTTP 404\): `slotfill models` lists the models"):
        breaker.admit()


def test_a_few_failures_among_replies_are_no_outage():
    breaker = Breaker()
    for _ in range(50):
        for _ in range(FAILURES - 1):
            assert not breaker.note(breaker.admit(), DOWN)
        breaker.note(breaker.admit(), None)
    assert breaker.reason is None


def test_the_pause_doubles_to_its_longest():
    breaker, clock, _ = opened(max_wait=10_000)
    pauses = []
    for _ in range(9):
        before = clock.time
        breaker.note(probe(breaker, clock), DOWN)
        pauses.append(clock.time - before)
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 60])


@given(st.integers(0, 8), SIGNS_OF_LIFE)
def test_it_always_closes_after_a_probe_that_succeeds(failed, reply):
    breaker, clock, lines = opened(max_wait=10_000)
    for _ in range(failed):
        breaker.note(probe(breaker, clock), DOWN)
    breaker.note(probe(breaker, clock), reply)
    assert all(isinstance(breaker.admit(), Admission) for _ in range(100))
    assert breaker.reason is None
    assert lines[0] == (
        "5 requests in a row failed: the service cannot be reached: ConnectError; waiting until the service answers "
        "again"
    )
    assert lines[1:] == [f"the service answers again, after {clock.time - 1_000:,.0f} s"]


def test_a_probe_that_hangs_is_given_back():
    breaker, clock, _ = opened()
    breaker.cancelled(probe(breaker, clock))
    assert isinstance(breaker.admit(), Admission)


def test_a_late_failure_is_not_the_probes():
    clock = Clock()
    breaker = Breaker(now=clock)
    late, *others = [breaker.admit() for _ in range(FAILURES + 1)]
    for admission in others:
        breaker.note(admission, DOWN)
    first = probe(breaker, clock)
    assert breaker.note(late, DOWN)
    clock.time += LONGEST_PAUSE
    assert isinstance(breaker.admit(), float)  # the probe is still in flight
    breaker.note(first, None)
    assert isinstance(breaker.admit(), Admission)


def test_a_late_failure_says_nothing_of_the_time_since():
    clock = Clock()
    breaker = Breaker(now=clock)
    admissions = [breaker.admit() for _ in range(3 * FAILURES)]
    for admission in admissions[:FAILURES]:
        breaker.note(admission, DOWN)
    breaker.note(probe(breaker, clock), None)
    assert all(breaker.note(admission, DOWN) for admission in admissions[FAILURES:])
    assert isinstance(breaker.admit(), Admission)


def test_the_first_reason_stays():
    breaker = Breaker()
    first, second = breaker.admit(), breaker.admit()
    breaker.note(first, Failure(FailureKind.AUTHENTICATION, "invalid x-api-key (HTTP 401)"))
    breaker.note(second, Failure(FailureKind.BILLING, "no credit (HTTP 400)"))
    assert breaker.reason.startswith("invalid x-api-key (HTTP 401)")


def test_it_gives_up_after_the_longest_wait():
    breaker, clock, _ = opened(max_wait=300)
    opening = clock.time
    with pytest.raises(StoppedError) as caught:
        fail_for_ever(breaker, clock)
    assert clock.time == pytest.approx(opening + 300)
    assert str(caught.value) == (
        "the service has not answered for 300 s: the service cannot be reached: ConnectError: run it again later, or "
        "allow a longer wait with --max-wait"
    )


def test_the_reason_quotes_no_document():
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.note(breaker.admit(), Failure(FailureKind.SERVER, "cannot read 'CANARY' (HTTP 500)"))
    assert breaker.reason.startswith("5 requests in a row failed: the service failed (HTTP 500); ")


class TestSchema:
    REFUSED = Failure(FailureKind.SCHEMA_REFUSED, "output_config: the grammar is too large (HTTP 400)")

    def test_documents_in_a_row_that_end_with_it_stop_the_run(self):
        breaker = Breaker()
        for _ in range(REFUSALS):
            assert isinstance(breaker.admit(), Admission)
            breaker.ended(KEY, self.REFUSED)
        with pytest.raises(StoppedError) as caught:
            breaker.admit()
        assert str(caught.value) == (
            "the service refuses the schema: output_config: the grammar is too large (HTTP 400): make it simpler; "
            "`slotfill schemas SCHEMA --lint` says what it loses"
        )

    @given(
        st.lists(st.integers(0, REFUSALS - 1), max_size=20),
        st.sampled_from([None, Failure(FailureKind.TOO_LONG, "no")]),
    )
    def test_any_other_end_between_starts_anew(self, runs, other):
        breaker = Breaker()
        for length in runs:
            for _ in range(length):
                breaker.ended(KEY, self.REFUSED)
            breaker.ended(KEY, other)
        assert breaker.reason is None

    def test_what_is_said_of_one_document_alone_is_not_told(self):
        breaker = Breaker()
        for number in range(REFUSALS):
            breaker.ended(KEY, Failure(FailureKind.SCHEMA_REFUSED, f"schema: CANARY {number} (HTTP 400)"))
        assert "CANARY" not in breaker.reason


class TestRefusals:
    """Requests that are refused with words that nobody knows."""

    REFUSED = Failure(FailureKind.BAD_REQUEST, "your account wants attention (HTTP 400)")

    def test_alike_and_in_a_row_they_stop_the_run_and_are_to_be_asked_again(self):
        breaker = Breaker()
        for number in range(REFUSALS):
            assert not breaker.refused
            breaker.ended(bytes([number]), self.REFUSED)
        with pytest.raises(StoppedError, match="refuses 5 requests in a row: your account wants attention"):
            breaker.admit()
        breaker.ended(b"in flight", self.REFUSED)
        assert breaker.refused == (*(bytes([number]) for number in range(REFUSALS)), b"in flight")

    @pytest.mark.parametrize(
        "between", [None, Failure(FailureKind.BAD_REQUEST, "another"), Failure(FailureKind.VALIDATION, "no")]
    )
    def test_anything_else_between_them_starts_anew(self, between):
        breaker = Breaker()
        for failure in [*[self.REFUSED] * (REFUSALS - 1), between, *[self.REFUSED] * (REFUSALS - 1)]:
            breaker.ended(KEY, failure)
        assert (breaker.reason, breaker.refused) == (None, ())

    def test_what_ends_after_them_has_them_asked_again_all_the_same(self):
        breaker, asked = Breaker(), [bytes([number]) for number in range(REFUSALS)]
        for key in asked:
            breaker.ended(key, self.REFUSED)
        for failure in (None, Failure(FailureKind.BAD_REQUEST, "another"), Failure(FailureKind.VALIDATION, "no")):
            breaker.ended(b"in flight", failure)
        assert breaker.refused == (*asked,)

    def test_a_document_of_which_something_was_read_does_not_count_and_is_asked_again_with_them(self):
        breaker, asked = Breaker(), [bytes([number]) for number in range(2 * REFUSALS)]
        for key in asked[:REFUSALS]:
            breaker.ended(key, self.REFUSED, partly=True)
        assert (breaker.reason, breaker.refused) == (None, ())
        for key in asked[REFUSALS:]:
            breaker.ended(key, self.REFUSED)
        assert breaker.refused == (*asked,)

    def test_what_fails_on_the_way_says_nothing_of_it(self):
        breaker = Breaker()
        for _ in range(REFUSALS):
            breaker.ended(KEY, self.REFUSED)
            breaker.ended(KEY, Failure(FailureKind.SERVER, "down (HTTP 500)"))
        assert breaker.refused


def test_what_to_do_next_is_said():
    assert str(ending_of(Failure(FailureKind.AUTHENTICATION, "invalid x-api-key (HTTP 401)"))) == (
        "invalid x-api-key (HTTP 401): set another key; `slotfill doctor` tries it"
    )
    assert isinstance(ending_of(Failure(FailureKind.BUDGET, "no more")), StoppedError)


def test_threads_are_let_through_one_probe_only():
    clock = Clock()
    breaker = Breaker(now=clock)
    for _ in range(FAILURES):
        breaker.note(breaker.admit(), DOWN)
    clock.time += FIRST_PAUSE
    found, barrier = [], threading.Barrier(16)

    def ask():
        barrier.wait()
        for _ in range(200):
            found.append(breaker.admit())  # noqa: PERF401 - a comprehension would gather them aside

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in random.Random(1).sample(threads, 16):
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(told, Admission) for told in found) == 1
