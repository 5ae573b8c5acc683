"""Stored records, read again, and the further turns that they allow."""

import json
import os
import pickle
from pathlib import Path

import pytest

from slotfill import Document, Extractor, InputError, Schema, SchemaError, SettingsError
from slotfill.extractors.extractions.loading import load_record, verify
from slotfill.extractors.extractions.stored import (
    folder_of,
    model_of,
    read_document,
    read_record,
    schema_of,
)
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas import Feedback, Sentiment

FEEDBACK = {"sentiment": "negative", "key_issues": ["crashes"], "urgency": 3, "suggested_action": "Fix it."}
WORSE = {**FEEDBACK, "urgency": 5}
TEXT = "The app crashes."
MODELS = {"structured": "claude-haiku-5-5", "tool": "claude-3-haiku-20240307"}


def extractor_on(*replies, faults=(), **options):
    claude = SimulatedClaude([*replies], faults=faults)
    return claude, Extractor(Feedback, client=claude.client(max_retries=0), **options)


@pytest.mark.parametrize(
    ("replies", "options"),
    [
        ([FEEDBACK], {}),
        ([WORSE | {"urgency": "5"}], {}),
        ([WORSE | {"urgency": 9}, {"urgency": 4}], {}),
        ([WORSE | {"urgency": 9}], {"retries": 0}),
        ([{"key_issues": ["crashes"]}] * 4, {"chunk_chars": 200, "retries": 0}),
        ([{"key_issues": ["crashes"]}, FEEDBACK, FEEDBACK, FEEDBACK], {"passes": 2}),
    ],
    ids=["valid", "mended", "patched", "failed", "chunked", "passes"],
)
def test_a_record_is_the_extraction(replies, options):
    _, extractor = extractor_on(*replies, **options)
    with extractor:
        extraction = extractor.extract(TEXT * (30 if "chunk_chars" in options else 1))
    record = json.loads(json.dumps(extraction.to_json()))
    assert load_record(record, extractor.schema, extraction.document) == extraction
    assert load_record(record, extractor.schema, extraction.document).to_json() == record


def test_what_an_earlier_slotfill_did_not_count_is_unknown():
    _, extractor = extractor_on(WORSE | {"urgency": 9}, {"urgency": 4})
    with extractor:
        extraction = extractor.extract(TEXT)
    record = json.loads(json.dumps(extraction.to_json()))
    del record["surcharge_usd"]
    for part in (record, *record["attempts"]):
        del part["usage"]["thinking_tokens"]
    again = load_record(record, extractor.schema, extraction.document)
    assert (again.value, again.cost_usd) == (extraction.value, extraction.cost_usd)
    assert (again.surcharge_usd, again.usage.thinking_tokens) == (None, None)


def test_a_record_of_a_part_of_the_whole_has_its_value():
    _, extractor = extractor_on(*[FEEDBACK] * 4, faults=["refusal@2"], chunk_chars=200)
    with extractor:
        extraction = extractor.extract(TEXT * 30)
    record = json.loads(json.dumps(extraction.to_json()))
    assert (record["outcome"], record["value"]) == ("partial", FEEDBACK)
    assert load_record(record, extractor.schema, extraction.document) == extraction


def test_an_extraction_travels_without_its_extractor():
    _, extractor = extractor_on(FEEDBACK)
    with extractor:
        extraction = extractor.extract(TEXT)
    again = pickle.loads(pickle.dumps(extraction))
    assert again == extraction
    with pytest.raises(SettingsError, match=r"Extractor\.refine"):
        again.refine("Worse.")


@pytest.mark.parametrize("change", [{"slotfill": 2}, {"outcome": "lost"}, {"value": {"urgency": "x"}}, {"attempts": 3}])
def test_what_is_no_record_of_ours_is_refused(change):
    _, extractor = extractor_on(FEEDBACK)
    with extractor:
        record = extractor.extract(TEXT).to_json()
    with pytest.raises(InputError, match="the record"):
        load_record(record | change, extractor.schema)


