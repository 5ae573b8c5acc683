"""A tuning session against a scripted service, whose answers depend on the instructions and examples that it sees."""

import hashlib
import json
import shutil
from decimal import Decimal

import pytest
from scripted import message

from slotfill.extractors.errors import InputError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.gold_parts import gold_parts
from slotfill.extractors.tuning.tuning_session import REPORT_SHARE, tune
from slotfill.extractors.tuning.variant_runs import VariantRuns
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.schema_sources import resolve
from slotfill.schemas.sources.tuned import Tuned

MODEL = "claude-haiku-5-5"
SCHEMA: Schema = resolve(
    {
        "title": "ticket",
        "description": "Sort the ticket.",
        "type": "object",
        "additionalProperties": False,
        "required": ["topic"],
        "properties": {"topic": {"enum": ["bill", "parcel"], "description": "What it is about."}},
    }
)
GOLD = [GoldDocument.of({"topic": "bill" if at % 2 else "parcel"}, text=f"ticket number {at:03}") for at in range(80)]
REPORTED = {one.text for one in gold_parts(GOLD, (1 - REPORT_SHARE, REPORT_SHARE))[1]}
OTHER = {"bill": "parcel", "parcel": "bill"}


def text_of(content):
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


def told(request):
    """Give the instructions, the examples and the document of a request."""
    *shots, document = [text_of(turn["content"]) for turn in request["messages"]]
    return text_of(request["system"]), shots, document.split("\n")[1]


def wants_instructions(request):
    return "min_length" in json.dumps(request) or '"instructions"' in json.dumps(request.get("output_config", {}))


def topic_of(text):
    return "bill" if int(text.split()[-1]) % 2 else "parcel"


def answering(is_right, instructions="Sort by the last digit."):
    """Make a script: is_right decides by instructions, examples and document."""

    def reply(request):
        usage = {"input_tokens": 300, "output_tokens": 1000}
        if wants_instructions(request):
            return message(json.dumps({"instructions": instructions}), usage=usage)
        system, shots, text = told(request)
        topic = topic_of(text)
        return message(json.dumps({"topic": topic if is_right(system, shots, text) else OTHER[topic]}), usage=usage)

    return reply


def by_chance(*seen):
    return hashlib.sha256(repr(seen).encode()).digest()[0] < 128


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(server, script, *, max_cost=None, variants=2, gold=GOLD, held=None):
    server.script(script)
    runs = VariantRuns("tuned.json", {"model": MODEL}, max_cost=max_cost)

    def note(*_):
        if held is not None:
            held.append(runs.held)

    return tune(SCHEMA, gold, runs, model=MODEL, variants=variants, on_rung=note)


def test_instructions_that_a_model_rewrote_are_found_and_shown_to_be_better(server, folder):
    found = run(server, answering(lambda system, _, text: "last digit" in system or by_chance(text)))
    assert found.tuned.better
    assert found.tuned.instructions == "Sort by the last digit."
    assert found.comparison.verdict == "better"
    assert found.comparison.tuned.value == 1
    assert found.comparison.untuned.value < 0.8
    assert found.comparison.difference.low > 0
    assert found.comparison.documents == len(REPORTED)
    with Extractor(SCHEMA, tuned=found.tuned, model=MODEL) as extractor:
        assert extractor.extract("ticket number 007").value == {"topic": "bill"}


def test_examples_are_found_that_the_model_learns_by(server, folder):
    found = run(server, answering(lambda _, shots, text: len(shots) >= 8 or by_chance(text)))
    assert found.tuned.better
    assert len(found.tuned.examples) >= 4
    assert Tuned.from_json(found.tuned.to_json()) == found.tuned


def test_where_all_are_alike_it_says_so_and_keeps_the_schema(server, folder):
    found = run(server, answering(lambda *seen: by_chance(seen[2])))
    assert not found.tuned.better
    assert found.comparison.verdict == "nothing better found"
    assert (found.tuned.instructions, found.tuned.examples) == (SCHEMA.instructions, SCHEMA.examples)
    assert found.tuned.apply(SCHEMA) is SCHEMA


def seemingly_better(system, _, text):
    """Be better with other instructions, but for the documents that are reported on: there it is as chance has it."""
    return by_chance(system, text) if text in REPORTED else "last digit" in system or by_chance(text)


def test_what_was_better_by_chance_alone_is_no_difference_shown(server, folder):
    found = run(server, answering(seemingly_better))
    assert found.choice.is_other
    assert found.comparison.verdict == "no difference shown"
    assert found.comparison.difference.low < 0 < found.comparison.difference.high
    assert not found.tuned.better
    assert found.tuned.instructions == SCHEMA.instructions
    the_account_names_every_candidate_and_the_curve_of_cost(found)


def the_account_names_every_candidate_and_the_curve_of_cost(found):
    report = found.tuned.report
    assert {one["name"] for one in report["candidates"]} == {row.variant.name for row in found.choice.rows}
    assert sum(one["chosen"] for one in report["candidates"]) == 1
    costs = [Decimal(point["cost_usd"]) for point in report["curve"]]
    assert costs == sorted(costs)
    assert 0 < costs[-1] < Decimal(report["cost_usd"]) == found.spent
    assert report["gold"] == {"chosen_by": 48, "reported_on": 32, "without_text": 0}
    interval = report["never_looked_at"]["difference"]
    assert interval["low"] <= interval["value"] <= interval["high"]


def test_nothing_of_what_is_reported_on_is_seen_before(server, folder):
    found = run(server, answering(seemingly_better))
    documents = [told(request)[2] if not wants_instructions(request) else "" for request in server.requests]
    first = next(at for at, text in enumerate(documents) if text in REPORTED)
    assert set(documents[first:]) == REPORTED
    for request in server.requests:
        whole = json.dumps([request["system"], request["messages"]])
        own = told(request)[2]
        assert not [text for text in REPORTED if text in whole and text != own]
    for request in server.requests[:first]:
        assert not [text for text in REPORTED if text in json.dumps(request)]
    asked = len(server.requests)
    again = run(server, answering(seemingly_better))  # the same again asks nothing
    assert len(server.requests) == asked
    assert again.tuned == found.tuned


def test_the_budget_holds_and_what_is_left_is_gone_on_with(server, folder):
    script = answering(lambda system, _, text: "last digit" in system or by_chance(text))
    held = []
    whole = run(server, script, held=held).spent
    assert min(held) > 2 * len(REPORTED) * whole / len(server.requests)  # what the report takes is held back
    shutil.rmtree(folder / ".slotfill")
    server.requests.clear()
    budget = whole * Decimal("0.8")
    halfway = run(server, script, max_cost=budget)
    assert halfway.spent <= budget
    assert halfway.stopped is not None
    assert halfway.comparison is not None
    asked = [json.dumps(request, sort_keys=True) for request in server.requests]
    run(server, script)
    both = [json.dumps(request, sort_keys=True) for request in server.requests]
    assert len(both) > len(asked)
    assert len(set(both)) == len(both)


def test_a_budget_for_nothing_reports_nothing_and_changes_nothing(server, folder):
    found = run(server, answering(by_chance), max_cost=Decimal("0.000001"))
    assert (found.comparison, found.tuned.better, server.requests) == (None, False, [])
    assert found.stopped


@pytest.mark.parametrize("gold", [GOLD[:19], [GoldDocument.of(one.value, source=one.id) for one in GOLD]])
def test_too_little_gold_is_said_before_any_request(server, folder, gold):
    with pytest.raises(InputError, match="tuning takes 20 at least"):
        run(server, answering(by_chance), gold=gold)
    assert server.requests == []
