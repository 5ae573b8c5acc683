from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.strategies.containers import RequiredItems, SizeRange, lists


@given(lists(lambda at: st.sampled_from("abc"), [], SizeRange(3, 3, 0), True))
def test_a_list_without_duplicates_is_as_long_as_it_has_to_be(value):
    assert sorted(value) == ["a", "b", "c"]


@given(lists(lambda at: st.just(0), [RequiredItems(lambda at: st.just(1), 2)], SizeRange(0, 9, 3), False))
def test_what_has_to_stand_somewhere_stands_there(value):
    assert value.count(1) == 2
    assert len(value) <= 5
