"""Gold read from files: what a line may be, and what is said of one that is wrong."""

import hashlib
import json

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError
from slotfill.extractors.gold import json_lines
from slotfill.extractors.gold.formats.field_marks import FieldLabels
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_files import read_gold
from slotfill.extractors.gold.gold_lines import gold_line, parse_gold_line

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def gold_documents(draw):
    text = draw(st.none() | TEXTS)
    source = draw(TEXTS if text is None else st.none() | TEXTS)
    spans = {}
    if text:
        start = draw(st.integers(0, len(text) - 1))
        spans = {"/a": (start, draw(st.integers(start + 1, len(text))))}
    labels = draw(st.dictionaries(TEXTS, TEXTS, max_size=2))
    return GoldDocument.of(draw(VALUES), text=text, source=source, spans=spans, labels=labels)


@examples(60)
@given(gold_documents())
def test_a_line_that_is_written_reads_as_the_same_document(document):
    assert parse_gold_line(json.loads(json.dumps(gold_line(document)))) == document


def write(path, *lines):
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def test_the_id_is_that_of_the_document(tmp_path):
    first, second = read_gold(
        write(tmp_path / "gold.jsonl", {"text": "Ä", "value": 1}, "", {"source": "b", "value": None})
    )
    assert first.id == Document.of("Ä").id == hashlib.sha256("Ä".encode()).hexdigest()
    assert (second.id, second.text, second.source, second.value) == (None, None, "b", None)
    assert (first.name, second.name) == (f"document {first.id[:12]}", "b")


def test_a_corrected_line_of_output_is_gold_its_columns_are_labels():
    line = {
        "source": "a.csv#1",
        "lang": "de",
        "stars": 4,
        "new": True,
        "gone": None,
        "value": {"x": 1},
        "labels": {"k": "v"},
    }
    document = parse_gold_line(line)
    assert document.labels == {"lang": "de", "stars": "4", "new": "true", "k": "v"}


def test_spans_are_read_as_records_have_them():
    spans = {"/a": {"start": 0, "end": 2, "match": "exact"}, "/b": {"start": None, "end": None, "match": "absent"}}
    assert parse_gold_line({"text": "abc", "value": {"a": "ab", "b": "x"}, "spans": spans}).spans == {"/a": (0, 2)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"text": "a"}, '"value"'),
        ({"value": 1}, "neither 'text' nor 'source'"),
        ({"text": 3, "value": 1}, "'text' is no text"),
        ({"text": "a", "value": 1, "id": "0" * 64}, "not the SHA-256"),
        ({"text": "a", "value": 1, "spans": [1]}, "no object of spans"),
        ({"text": "a", "value": 1, "spans": {"/x": {"start": 0, "end": 2}}}, "span of '/x', 0 to 2, lies outside"),
        ({"text": "a", "value": 1, "spans": {"/x": {"start": 1, "end": 1}}}, "lies outside"),
        ({"text": "a", "value": 1, "spans": {"/x": {"start": True, "end": 1}}}, "not of the form"),
        ({"text": "a", "value": 1, "spans": {"/x": 3}}, "not of the form"),
        ({"text": "a", "value": 1, "labels": ["x"]}, "'labels' is no object"),
        ({"text": "a", "value": 1, "sapns": {}}, "'sapns' is neither a label"),
        ([1], "no object that holds"),
        ('{"text": "a", "value": NaN}', "NaN is no JSON"),
        ('{"text": "a", "value": 1, "value": 2}', "'value' stands twice"),
        ('{"text": "\\ud800", "value": 1}', "no JSON"),
        ('{"text": "a", "value": ' + "[" * 300 + "]" * 300 + "}", "nested"),
        ('{"text": ' + "[" * 100_000, "nested"),
        ("not json", "it is no JSON"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, line, reason):
    path = write(tmp_path / "gold.jsonl", {"text": "a", "value": 1}, "", line)
    with pytest.raises(InputError, match=r"gold\.jsonl', line 3: ") as raised:
        read_gold(path)
    assert reason in str(raised.value)


def test_bytes_that_are_no_text_name_their_line(tmp_path):
    (tmp_path / "gold.jsonl").write_bytes(b'\xef\xbb\xbf{"text": "a", "value": 1}\n\xff\xfe\n')
    with pytest.raises(InputError, match="line 2: it is not in UTF-8"):
        read_gold(tmp_path / "gold.jsonl")


def test_a_line_without_end_is_not_read_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 2**20)
    (tmp_path / "gold.jsonl").write_bytes(b'{"a": "' + b"1," * 2**20)
    with pytest.raises(InputError, match="line 1: it is longer than 1 MB"):
        read_gold(tmp_path / "gold.jsonl")


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_what_is_no_file_is_said(tmp_path, name):
    with pytest.raises(InputError, match="cannot read"):
        read_gold(tmp_path / name)


def test_a_file_without_documents_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no gold: a line is"):
        read_gold(write(tmp_path / "gold.jsonl", "", " "))


def test_the_format_is_told_by_the_content(tmp_path):
    record = {
        "slotfill": 1,
        "outcome": "valid",
        "document": {"id": "0" * 64, "source": "a", "columns": {"n": 1}},
        "value": 3,
    }
    task = {"data": {"text": "Ada", "x": "y"}, "annotations": [{"result": []}]}
    region = {"id": "r", "from_name": "l", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["/people/*"]}}
    marked = {"data": {"text": "Ada"}, "annotations": [{"result": [region]}]}
    entities = [{"entities": [{"text": "Ada", "type": "x"}]}, {"entities": []}]
    files = {
        "records.jsonl": ([record, {**record, "value": None}], [3]),
        "tasks.json": (
            [task, marked, {"data": {"text": "x"}, "annotations": []}],
            [{"people": []}, {"people": ["Ada"]}],
        ),
        "doccano.jsonl": ([{"text": "Ada", "label": [[0, 3, "x"]]}, {"text": "b", "label": []}], entities),
        "langextract.jsonl": ([{"text": "b", "extractions": []}], [{}]),
        "gold.json": ([{"text": "b", "value": 7}], [7]),
    }
    for name, (lines, values) in files.items():
        path = tmp_path / name
        if name.endswith(".json"):
            path.write_text(f"\ufeff\n {json.dumps(lines, indent=2)}", "utf-8")
        else:
            write(path, *lines)
        labels = FieldLabels()
        assert [document.value for document in read_gold(path, labels)] == values
        assert bool(labels.losses) == (name in ("records.jsonl", "tasks.json"))
    assert read_gold(tmp_path / "records.jsonl")[0].labels == {"n": "1"}


@pytest.mark.parametrize(
    ("data", "reason"), [(b"[1, 2", "is no JSON"), (b"[\xff]", "is not in UTF-8"), (b"[3]", "line 1: it is no object")]
)
def test_an_array_that_is_wrong_is_named(tmp_path, data, reason):
    (tmp_path / "gold.json").write_bytes(data)
    with pytest.raises(InputError, match=rf"gold\.json'.*{reason}"):
        read_gold(tmp_path / "gold.json")


def test_a_huge_array_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "_LARGEST_ARRAY", 2**20)
    (tmp_path / "gold.json").write_bytes(b"[" + b"1," * 2**20 + b"1]")
    with pytest.raises(InputError, match="may have 1 MB: write it in lines"):
        read_gold(tmp_path / "gold.json")
