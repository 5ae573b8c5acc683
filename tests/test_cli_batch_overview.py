"""`slotfill batches`: the batches of runs at hand, told from all others, looked at and cancelled."""

import json
import shlex
from pathlib import Path

import pytest
from batching import SCHEMA, rows
from click.testing import CliRunner
from terminals import on_terminal, screen

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

HOUR = 3_600.0
REPLY = {"note": "camera", "urgency": 3}
EXTRACT = ("extract", "schema.json", "rows.jsonl", "--batch", "--batch-tail", 0, "-o")


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """A service on which batches take an hour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    Path("schema.json").write_text(json.dumps(SCHEMA))
    Path("rows.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in rows(4)))
    claude = SimulatedClaude(lambda _: REPLY, batch_seconds=HOUR)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


def submit(output="out.jsonl", *others):
    """Send a run's batch, and leave; return its id."""
    result = run(*EXTRACT, output, "--no-wait", *others)
    assert result.exit_code == 3, result.stderr
    return told("list", output)[-1]["batch"]


def told(*arguments):
    result = run("batches", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["batches"]


class TestList:
    def test_each_says_how_it_is_what_it_is_of_and_what_goes_on(self, claude):
        name = submit()
        result = run("batches", "list")
        assert result.exit_code == 0
        header, row, command = result.stdout.splitlines()
        assert header.split() == ["batch", "how", "it", "is", "requests", "results", "ends", "by", "of"]
        assert row.startswith(f"{name}  in progress  3 ")
        assert row.endswith("out.jsonl, wave 1")
        assert command == (
            f"go on with: cd {shlex.quote(str(Path.cwd()))} && "
            "slotfill extract schema.json rows.jsonl --batch --batch-tail 0 -o out.jsonl --no-wait"
        )
        assert run("batches").stdout == result.stdout
        (one,) = told("list")
        assert one["state"] == "in progress"
        assert one["counts"] == {"processing": 3, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        assert (one["output"], one["schema"], one["wave"], one["given_up"]) == ("out.jsonl", "schema", 1, False)
        assert one["go_on_with"] == command.removeprefix("go on with: ")
        assert one["ends_by"] > one["created"]
        custom_id = next(entry.batch.custom_id for entry in claude.requests if entry.batch)
        assert custom_id.startswith(one["custom_ids"].rstrip("…"))

    def test_a_terminal_shows_a_table_that_fits(self, claude):
        name = submit()
        process, written = on_terminal("batches", "list", columns=98, env={"COLUMNS": "98"})
        assert process.returncode == 0
        header, _, row, *command = screen(written, 98)
        assert header.split() == ["batch", "how", "it", "is", "requests", "ends", "by", "of"]  # no room for the results
        assert row.split()[:4] == [name, "in", "progress", "3"]
        assert row.rstrip().endswith("out.jsonl, wave 1")
        assert command[0].startswith("go on with: cd ")

    def test_the_command_goes_on(self, claude):
        submit()
        claude.end_batches()
        assert [one["state"] for one in told("list")] == ["ended"]
        _, row, command = run("batches", "list").stdout.splitlines()
        assert "3 succeeded" in row
        folder, _, line = command.removeprefix("go on with: cd ").partition(" && ")
        assert shlex.split(folder) == [str(Path.cwd())]
        result = run(*shlex.split(line)[1:])
        assert result.exit_code == 0
        assert len(Path("out.jsonl").read_text().splitlines()) == 4
        assert told("list") == []
        result = run("batches", "list")
        assert (result.stdout, result.stderr) == ("", "no batches are under way\n")

    def test_others_of_the_workspace_are_told_apart(self, claude):
        foreign = claude.add_foreign_batch(["nightly-1", "nightly-2"])
        own = submit()
        assert [one["batch"] for one in told("list")] == [own]
        views = told("list", "--all")
        assert [one["batch"] for one in views] == [own, foreign]
        assert views[1] == {
            "batch": foreign,
            "state": "ended",
            "requests": 2,
            "counts": {"processing": 0, "succeeded": 2, "errored": 0, "canceled": 0, "expired": 0},
            "created": views[1]["created"],
            "ends_by": None,
            "may_be_of_a_run": False,
        }
        assert run("batches", "list", "--all").stdout.splitlines()[2].endswith("nobody here")

    def test_those_that_are_read_are_listed_with_all(self, claude):
        name = submit()
        claude.end_batches()
        run(*EXTRACT, "out.jsonl")
        (one,) = told("list", "--all")
        assert (one["batch"], one["state"], one["go_on_with"]) == (name, "read", None)
        assert one["results_read"] == {"answered": 3}
        assert told("cancel", "--all") == []

    def test_one_whose_reply_was_lost_has_candidates(self, claude):
        claude.script(lambda _: REPLY, faults=["create_lost@1"])
        result = run(*EXTRACT, "out.jsonl", "--no-wait")
        assert result.exit_code == 3
        (one,) = told("list")
        assert (one["batch"], one["state"], one["requests"]) == (None, "reply lost", 3)
        lost, other = told("list", "--all")
        assert lost["batch"] is None
        assert other["may_be_of_a_run"]
        claude.add_foreign_batch(["nightly-1", "nightly-2"])
        assert [one.get("may_be_of_a_run") for one in told("list", "--all")] == [None, False, True]

    def test_what_a_run_that_was_begun_anew_has_left_is_given_up(self, claude):
        first = submit()
        second = submit("out.jsonl", "--fresh")
        views = told("list")
        assert [(one["batch"], one["given_up"]) for one in views] == [(first, True), (second, False)]
        assert views[0]["go_on_with"] is None
        assert "in progress, given up" in run("batches", "list").stdout
        claude.end_batches()
        assert run(*EXTRACT, "out.jsonl").exit_code == 0
        assert [one["batch"] for one in told("list")] == [first]
        assert "go on with" not in run("batches", "list").stdout

    def test_ledgers_that_cannot_be_read_are_told(self, claude):
        submit()
        Path(".slotfill/out.jsonl-0123456789ab.db").write_bytes(b"no database" * 100)
        result = run("batches", "list")
        assert result.exit_code == 0
        assert "out.jsonl-0123456789ab.db: not read: file is not a database" in result.stdout
        assert len(json.loads(run("batches", "list", "--json").stdout)["skipped"]) == 1


class TestShow:
    def test_one_of_a_run(self, claude):
        name = submit()
        result = run("batches", "show", name)
        assert result.exit_code == 0
        lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if len(line.split()) > 1)
        assert (lines["batch"], lines["state"], lines["output"]) == (name, "in progress", "out.jsonl")
        assert lines["counts"] == "3 processing"
        assert json.loads(run("batches", "show", name, "--json").stdout)["ledger"].endswith(".db")

    def test_one_of_nobody_here(self, claude):
        foreign = claude.add_foreign_batch()
        told = json.loads(run("batches", "show", foreign, "--json").stdout)
        assert (told["state"], told["requests"]) == ("ended", 2)
        assert "output" not in told

    def test_one_that_nobody_knows(self, claude):
        result = run("batches", "show", "msgbatch_0")
        assert result.exit_code == 2
        assert result.stderr == (
            "Error: no batch 'msgbatch_0' is known, neither here nor to the workspace of this credential\n"
        )

    def test_one_of_a_run_that_the_workspace_does_not_know(self, claude):
        name = submit()
        claude.end_batches()
        claude.client().messages.batches.delete(name)
        assert json.loads(run("batches", "show", name, "--json").stdout)["state"] == "unknown"
        assert [one["state"] for one in told("list")] == ["unknown"]


class TestCancel:
    def test_what_is_cancelled_is_asked_again_by_the_command_that_goes_on(self, claude):
        name = submit()
        (one,) = told("cancel", name)
        assert (one["batch"], one["state"]) == (name, "canceling")
        assert claude.client().messages.batches.retrieve(name).request_counts.canceled == 3
        assert [run(*EXTRACT, "out.jsonl", "--no-wait").exit_code for _ in range(2)] == [3, 3]  # read, and asked again
        assert name not in [one["batch"] for one in told("list")]
        claude.end_batches()
        assert run(*EXTRACT, "out.jsonl").exit_code == 0
        assert len(Path("out.jsonl").read_text().splitlines()) == 4

    def test_all_of_them_are_those_of_runs_at_hand(self, claude):
        names = [submit("a.jsonl"), submit("b.jsonl")]
        foreign = claude.add_foreign_batch(seconds=HOUR)
        assert [one["batch"] for one in told("cancel", "--all")] == names
        states = {batch.id: batch.cancel_initiated_at for batch in claude.client().messages.batches.list().data}
        assert [name for name, at in states.items() if at is None] == [foreign]

    def test_only_those_of_an_output(self, claude):
        first, second = submit("a.jsonl"), submit("b.jsonl")
        assert [one["batch"] for one in told("cancel", "--all", "--of", "b.jsonl")] == [second]
        assert claude.client().messages.batches.retrieve(first).cancel_initiated_at is None

    def test_one_of_somebody_else_is_not_cancelled(self, claude):
        own, foreign = submit(), claude.add_foreign_batch(seconds=HOUR)
        result = run("batches", "cancel", own, foreign)
        assert result.exit_code == 2
        assert f"'{foreign}': no run here has this batch" in result.stderr
        assert [batch.cancel_initiated_at for batch in claude.client().messages.batches.list().data] == [None, None]

    def test_one_that_has_ended_stays_as_it_is(self, claude):
        name = submit()
        claude.end_batches()
        (one,) = told("cancel", name)
        assert (one["state"], one["counts"]["succeeded"]) == ("ended", 3)

    def test_one_without_an_id_cannot_be_cancelled(self, claude):
        claude.script(lambda _: REPLY, faults=["create_lost@1"])
        run(*EXTRACT, "out.jsonl", "--no-wait")
        result = run("batches", "cancel", "--all")
        assert result.exit_code == 1
        assert "1 more cannot be cancelled" in result.stderr

    @pytest.mark.parametrize("arguments", [(), ("msgbatch_1", "--all")])
    def test_what_is_to_be_cancelled_is_said(self, claude, arguments):
        result = run("batches", "cancel", *arguments)
        assert result.exit_code == 2
        assert "name the batches to cancel, or say --all" in result.stderr


class TestErrors:
    def test_without_a_credential_nothing_can_be_looked_at(self, claude, monkeypatch):
        submit()
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        for arguments in (["list"], ["list", "--all"], ["show", "msgbatch_1"], ["cancel", "--all"]):
            result = run("batches", *arguments)
            assert result.exit_code == 4
            assert result.stderr.startswith("Error: no Anthropic credential is set, and batches belong")
            assert len(result.stderr.splitlines()) == 1

    def test_nothing_under_way_needs_none(self, claude, monkeypatch):
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        assert run("batches", "list").exit_code == 0

    def test_a_credential_that_is_refused(self, tmp_path, monkeypatch, claude):
        submit()
        with served(SimulatedClaude(key="sk-right")) as url:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            result = run("batches", "list")
        assert result.exit_code == 4
        assert len(result.stderr.splitlines()) == 1

    def test_a_service_that_fails(self, claude, monkeypatch):
        submit()
        claude.script(faults=["retrieve_500"])
        monkeypatch.setattr("anthropic._base_client.AsyncAPIClient._sleep_for_retry", _awake)
        result = run("batches", "list")
        assert result.exit_code == 3
        assert "the service does not tell of its batches: " in result.stderr

    def test_an_output_without_a_ledger(self, claude):
        result = run("batches", "list", "none.jsonl")
        assert result.exit_code == 2
        assert "no ledger is kept of 'none.jsonl'" in result.stderr


async def _awake(*_, **__):
    """Stand in for the SDK's wait before its next try."""
