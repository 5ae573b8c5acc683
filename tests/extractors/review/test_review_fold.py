"""The fold of rows to what stands: whose undo counts, what replaces what, and which index is free."""

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.decisions import Decision, ReviewAction
from slotfill.extractors.review.review_fold import free_index, last_standing, review_view, standing

BASE = {"name": "a", "items": [{"n": 1}, {"n": 2}]}


def row(who, action, path="/name", after=NO_MEMBER, **others):
    return Decision(who=who, document="0" * 64, path=path, action=action, after=after, **others)


def undo(who, of):
    return row(who, ReviewAction.UNDO, of.path, undoes=of.id)


def test_nobody_takes_back_what_is_anothers():
    first = row("ada", ReviewAction.CORRECT, after="b")
    rows = [first, undo("bob", first)]
    assert standing(rows) == [first]
    assert last_standing(rows, "bob") is None
    assert standing([*rows, undo("ada", first)]) == []
    assert last_standing(rows, "ada") is first
    assert last_standing([*rows, undo("ada", first)], "ada") is None
    assert last_standing([first, row("ada", ReviewAction.GOLD, replaced="")], "ada") is first


def test_an_undo_of_what_was_never_there_or_comes_later_takes_nothing_back():
    first = row("ada", ReviewAction.CORRECT, after="b")
    assert standing([undo("ada", first), first]) == [first]
    assert standing([first, undo("ada", first), undo("ada", first)]) == []


def test_together_the_last_decision_on_a_path_counts_and_each_sees_his_own():
    rows = [
        row("ada", ReviewAction.CORRECT, after="b"),
        row("bob", ReviewAction.ACCEPT, after="a"),
        row("app", ReviewAction.FLAG, after="z"),
    ]
    assert review_view(BASE, rows).value.get("/name") == "a"
    assert review_view(BASE, rows, "ada").value.get("/name") == "b"
    assert review_view(BASE, rows, "app").value.value() == BASE
    assert review_view(BASE, [*rows, undo("bob", rows[1])]).value.get("/name") == "b"


def test_a_decision_on_a_whole_replaces_those_on_its_parts_and_decides_them():
    rows = [
        row("ada", ReviewAction.CORRECT, "/items/0/n", 9),
        row("ada", ReviewAction.CORRECT, "/items/0", {"n": 5}),
        row("ada", ReviewAction.ADD, "/items/2", {"n": 7}),
        row("ada", ReviewAction.REJECT, "/items/1"),
        row("ada", ReviewAction.ADD, "/tags", "x"),
    ]
    view = review_view(BASE, rows)
    assert view.value.value()["items"] == [{"n": 5}, {"n": 7}]
    assert view.decision_on("/items/0/n") == rows[1]
    assert view.decision_on("/items/1/n") == rows[3]
    assert view.decision_on("/items/2/n") is None  # that there is an item says nothing of its parts
    assert view.decision_on("/tags") == rows[4]  # of what has no parts it says all
    assert view.decision_on("/name") is None


def test_an_index_is_free_that_no_item_of_anybodys_has_had():
    assert free_index(BASE, [], "/items") == 2
    added = row("bob", ReviewAction.ADD, "/items/2", {"n": 3})
    assert free_index(BASE, [added, undo("bob", added)], "/items") == 3
    longer = row("ada", ReviewAction.CORRECT, "/items", [{"n": n} for n in range(6)])
    assert free_index(BASE, [longer, added], "/items") == 6
    assert free_index(BASE, [row("ada", ReviewAction.CORRECT, "", {"items": [0] * 9})], "/items") == 9
    assert (
        free_index(BASE, [row("x", ReviewAction.FLAG, "/items/01"), row("x", ReviewAction.FLAG, "/items/-")], "/items")
        == 2
    )
    assert free_index(BASE, [], "/nowhere") == 0
