from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.strategies.containers import Room, Wanted, lists


@given(lists(lambda at: st.sampled_from("abc"), [], Room(3, 3, 0), True))
def test_a_list_without_duplicates_is_as_long_as_it_has_to_be(value):
    assert sorted(value) == ["a", "b", "c"]


@given(lists(lambda at: st.just(0), [Wanted(lambda at: st.just(1), 2)], Room(0, 9, 3), False))
def test_what_has_to_stand_somewhere_stands_there(value):
    assert value.count(1) == 2
    assert len(value) <= 5
