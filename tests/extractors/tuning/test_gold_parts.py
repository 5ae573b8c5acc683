"""Gold in parts: disjoint, the same each time, and alike in their labels."""

from collections import Counter

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.gold_parts import gold_parts, stratum_of

labelled = st.lists(st.tuples(st.text(min_size=1, max_size=4), st.sampled_from("abc")), max_size=60)


def gold(pairs):
    return [GoldDocument.of({"label": label}, text=text) for text, label in pairs]


@examples(100)
@given(labelled, st.integers(0, 5), st.sampled_from([(0.6, 0.4), (0.5, 0.3, 0.2), (1.0,)]))
def test_each_document_is_in_one_part_and_doubles_in_the_same(pairs, seed, shares):
    documents = gold(pairs)
    parts = gold_parts(documents, shares, seed)
    assert len(parts) == len(shares)
    assert sorted(one.text for part in parts for one in part) == sorted(one.text for one in documents)
    ids = [{one.id for one in part} for part in parts]
    assert sum(map(len, ids)) == len(set().union(*ids))


@examples(50)
@given(labelled, st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_order_of_the_gold_changes_nothing(pairs, seed, random):
    documents = gold(dict(pairs).items())
    parts = gold_parts(documents, (0.6, 0.4), seed)
    random.shuffle(documents)
    assert gold_parts(documents, (0.6, 0.4), seed) == parts


@examples(50)
@given(st.lists(st.sampled_from("aab"), min_size=10, max_size=120), st.integers(0, 5))
def test_each_part_and_each_beginning_has_the_shares_of_the_labels(labels, seed):
    documents = gold((str(number), label) for number, label in enumerate(labels))
    whole = Counter(labels)
    for share, part in zip((0.6, 0.4), gold_parts(documents, (0.6, 0.4), seed), strict=True):
        counts = Counter(one.value["label"] for one in part)
        for label, count in whole.items():
            assert abs(counts[label] - share * count) <= 2
        for end in range(1, len(part)):
            begun = Counter(one.value["label"] for one in part[:end])
            for label, count in counts.items():
                assert abs(begun[label] - count * end / len(part)) <= 2


def test_another_seed_divides_otherwise():
    documents = gold((str(number), "a") for number in range(40))
    assert gold_parts(documents, (0.5, 0.5), 0) != gold_parts(documents, (0.5, 0.5), 1)


def test_labels_are_values_of_few_kinds_and_numbers_of_items():
    documents = [
        GoldDocument.of({"name": f"name {at}", "is_late": at % 2 == 0, "items": [1] * (at % 4)}, text=f"{at}")
        for at in range(40)
    ]
    stratum = stratum_of(documents)
    assert stratum(documents[0]) == '[["is_late", "true"], ["items", "0 items"]]'
    assert stratum(documents[3]) == '[["is_late", "false"], ["items", "2 items"]]'
    assert len({stratum(one) for one in documents}) == 4
