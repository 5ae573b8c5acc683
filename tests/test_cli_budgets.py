"""Budgets on the command line: over all runs of a user, and looked at by `slotfill costs --check`."""

import json
import re
import shlex
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}
TEAM = ("--label", "team=support")


@pytest.fixture
def claude(tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path / "state"))
    claude = SimulatedClaude(lambda _: FEEDBACK, batch_seconds=getattr(request, "param", 0))
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        # Long ones, so that what they cost is not a hundredth of what they could.
        texts = [json.dumps({"text": f"{number} days late. " * 200}) for number in range(40)]
        Path("rows.jsonl").write_text("\n".join(texts) + "\n")
        yield claude


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def extract(*arguments, output="out.jsonl"):
    return run("extract", "feedback", "rows.jsonl", "-o", output, *arguments)


def budgets(*limits):
    named = [word for limit in limits for word in ("--budget", limit)]
    (status, *_) = json.loads(run("costs", *named, "--json").stdout)["budgets"]
    return {name: Decimal(status[name]) for name in status if name.endswith("_usd")}


def spent(limit="team=support:9/month"):
    return budgets(limit)["spent_usd"]


def test_a_run_is_stopped_by_a_budget_and_goes_on_with_more(claude):
    assert extract(*TEAM, "--limit", 10).exit_code == 0
    before = claude.cost_usd
    limit = before + Decimal("0.005")
    stopped = extract(*TEAM, "--budget", f"team=support:{limit}/month", "--concurrency", 1, output="other.jsonl")
    assert stopped.exit_code == 3
    assert re.search(r"of the budget team=support:\S+/month is spent, and the next request could cost", stopped.stderr)
    assert before < claude.cost_usd <= limit
    assert spent() == claude.cost_usd, "what a run without a budget has cost counts too"
    (command,) = re.findall(r"^.*(slotfill extract .*)$", stopped.stderr, re.MULTILINE)
    assert f"team=support:{limit}/month" in command
    more = [word.replace(f"{limit}/", "9/") for word in shlex.split(command)[1:]]
    assert run(*more).exit_code == 0
    assert len(Path("other.jsonl").read_text().splitlines()) == 40
    assert len(claude.requests) == 10 + 40, "nothing was asked twice"
    assert spent() == claude.cost_usd


def test_many_at_once_do_not_pass_it(claude):
    limit = Decimal("0.005")
    stopped = extract(*TEAM, "--budget", f"*:{limit}/hour", "--concurrency", 40)
    assert stopped.exit_code == 3
    assert Decimal(0) < claude.cost_usd <= limit
    assert spent() == claude.cost_usd
    assert budgets("*:9/day")["reserved_usd"] == 0


@pytest.mark.slow
def test_workers_share_it(claude):
    limit = Decimal("0.005")
    stopped = extract(*TEAM, "--budget", f"*:{limit}/hour", "--engine", "processes", "--workers", 2)
    assert stopped.exit_code == 3
    assert Decimal(0) < claude.cost_usd <= limit
    assert spent() == claude.cost_usd


@pytest.mark.slow
def test_several_runs_at_once_share_it(claude):
    limit = Decimal("0.005")
    command = [sys.executable, "-m", "slotfill", "extract", "feedback", "rows.jsonl", *TEAM]
    command += ["--budget", f"team=support:{limit}/day", "--concurrency", "10"]
    runs = [subprocess.Popen([*command, "-o", f"out{number}.jsonl"], stderr=subprocess.PIPE) for number in range(4)]
    assert {one.wait(200) for one in runs} == {3}
    for one in runs:
        one.communicate()
    assert 0 < claude.cost_usd <= limit
    assert spent() == claude.cost_usd


@pytest.mark.parametrize("claude", [3_600], indirect=True)
def test_batches_hold_what_they_may_cost_until_they_are_read(claude):
    first = extract(*TEAM, "--budget", "team=support:9/day", "--batch", "--no-wait", "--batch-tail", 0)
    assert first.exit_code == 3
    left = budgets("team=support:9/day")
    assert left["lost_usd"] > 0, "nobody is there who holds it, and the service works on"
    claude.end_batches()
    assert extract(*TEAM, "--budget", "team=support:9/day", "--batch", "--batch-tail", 0).exit_code == 0
    after = budgets("team=support:9/day")
    assert after["lost_usd"] == after["reserved_usd"] == 0
    assert after["spent_usd"] == claude.cost_usd


