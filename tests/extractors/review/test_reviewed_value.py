"""Paths into a value under review stay true, whatever is taken out or added."""

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.reviewed_value import ReviewedValue
from slotfill.schemas.json_values.pointer import follow, is_within, join

KEYS = st.sampled_from(["a", "b", "x/y", "~", "0", ""])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(KEYS | st.integers(0, 4), max_size=4).map(join)
CHANGES = st.lists(st.tuples(PATHS, VALUES | st.just(NO_MEMBER)), max_size=6)


def changed(value, changes):
    reviewed = ReviewedValue(value)
    for path, part in changes:
        reviewed.put(path, part)
    return reviewed


def leaves(reviewed):
    return {node.path: node.value for node in reviewed.walk() if node.is_leaf and not node.is_removed}


@examples(40)
@given(VALUES)
def test_a_value_that_nobody_changed_is_written_as_it_was(value):
    reviewed = ReviewedValue(value)
    assert reviewed.value() == value
    assert all(node.path == node.written for node in reviewed.walk())


@examples(60)
@given(VALUES, CHANGES)
def test_each_part_stands_where_it_is_written(value, changes):
    reviewed = changed(value, changes)
    whole = reviewed.value()
    written = [node for node in reviewed.walk() if not node.is_removed]
    assert all(follow(node.written, whole) == node.value == reviewed.get(node.path) for node in written)
    assert len({node.written for node in written}) == len(written)


@examples(60)
@given(VALUES, CHANGES, PATHS, VALUES)
def test_what_is_put_stands_there_and_all_else_stays(value, changes, path, part):
    reviewed = changed(value, changes)
    removed = {node.path for node in reviewed.walk() if node.is_removed}
    before = leaves(reviewed)
    reviewed.put(path, part)
    if not any(is_within(path, (one,)) for one in removed):
        after = leaves(reviewed)
        same = {one for one in before if not is_within(one, (path,)) and not is_within(path, (one,))}
        assert {one: after[one] for one in same} == {one: before[one] for one in same}
    if all(not isinstance(reviewed.get(join(path.split("/")[1:][:n])), list) for n in range(len(path.split("/")))):
        assert reviewed.get(path) == part


@examples(50)
@given(VALUES, CHANGES, PATHS)
def test_what_is_taken_out_is_gone_and_its_neighbours_keep_their_paths(value, changes, path):
    reviewed = changed(value, changes)
    before = leaves(reviewed)
    reviewed.put(path, NO_MEMBER)
    assert reviewed.get(path) is (NO_MEMBER if path else None)
    assert all(leaves(reviewed)[one] == before[one] for one in before if not is_within(one, (path,)))


def test_an_item_comes_back_with_a_decision_on_a_part_of_it():
    reviewed = ReviewedValue([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    reviewed.put("/0", NO_MEMBER)
    assert reviewed.value() == [{"a": 3, "b": 4}]
    assert [(node.path, node.written) for node in reviewed.walk() if node.path == "/1/a"] == [("/1/a", "/0/a")]
    reviewed.put("/0/a", 9)
    assert reviewed.value() == [{"a": 9, "b": 2}, {"a": 3, "b": 4}]
