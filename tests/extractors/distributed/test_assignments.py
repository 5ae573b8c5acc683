"""Assignments: whatever workers do, each document ends once, and what ends its workers takes no other one with it."""

from collections import Counter

from examples import examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from slotfill.extractors.distributed.assignments import MOST_DEATHS, Assignments


class Workers(RuleBasedStateMachine):
    """Workers that come, begin, end documents, and die: by chance, or over a document that is deadly."""

    def __init__(self):
        super().__init__()
        self.assignments = Assignments()
        self.documents, self.deadly = 0, set()
        self.hands, self.workers = {}, 0
        self.ended, self.given_up, self.chance_deaths = Counter(), Counter(), Counter()

    @rule(deadly=st.booleans())
    def document(self, deadly):
        self.assignments.add(self.documents)
        if deadly:
            self.deadly.add(self.documents)
        self.documents += 1

    @rule()
    def worker(self):
        self.hands[f"w{self.workers}"] = {}
        self.workers += 1

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), room=st.integers(0, 4))
    def hand_out(self, data, room):
        worker = data.draw(st.sampled_from(sorted(self.hands)))
        due = self.assignments.has_work_for(worker) and room > 0
        handed = [*self.assignments.hand_out(worker, room)]
        assert bool(handed) == due
        for one in handed:
            self.hands[worker][one.number] = one.item
        held = [self.assignments.held(worker, number) for number in self.hands[worker]]
        if any(one.deaths for one in held):
            assert len(held) == 1  # a suspect is by itself

    @precondition(lambda self: any(self.hands.values()))
    @rule(data=st.data())
    def begin(self, data):
        """Begin a document; a deadly one is the end of its worker."""
        worker = data.draw(st.sampled_from(sorted(one for one, hands in self.hands.items() if hands)))
        number = data.draw(st.sampled_from(sorted(self.hands[worker])))
        self.assignments.held(worker, number).begun = True
        if self.hands[worker][number] in self.deadly:
            self.die(worker)

    @precondition(lambda self: any(self.hands.values()))
    @rule(data=st.data())
    def end(self, data):
        worker = data.draw(st.sampled_from(sorted(one for one, hands in self.hands.items() if hands)))
        number = data.draw(st.sampled_from(sorted(self.hands[worker])))
        if self.hands[worker][number] not in self.deadly:
            item = self.assignments.end(worker, number)
            assert item == self.hands[worker].pop(number)
            self.ended[item] += 1

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def chance(self, data):
        worker = data.draw(st.sampled_from(sorted(self.hands)))
        self.chance_deaths.update(self.hands[worker].values())
        self.die(worker)

    def die(self, worker):
        self.hands.pop(worker)
        self.given_up.update(self.assignments.lost(worker))

    @invariant()
    def each_is_somewhere_once(self):
        assert len(self.assignments) + self.ended.total() + self.given_up.total() == self.documents
        assert set((self.ended + self.given_up).values()) <= {1}

    @invariant()
    def what_is_given_up_was_deadly_or_unlucky(self):
        """One that is not deadly shares one death with a deadly one at most: after it, it is by itself."""
        for item in self.given_up.keys() - self.deadly:
            assert self.chance_deaths[item] >= MOST_DEATHS - 1

    def teardown(self):
        """Whatever has happened, workers that begin what they have come to the end."""
        for worker in sorted(self.hands):
            self.die(worker)
        for round_ in range(10 * self.documents * MOST_DEATHS):
            worker = f"last{round_}"
            handed = [*self.assignments.hand_out(worker, 3)]
            if not handed:
                break
            self.hands[worker] = {one.number: one.item for one in handed}
            for one in handed:
                one.begun = True
                if one.item in self.deadly:
                    self.die(worker)
                    break
                self.ended[self.assignments.end(worker, one.number)] += 1
                del self.hands[worker][one.number]
            self.each_is_somewhere_once()
            self.what_is_given_up_was_deadly_or_unlucky()
        assert not len(self.assignments)
        assert self.deadly <= self.given_up.keys()


TestWorkers = Workers.TestCase
TestWorkers.settings = examples(60, stateful_step_count=40)


def test_what_has_begun_is_to_blame_and_not_what_waits():
    assignments = Assignments()
    for item in "abc":
        assignments.add(item)
    first, *_ = assignments.hand_out("w", 3)
    first.begun = True
    assert assignments.lost("w") == []
    assert [one.item for one in assignments.hand_out("v", 3)] == ["a"]
    assert [(one.item, one.deaths) for one in assignments.hand_out("u", 3)] == [("b", 0), ("c", 0)]


def test_where_none_is_known_to_have_begun_each_may_have():
    assignments = Assignments()
    assignments.add("a")
    for worker in range(MOST_DEATHS - 1):
        assert [one.item for one in assignments.hand_out(str(worker), 3)] == ["a"]
        assert assignments.lost(str(worker)) == []
    assert [one.item for one in assignments.hand_out("last", 3)] == ["a"]
    assert assignments.lost("last") == ["a"]


def test_what_no_worker_has_is_taken_back():
    assignments = Assignments()
    for item in "abc":
        assignments.add(item)
    assert [one.item for one in assignments.hand_out("w", 1)] == ["a"]
    assert assignments.drop() == ["b", "c"]
    assert len(assignments) == 1