def test_a_batch_that_no_budget_has_room_for_is_not_sent(claude):
    limit = Decimal("0.0025")
    stopped = extract(*TEAM, "--budget", f"*:{limit}/day", "--batch", "--batch-tail", 0, "--max-tokens", 200)
    assert stopped.exit_code == 3
    assert 0 < claude.cost_usd <= limit
    assert budgets("team=support:9/day")["reserved_usd"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--budget", "team=support:5/day"),
            r"does not apply to this run: give it the label, --label team=support",
        ),
        (("--budget", "5/day"), r"'5/day' is no budget: write LABEL=VALUE:USD/PERIOD"),
        (("--budget", "*:5/day", "--cassette", "tape.jsonl"), "replays cost nothing"),
        (("--budget", "*:5/day", "-m", "claude-unheard-of-9"), "--budget cannot be kept to: no price is known"),
        (("--budget", "*:5/day", "--budget-webhook", "hook"), "--budget-webhook is no address of HTTP"),
    ],
)
def test_what_cannot_be_kept_to_is_refused_before_any_call(claude, arguments, message):
    result = extract(*arguments)
    assert result.exit_code == 2
    assert re.search(message, result.stderr)
    assert claude.requests == []


def test_one_among_others_that_does_not_apply_is_a_warning(claude):
    result = extract("--limit", 1, "--budget", "*:5/day", "--budget", "team=support:5/day")
    assert result.exit_code == 0
    assert "the budget team=support:5/day does not apply to this run" in result.stderr


def test_a_mark_is_told_once(claude):
    assert extract(*TEAM).exit_code == 0
    limit = f"team=support:{claude.cost_usd * Decimal('1.9')}/month"
    told = [extract(*TEAM, "--limit", 1, "--budget", limit, output=name).stderr for name in ("a.jsonl", "b.jsonl")]
    assert [text.count(": 50 %, $") for text in told] == [1, 0]


class TestCheck:
    def test_below_it_ends_with_0_and_reached_with_3(self, claude):
        extract(*TEAM, "--limit", 10)
        cost = claude.cost_usd
        below, reached = (f"team=support:{amount}/month" for amount in (cost * 2, cost))
        result = run("costs", "--check", "--budget", below)
        assert result.exit_code == 0
        assert re.search(
            r"^team=support:\S+ +\$0\.0\d+ +\$0\.0000 +\$0\.0\d+ +20\S+ 00:00 +50 %$", result.stdout, re.MULTILINE
        )
        assert run("costs", "--check", "--budget", below, "--budget", reached).exit_code == 3
        assert run("costs", "--budget", reached).exit_code == 0, "it was not asked to check"

    def test_one_that_has_refused_a_request_is_reached(self, claude):
        limit = "team=support:0.005/month"
        assert extract(*TEAM, "--budget", limit, "--concurrency", 1).exit_code == 3
        assert budgets(limit)["left_usd"] > 0
        assert run("costs", "--check", "--budget", limit).exit_code == 3
        assert "reached" in run("costs", "--budget", limit).stdout

    def test_those_of_a_file_of_keys(self, claude):
        run("keys", "add", "a", "--usd-a-day", 5, "--usd-a-month", "7")
        run("keys", "add", "gone", "--usd-a-day", 5)
        run("keys", "revoke", "gone")
        Path("keys.toml").write_text(Path("keys.toml").read_text() + '\n[budgets]\n"*" = "9/day"\n')
        told = json.loads(run("costs", "--check", "--keys", "keys.toml", "--json").stdout)["budgets"]
        assert [one["budget"] for one in told] == ["*:9/day", "key=a:5/day", "key=a:7/month"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--check",), "needs a budget"),
            (("--check", "--budget", "*:1/day", "out.jsonl"), "leave PATH and --watch out"),
        ],
    )
    def test_what_says_nothing_is_wrong_usage(self, claude, arguments, message):
        result = run("costs", *arguments)
        assert result.exit_code == 2
        assert message in result.stderr

    def test_without_a_ledger_nothing_is_spent(self, claude):
        assert run("costs", "--check", "--budget", "*:1/day").exit_code == 0


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_never_passes_a_budget(claude):
    """And pays for no document twice, but for what was in flight."""
    limit = Decimal("0.05")
    command = [sys.executable, "-m", "slotfill", "extract", "feedback", "rows.jsonl", "-o", "out.jsonl", *TEAM]
    command += ["--budget", f"team=support:{limit}/day", "--concurrency", "4"]
    for number in range(1, 4):
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        while process.poll() is None and len(claude.requests) < 8 * number:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        left = budgets(f"team=support:{limit}/day")
        assert claude.cost_usd <= left["spent_usd"] + left["reserved_usd"] <= limit
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert len(Path("out.jsonl").read_text().splitlines()) == 40
    assert 40 <= len(claude.requests) <= 40 + 3 * 4
    assert claude.cost_usd <= spent() <= limit
    assert run("costs", "--release-lost").exit_code == 0
    after = budgets(f"team=support:{limit}/day")
    assert after["lost_usd"] == after["reserved_usd"] == 0
