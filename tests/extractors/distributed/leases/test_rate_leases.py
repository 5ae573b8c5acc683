"""Starts lent to workers: in no minute does the service see more of them than its limit, whoever uses them and when."""

from itertools import accumulate

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.clients.pacer import UNHEARD, Pacer, Reservation, Wait
from slotfill.extractors.distributed.leases.leased_pacer import LENT_SHARE, LeasedPacer
from slotfill.extractors.distributed.leases.rate_leases import RateLeases
from slotfill.extractors.testing.simulator.clock import ManualClock

SIZE, ROOM = 400, 1_000


class Cluster:
    """Workers whose tries are answered at once, and that report every so often."""

    def __init__(self, workers, **limits):
        self.clock = ManualClock(0.0)
        self.pacer = Pacer(**limits, share=LENT_SHARE, now=self.clock.now)
        self.leases = RateLeases(self.pacer)
        self.workers = {str(number): LeasedPacer(lambda: None, self.clock.now) for number in range(workers)}
        self.starts = []

    def report(self, name, *, asks=4, most=4):
        needs = self.workers[name].report(asks, most)
        self.leases.settle(name, needs)
        self.workers[name].take(self.leases.lend(name, needs))

    def start(self, name):
        place = self.workers[name].admit(SIZE, ROOM)
        if isinstance(place, Reservation):
            self.starts.append(self.clock.now())
        return place

    def answer(self, name, place, tokens=(100, 20)):
        self.workers[name].answered(place, *tokens)


@examples(40)
@given(
    st.integers(30, 1_200),
    st.lists(st.tuples(st.sampled_from("012"), st.floats(0, 0.6), st.integers(0, 8)), min_size=50, max_size=400),
)
def test_no_minute_holds_more_than_the_limit(rpm, steps):
    cluster = Cluster(3, rpm=rpm)
    for name, seconds, wanted in steps:
        cluster.clock.advance(seconds)
        for _ in range(wanted):
            if isinstance(place := cluster.start(name), Reservation):
                cluster.answer(name, place)
        cluster.report(name, asks=wanted, most=8)
    for first in range(len(cluster.starts)):
        assert sum(cluster.starts[first] <= at < cluster.starts[first] + 60 for at in cluster.starts[first:]) <= rpm


def test_a_limit_is_used_while_there_is_something_to_do():
    cluster = Cluster(2, rpm=600)
    for _ in range(60 * 50):
        cluster.clock.advance(0.02)
        for name in cluster.workers:
            while isinstance(place := cluster.start(name), Reservation):
                cluster.answer(name, place)
            cluster.report(name)
    assert len(cluster.starts) > 0.93 * 600


def test_tokens_are_settled_where_they_are_reserved():
    cluster = Cluster(2, otpm=60_000)
    for _ in range(60 * 50):
        cluster.clock.advance(0.02)
        for name in cluster.workers:
            while isinstance(place := cluster.start(name), Reservation):
                cluster.answer(name, place, (100, 500))
            cluster.report(name)
    assert 0.85 * 120 < len(cluster.starts) <= 120 + 8


def test_what_is_not_used_is_given_back_after_a_second():
    cluster = Cluster(2)
    cluster.report("0")
    cluster.report("1")
    assert not isinstance(cluster.pacer.admit(SIZE, ROOM), Reservation)  # all that may be in flight is lent
    cluster.clock.advance(1.1)
    assert isinstance(cluster.start("0"), Wait)
    cluster.report("0", asks=0, most=0)
    places = [cluster.pacer.admit(SIZE, ROOM) for _ in range(UNHEARD)]
    assert sum(isinstance(place, Reservation) for place in places) == 4


def test_what_a_lost_worker_held_counts_as_used():
    cluster = Cluster(1, rpm=60)
    cluster.report("0", asks=1, most=1)
    cluster.leases.lost("0")
    assert isinstance(cluster.pacer.admit(SIZE, ROOM), Wait)
    cluster.clock.advance(1 / LENT_SHARE)
    assert isinstance(cluster.pacer.admit(SIZE, ROOM), Reservation)


def test_a_refusal_holds_all_workers_back():
    cluster = Cluster(2)
    for name in cluster.workers:
        cluster.report(name)
    place = cluster.start("0")
    cluster.workers["0"].refused(place, limited=True, retry_after=30.0)
    for name in cluster.workers:
        cluster.clock.advance(1.1)
        cluster.report(name)
        cluster.report(name)
        wait = cluster.start(name)
        assert wait.certain
        assert 25 < wait.seconds <= 30


def test_what_a_reply_tells_of_the_limits_counts_for_all():
    cluster = Cluster(2)
    cluster.report("0")
    cluster.answer("0", cluster.start("0"))
    assert cluster.workers["0"].is_curious
    cluster.workers["0"].learn({"requests": 60.0})
    assert not cluster.workers["0"].is_curious
    cluster.report("0", asks=0, most=0)
    starts = 0
    for _ in range(500):
        cluster.clock.advance(0.1)
        cluster.report("1", asks=1, most=1)
        starts += isinstance(place := cluster.start("1"), Reservation)
        if isinstance(place, Reservation):
            cluster.answer("1", place)
    assert 45 <= starts <= 50


def test_estimates_are_of_what_tries_take():
    """The size of each try is told when it starts: what the next ones are expected to take goes by it."""
    cluster = Cluster(1, itpm=60_000)
    sizes = [*accumulate([100] * 5)]
    for size in sizes:
        cluster.report("0", asks=1, most=1)
        place = cluster.workers["0"].admit(size, ROOM)
        cluster.workers["0"].answered(place, size // 2, 10)
        cluster.clock.advance(30)
    cluster.report("0", asks=0, most=0)
    assert round(cluster.pacer.admit(1_000, ROOM).input_tokens) == 500
