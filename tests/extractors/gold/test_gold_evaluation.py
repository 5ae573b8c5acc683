"""Extractions held against gold from Python: the figures of the command, of files and of what stands in them."""

import json
from typing import Annotated

import pytest
from click.testing import CliRunner
from pydantic import BaseModel

from slotfill import Extractor, InputError, evaluate
from slotfill.cli import main
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import Compare

TEXTS = ("The app logs me out.", "Thanks!")
GOLD = [
    {"text": TEXTS[0], "value": {"mood": "bad", "note": "Too slow"}, "lang": "a"},
    {"text": TEXTS[1], "value": {"mood": "bad", "note": "Too slow"}, "lang": "b"},
]


class Review(BaseModel):
    """A review, whose note may be put otherwise."""

    mood: str
    note: Annotated[str, Compare("ignore")]


@pytest.fixture
def extractions():
    claude = SimulatedClaude(lambda request: {"mood": "bad" if "app" in request.document else "good", "note": "?"})
    with Extractor(Review, client=claude.client()) as extractor:
        return [*extractor.map(TEXTS)]


def moods(evaluation):
    return {path: quality.counts.row[:3] for path, quality in evaluation.scores.fields.items()}


def test_files_give_the_figures_of_the_command(tmp_path, extractions):
    gold, records = tmp_path / "gold.jsonl", tmp_path / "records.jsonl"
    gold.write_text("".join(f"{json.dumps(line)}\n" for line in GOLD))
    records.write_text("".join(f"{json.dumps(one.to_json())}\n" for one in extractions))
    told = CliRunner().invoke(main, ["evaluate", str(gold), str(records), "--by", "lang", "--json"])
    evaluation = evaluate(gold, str(records), by="lang")
    assert evaluation.to_json() == json.loads(told.stdout)
    assert [*evaluation.slices] == ["a", "b"]


def test_what_stands_in_them_is_taken_as_it_is(extractions):
    records = [one.to_json() for one in extractions]
    evaluation = evaluate(GOLD, records, by="length")
    assert moods(evaluation) == {"/mood": (1, 0, 1), "/note": (0, 0, 2)}
    assert [*evaluation.slices] == ["0 to 499"]
    assert "2 documents" in evaluation._repr_html_()


def test_how_fields_are_compared_the_extractor_says_or_the_schema_that_is_named(extractions):
    of_the_extractor = evaluate(GOLD, iter(extractions))
    assert moods(of_the_extractor) == {"/mood": (1, 0, 1)}
    records = [one.to_json() for one in extractions]
    assert evaluate(iter(GOLD), records, Review).scores == of_the_extractor.scores
    assert moods(evaluate(GOLD, extractions, "mood, note")) == {"/mood": (1, 0, 1), "/note": (0, 0, 2)}


def test_without_a_schema_it_is_the_built_in_one_that_the_records_name():
    value = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund the order."}
    with Extractor("feedback", client=SimulatedClaude([value]).client()) as extractor:
        record = extractor.extract(TEXTS[0]).to_json()
    gold = [{"text": TEXTS[0], "value": {**value, "suggested_action": "Give the money back."}}]
    named, unnamed = (evaluate(gold, [one]) for one in (record, {**record, "schema": {"name": "mine", "id": ""}}))
    assert [*named.labels] != [*unnamed.labels] == []


@pytest.mark.parametrize(
    ("gold", "records", "reason"),
    [
        ([*GOLD, {"text": "x"}], [], r"line of gold 3: it is no object that holds a \"value\""),
        (GOLD, [{"source": "a", "value": 1}, {"value": 1}], 'extraction 2: it has no "source"'),
        (GOLD, [Review(mood="bad", note="")], "extraction 1: it is neither a record nor"),
        (GOLD, [{"source": "a", "value": 1}], "of 2 gold documents none has one of the 1 records: they are matched"),
        ([], [], "of 0 gold documents"),
        ("none.jsonl", [], "cannot read 'none.jsonl'"),
        (GOLD, "none.jsonl", "there is no 'none.jsonl'"),
    ],
)
def test_what_cannot_be_evaluated_is_said(gold, records, reason):
    with pytest.raises(InputError, match=reason):
        evaluate(gold, records)
