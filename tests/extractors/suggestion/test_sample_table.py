"""The table: a row a field, a column a sample, and nothing that drives a terminal."""

import proposals as made

from slotfill.extractors.suggestion.sample_table import sample_table
from slotfill.extractors.suggestion.trial import SampleResult

WHOLE = made.proposal(
    made.field("number"),
    made.field("tags", "label", many=True, labels=["new", "old"]),
    made.field("items", "object", many=True, fields=[made.part("name"), made.part("price", "number", always=False)]),
    made.field("by", "object", fields=[made.part("name")]),
)


def lines(*results):
    return [*sample_table(WHOLE, results)]


def test_values_absent_ones_and_failures():
    first = {
        "number": "A-17",
        "tags": ["new", "old"],
        "items": [{"name": "lamp", "price": 4.5}, {"name": "chair"}],
        "by": {"name": "Ana"},
    }
    second = {"number": "A-18", "tags": [], "items": [], "by": None}
    assert lines(
        SampleResult("a.txt", first), SampleResult("b.txt", second), SampleResult("c.txt", None, "refused")
    ) == [
        "field    type             in   a.txt        b.txt  c.txt",
        "number   verbatim         2/3  A-17         A-18   failed",
        "tags     label, several   1/3  new; old     -      failed",
        "items    object, several  1/3  2 of them    -      failed",
        "  name   text             1/3  lamp; chair  -      failed",
        "  price  number           1/3  4.5          -      failed",
        "by       object           1/3  one          -      failed",
        "  name   text             1/3  Ana          -      failed",
        "c.txt: failed: refused",
    ]


def test_further_samples_are_counted():
    results = [SampleResult(f"{number}.txt", {"number": "A", "tags": [], "items": []}) for number in range(9)]
    told = lines(*results)
    assert told[0].split()[-1] == "3.txt"
    assert told[1].split()[2] == "9/9"
    assert told[-1] == "and 5 more samples, which `in` counts too"


def test_nothing_drives_a_terminal_and_columns_hold():
    value = {"number": "\x1b[31m\u202eA\n17" + "x" * 99, "tags": [], "items": [], "by": {"name": "発票"}}
    head, number, *_, by = lines(SampleResult("long/folder/of/samples/\x07.txt", value), SampleResult("b", value))
    assert not {"\x1b", "\u202e", "\x07", "\n"} & {*head, *number, *by}
    assert head == "field    type             in   …der/of/samples/\\x07.txt  b"
    assert number == "number   verbatim         2/2" + "  \\x1b[31m\\u202eA 17xxxxx…" * 2
    assert by == "  name   text             2/2  発票                      発票"
