"""Gold and records matched: by text, by source, and what is told of those without a partner."""

from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.matching import match_gold

IDS = {name: GoldDocument.of(0, text=name).id for name in "abc"}


def gold(text=None, source=None, value=0):
    return GoldDocument.of(value, text=text, source=source)


def record(text, source=None):
    return {"slotfill": 1, "document": {"id": IDS[text], "source": source}, "value": text}


def line(source, value=1):
    return {"source": source, "value": value}


def partners(documents, predictions):
    return [data and data["value"] for _, data in match_gold(documents, predictions).pairs]


def test_a_text_is_matched_wherever_it_was_read():
    assert partners([gold("a", "x.txt"), gold("b")], [record("b", "y.txt"), record("a", "other.txt")]) == ["a", "b"]


def test_a_source_is_matched_where_the_text_is_not_known():
    assert partners([gold(source="x"), gold("b", "y")], [line("y", 2), line("x", 1)]) == [1, 2]
    assert partners([gold(source="x")], [record("c", "x")]) == ["c"]


def test_another_text_of_the_same_source_is_no_partner():
    result = match_gold([gold("a", "x")], [record("b", "x")])
    assert (result.pairs[0][1], result.missing, result.strays) == (None, ("x",), ("x",))


def test_files_of_one_text_keep_their_own_records():
    predictions = [record("a", "x"), record("a", "y"), record("a", "z")]
    result = match_gold([gold("a", "x"), gold("a", "y")], predictions)
    assert [data["document"]["source"] for _, data in result.pairs] == ["x", "y"]
    assert not [*result.messages()]  # what another file of a known text holds is no stray


def test_what_has_no_partner_or_several_is_told():
    documents = [gold("a", "x"), gold("a", "x"), gold(source="gone"), gold("c")]
    result = match_gold(documents, [line("x", 1), line("x", 2), record("b"), line("stray")])
    assert [data and data["value"] for _, data in result.pairs] == [2, None, None]
    assert (result.missing, result.strays, result.doubles) == (
        ("gone", f"document {IDS['c'][:12]}"),
        (f"document {IDS['b'][:12]}", "stray"),
        ("x",),
    )
    assert [*result.messages()] == [
        f"2 gold documents without a record: all fields count as omitted (gone, document {IDS['c'][:12]})",
        f"2 records without gold: not counted (document {IDS['b'][:12]}, stray)",
        "1 double: of records the last counts, of gold the first (x)",
    ]


SOURCES = st.none() | st.sampled_from(["x", "y", "z"])
GOLD = st.builds(gold, st.none() | st.sampled_from("abc"), st.sampled_from(["x", "y", "z"]))
PREDICTIONS = st.builds(record, st.sampled_from("abc"), SOURCES) | st.builds(line, st.sampled_from(["x", "y", "z"]))


@examples(60)
@given(st.lists(GOLD, max_size=5), st.lists(PREDICTIONS, max_size=5))
def test_every_document_has_its_place(documents, predictions):
    result = match_gold(documents, predictions)
    assert len(result.pairs) == len({(one.id, one.source) for one in documents})
    for document, data in result.pairs:
        if data is not None and "document" in data and document.id is not None:
            assert data["document"]["id"] == document.id
        elif data is not None:
            assert (data["document"]["source"] if "document" in data else data["source"]) == document.source
    assert sum(data is None for _, data in result.pairs) == len(result.missing)
