"""The command line: exit codes and exact output, against a service on a loopback port."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from scripted import message, refusal

from slotfill import __version__
from slotfill.__main__ import YOUNG_OBJECTS
from slotfill.cli import main

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
GOOD = message(json.dumps(FEEDBACK))
LINE = json.dumps(FEEDBACK, ensure_ascii=False)
PATIENCE = 120
"""Seconds that another process, or what it asks for, is waited for, however busy the machine is."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, list(map(str, arguments)), input=stdin, catch_exceptions=False)


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)


def echo(request):
    """Reply with what the document says, so that results can be told apart."""
    text = request["messages"][-1]["content"].split("\n")[1]
    return message(json.dumps(FEEDBACK | {"suggested_action": text}))


class TestOutput:
    def test_one_file_is_one_pretty_value(self, server, folder):
        server.script(GOOD)
        write(folder, a="It came late.")
        result = run("extract", "feedback", "a.txt")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == json.dumps(FEEDBACK, indent=2) + "\n"

    def test_several_files_are_a_line_each_in_order(self, server, folder):
        server.script(echo)
        write(folder, b="second", a="first", c="third")
        result = run("extract", "feedback", "b.txt", "a.txt", "c.txt")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert [(line["source"], line["value"]["suggested_action"]) for line in lines] == [
            ("b.txt", "second"),
            ("a.txt", "first"),
            ("c.txt", "third"),
        ]
        assert result.stderr == "3 documents: 3 extracted; 300 tokens in, 60 out; $0.0001\n"
        assert result.exit_code == 0

    def test_a_folder_of_one_file_is_a_line_too(self, server, folder):
        server.script(GOOD)
        (folder / "in").mkdir()
        (folder / "in" / "a.txt").write_text("x")
        assert run("extract", "feedback", "in").stdout == f'{{"source": "in/a.txt", "value": {LINE}}}\n'

    def test_standard_input_is_a_document(self, server):
        server.script(GOOD)
        for arguments in ((), ("-",)):
            result = run("extract", "feedback", *arguments, stdin="It came late.")
            assert json.loads(result.stdout) == FEEDBACK
            assert result.exit_code == 0

    def test_rows_are_named_by_their_number_or_their_id(self, server, folder):
        server.script(echo)
        (folder / "r.jsonl").write_text('{"id": "x7", "text": "one"}\n\n{"id": "x8", "text": "two"}\n')
        lines = [json.loads(line) for line in run("extract", "feedback", "r.jsonl").stdout.splitlines()]
        assert [line["source"] for line in lines] == ["r.jsonl#1", "r.jsonl#3"]
        lines = [
            json.loads(line) for line in run("extract", "feedback", "r.jsonl", "--id-field", "id").stdout.splitlines()
        ]
        assert [line["source"] for line in lines] == ["r.jsonl#x7", "r.jsonl#x8"]

    def test_a_column_is_chosen(self, server, folder):
        server.script(echo)
        (folder / "r.csv").write_text('id,review\n1,"fine, really"\n')
        result = run("extract", "feedback", "r.csv", "--text-field", "review")
        assert json.loads(result.stdout)["value"]["suggested_action"] == "fine, really"

    def test_a_json_file_a_jsonl_file_and_a_folder(self, server, folder):
        server.script(echo)
        write(folder, a="one", b="two")
        assert run("extract", "feedback", "a.txt", "-o", "out/v.json").stdout == ""
        assert json.loads((folder / "out" / "v.json").read_text())["suggested_action"] == "one"
        run("extract", "feedback", "a.txt", "b.txt", "-o", "v.jsonl")
        assert len((folder / "v.jsonl").read_text().splitlines()) == 2
        run("extract", "feedback", "a.txt", "b.txt", "-o", "values")
        assert sorted(os.listdir(folder / "values")) == ["a.txt.json", "b.txt.json"]
        assert json.loads((folder / "values" / "b.txt.json").read_text())["suggested_action"] == "two"

    def test_a_folder_output_lies_inside_it_whatever_the_source(self, server, folder):
        server.script(echo)
        (folder / "in").mkdir()
        (folder / "in" / "a.txt").write_text("one")
        (folder / "a.txt").write_text("two")
        os.chdir(folder / "in")
        result = run("extract", "feedback", "../a.txt", folder / "a.txt", "a.txt", "-o", "values")
        assert result.exit_code == 0
        files = sorted(str(path.relative_to("values")) for path in Path("values").rglob("*.json"))
        assert len(files) == 3

    def test_a_run_does_not_read_its_own_output(self, server, folder):
        server.script(GOOD)
        write(folder, a="x")
        for _ in range(2):
            assert run("extract", "feedback", ".", "-o", "out.jsonl", "--rejects", "bad.jsonl").exit_code == 0
        assert len((folder / "out.jsonl").read_text().splitlines()) == 1

    def test_the_record_of_every_document(self, server, folder):
        server.script(lambda r: GOOD if "good" in r["messages"][-1]["content"] else refusal("api_error", "no", 500))
        write(folder, a="good", b="bad")
        result = run("extract", "feedback", "a.txt", "b.txt", "--record")
        records = [json.loads(line) for line in result.stdout.splitlines()]
        assert [record["outcome"] for record in records] == ["valid", "failed"]
        assert records[0]["value"] == FEEDBACK
        assert records[0]["attempts"][0]["mode"] == "structured"
        assert records[1]["error"]["type"] == "server"
        assert result.exit_code == 1

    def test_rejects_get_the_records_of_the_rest(self, server, folder):
        server.script(lambda r: GOOD if "good" in r["messages"][-1]["content"] else message(stop_reason="refusal"))
        write(folder, a="good", b="bad")
        result = run("extract", "feedback", "a.txt", "b.txt", "--rejects", "bad.jsonl")
        assert [json.loads(line)["source"] for line in result.stdout.splitlines()] == ["a.txt"]
        (reject,) = map(json.loads, (folder / "bad.jsonl").read_text().splitlines())
        assert (reject["document"]["source"], reject["outcome"]) == ("b.txt", "refused")
        assert result.stderr == (
            "b.txt: refused: the model refused: the model gave no reason [refusal]\n"
            "2 documents: 1 extracted, 1 not (1 refused); 200 tokens in, 40 out; $0.0000\n"
        )
        assert result.exit_code == 1

    def test_quiet_says_nothing(self, server, folder):
        server.script(message(stop_reason="refusal"))
        write(folder, a="x", b="y")
        result = run("extract", "feedback", "a.txt", "b.txt", "-q")
        assert (result.stdout, result.stderr, result.exit_code) == ("", "", 1)

    def test_verbose_says_more_but_no_text_before_vv(self, server, folder):
        server.script(echo)
        write(folder, a="SECRET")
        assert run("extract", "feedback", "a.txt", "-v").stderr.startswith("a.txt: valid in ")
        assert "SECRET" not in run("extract", "feedback", "a.txt", "-v", "--fresh").stderr
        assert "SECRET" in run("extract", "feedback", "a.txt", "-vv", "--fresh").stderr

    def test_json_lines_on_standard_error(self, server, folder):
        server.script(GOOD, message(stop_reason="refusal"))
        write(folder, a="x", b="y")
        result = run("extract", "feedback", "a.txt", "b.txt", "--log-format", "json", "--concurrency", "1")
        failed, done = map(json.loads, result.stderr.splitlines())
        assert failed["level"] == "error"
        assert (done["message"], done["documents"], done["outcomes"]) == ("done", 2, {"refused": 1, "valid": 1})

    def test_no_control_character_of_a_document_reaches_the_terminal(self, server, folder):
        server.script(message(json.dumps(FEEDBACK | {"suggested_action": "\x1b[31m \x9b31m \x7f"})))
        (folder / "a\x1b[2J.txt").write_text("x")
        (folder / "empty\x1b[2J.txt").write_text("")
        result = run("extract", "feedback", ".")
        assert not set(result.stdout + result.stderr) & {"\x1b", "\x9b", "\x7f"}
        assert json.loads(result.stdout)["value"]["suggested_action"] == "\x1b[31m \x9b31m \x7f"

    def test_limit(self, server, folder):
        server.script(GOOD)
        write(folder, a="x", b="y", c="z")
        assert len(run("extract", "feedback", ".", "--limit", 2).stdout.splitlines()) == 2
        assert len(server.requests) == 2

    def test_dry_run_calls_nobody(self, folder, monkeypatch):
        write(folder, a="x" * 400)
        (folder / "empty.txt").write_text("")
        result = run("extract", "feedback", ".", "--dry-run")
        estimate = json.loads(result.stdout)
        assert (estimate["documents"], estimate["unreadable"], estimate["characters"]) == (2, 1, 400)
        assert estimate["input_tokens"] > 100
        assert float(estimate["cost_usd"]["at_most"]) > float(estimate["cost_usd"]["at_least"]) > 0


