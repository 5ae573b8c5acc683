"""Runs on the command line: what is known is not asked again, what stops a run stops it cleanly, and it goes on."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}
TEXTS = [f"It came {number} days late." for number in range(10)]
ROWS = ("extract", "feedback", "rows.jsonl", "-o", "out.jsonl")


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claude = SimulatedClaude(lambda request: FEEDBACK)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        write(*TEXTS)
        yield claude


def write(*texts):
    Path("rows.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def lines(name="out.jsonl"):
    return [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]


def ledger():
    (path,) = Path(".slotfill").glob("*.db")
    return path


class TestResuming:
    def test_what_is_known_is_not_asked_again(self, claude):
        assert run(*ROWS, "--limit", 4).exit_code == 0
        result = run(*ROWS)
        assert result.exit_code == 0
        assert "resuming: 4 documents are done" in result.stderr
        assert "10 extracted, 4 of them before" in result.stderr
        assert len(claude.requests) == 10
        assert [line["source"] for line in lines()] == [f"rows.jsonl#{number}" for number in range(1, 11)]

    def test_the_output_holds_this_inputs_documents_alone(self, claude):
        run(*ROWS)
        write(*reversed(TEXTS[:3]))
        assert run(*ROWS).exit_code == 0
        assert len(lines()) == 3
        assert len(claude.requests) == 10

    def test_texts_that_are_the_same_are_asked_once(self, claude):
        write("Late.", "Late.", "Broken.", "Late.")
        result = run(*ROWS, "--record")
        assert len(claude.requests) == 2
        assert [line["document"]["source"] for line in lines()] == [f"rows.jsonl#{number}" for number in range(1, 5)]
        assert "4 extracted" in result.stderr

    def test_fresh_asks_again(self, claude):
        run(*ROWS)
        assert run(*ROWS, "--fresh").exit_code == 0
        assert len(claude.requests) == 20

    def test_another_schema_model_or_setting_is_another_run(self, claude):
        run(*ROWS)
        for changed in (["--instructions", "Otherwise."], ["-m", "claude-sonnet-5-5"], ["--max-tokens", 99]):
            run(*ROWS, *changed)
        assert len(claude.requests) == 40

    def test_limits_budget_and_verbosity_are_no_part_of_it(self, claude):
        run(*ROWS)
        assert run(*ROWS, "--rpm", 9, "--max-cost", 1, "--concurrency", 2, "-q", "--retries", 0).exit_code == 0
        assert len(claude.requests) == 10

    def test_to_standard_output_too(self, claude):
        first, second = run("extract", "feedback", "rows.jsonl"), run("extract", "feedback", "rows.jsonl")
        assert first.stdout == second.stdout
        assert len(claude.requests) == 10

    def test_so_is_what_is_piped_by_what_it_says(self, claude):
        for text in ("One.", "Two.", "One."):
            CliRunner().invoke(main, ["extract", "feedback"], input=text, catch_exceptions=False)
        assert len(claude.requests) == 2

    def test_a_folder_of_inputs_does_not_take_the_ledger_for_one(self, claude):
        for _ in range(2):
            result = run("extract", "feedback", ".", "-o", "out.jsonl")
        assert "10 documents: 10 extracted, 10 of them before" in result.stderr

    def test_what_failed_is_asked_again_on_request(self, claude):
        claude.script(["nothing of the kind"] * 30)
        assert run(*ROWS, "--retries", 0, "--rejects", "rejects.jsonl").exit_code == 1
        assert (len(lines()), len(lines("rejects.jsonl"))) == (0, 10)
        claude.script(lambda _: FEEDBACK)
        assert run(*ROWS).exit_code == 1
        asked = len(claude.requests)
        assert run(*ROWS, "--retry-failed").exit_code == 0
        assert len(claude.requests) == asked + 10
        assert len(lines()) == 10

    def test_what_failed_on_the_way_is_asked_again_by_itself(self, claude):
        claude.script(lambda _: FEEDBACK, faults=["html@1-3"])
        run(*ROWS, "--limit", 1, "--retries", 0, "--concurrency", 1)
        result = run(*ROWS)
        assert result.exit_code == 0
        assert len(lines()) == 10


class TestStopping:
    @pytest.mark.parametrize(("fault", "told"), [("401", "set another key"), ("403", "use a key that may")])
    def test_a_refused_key_stops_at_once_and_says_what_to_do(self, claude, fault, told):
        claude.script(lambda _: FEEDBACK, faults=[fault])
        result = run(*ROWS, "--concurrency", 2)
        assert result.exit_code == 4
        assert told in result.stderr
        assert len(claude.requests) <= 2
        assert result.stderr.count("stopped: ") == 1

    def test_what_was_done_before_is_kept_and_gone_on_with(self, claude):
        claude.script(lambda _: FEEDBACK, faults=["401@5"])
        result = run(*ROWS, "--concurrency", 1, "--fresh")
        assert result.exit_code == 4
        assert "4 documents are done" in result.stderr
        assert len(lines()) == 4
        command = result.stderr.rpartition("go on with: slotfill ")[2].strip()
        assert command == "extract feedback rows.jsonl -o out.jsonl --concurrency 1"
        claude.script(lambda _: FEEDBACK)
        before = len(claude.requests)
        assert run(*shlex.split(command)).exit_code == 0
        assert len(claude.requests) == before + 6
        assert len(lines()) == 10

    @pytest.mark.slow
    def test_the_budget_is_kept_to_and_the_run_goes_on_with_more(self, claude):
        write(*(f"{text} {number}" for text in TEXTS for number in range(40)))
        result = run(*ROWS, "--max-cost", "0.008", "--max-tokens", 2000, "--log-format", "json")
        told = json.loads(result.stderr.splitlines()[-1])
        assert result.exit_code == 3
        assert "--max-cost" in told["message"]
        assert 0 < float(told["spent_usd"]) <= 0.008
        assert told["documents"] == len(lines()) < 400
        asked = len(claude.requests)
        result = run(*ROWS, "--max-cost", "5", "--max-tokens", 2000)
        assert result.exit_code == 0
        assert len(lines()) == 400
        assert len(claude.requests) == asked + 400 - told["documents"]

    def test_a_price_that_is_not_known_is_told_before_any_call(self, claude):
        result = run(*ROWS, "-m", "claude-unheard-of", "--max-cost", 1)
        assert result.exit_code == 2
        assert "no price is known" in result.stderr
        assert not claude.requests

    def test_the_warning_comes_once(self, claude):
        result = run(*ROWS, "--warn-cost", "0.00001", "--concurrency", 1)
        assert result.exit_code == 0
        assert result.stderr.count("warning: ") == 1

    def test_a_run_that_another_process_is_at_work_on_is_refused(self, claude):
        run(*ROWS, "--limit", 1)
        with Ledger(ledger()):
            result = run(*ROWS)
        assert result.exit_code == 2
        assert "another process is at work on this run" in result.stderr
        assert len(claude.requests) == 1

    def test_a_damaged_ledger_is_told_and_left(self, claude):
        run(*ROWS)
        ledger().write_bytes(b"no database" * 1000)
        result = run(*ROWS)
        assert result.exit_code == 2
        assert "is damaged" in result.stderr
        assert ledger().read_bytes() == b"no database" * 1000
        assert len(claude.requests) == 10

    def test_an_output_that_cannot_take_its_place_loses_nothing(self, claude, tmp_path):
        claude.script(lambda _: (Path("out").rename("gone"), FEEDBACK)[1] if Path("out").exists() else FEEDBACK)
        result = run("extract", "feedback", "rows.jsonl", "-o", "out/values.jsonl", "--concurrency", 1)
        assert result.exit_code == 1
        assert "out/values.jsonl" in result.stderr
        asked = len(claude.requests)
        assert run("extract", "feedback", "rows.jsonl", "-o", "out/values.jsonl").exit_code == 0
        assert len(claude.requests) == asked
        assert len(lines("out/values.jsonl")) == 10


class TestKeeping:
    def test_a_state_folder_of_ones_own(self, claude, monkeypatch, tmp_path):
        monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path / "state"))
        run(*ROWS)
        assert not Path(".slotfill").exists()
        run(*ROWS)
        assert len(claude.requests) == 10

    def test_without_a_state_folder_it_works_and_says_so(self, claude, monkeypatch):
        Path("file").touch()
        monkeypatch.setattr("platformdirs.user_state_path", lambda _: Path("file/state").absolute())
        result = run("extract", "feedback", "rows.jsonl")
        assert result.exit_code == 0
        assert "SLOTFILL_STATE" in result.stderr
        assert len(result.stdout.splitlines()) == 10

    def test_none_leaves_no_text_and_no_value(self, claude):
        assert run(*ROWS, "--retention", "none").exit_code == 0
        left = b"".join(file.read_bytes() for file in Path(".slotfill").iterdir())
        assert b"Refund." not in left
        assert b"days late" not in left
        assert len(lines()) == 10

    def test_costs_are_told_by_label(self, claude):
        run(*ROWS, "--label", "team=a", "--limit", 4)
        run(*ROWS, "--label", "team=b")
        told = json.loads(run("costs", "--by", "label", "--json").stdout)
        assert {row["label"]: row["tries"] for row in told["costs"]} == {"team=a": 4, "team=b": 6}
        assert "team=a" in run("costs", "out.jsonl", "--by", "label").stdout

    def test_costs_of_what_is_not_there(self, claude):
        result = run("costs", "none.jsonl")
        assert result.exit_code == 2
        assert "no ledger is kept of 'none.jsonl'" in result.stderr

    def test_a_streamed_run_is_kept_too(self, claude):
        run(*ROWS, "--stream")
        run(*ROWS, "--stream")
        assert len(claude.requests) == 10
        assert json.loads(run("costs", "--json").stdout)["total"]["lost"] == 0


class TestUnreadForms:
    PAGE = "<!DOCTYPE html>\n<html><body><p>It came <b>late</b>.</p></body></html>"

    def test_a_page_that_is_named_as_a_text_is_warned_about_once_and_by_its_name(self, claude):
        Path("notes.txt").write_text(self.PAGE)
        Path("fine.md").write_text("It came *late*.")
        result = run("extract", "feedback", "notes.txt", "fine.md", "-o", "out.jsonl")
        assert result.exit_code == 0
        (warning,) = [line for line in result.stderr.splitlines() if "--raw" in line]
        assert "'notes.txt' is the source of an HTML page: name it .html to have it read (--raw, if" in warning
        assert "came" not in result.stderr

    def test_standard_input_is_warned_about_too(self, claude):
        result = CliRunner().invoke(main, ["extract", "feedback", "-"], input=self.PAGE, catch_exceptions=False)
        assert "standard input is the source of an HTML page" in result.stderr

    @pytest.mark.parametrize("option", ["--raw", "-q"])
    def test_who_wants_it_raw_or_quiet_is_not_warned(self, claude, option):
        Path("notes.txt").write_text(self.PAGE)
        assert "HTML" not in run("extract", "feedback", "notes.txt", "-o", "out.json", option).stderr

    def test_what_has_a_reader_and_what_is_a_row_is_not_warned_about(self, claude):
        Path("notes.html").write_text(self.PAGE)
        write(self.PAGE)
        assert "HTML" not in run("extract", "feedback", "notes.html", "rows.jsonl", "-o", "out.jsonl").stderr
