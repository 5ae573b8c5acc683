"""JSON Patch: applied to the one value, it gives the other."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.serving.json_patches import patch_between
from slotfill.schemas.json_values.pointer import tokens

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "a", "", "a/b~c"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b/c", "~", ""]), inner),
    max_leaves=12,
)


def applied(value, patch):
    """Apply operations as RFC 6902 says."""
    root = [copy.deepcopy(value)]
    for operation in patch:
        *steps, last = ["0", *tokens(operation["path"])]
        at = root
        for step in steps:
            at = at[int(step)] if isinstance(at, list) else at[step]
        key = last if isinstance(at, dict) else len(at) if last == "-" else int(last)
        match operation["op"]:
            case "remove":
                del at[key]
            case "add" if isinstance(at, list):
                at.insert(key, operation["value"])
            case "add" | "replace":
                at[key] = operation["value"]
    return root[0]


@given(VALUES, VALUES)
def test_it_leads_from_one_value_to_the_other(before, after):
    patch = patch_between(before, after)
    assert repr(applied(before, patch)) == repr(after) or applied(before, patch) == after
    assert not patch_between(after, after)


def test_a_value_that_grows_is_not_sent_again():
    before = {"issues": ["late", "bro"], "urgency": 3}
    after = {"issues": ["late", "broken", "rude"], "urgency": 3}
    assert patch_between(before, after) == [
        {"op": "replace", "path": "/issues/1", "value": "broken"},
        {"op": "add", "path": "/issues/-", "value": "rude"},
    ]