class TestOptions:
    def test_prompting(self, server, folder):
        server.script(GOOD)
        write(folder, a="x")
        (folder / "shots.jsonl").write_text(json.dumps({"text": "Bad.", "value": FEEDBACK}) + "\n")
        run("extract", "feedback", "a.txt", "--examples", "shots.jsonl", "--instructions", "Judge.")
        assert len(server.requests[0]["messages"]) == 3
        assert server.requests[0]["system"][0]["text"].startswith("Judge.")

    def test_a_parameter(self, server, folder):
        server.script(message('{"summary": "It is.", "key_points": ["x"]}'))
        write(folder, a="x")
        assert run("extract", "summary", "a.txt", "-P", "sentences=2").exit_code == 0
        assert "at most 2 complete sentences" in server.requests[0]["system"][0]["text"]

    def test_asking(self, server, folder):
        server.script(message("{}"))
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt", "-m", "claude-opus-5", "--retries", "0", "--max-tokens", "77")
        assert result.exit_code == 1
        (request,) = server.requests
        assert (request["model"], request["max_tokens"]) == ("claude-opus-5", 77)
        assert result.stderr == "a.txt: failed at /sentiment: Field required (and 3 more) [validation]\n"

    def test_schemas_of_every_form(self, server, folder):
        server.script(message('{"name": "Ada"}'))
        write(folder, a="Ada")
        (folder / "s.json").write_text('{"type": "object", "properties": {"name": {"type": "string"}}}')
        (folder / "m.py").write_text("from pydantic import BaseModel\nclass Person(BaseModel):\n    name: str\n")
        for schema in ("s.json", "m.py:Person", "m:Person", "name, age int?"):
            result = run("extract", schema, "a.txt")
            assert result.stdout == '{\n  "name": "Ada"\n}\n', result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--retries", "-1"),
            ("--concurrency", "0"),
            ("--timeout", "0"),
            ("--log-format", "xml"),
            ("-P", "sentences"),
            ("--no-such-option",),
        ],
    )
    def test_a_wrong_option_is_a_usage_error(self, arguments, folder):
        write(folder, a="x")
        result = run("extract", "summary", "a.txt", *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("Usage: ")


class TestBadInput:
    """One clear line, the right exit code, and no call paid for."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("feedback", "no.txt"), "there is no file or folder 'no.txt'"),
            (("feedback", "nothing"), "folder 'nothing' holds no files to read"),
            (("feedback", "*.md"), "nothing matches '*.md'"),
            (("feedback", "r.csv"), "'r.csv' has no column 'text': there is 'a', 'b'; choose one with --text-field"),
            (("feedbak", "a.txt"), "unknown schema 'feedbak': did you mean 'feedback'"),
            (("broken.json", "a.txt"), "'broken.json' is no JSON: Expecting value at line 2, column 10"),
            (("name, nam{e", "a.txt"), "column"),
            (("feedback", "a.txt", "b.txt", "-o", "v.json"), "'v.json' holds one value, and there are several"),
            (("feedback", "a.txt", "-o", "a.txt/v.json"), "cannot be made: Not a directory"),
            (("feedback", "a.txt", "-o", "b.txt"), "'b.txt' names a format that is not written: write a .json, .jsonl"),
            (("feedback", "a.txt", "-o", "b.txt/"), "cannot write into folder 'b.txt': File exists"),
            (
                ("feedback", "r.jsonl", "--text-field", "body"),
                "'r.jsonl' has no field 'body': there is 'id', 'text'; choose",
            ),
            (("feedback", "a.txt", "--encoding", "rot13"), "'rot13' is no text encoding: name one that Python knows"),
            (("feedback", "a.txt", "--rejects", "a.txt/v"), "cannot write 'a.txt/v': Not a directory"),
            (("feedback", "a.txt", "--examples", "no.jsonl"), "there is no examples file 'no.jsonl'"),
            (("summary", "a.txt", "-P", "sentences=0"), "parameter 'sentences' of schema 'summary'"),
            (("summary", "a.txt", "-P", "words=3"), "has no parameter 'words': it takes sentences"),
        ],
    )
    def test_before_any_call(self, server, folder, arguments, said):
        server.script(GOOD)
        write(folder, a="x", b="y")
        (folder / "nothing").mkdir()
        (folder / "r.csv").write_text("a,b\n1,2\n")
        (folder / "r.jsonl").write_text('{"id": 1, "text": "x"}\n')
        (folder / "broken.json").write_text('{"type":\n         nope}')
        result = run("extract", *arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("Error: ")
        assert said in result.stderr
        assert result.stderr.count("\n") == 1
        assert (result.stdout, server.requests) == ("", [])

    @pytest.mark.parametrize("outputs", [("-o", "v.xml"), ("-o", "v.jsonl", "--rejects", "r.csv")], ids=" ".join)
    def test_an_output_of_another_format_leaves_nothing_behind(self, server, folder, outputs):
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt", *outputs)
        assert (result.exit_code, server.requests) == (2, [])
        assert [path.name for path in folder.iterdir()] == ["a.txt"]

    def test_a_failed_document_stops_no_other(self, server, folder):
        server.script(GOOD)
        (folder / "empty.txt").write_text(" \n")
        (folder / "nul.txt").write_bytes(b"a\0b" * 9)
        (folder / "paper.pdf").write_bytes(b"%PDF-1.7 ...")
        (folder / "gone.txt").symlink_to("nowhere")
        (folder / "good.txt").write_text("x")
        (folder / "rows.jsonl").write_text('{"text": "x"}\n{"text": \n')
        with (folder / "large.txt").open("wb") as file:
            file.truncate(500_000_000)
        result = run("extract", "feedback", ".")
        assert result.exit_code == 1
        assert [json.loads(line)["source"] for line in result.stdout.splitlines()] == ["good.txt", "rows.jsonl#1"]
        said = result.stderr
        for line in (
            "empty.txt: failed: holds no text",
            "nul.txt: failed: is binary data: only text is read",
            "paper.pdf: failed: is a broken PDF",
            "gone.txt: failed: cannot be read: No such file or directory",
            "large.txt: failed: is larger than 32 MB, the most a document may hold: split it",
            "rows.jsonl#2: failed: line 2 is no JSON: Expecting value at column 9",
            "8 documents: 2 extracted, 6 not (6 failed)",
        ):
            assert line in said

    def test_a_wrong_key_stops_at_once_and_shows_no_key(self, server, folder):
        server.script(refusal("authentication_error", "invalid key sk-test", 401))
        write(folder, **{f"f{number:02}": "x" for number in range(40)})
        result = run("extract", "feedback", ".", "--concurrency", "2")
        assert result.exit_code == 4
        assert len(server.requests) < 5
        assert (
            "stopped: invalid key [credential] (HTTP 401): set another key; `slotfill doctor` tries it\n"
            in result.stderr
        )
        assert "sk-test" not in result.stdout + result.stderr

    def test_an_unknown_model_stops_at_once(self, server, folder):
        server.script(refusal("not_found_error", "model: claude-nope", 404))
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt", "-m", "claude-nope")
        assert result.exit_code == 4
        assert "stopped: model: claude-nope (HTTP 404)" in result.stderr

    def test_a_model_of_somebody_elses(self, server, folder, monkeypatch):
        monkeypatch.delenv("ANTHROPIC_BASE_URL")
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt", "-m", "gpt-9")
        assert result.exit_code == 4
        assert result.stderr.startswith("Error: no model 'gpt-9' is known")

    def test_no_key_and_no_model(self, folder, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "empty-cache"))
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt")
        assert result.exit_code == 4
        assert result.stderr == (
            "Error: no Anthropic credential is set, and the embedded model is not there: "
            "set ANTHROPIC_API_KEY, or fetch the model with `slotfill models pull`\n"
        )

    def test_no_network_fails_the_document(self, folder, monkeypatch):
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
        monkeypatch.setattr("time.sleep", lambda _: None)
        write(folder, a="x")
        result = run("extract", "feedback", "a.txt", "--timeout", "5")
        assert result.exit_code == 1
        assert result.stderr.startswith("a.txt: failed: the service cannot be reached: ConnectError")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
    def test_a_full_disk_says_how_far_it_got(self, server, folder):
        server.script(GOOD)
        write(folder, a="x", b="y")
        result = run("extract", "feedback", "a.txt", "b.txt", "--rejects", "/dev/full", "-o", "v.jsonl")
        assert result.exit_code == 0  # nothing was rejected
        (folder / "empty.txt").write_text("")
        result = run("extract", "feedback", "a.txt", "empty.txt", "--rejects", "/dev/full", "-o", "v.jsonl")
        assert result.exit_code == 1
        assert "stopped: cannot write '/dev/full': " in result.stderr

    def test_a_stopped_run_leaves_an_older_output(self, server, folder):
        server.script(refusal("authentication_error", "no", 401))
        write(folder, a="x", b="y")
        (folder / "v.jsonl").write_text("old\n")
        assert run("extract", "feedback", "a.txt", "b.txt", "-o", "v.jsonl").exit_code == 4
        assert (folder / "v.jsonl").read_text() == "old\n"
        assert sorted(os.listdir(folder)) == [".slotfill", "a.txt", "b.txt", "v.jsonl"]

    def test_a_dotenv_gives_the_key(self, server, folder, monkeypatch):
        server.script(GOOD)
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        (folder / ".env").write_text("ANTHROPIC_API_KEY=sk-from-dotenv\n")
        write(folder, a="x")
        assert run("extract", "feedback", "a.txt").exit_code == 0
        assert "Bearer sk-from-dotenv" in server.headers[0].values()


def slotfill(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "slotfill", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Whoever started the tests may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it locks nothing
        **options,
    )


class TestInterrupt:
    def test_ctrl_c_writes_what_is_finished(self, server, folder):
        asked, ended = threading.Semaphore(0), threading.Event()

        def reply(request):
            if "slow" in request["messages"][-1]["content"]:
                asked.release()
                ended.wait(PATIENCE)
            return GOOD

        server.script(reply)
        write(folder, a="quick", b="slow", c="as quick", d="slow, too")
        command = ("extract", "feedback", "a.txt", "b.txt", "c.txt", "d.txt", "-o", "v.jsonl", "--concurrency", "2")
        process = slotfill(*command)
        assert asked.acquire(timeout=PATIENCE)
        assert asked.acquire(timeout=PATIENCE)  # of two at once: where the last one is asked, the quick ones are done
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == (
            b"stopping: 2 requests in flight will be finished first; Ctrl-C again stops at once\n"
        )
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=PATIENCE)
        ended.set()
        assert process.returncode == 130
        assert stderr.decode().startswith("stopped: interrupted\n2 of 4 documents are done\n")
        assert stderr.decode().endswith(f"go on with: slotfill {' '.join(command)}\n")
        assert [json.loads(line)["source"] for line in (folder / "v.jsonl").read_text().splitlines()] == [
            "a.txt",
            "c.txt",
        ]

    @pytest.mark.slow
    def test_a_reader_that_has_had_enough_is_no_error(self, server, folder):
        server.script(GOOD)
        write(folder, **{f"f{number}": "x" for number in range(5)})
        process = slotfill("extract", "feedback", ".", "-q")
        process.stdout.close()
        stderr = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(PATIENCE) != 0
        assert "Traceback" not in stderr
        assert os.strerror(errno.EPIPE) not in stderr


class TestOtherCommands:
    def test_version_and_module(self):
        out, _ = slotfill("--version").communicate(timeout=PATIENCE)
        assert out.decode() == f"slotfill, version {__version__}\n"

    def test_schemas_lists_the_built_ins(self):
        lines = run("schemas").stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["answer", "entities", "feedback", "sentiment", "summary"]

    def test_schemas_shows_one_as_json_schema(self):
        assert json.loads(run("schemas", "feedback").stdout)["properties"]["urgency"]["maximum"] == 5
        assert json.loads(run("schemas", "name, age int?").stdout)["required"] == ["name"]

    def test_schemas_says_what_the_wire_loses(self):
        result = run("schemas", "feedback", "--lint")
        assert result.stdout.startswith("asked by: structured, then tool, then text\n")
        assert "/properties/urgency: maximum" in result.stdout

    def test_models_lists_prices(self):
        out = run("models").stdout
        assert (
            "claude-haiku-5-5               1000000      512     0.10     0.50\n"
            "  prompts beyond 100,000 tokens                     0.50     2.50\n"
        ) in out
        assert out.splitlines()[-1].startswith("local ")

    def test_doctor_is_well_with_a_service(self, server):
        server.script(
            {"type": "model", "id": "claude-haiku-5-5", "display_name": "x", "created_at": "2026-01-01T00:00:00Z"}
        )
        result = run("doctor")
        assert result.exit_code == 0
        assert f"ok       service         {server.base_url} serves claude-haiku-5-5\n" in result.stdout

    def test_doctor_shows_no_password_of_an_address(self, server, monkeypatch):
        server.script({"type": "model", "id": "claude-haiku-5-5"})
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url.replace("//", "//user:hunter22@"))
        result = run("doctor")
        assert result.exit_code == 0
        assert f" {server.base_url} serves" in result.stdout

    def test_doctor_says_what_is_wrong(self, server, monkeypatch, folder):
        server.script(refusal("authentication_error", "invalid x-api-key sk-test", 401))
        result = run("doctor")
        assert result.exit_code == 4
        assert "failed   service         authentication: invalid x-api-key [credential] (HTTP 401)\n" in result.stdout
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        result = run("doctor")
        assert result.exit_code == 4
        assert "failed   model           no Anthropic credential is set" in result.stdout

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_shell_completion(self, shell):
        environment = {**os.environ, "_SLOTFILL_COMPLETE": f"{shell}_source"}
        out, _ = slotfill(env=environment).communicate(timeout=PATIENCE)
        assert b"_SLOTFILL_COMPLETE" in out
        environment |= {"_SLOTFILL_COMPLETE": f"{shell}_complete", "COMP_WORDS": "slotfill extract sen"}
        environment["COMP_CWORD"] = "sen" if shell == "fish" else "2"
        out, _ = slotfill(env=environment).communicate(timeout=PATIENCE)
        assert b"sentiment" in out

    @pytest.mark.parametrize("command", [[], ["extract"], ["schemas"], ["models"], ["models", "pull"], ["doctor"]])
    def test_every_command_has_help_and_an_example(self, command):
        result = run(*command, "--help")
        assert result.exit_code == 0
        assert "slotfill " in result.stdout.split("\n\n", 1)[1]

    def test_a_terminal_without_input_is_told(self):
        leader, terminal = os.openpty()
        process = slotfill("extract", "feedback", stdin=terminal)
        _, stderr = process.communicate(timeout=PATIENCE)
        os.close(leader)
        os.close(terminal)
        assert process.returncode == 2
        assert b"no INPUT: name files or folders, or - for standard input" in stderr


class TestInputsThatWouldBeOverwritten:
    @pytest.mark.parametrize(
        "outputs", [("-o", "d.jsonl"), ("-o", "link.jsonl"), ("-o", "z.jsonl", "--rejects", "d.jsonl")]
    )
    def test_are_refused_before_anything_is_asked(self, server, folder, outputs):
        (folder / "d.jsonl").write_text('{"text": "It came late."}\n')
        (folder / "link.jsonl").symlink_to("d.jsonl")
        result = run("extract", "feedback", "d.jsonl", *outputs)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "'d.jsonl' is read, and would be overwritten" in result.stderr
        assert (folder / "d.jsonl").read_text() == '{"text": "It came late."}\n'
        assert server.requests == []

    def test_nor_are_rejects_and_tapes_of_before_documents(self, server, folder):
        server.script(echo)
        (folder / "d.txt").write_text("It came late.")
        for _ in range(2):
            result = run("extract", "feedback", ".", "--rejects", "rejects.jsonl", "--cassette", "tape.jsonl")
            assert (result.exit_code, result.stdout.count("\n")) == (0, 1)

    @pytest.mark.parametrize(
        "outputs", [("-o", "x", "--rejects", "x"), ("-o", "x", "--cassette", "x"), ("-o", "x", "--rejects", "./x")]
    )
    def test_nor_is_one_file_two_outputs(self, server, folder, outputs):
        (folder / "d.txt").write_text("It came late.")
        result = run("extract", "feedback", "d.txt", *outputs)
        assert result.exit_code == 2
        assert "one file is named for two outputs" in result.stderr
        assert server.requests == []

    def test_but_an_output_of_the_same_run_is_passed_over(self, server, folder):
        server.script(echo)
        (folder / "d.jsonl").write_text('{"text": "It came late."}\n')
        assert run("extract", "feedback", "d.jsonl", "-o", "out.jsonl").exit_code == 0
        assert run("extract", "feedback", "d.jsonl", "out.jsonl", "-o", "out.jsonl").exit_code == 0
        assert len((folder / "out.jsonl").read_text().splitlines()) == 1


class TestConnectionsThatCannotBeSetUp:
    @pytest.mark.parametrize("proxy", ["foo://proxy", "socks5://127.0.0.1:1"])
    def test_name_the_proxy(self, folder, monkeypatch, proxy):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
        write(folder, a="It came late.")
        result = run("extract", "feedback", "a.txt")
        assert result.exit_code == 4
        assert "Mend the proxy that HTTPS_PROXY" in result.stderr
        assert "Traceback" not in result.stderr

    def test_name_the_credential(self, folder, monkeypatch):
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test\n2")
        write(folder, a="It came late.")
        result = run("extract", "feedback", "a.txt")
        assert (result.exit_code, "holds a line break" in result.stderr) == (2, True)
        assert "sk-ant-test" not in result.stderr


def test_a_process_of_its_own_looks_for_garbage_less_often_than_python_does():
    program = """
import gc, sys
from slotfill.__main__ import main
sys.argv = ["slotfill", "--version"]
try:
    main()
except SystemExit:
    print(gc.get_threshold()[0])
"""
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert process.stdout.split()[-1] == str(YOUNG_OBJECTS)


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [("click", -signal.SIGINT, ""), ("slotfill.commands.schemas", 130, "interrupted\n")],
)
def test_an_interrupt_before_a_command_has_begun_is_told_by_no_traceback(module, code, said):
    program = f"""
import os, signal, sys

class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt as error:  # as Python has it in a class
                raise RuntimeError("Error calling __set_name__") from error

sys.meta_path.insert(0, Interrupted())
from slotfill.__main__ import main
sys.argv = ["slotfill", "schemas"]
main()
"""
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (process.returncode, process.stderr, process.stdout) == (code, said, "")
