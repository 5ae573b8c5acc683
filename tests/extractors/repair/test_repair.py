"""Local repair as a whole: its modes, its properties, and texts that mean harm."""

import json
from random import Random

import pytest
from examples import examples
from hypothesis import assume, given
from hypothesis import strategies as st

from slotfill.extractors.repair.repair import repair
from slotfill.extractors.testing.faults.value_faults import spoil
from slotfill.schemas.built_in.built_ins import built_ins
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.strategies import completions, instances

FEEDBACK = resolve("feedback")
VALUE = {
    "sentiment": "negative",
    "key_issues": ["cannot log in", "the mail was sent, twice"],
    "urgency": 4,
    "suggested_action": "Restore access today.",
}
TEXT = json.dumps(VALUE)
BUILT_INS = [resolve(name) for name in built_ins()]
ANYTHING = Schema(response_model({}, name="anything"))


def of(json_schema):
    return Schema(response_model(json_schema, name="schema"))


def kinds(mended):
    return [(edit.kind, edit.risk) for edit in mended.edits]


def no_edit_is_idle(edits):
    """Tell whether each edit changes something, and none takes back what another did."""
    gone = ("extra", "left_out")  # the key goes, also where its value is null
    states = [(edit.path, json.dumps(edit.before), json.dumps(edit.after)) for edit in edits if edit.kind not in gone]
    undone = {(path, after, before) for path, before, after in states}
    return all(before != after for _, before, after in states) and undone.isdisjoint(states)


class TestModes:
    def test_off_reads_json_alone(self):
        assert repair(TEXT, FEEDBACK, "off").data == VALUE
        assert repair(f"```json\n{TEXT}\n```", FEEDBACK, "off") is None
        assert repair('{"a": 1,}', FEEDBACK, "off") is None

    def test_off_coerces_nothing(self):
        text = json.dumps({**VALUE, "urgency": "4"})
        assert repair(text, FEEDBACK, "off").data["urgency"] == "4"

    def test_safe_takes_no_guess_and_bold_says_that_it_is_one(self):
        assert repair(TEXT[:-1], FEEDBACK) is None
        mended = repair(TEXT[:-1], FEEDBACK, "bold")
        assert mended.data == VALUE
        assert kinds(mended) == [("missing_close", "high")]
        assert kinds(repair(f"{TEXT[:-1]}\n", FEEDBACK, "bold")) == [("missing_close", "high")]

    def test_safe_leaves_a_value_that_only_a_guess_would_change(self):
        whole = json.dumps({**VALUE, "key_issues": "slow, broken"})
        assert repair(whole, FEEDBACK).data["key_issues"] == "slow, broken"
        assert repair(whole, FEEDBACK, "bold").data["key_issues"] == ["slow, broken"]


class TestWrapper:
    LABEL = of({"enum": ["very_positive", "neutral"]})
    ROWS = of(
        {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}
    )

    @pytest.mark.parametrize("text", ["neutral", "Neutral.", '"Neutral"', "**neutral**", '{"value": "NEUTRAL"}'])
    def test_a_bare_label_gets_its_wrapper(self, text):
        assert repair(text, self.LABEL).data == {"value": "neutral"}

    @pytest.mark.parametrize("text", ["It is neutral", "neutral [1]", "neutral or very positive", ""])
    def test_prose_is_no_label(self, text):
        assert repair(text, self.LABEL, "bold") is None

    def test_prose_is_no_string_either(self):
        assert repair("I cannot say.", of({"type": "string"}), "bold") is None
        assert repair("I cannot say.", ANYTHING, "bold") is None
        assert repair('"a text"', of({"type": "string"})).data == {"value": "a text"}

    def test_a_bare_number(self):
        mended = repair("1,234", of({"type": "integer"}))
        assert mended.data == {"value": 1234}
        assert [(edit.path, edit.kind) for edit in mended.edits] == [("", "wrapped"), ("", "number")]

    def test_rows_without_brackets_are_all_kept(self):
        for text in ('{"a": 1}\n{"a": "2"}\n{"a": 3}', '{"a": 1}, {"a": 2,}, {"a": 3}'):
            mended = repair(text, self.ROWS)
            assert mended.data == {"value": [{"a": 1}, {"a": 2}, {"a": 3}]}
            assert mended.edits

    @pytest.mark.parametrize("mode", ["safe", "bold"])
    def test_a_row_that_does_not_fit_stays(self, mode):
        mended = repair('[{"a": "1"}, {"a": "many"}, {"a": 3}, {}]', self.ROWS, mode)
        assert mended.data == {"value": [{"a": 1}, {"a": "many"}, {"a": 3}, {}]}

    def test_two_wrapped_lists_are_no_rows(self):
        assert repair('{"value": [{"a": 1}]}\n{"value": [{"a": 2}]}', self.ROWS) is None

    def test_paths_start_at_the_unwrapped_value(self):
        (edit,) = repair('{"value": [{"a": "1"}]}', self.ROWS).edits
        assert (edit.path, edit.kind) == ("/0/a", "number")

    def test_what_stands_beside_the_value_is_kept_in_the_edit(self):
        (edit,) = repair('{"value": [], "note": "none found"}', self.ROWS).edits
        assert (edit.path, edit.kind, edit.before) == ("", "extra", {"note": "none found"})

    def test_an_envelope_comes_off(self):
        mended = repair(json.dumps({"feedback": VALUE}), FEEDBACK)
        assert mended.data == VALUE
        assert kinds(mended) == [("unwrapped", "low")]

    def test_a_list_gets_the_one_key_that_is_there_for_it(self):
        rows = [{"text": "Oslo", "type": "location"}]
        mended = repair(json.dumps(rows), resolve("entities"))
        assert mended.data == {"entities": rows}
        assert kinds(mended) == [("wrapped", "low")]


