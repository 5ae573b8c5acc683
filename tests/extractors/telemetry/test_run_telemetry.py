"""A run as it is told: its span, what is seen while it lasts, and the money, which is that of its ledger."""

import gc
import io
import json
from decimal import Decimal

import pytest
from batching import Texts
from handing_out import InnerWorkers
from heard import SDK, hearing
from killing import SCHEMA, reply
from opentelemetry.trace import StatusCode

from slotfill import Extractor
from slotfill.extractors.batches.waves import BatchOptions
from slotfill.extractors.runs.ledger.costs import costs_of
from slotfill.extractors.runs.ledger.identity import ledgers_of
from slotfill.extractors.runs.session import Start, run_once
from slotfill.extractors.settings import Settings
from slotfill.extractors.telemetry.conventions import TOKEN_KINDS
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

CALL = f"slotfill.run/slotfill.extract/slotfill.attempt/{SDK}"


def rows(count):
    return [f"Row {number} says: it came late." for number in range(count)]


FAULTS = ["500:0.1", "reset:0.1", "prose:0.2", "truncated:0.1", "unquoted_keys:0.1", "wrong_type:0.1"]


@pytest.fixture
def heard():
    with hearing() as heard:
        yield heard


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-any")
    return tmp_path / "out.jsonl"


def run(output, texts, *, engine=None, start=None, **options):
    begun = Start(("in",), str(output), records=True, **(start or {}))
    with Extractor(SCHEMA, **options) as extractor:
        workers = InnerWorkers(extractor, workers=2, concurrency=4) if engine else None
        return run_once(extractor, Texts(texts), begun, io.BytesIO(), engine=workers)


def told(heard):
    """Total what the metrics say was spent."""
    tokens = dict.fromkeys(TOKEN_KINDS, 0)
    fields = {kind: field for field, kind in TOKEN_KINDS.items()}
    for (kind, *_), count in heard.values("slotfill.tokens").items():
        tokens[fields[kind]] += count
    return tokens, sum(heard.values("slotfill.cost.usd").values())


def booked(output):
    """Total what `slotfill costs` says."""
    costs = costs_of(ledgers_of(str(output), Settings.read()), "model")
    assert costs.skipped == ()
    total = costs.total
    return {field: getattr(total.usage, field) for field in TOKEN_KINDS}, total


def agree(heard, output):
    tokens, usd = told(heard)
    in_ledger, total = booked(output)
    assert tokens == in_ledger
    assert usd == pytest.approx(float(total.usd), rel=1e-9)
    return total


def test_sums_are_those_of_the_ledger(heard, output, monkeypatch):
    """Tries that the SDK repeats, replies that are lost, cut or broken, patches and re-asks among them."""
    with served(SimulatedClaude(reply, faults=FAULTS, seed=3)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        end = run(output, rows(60))
    total = agree(heard, output)
    assert end.totals.documents == 60
    assert total.lost > 0
    assert total.usage.output_tokens > 0


def test_a_run_that_is_gone_on_with_tells_what_it_spends_itself(heard, output, monkeypatch):
    with served(SimulatedClaude(reply)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        run(output, rows(10), start={"limit": 4})
        asked = dict(heard.values("slotfill.attempts"))
        run(output, rows(10))
    agree(heard, output)
    assert sum(heard.values("slotfill.extractions").values()) == 10
    assert sum(asked.values()) < sum(heard.values("slotfill.attempts").values())


def test_a_run_in_batches(heard, output, monkeypatch):
    with served(SimulatedClaude(reply_of_rows, faults=["batch_errored:0.2"])) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        run(output, rows(12), start={"batch": BatchOptions(tail=0)})
    agree(heard, output)
    paths = heard.paths()
    assert paths["slotfill.run/slotfill.extract"] == 12
    batched = [span for span in heard.named("slotfill.attempt") if span.attributes.get("slotfill.batch")]
    assert len(batched) >= 11  # the first ask of a model goes live
    assert paths["slotfill.run/slotfill.extract/slotfill.attempt"] == len(batched)
    assert {path.split("/")[0] for path in paths} == {"slotfill.run"}  # the SDK's spans about batches too
    assert sum(heard.values("slotfill.attempts").values()) == len(heard.named("slotfill.attempt"))


def reply_of_rows(request):
    return json.dumps({"note": request.document[:5], "urgency": 3})


def test_a_run_has_one_trace(heard, output, monkeypatch):
    with served(SimulatedClaude(reply)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        end = run(output, rows(8))
    (span,) = heard.named("slotfill.run")
    assert span.attributes["slotfill.documents"] == 8
    assert span.attributes["slotfill.extracted"] == end.totals.extracted
    assert span.attributes["slotfill.cost_usd"] > 0
    assert {one.context.trace_id for one in heard.spans} == {span.context.trace_id}
    assert heard.paths()[CALL] == len(heard.named(SDK)) >= 8


def test_what_stops_a_run_is_told_by_its_kind(heard, output, monkeypatch):
    with served(SimulatedClaude(faults=["401:1"])) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        run(output, rows(8))
    (span,) = heard.named("slotfill.run")
    assert span.attributes["error.type"] == "ModelError"
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None


def test_what_is_so_while_a_run_lasts(heard, output, monkeypatch):
    seen = []
    gc.collect()  # pacers of extractors that are no more

    def look(request):
        names = ("in.flight", "budget.limit.usd", "budget.left.usd", "breaker", "limit", "limit.used")
        seen.append({name: heard.values(f"slotfill.{name}") for name in names})
        return reply(request)

    with served(SimulatedClaude(look)) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        run(output, rows(8), start={"max_cost": Decimal(2), "concurrency": 2}, rpm=6_000)
    schema = heard.named("slotfill.run")[0].attributes["slotfill.schema"]
    assert {look["in.flight"][()] for look in seen} <= {1, 2}
    assert {look["budget.limit.usd"][schema,] for look in seen} == {2.0}
    assert all(0 < look["budget.left.usd"][schema,] < 2 for look in seen)
    assert seen[0]["breaker"] == {("closed",): 1, ("open",): 0, ("ended",): 0}
    assert seen[0]["limit"]["requests",] == 6_000
    used = [look["limit.used"]["requests",] for look in seen]
    assert used == sorted(used)
    assert used[-1] >= 6
    assert heard.values("slotfill.breaker") == {("closed",): 0, ("open",): 0, ("ended",): 0}
    assert heard.values("slotfill.budget.left.usd") == {}
