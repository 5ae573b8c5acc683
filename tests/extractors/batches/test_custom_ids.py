"""What names a request within a batch."""

import re

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.batches.custom_ids import custom_id, new_intent, read_custom_id

ALLOWED = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""https://platform.claude.com/docs/en/api/creating-message-batches"""


@given(st.binary(min_size=32, max_size=32))
def test_it_is_one_that_the_service_takes_and_is_read_again(digest):
    intent = new_intent()
    name = custom_id(intent, digest)
    assert ALLOWED.fullmatch(name)
    assert read_custom_id(name) == (intent, digest)


@given(st.text() | st.none() | st.integers() | st.from_regex(ALLOWED, fullmatch=True))
def test_those_of_others_are_none_of_ours(name):
    assert read_custom_id(name) is None


def test_no_two_batches_have_one_intent():
    assert len({new_intent() for _ in range(1_000)}) == 1_000