class TestRefine:
    @pytest.mark.parametrize("mode", MODELS)
    def test_a_further_turn_tells_the_answer_and_what_was_said_of_it(self, mode):
        claude, extractor = extractor_on(FEEDBACK, WORSE, model=MODELS[mode])
        with extractor:
            refined = extractor.extract(TEXT).refine("Urgency is 5.")
        assert refined.data == WORSE
        assert refined.history[-1].value == FEEDBACK
        first, second = (seen.body for seen in claude.requests)
        asked = len(first["messages"])
        assert second["messages"][:asked] == first["messages"]
        assert {name: part for name, part in second.items() if name != "messages"} == {
            name: part for name, part in first.items() if name != "messages"
        }
        answer, correction = second["messages"][asked:]
        assert (answer["role"], correction["role"]) == ("assistant", "user")
        if mode == "tool":
            (call,), (result, said) = answer["content"], correction["content"]
            assert (call["type"], call["input"]) == ("tool_use", FEEDBACK)
            assert (result["type"], result["tool_use_id"]) == ("tool_result", call["id"])
            assert said["text"].startswith("Urgency is 5.")
        else:
            assert json.loads(answer["content"]) == FEEDBACK
            assert correction["content"].startswith("Urgency is 5.")

    @pytest.mark.parametrize("mode", MODELS)
    def test_history_is_trimmed_to_its_room_and_no_call_is_parted_from_its_result(self, mode):
        claude, extractor = extractor_on(*[FEEDBACK] * 40, model=MODELS[mode])
        with extractor:
            extraction = extractor.extract(TEXT)
            for number in range(12):
                extraction = extraction.refine(f"{number}: " + "word " * 1_000)
        assert len(extraction.history) == 12, "the record keeps all of it"
        messages = claude.requests[-1].body["messages"]
        corrections = [text for text in map(said_in, messages) if "word" in text]
        numbers = [int(text.split(":")[0]) for text in corrections]
        assert numbers == [*range(12)][-len(numbers) :], "the oldest go first"
        assert 1 < len(numbers) < 12
        assert sum(map(len, corrections)) // 4 < 8_000
        calls, results = ids_in(messages, "tool_use", "id"), ids_in(messages, "tool_result", "tool_use_id")
        assert calls == results
        for number, message in enumerate(messages):
            if message["role"] == "assistant":
                following = ids_in([messages[number + 1]], "tool_result", "tool_use_id")
                assert ids_in([message], "tool_use", "id") == following
        assert bool(calls) == (mode == "tool")

    def test_the_last_correction_stays_however_long_it_is(self):
        claude, extractor = extractor_on(FEEDBACK, FEEDBACK)
        with extractor:
            extractor.extract(TEXT).refine("long " * 20_000)
        assert "long long" in claude.requests[-1].body["messages"][-1]["content"]

    async def test_the_asynchronous_extractor_does_the_same(self):
        claude = SimulatedClaude([FEEDBACK, WORSE])
        async with Extractor(Feedback, client=claude.async_client()) as extractor:
            refined = await (await extractor.aextract(TEXT)).arefine("Urgency is 5.")
        assert refined.value.urgency == 5

    def test_what_failed_can_be_refined(self):
        claude, extractor = extractor_on({**FEEDBACK, "urgency": 9}, FEEDBACK, retries=0)
        with extractor:
            refined = extractor.extract(TEXT).refine("Urgency is at most 5.")
        assert refined.ok
        assert '"urgency": 9' in claude.requests[-1].body["messages"][-2]["content"]

    def test_a_record_loaded_again_can_be_refined(self):
        _, extractor = extractor_on(FEEDBACK, WORSE)
        with extractor:
            record = extractor.extract(TEXT).to_json()
            refined = extractor.refine(load_record(record, extractor.schema, Document.of(TEXT)), "Urgency is 5.")
        assert refined.value.urgency == 5

    def test_what_cannot_be_refined_says_why(self):
        _, extractor = extractor_on(FEEDBACK)
        with extractor, Extractor(Sentiment, client=SimulatedClaude().client()) as other:
            extraction = extractor.extract(TEXT)
            with pytest.raises(SchemaError, match="'feedback'"):
                other.refine(extraction, "x")
            with pytest.raises(InputError, match="says nothing"):
                extraction.refine("  ")
            with pytest.raises(InputError, match="not at hand"):
                extractor.refine(load_record(extraction.to_json(), extractor.schema), "x")


