"""What slotfill assumes of the service: held by the simulated one, and each told when it is broken."""

import json
from datetime import UTC, datetime

import pytest
from pydantic_core import to_json
from terse import service

from slotfill.extractors.catalogue.prices import cost
from slotfill.extractors.live.assumption import conclude_all, probes_of
from slotfill.extractors.live.assumptions import assumptions_for
from slotfill.extractors.live.observing import observe
from slotfill.extractors.live.probes import worst_of
from slotfill.extractors.live.report import Report
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.broken_claude import BREAKAGES, BrokenClaude
from slotfill.extractors.testing.rules.model_rules import MODELS
from slotfill.extractors.testing.simulator.fault_triggers import FaultError

OFFERED = [model.id for model in MODELS if model.lifecycle == "active" and cost(model.id, Usage()) is not None]
HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"


def tried(claude, model=HAIKU, **options):
    """Try everything on a service; give the states by name, the facts by name, and what was observed."""
    assumptions = assumptions_for(model, Settings(), "now")
    client = claude.client(max_retries=0, **options)
    seen = {one.probe.name: one for one in observe(client, probes_of(assumptions), [client.api_key])}
    found = {assumption.name: conclusion for assumption, conclusion in conclude_all(assumptions, seen)}
    return {name: one.state for name, one in found.items()}, {name: one.fact for name, one in found.items()}, seen


class TestTheService:
    @pytest.mark.parametrize("model", OFFERED)
    def test_holds_all_of_them(self, model):
        states, facts, _ = tried(service(), model)
        assert {name: facts[name] for name, state in states.items() if state != "held"} == {}

    @pytest.mark.sweep
    @pytest.mark.parametrize("model", [HAIKU, OPUS])
    @pytest.mark.parametrize("name", BREAKAGES)
    def test_is_told_what_it_breaks_and_nothing_else(self, name, model):
        states, facts, _ = tried(service(name), model)
        assert [broken for broken, state in states.items() if state == "broken"] == [name], facts

    def test_can_break_each_and_no_other(self):
        assert set(BREAKAGES) == {one.name for one in assumptions_for(HAIKU, Settings(), "")}
        with pytest.raises(FaultError, match="did you mean forced_tool"):
            BrokenClaude(["forced_tools"])

    def test_refuses_a_forced_tool_in_the_failure_that_means_another_mode(self):
        _, facts, seen = tried(service(), OPUS)
        assert seen["forced_tool"].failure.type == FailureKind.MODE_REFUSED
        assert facts["forced_tool"].startswith("mode_refused: tool_choice")


class TestTheRequests:
    def test_are_few_and_no_two_alike_in_name(self):
        assumptions = assumptions_for(HAIKU, Settings(), "")
        probes = probes_of(assumptions)
        names = [probe.name for probe in probes]
        assert len(names) == len(set(names)) < 30
        alike = {probe.name: probe for one in assumptions for probe in one.probes}
        assert all(alike[probe.name] == probe for one in assumptions for probe in one.probes)

    def test_cost_a_few_cents_at_most(self):
        claude = service()
        assumptions = assumptions_for(HAIKU, Settings(), "")
        bound = worst_of(probes_of(assumptions), HAIKU, "5m")
        assert 0 < bound < 0.05
        _, facts, _ = tried(claude)
        assert facts["cost"].startswith(f"{sum(seen.status == 200 for seen in claude.requests if seen.number)} replies")

    def test_are_no_larger_than_is_reckoned_with(self):
        claude = service()
        tried(claude)
        reckoned = [
            len(to_json(one.arguments))
            for one in probes_of(assumptions_for(HAIKU, Settings(), "now"))
            if one.call == "create"
        ]
        sent = [len(seen.http.body) for seen in claude.requests if seen.number]
        assert len(sent) == len(reckoned)
        assert all(size <= most for size, most in zip(sent, reckoned, strict=True))

    def test_of_a_model_without_a_price_cost_nobody_knows_what(self):
        assert worst_of(probes_of(assumptions_for("claude-next-9", Settings(), "")), "claude-next-9", "5m") is None

    def test_are_sent_once_each(self):
        claude = service(faults=["529"])
        states, facts, seen = tried(claude)
        assert len(claude.requests) == len(seen)
        assert states["structured"] == "not decided"
        assert facts["structured"] == "overloaded: Overloaded (HTTP 529)"

    def test_go_on_after_one_that_was_late_and_end_with_the_second(self):
        states, facts, seen = tried(service(faults=["timeout@2,4"]))
        assert [*seen] == ["models", "unknown_model", "thinking_off", "structured", "pattern"]
        assert facts["thinking_off"].startswith("timeout: ")
        assert (states["structured"], facts["array_root"]) == ("held", "it was not asked")
        assert set(states.values()) == {"held", "not decided"}

    def test_end_where_none_of_the_rest_would_fare_better(self):
        *_, seen = tried(service(faults=["refused@3"]))
        assert [*seen] == ["models", "unknown_model", "thinking_off", "structured"]
        assert seen["structured"].failure.type == "connection"

    @pytest.mark.parametrize("settings", [{"thinking": "auto"}, {"effort": "max"}, {"max_tokens": 50}])
    def test_are_the_same_whatever_is_set(self, settings):
        probes = [probes_of(assumptions_for(HAIKU, one, "")) for one in (Settings(), Settings(**settings))]
        assert probes[0] == probes[1]


class TestWhatIsConcluded:
    def test_of_what_rests_on_a_broken_one_is_nothing(self):
        states, facts, _ = tried(service("structured"))
        assert {name for name, state in states.items() if state == "not decided"} >= {"pattern", "stream_order"}
        assert facts["pattern"].startswith("it rests on structured; ")

    def test_of_a_reply_that_is_cut_off_is_nothing(self):
        states, *_ = tried(service(faults=["truncated"]))
        assert (states["structured"], states["forced_tool"]) == ("not decided", "not decided")


class TestTheReport:
    def report(self, claude, **options):
        *_, seen = tried(claude, **options)
        at = datetime(2026, 11, 29, 4, tzinfo=UTC)
        return Report(HAIKU, "https://api.anthropic.com/", at, assumptions_for(HAIKU, Settings(), "now"), seen)

    def test_says_what_was_asked_of_whom_and_when(self):
        text = "\n".join(self.report(service("warming")).lines())
        assert "slotfill 0." in text
        assert "claude-haiku-5-5 at https://api.anthropic.com/, 2026-11-29 04:00 UTC, " in text
        assert "- **broken** warming: " in text
        assert "  requests: req_" in text
        assert " held, 1 broken, 0 not decided\nPlease send this report" in text
        assert "Please" not in "\n".join(self.report(service()).lines())

    def test_is_json_as_well(self):
        told = json.loads(json.dumps(self.report(service("warming")).to_json()))
        [broken] = [one for one in told["assumptions"] if one["state"] == "broken"]
        assert (broken["name"], len(broken["request_ids"])) == ("warming", 1)
        assert told["model"] == HAIKU

    @pytest.mark.parametrize("fault", ["html", "invalid_utf8", "empty_content", "refusal", "truncated", "sse_spliced"])
    def test_is_written_of_whatever_is_answered(self, fault):
        report = self.report(service(faults=[fault]))
        assert len([*report.lines()]) > len(report.assumptions)
