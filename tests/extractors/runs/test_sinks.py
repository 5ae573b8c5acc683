"""Where results go."""

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tabular import OUTPUTS, extraction, schema_of

from slotfill import Outcome, OutputError
from slotfill.extractors.runs.sinks import encode, open_rejects, open_sink

SCHEMA = schema_of({"type": "object", "properties": {"note": {"type": "string"}}})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_comes_back_and_holds_no_control_character(data):
    for indent in (None, 2):
        text = encode(data, indent=indent).decode()
        assert json.loads(text) == data
        assert text.endswith("\n")
        assert not any(character != "\n" and (character < " " or "\x7f" <= character <= "\x9f") for character in text)
    assert encode(data).count(b"\n") == 1


def test_standard_output_takes_one_value_or_lines():
    for several, expected in ((False, '{\n  "a": 1\n}\n'), (True, '{"source": "a.txt", "value": {"a": 1}}\n')):
        for output in (None, "-"):
            stream = io.BytesIO()
            with open_sink(output, stream, schema=SCHEMA, records=False, several=several) as sink:
                sink.write(extraction(value={"a": 1}))
            assert stream.getvalue().decode() == expected


def test_standard_output_that_is_full_says_so():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    sink = open_sink(None, Full(), schema=SCHEMA, records=False, several=True)
    with pytest.raises(OutputError, match="cannot write to standard output: No space left"):
        sink.write(extraction())


def test_records_in_place_of_values(tmp_path):
    with open_sink(str(tmp_path / "r.jsonl"), io.BytesIO(), schema=SCHEMA, records=True, several=True) as sink:
        sink.write(extraction(value=1))
        sink.write(extraction(outcome=Outcome.REFUSED))
        sink.commit(complete=True)
    assert [line["outcome"] for line in lines(tmp_path / "r.jsonl")] == ["valid", "refused"]


@pytest.mark.parametrize(
    ("name", "complete", "there"),
    [
        ("v.jsonl", True, True),
        ("v.jsonl", False, False),
        ("v.json", True, False),
        *((output, complete, complete) for output in OUTPUTS for complete in (True, False)),
    ],
)
def test_what_a_run_without_results_leaves(tmp_path, name, complete, there):
    """A whole run over nothing makes an empty file; a stopped one leaves what was there; no value is no JSON."""
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=False) as sink:
        sink.commit(complete=complete)
    assert (tmp_path / name).exists() == there
    assert [path.name for path in tmp_path.iterdir()] == [name] * there


@pytest.mark.parametrize("name", ["v.jsonl", *OUTPUTS])
def test_leaving_without_a_commit_keeps_the_old_file(tmp_path, name):
    (tmp_path / name).write_text("old\n")
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(extraction())
        assert (tmp_path / name).read_text() == "old\n"
    assert (tmp_path / name).read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_table_of_a_run_that_was_stopped_holds_what_was_written(tmp_path, name):
    (tmp_path / name).write_text("old\n")
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(extraction({"note": "kept"}))
        sink.commit(complete=False)
    assert b"kept" in (tmp_path / name).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_table_that_cannot_be_written_says_so_at_once(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        open_sink(str(tmp_path / "file" / name), io.BytesIO(), schema=SCHEMA, records=False, several=True)


def test_a_source_that_is_no_unicode_is_escaped(tmp_path):
    with open_sink(str(tmp_path / "v.jsonl"), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(extraction({}, "caf\udce9.txt"))
        sink.commit(complete=True)
    assert lines(tmp_path / "v.jsonl")[0]["source"] == "caf\udce9.txt"


def test_rejects_are_records(tmp_path):
    with open_rejects(str(tmp_path / "bad.txt")) as sink:
        sink.write(extraction(outcome=Outcome.FAILED))
        sink.commit(complete=True)
    assert lines(tmp_path / "bad.txt")[0]["error"] == {"type": "refusal", "message": "no", "path": ""}


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        min_size=1,
        max_size=5,
    )
)
@example(["/", "..", ".", "-", "stdin"])
def test_each_document_gets_a_file_of_its_own_below_the_folder(tmp_path_factory, sources):
    folder = tmp_path_factory.mktemp("out") / "values"
    with open_sink(str(folder), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        for number, source in enumerate(sources):
            sink.write(extraction(number, source))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(json.loads(path.read_text()) for path in files) == list(range(len(sources)))
    assert [path.name for path in folder.parent.iterdir()] == ["values"]
