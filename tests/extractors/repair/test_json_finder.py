"""Where the answer stands in what a model says, and whether it was cut off."""

import json

import pytest

from slotfill.extractors.repair.repair import repair
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve

FEEDBACK = resolve("feedback")
VALUE = {
    "sentiment": "negative",
    "key_issues": ["cannot log in", "the mail was sent, twice"],
    "urgency": 4,
    "suggested_action": "Restore access today.",
}
TEXT = json.dumps(VALUE)
OTHER = {**VALUE, "urgency": 2}
GUESSES = {"missing_close"}
AROUND = ("prose", "fences", "thinking_tags", "two_blocks")


def of(json_schema):
    return Schema(response_model(json_schema, name="schema"))


def kinds(mended):
    return [(edit.kind, edit.risk) for edit in mended.edits]


def spoilt(fault, around):
    """Break the text, and put something around it; None where a fault does not apply."""
    text = TEXT_FAULTS[fault](TEXT) if fault else TEXT
    try:
        return text and TEXT_FAULTS[around](text)
    except ValueError:  # a draft is made of whole JSON
        return None


def faults():
    return [(fault, around) for fault in (None, *TEXT_FAULTS) for around in AROUND if spoilt(fault, around)]


class TestFinding:
    @pytest.mark.parametrize(("fault", "around"), faults())
    def test_every_fault_is_mended_wherever_it_stands(self, fault, around):
        text = spoilt(fault, around)
        mended = repair(text, FEEDBACK, "bold" if fault in GUESSES else "safe")
        sic = ' "sic"' if fault == "unescaped_quote" else ""
        assert mended.data == {**VALUE, "key_issues": ["cannot log in", f"the mail was sent, twice{sic}"]}
        assert mended.edits[0].kind == "extracted"
        assert mended.edits[0].before == text

    def test_the_edit_holds_the_whole_text_and_what_was_taken(self):
        text = f"Here:\n```json\n{TEXT}\n```\nBye."
        (edit,) = repair(text, FEEDBACK).edits
        assert (edit.path, edit.kind, edit.before, edit.after, edit.risk) == ("", "extracted", text, TEXT, "none")

    @pytest.mark.parametrize(
        "text",
        [
            f"[1] {TEXT}",
            f"As [1] and [2, 3] say: {TEXT}\n\n[1] the document",
            f"I read {{the text}} and {{a: b c}}.\n{TEXT}\nFields in {{braces}} were guessed.",
            f"<think>maybe {json.dumps(OTHER)}?</think>{TEXT}",
            f"maybe {json.dumps(OTHER)}</think>{TEXT}",
            f"{TEXT}\n<thinking>{json.dumps(OTHER)}</thinking>",
            f'The schema wants {{"type": "object", "properties": {{}}}}.\n\n{TEXT}',
            f"~~~\n{TEXT}\n~~~",
            f"\ufeff{TEXT}",
        ],
    )
    def test_what_is_no_answer_does_not_win(self, text):
        mended = repair(text, FEEDBACK)
        assert mended.data == VALUE
        assert kinds(mended) == [("extracted", "none")]

    def test_of_two_answers_the_last_is_a_guess(self):
        text = f"{json.dumps(OTHER)}\n\nand\n\n{TEXT}"
        assert repair(text, FEEDBACK) is None
        mended = repair(text, FEEDBACK, "bold")
        assert mended.data == VALUE
        assert kinds(mended) == [("extracted", "high")]

    @pytest.mark.parametrize(
        "text",
        [
            f"Draft: {json.dumps(OTHER)}\n\nSo: {TEXT}",
            f"{json.dumps(OTHER)}\n\nCorrected:\n\n{TEXT}",
            f"{json.dumps(OTHER)}\n\nScratch that:\n```json\n{TEXT}\n```",
            f"{json.dumps(OTHER)}\n\nWait, that was wrong! Here's the corrected version:\n\n{TEXT}",
            f"{json.dumps(OTHER)}\n\nOn reflection, my final answer (urgency corrected):\n{TEXT}",
            f"Draft for Ida: {json.dumps(OTHER)}\n\nFor Ida, in full: {TEXT}",
            f"My first attempt: {json.dumps(OTHER)}\nAnd now in full: {TEXT}",
        ],
    )
    def test_a_draft_that_is_called_one_does_not_count(self, text):
        mended = repair(text, FEEDBACK)
        assert mended.data == VALUE
        assert kinds(mended) == [("extracted", "low")]

    @pytest.mark.parametrize(("distance", "counts"), [(120, True), (121, False)])
    def test_what_names_a_draft_stands_close_before_it(self, distance, counts):
        label = ("Draft" + " so" * 50)[: distance - 2] + ": "
        assert (repair(f"{label}{json.dumps(OTHER)}\n\nSo: {TEXT}", FEEDBACK) is not None) == counts

    @pytest.mark.parametrize(
        "form",
        [
            "The first is {0}, and the second is {1}.",
            "A complete record is {0}, the updated list has {1}.",
            "Instead of one there are two: {0} and {1}",
            "The corrected entries: {0} and another: {1}",
            "First: {0}\n\nFinally: {1}",
            "First: {0}\n\nComplete: {1}",
            "{0}\n\nUpdated: {1}",
            "{0}\n\nInstead: {1}",
            "{0}\n\nHere it is in full: {1}",
            "Draft of one: {0}\n\nDraft of two: {1}",
            "The draft was long.\n\n{0}\n\n{1}",
            "{0}\n\nThe corrected proof came. There is more: {1}",
            "Guest one (corrected spelling): {0}\nGuest two (corrected spelling): {1}",
            "Corrected: {0}\nCorrected: {1}",
            "{0}\nRevision for Tom: {1}",
            "Draft for Ida: {0}\nFor Tom: {1}",
            "Draft: {0}\n\nAnother one: {1}",
            "{0}\nTom, corrected: {1}",
            "{0} is my final answer, not {1}",
            "The corrected version is {0}, instead of {1}",
            "Draft of the lease: {0}\nThe invoice: {1}",
            "{0}\nThe final answer for Tom is:\n```json\n{1}\n```",
        ],
    )
    def test_two_answers_are_no_draft_and_its_correction(self, form):
        text = form.format(json.dumps(OTHER), TEXT)
        assert repair(text, FEEDBACK) is None
        assert repair(text, FEEDBACK, "bold").edits[0].risk == "high"

    @pytest.mark.parametrize(
        "text",
        [
            '{"note": "a 5" tile marked {"x"} on its back"}',
            '{"note": "a tile marked {x"} on its back"}',
            '{"note": "see {"x"}", "more": 1}',
        ],
    )
    def test_what_a_bracket_within_a_string_cuts_off_is_a_guess(self, text):
        note = of({"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]})
        assert repair(text, note) is None
        assert "high" in [edit.risk for edit in repair(text, note, "bold").edits]

    def test_a_valid_draft_does_not_hide_a_later_answer_that_is_wrong(self):
        text = f"{TEXT}\n\n{json.dumps({**OTHER, 'urgency': 9})}"
        assert repair(text, FEEDBACK) is None
        assert kinds(repair(text, FEEDBACK, "bold")) == [("extracted", "high")]

    def test_the_same_answer_twice_is_no_conflict(self):
        assert kinds(repair(f"{TEXT}\n\n{TEXT}", FEEDBACK)) == [("extracted", "none")]

    def test_an_answer_in_the_thinking_alone_is_a_guess(self):
        text = f"<think>{TEXT}</think> I cannot say."
        assert repair(text, FEEDBACK) is None
        assert kinds(repair(text, FEEDBACK, "bold")) == [("extracted", "high")]

    def test_a_fence_within_a_string_does_not_end_the_json(self):
        value = {**VALUE, "suggested_action": "Run ```make``` now."}
        text = f"```json\n{json.dumps(value)[:-1]},}}\n```"
        assert repair(text, FEEDBACK).data == value

    def test_what_seems_to_go_on_is_a_guess(self):
        text = f'{TEXT}, "remark": "x"}}'
        assert repair(text, FEEDBACK) is None
        assert repair(text, FEEDBACK, "bold").edits[0].risk == "high"

    def test_broken_json_that_was_meant_is_not_passed_over(self):
        tree = of(
            {"type": "object", "properties": {"id": {"type": "integer"}, "sub": {"$ref": "#"}}, "required": ["id"]}
        )
        assert repair('{"id": 1, "sub": {"id": 2}, "sub": ::}', tree, "bold") is None

    def test_an_answer_beside_broken_json_that_was_meant_is_a_guess(self):
        text = f'{{"urgency": 1, "sentiment": ::}}\n\n{TEXT}'
        assert repair(text, FEEDBACK) is None
        assert kinds(repair(text, FEEDBACK, "bold")) == [("extracted", "high")]

    @pytest.mark.parametrize("text", ["", " ", "I cannot help with that.", "{in the text}", "[1]", "{}{}", "```\n```"])
    def test_a_text_without_an_answer_gives_nothing(self, text):
        mended = repair(text, FEEDBACK, "bold")
        assert mended is None or mended.data == json.loads(text)


class TestCut:
    @pytest.mark.parametrize("indent", [None, 2])
    def test_every_cut_is_seen(self, indent):
        text = json.dumps(VALUE, indent=indent)
        for end in range(1, len(text)):
            assert repair(text[:end], FEEDBACK) is None
            mended = repair(text[:end], FEEDBACK, "bold")
            assert mended is None or any(edit.risk == "high" for edit in mended.edits)

    def test_a_draft_does_not_stand_in_for_an_answer_that_was_cut_off(self):
        assert repair(f"Draft: {json.dumps(OTHER)}\n\nFinal: {TEXT[:-20]}", FEEDBACK, "bold") is None

    def test_no_row_of_a_cut_list_is_an_answer(self):
        rows = of({"type": "array", "items": {"type": "object", "properties": {"a": {}}, "required": ["a"]}})
        for text in (
            '[{"a": 1}, {"a": 2}, {"a"',
            '{"value": [{"a": 1}, {"a": 2',
            'Here: [{"a": 1}, {"a": 2} and so on',
        ):
            assert repair(text, rows, "bold") is None

    def test_a_value_that_is_whole_but_for_two_brackets_is_cut(self):
        assert repair('{"entities": [{"text": "Oslo", "type": "location"}', resolve("entities"), "bold") is None