def said_in(message):
    content = message["content"]
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


def ids_in(messages, kind, key):
    blocks = [block for message in messages if isinstance(message["content"], list) for block in message["content"]]
    return [block[key] for block in blocks if block["type"] == kind]


class TestFiles:
    @pytest.fixture
    def record(self):
        _, extractor = extractor_on(FEEDBACK)
        with extractor:
            return extractor.extract(Document.of(TEXT, "mail.txt")).to_json()

    def test_a_record_is_read_from_a_file_or_a_line_of_one(self, tmp_path, record):
        (tmp_path / "one.json").write_text(json.dumps(record, indent=2))
        lines = [json.dumps({**record, "model": name}) for name in ("a", "b")]
        (tmp_path / "more.jsonl").write_text("\n".join(lines) + "\n")
        assert read_record(str(tmp_path / "one.json")) == record
        assert read_record(f"{tmp_path}/more.jsonl#2")["model"] == "b"
        with pytest.raises(InputError, match="holds 2 records"):
            read_record(f"{tmp_path}/more.jsonl")
        for line in ("3", "0", "1" * 5_000):
            with pytest.raises(InputError, match="holds no record: the file has 2 lines, from 1 on"):
                read_record(f"{tmp_path}/more.jsonl#{line}")

    @pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"value": 1}'])
    def test_what_holds_no_record_is_refused(self, tmp_path, text):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(InputError, match="holds no record"):
            read_record(str(tmp_path / "x.json"))
        with pytest.raises(InputError, match="there is no file"):
            read_record(str(tmp_path / "y.json"))

    def test_the_document_is_read_from_where_it_was_if_it_is_the_same(self, tmp_path, record, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mail.txt").write_text(TEXT)
        assert read_document(record) == Document.of(TEXT, "mail.txt")
        (tmp_path / "mail.txt").rename(tmp_path / "moved.txt")
        assert read_document(record, "moved.txt") == Document.of(TEXT, "mail.txt")
        (tmp_path / "moved.txt").write_text(TEXT + "!")
        with pytest.raises(InputError, match="has changed"):
            read_document(record, "moved.txt")

    def test_a_row_is_found_by_its_text(self, tmp_path, record):
        rows = tmp_path / "rows.jsonl"
        rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("Other.", TEXT)))
        of_row = record | {"document": {**record["document"], "source": f"{rows}#2"}}
        assert read_document(of_row, folder=tmp_path).text == TEXT
        assert read_document(of_row, f"{rows}#2").text == TEXT

    def test_the_document_is_looked_for_beside_the_record_first(self, tmp_path, record, monkeypatch):
        folder = tmp_path / "theirs"
        folder.mkdir()
        (folder / "mail.txt").write_text(TEXT)
        monkeypatch.chdir(tmp_path)
        assert read_document(record, folder=folder).text == TEXT
        assert folder_of("theirs/mail.txt") == Path("theirs")

    def test_a_record_leads_to_no_file_outside_of_its_folder(self, tmp_path, record, monkeypatch):
        folder = tmp_path / "theirs"
        folder.mkdir()
        (folder / "sub").mkdir()
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mail.txt").write_text(TEXT)
        (folder / "link.txt").symlink_to(tmp_path / "mail.txt")
        os.mkfifo(folder / "pipe.txt")
        (folder / "out.txt").symlink_to("/dev/stdin")
        hostile = ["mail.txt", "../mail.txt", str(tmp_path / "mail.txt"), "link.txt", "pipe.txt", "out.txt", "sub", "."]
        hostile += ["/dev/zero", "/proc/self/mem", "\0", "x" * 5_000, "#1", "*.txt", "file:///etc/passwd", "a\ud800"]
        hostile += ["http://127.0.0.1:9/x", "memory://a.txt", "zip://*.txt::http://127.0.0.1:9/x", "s3://b/x", "-#1"]
        for source in hostile:
            of_theirs = record | {"document": {**record["document"], "source": source}}
            with pytest.raises(InputError, match="no regular file below") as refused:
                read_document(of_theirs, folder=folder)
            assert all(option in str(refused.value) for option in ("-m", "--document"))
        assert read_document(record, "mail.txt", folder=folder).text == TEXT

    @pytest.mark.parametrize("model", ["local", "local:evil.gguf", "hf:a/b/claude.gguf", "local:claude-x", "gpt-9", ""])
    def test_a_record_leads_to_no_model_but_claude(self, record, model):
        with pytest.raises(InputError, match=r"no Claude model; .* -m MODEL.* --document PATH"):
            model_of({**record, "model": model})
        assert model_of({**record, "model": "claude-opus-5"}) == "claude-opus-5"

    @pytest.mark.parametrize("name", ["os:Path", "evil.py:Model", "evil.json", "a int, b str", "", "nothing"])
    def test_a_record_leads_to_no_schema_but_a_built_in_one(self, record, name):
        with pytest.raises(InputError, match=r"not built in; .* -s models\.py:Invoice"):
            schema_of({**record, "schema": {**record["schema"], "name": name}})
        assert schema_of(record) == "feedback"

    @pytest.mark.parametrize(
        "change",
        [
            {"schema": "feedback"},
            {"schema": {"name": ["feedback"], "id": "x"}},
            {"document": None},
            {"document": {"id": 3, "source": "a", "chars": 1}},
            {"model": {"$ref": "x"}},
            {"ms": "x"},
            {"slotfill": 99},
        ],
    )
    def test_a_record_of_another_form_is_refused_before_anything_is_made_of_it(self, tmp_path, record, change):
        (tmp_path / "x.json").write_text(json.dumps(record | change))
        with pytest.raises(InputError, match="the record is"):
            read_record(str(tmp_path / "x.json"))

    def test_a_record_as_deep_as_no_parser_goes_is_refused(self, tmp_path):
        (tmp_path / "x.json").write_text('{"slotfill": ' + "[" * 100_000)
        with pytest.raises(InputError, match="holds no record"):
            read_record(str(tmp_path / "x.json"))

    @pytest.mark.parametrize("source", [None, "-"])
    def test_a_text_that_was_in_no_file_must_be_named(self, record, source):
        with pytest.raises(InputError, match="--document"):
            read_document(record | {"document": {**record["document"], "source": source}})


def test_the_schema_of_a_stored_value_is_checked():
    _, extractor = extractor_on(FEEDBACK)
    with extractor:
        record = extractor.extract(TEXT).to_json()
    with pytest.raises(InputError, match="'sentiment'"):
        load_record(record, Schema(Sentiment))


def test_what_is_said_of_a_damaged_value_quotes_nothing_of_it():
    claude = SimulatedClaude([{"a": 1}])
    with Extractor("a int, b str?", client=claude.client(), model=MODELS["structured"]) as extractor:
        record = extractor.extract(TEXT).to_json()
        assert verify(json.dumps(record), extractor.schema) == record
        with pytest.raises(ValueError, match="none of schema") as refused:
            verify(json.dumps(record | {"value": {"a": "EVIL"}}), extractor.schema)
    assert "EVIL" not in str(refused.value)
