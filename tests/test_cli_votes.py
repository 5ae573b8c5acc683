"""The command line with votes: what is written, what is refused, what it costs, and what a stopped run goes on with."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.calibrating.field_curves import learn_curves
from slotfill.extractors.testing import SimulatedClaude, erring, served
from slotfill.schemas import resolve

SCHEMA = "team str, urgency int, tags [str]"
CHEAP, STRONG = "claude-haiku-5-5", "claude-opus-5-5"
TEXTS = [f"Complaint {number}. {'The line stopped again, and nobody was there. ' * 60}" for number in range(12)]
GOLD = {
    text: {"team": f"team{number % 3}", "urgency": number % 5, "tags": [f"tag{number % 4}", "tram"]}
    for number, text in enumerate(TEXTS)
}
RATES = {"/team": 0.3, "/urgency": 0.4, "/tags": 0.3}


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """A cheap model that errs, and a strong one that does not; both by known rates."""
    monkeypatch.chdir(tmp_path)
    claude = SimulatedClaude(erring(GOLD, RATES, by_model={STRONG: {}}, shared=0.0))
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        Path("in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
        yield claude


def run(*options):
    command = ["extract", SCHEMA, "in.jsonl", "-m", CHEAP, "--record", "-o", "out.jsonl", "-q", *map(str, options)]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def records():
    return [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]


def share_right():
    pairs = list(zip(records(), GOLD.values(), strict=True))
    return sum(record["value"][field] == value for record, gold in pairs for field, value in gold.items()) / 36


def test_votes_and_a_stronger_model_make_values_better(claude):
    assert run("--votes", 1).exit_code == 0
    alone = share_right()
    assert run("--votes", 3).exit_code == 0
    voted = share_right()
    assert all(record["agreement"] for record in records())
    before = len(claude.requests)
    assert run("--votes", 3, "--escalate", STRONG).exit_code == 0
    escalated = share_right()
    assert alone < voted < escalated
    asked = Counter(entry.body["model"] for entry in claude.requests[before:])
    unsure = [record for record in records() if record["attempts"][-1].get("escalated")]
    assert asked[STRONG] == len(unsure) > 0
    assert 2 * len(TEXTS) <= asked[CHEAP] <= 3 * len(TEXTS)


def test_a_run_that_is_stopped_pays_for_nothing_twice(claude):
    """The budget stops it among the readings of a document; what was answered is not asked again."""
    assert run("--votes", 3, "--escalate", STRONG, "--max-cost", "0.02", "--concurrency", 2).exit_code == 3
    stopped = len(claude.requests)
    assert stopped > 0
    assert run("--votes", 3, "--escalate", STRONG).exit_code == 0
    bodies = Counter(entry.http.body for entry in claude.requests)
    assert max(bodies.values()) == 1
    assert len(claude.requests) > stopped
    assert sum(len(record["attempts"]) for record in records()) == len(claude.requests)
    resumed = records()
    assert run("--votes", 3, "--escalate", STRONG, "--fresh").exit_code == 0
    values = [(record["value"], record["agreement"]) for record in records()]
    assert values == [(record["value"], record["agreement"]) for record in resumed]


def test_a_calibration_gives_probabilities(claude):
    assert run("--votes", 3).exit_code == 0
    schema = resolve(SCHEMA)
    judged = [
        (record, {path: record["value"][path[1:]] == gold[path[1:]] for path in ("/team", "/urgency", "/tags")})
        for record, gold in zip(records(), GOLD.values(), strict=True)
    ]
    Path("learnt.json").write_text(json.dumps(learn_curves(schema, judged).to_json()))
    before = len(claude.requests)
    assert run("--votes", 3, "--calibration", "learnt.json", "--fresh").exit_code == 0
    assert len(claude.requests) == 2 * before
    for record in records():
        assert record["probability"].keys() == record["agreement"].keys()
        assert 0 < record["probability"]["/team"] < 1


def test_a_dry_run_counts_all_readings(claude):
    def estimate(*options):
        return json.loads(run("--dry-run", *options).stdout)

    one, three = estimate(), estimate("--votes", 3)
    escalated = estimate("--votes", 3, "--escalate", STRONG)
    assert (one["requests"], three["requests"], escalated["requests"]) == (12, 36, 48)
    for bound, times in (("at_least", 2), ("at_most", 3)):
        assert float(three["cost_usd"][bound]) == pytest.approx(
            times * float(one["cost_usd"][bound]), rel=0.03
        )  # the document is marked for the cache
    assert escalated["cost_usd"]["at_least"] == three["cost_usd"]["at_least"]
    assert float(escalated["cost_usd"]["at_most"]) > float(three["cost_usd"]["at_most"])
    assert claude.requests == []


def test_what_is_not_sure_is_withheld_and_documents_that_need_it_are_rejected(claude):
    assert run("--votes", 3, "--sure", 0.6, "--rejects", "rejects.jsonl").exit_code == 1
    rejects = [json.loads(line) for line in Path("rejects.jsonl").read_text("utf-8").splitlines()]
    assert {record["error"]["type"] for record in rejects} == {"unsure"}
    assert {record["error"]["path"] for record in rejects} <= {"/team", "/urgency"}
    kept = [record for record in records() if record["value"] is not None]
    assert 0 < len(kept) == len(TEXTS) - len(rejects) < len(TEXTS)
    assert all(share >= 0.6 for record in kept for path, share in record["agreement"].items() if path != "/tags")
    requests = len(claude.requests)
    assert run("--votes", 3, "--sure", 0.3).exit_code == 0  # another run: it is named by what is withheld
    assert len(claude.requests) > requests


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--escalate", STRONG], "--votes 3"),
        (["--sure", "0.5"], "nothing tells which fields are not sure"),
        (["--votes", "0"], "--votes"),
        (["--votes", "3", "--calibration", "nowhere.json"], "nowhere.json"),
        (["--votes", "3", "--calibration", "in.jsonl"], "no calibration"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_call(claude, options, reason):
    result = run(*options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert claude.requests == []