class TestProperties:
    @pytest.mark.parametrize("schema", BUILT_INS, ids=lambda schema: schema.name)
    def test_what_is_valid_stays(self, schema):
        @given(instances(schema), st.sampled_from(("off", "safe", "bold")))
        @examples(30)
        def check(value, mode):
            mended = repair(json.dumps(schema.wrap(value)), schema, mode)
            assert (mended.data, mended.edits) == (schema.wrap(value), ())

        check()

    @pytest.mark.parametrize("schema", BUILT_INS, ids=lambda schema: schema.name)
    def test_completions(self, schema):
        @given(completions(schema))
        @examples(60)
        def check(completion):
            mended = repair(completion.text, schema)
            if completion.kind == "truncated":
                assert mended is None
            elif completion.kind in ("valid", "fenced", "chatty"):
                assert mended.data == schema.wrap(completion.truth)
            if mended is not None and not mended.edits:
                assert mended.data == json.loads(completion.text)

        check()

    @pytest.mark.parametrize("schema", BUILT_INS, ids=lambda schema: schema.name)
    def test_what_was_mended_needs_no_more(self, schema):
        @given(completions(schema), st.sampled_from(("safe", "bold")))
        @examples(60)
        def check(completion, mode):
            mended = repair(completion.text, schema, mode)
            assume(mended is not None)
            again = repair(json.dumps(mended.data), schema, mode)
            assert (again.data, again.edits) == (mended.data, ())
            assert no_edit_is_idle(mended.edits)

        check()

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("entities", "wrong_case"),
            ("entities", "extra_field"),
            ("feedback", "wrong_case"),
            ("feedback", "number_as_string"),
            ("feedback", "extra_field"),
            ("sentiment", "wrong_case"),
            ("sentiment", "number_as_string"),
            ("sentiment", "extra_field"),
            ("summary", "extra_field"),
        ],
    )
    def test_spoilt_values_are_recovered(self, name, fault):
        schema, applied = resolve(name), []

        @given(instances(schema), st.integers(0, 99))
        @examples(30)
        def check(value, seed):
            try:
                spoilt = spoil(fault, value, schema.json_schema, Random(seed))
            except LookupError:
                return
            applied.append(fault)
            mended = repair(json.dumps(schema.wrap(spoilt)), schema)
            assert mended.data == schema.wrap(value)
            assert [edit.risk for edit in mended.edits] in (["none"], ["low"])

        check()
        assert applied

    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "text": st.sampled_from(["Oslo", "May"]),
                    "type": st.sampled_from(["location", "Date", "DATE", "place"]),
                    "n": st.integers(),
                }
            ),
            max_size=4,
        )
    )
    def test_no_row_is_lost(self, rows):
        mended = repair(json.dumps({"entities": rows}), resolve("entities"), "bold")
        assert [row["text"] for row in mended.data["entities"]] == [row["text"] for row in rows]
        assert (
            [edit.before for edit in mended.edits if edit.kind == "extra"] == [row["n"] for row in rows]
            if rows
            else True
        )


HOSTILE = {
    "braces": "{" * 100_000,
    "brackets": "[" * 100_000,
    "objects": '{"a":' * 100_000,
    "empty objects": "{}" * 50_000,
    "quotes": '"' * 1_000_000,
    "quotes in a string": '{"sentiment": "' + '"' * 1_000_000,
    "commas and quotes": '{"sentiment": "' + '", "' * 100_000,
    "comments": "{/*" * 100_000,
    "spaces": "{ " * 200_000,
    "backslashes": '{"a": "' + "\\" * 1_000_000,
    "commas": "[" + "," * 1_000_000,
    "deep": "[" * 10_000 + "]" * 10_000,
    "deep objects": '{"sentiment":' * 10_000 + "1" + "}" * 10_000,
    "digits": "[" + "1" * 1_000_000,
    "fences": "```" * 100_000,
    "thoughts": "<think>{}</think>" * 20_000,
}


class TestHostile:
    @pytest.mark.sweep
    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("name", HOSTILE)
    @pytest.mark.parametrize("schema", [FEEDBACK, ANYTHING], ids=["feedback", "anything"])
    def test_it_ends_and_raises_nothing(self, name, schema):
        mended = repair(HOSTILE[name], schema, "bold")
        if mended is not None:
            assert mended.edits

    def test_an_answer_behind_much_noise_is_found(self):
        assert repair("{no} [see] " * 50_000 + TEXT, FEEDBACK).data == VALUE
