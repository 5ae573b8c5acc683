"""`slotfill suggest`: what it proposes, writes and shows, and that it asks for nothing twice."""

import json
import subprocess
import sys

import proposals as made
import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.commands import suggest
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

REVIEWS = {
    "a.txt": "The kettle leaks since Monday. Bad.",
    "b.txt": "Great lamp, came on Friday.",
    "c.txt": "Great chair.",
}
PROPOSAL = made.proposal(
    made.field("Product", example="kettle"),
    made.field("tone", "label", labels=["good", "bad"], example=""),
    made.field("day", example="Monday"),
    name="product review",
)
VALUES = {
    "The kettle leaks since Monday. Bad.": {"product": "kettle", "tone": "bad", "day": "Monday"},
    "Great lamp, came on Friday.": {"product": "lamp", "tone": "good", "day": "Friday"},
    "Great chair.": {"product": "chair", "tone": "good", "day": None},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews").mkdir()
    for name, text in REVIEWS.items():
        (tmp_path / "reviews" / name).write_text(text)
    monkeypatch.setattr(suggest, "CHECK_EXAMPLES", 3)
    return tmp_path


@pytest.fixture
def claude(monkeypatch):
    claude = SimulatedClaude(replies())
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


def replies(proposal=PROPOSAL, values=VALUES):
    def script(request):
        return proposal.model_dump() if "<sample-" in request.document else values[request.document.strip()]

    return script


def run(*arguments):
    return CliRunner().invoke(main, ["suggest", *map(str, arguments)], catch_exceptions=False)


def test_it_proposes_checks_writes_and_shows(claude, folder):
    result = run("reviews", "--want", "what breaks", "-o", "review.json", "--retries", 0)
    assert (result.exit_code, result.stderr) == (0, "")
    schema = json.loads((folder / "review.json").read_text("utf-8"))
    assert schema["title"] == "product_review"
    assert schema["properties"]["product"] == {
        "description": "the Product",
        "type": "string",
        "format": "verbatim",
    }
    assert schema["properties"]["tone"]["enum"] == ["good", "bad"]
    assert schema["required"] == ["product", "tone"]
    assert result.stdout.splitlines() == [
        "product_review: 3 fields, proposed from 3 samples by claude-haiku-5-5",
        "asked by: structured, then tool, then text",
        "10 laws: none broken; no advice",
        "day: missing in a sample: it is optional",
        "",
        "field    type      in   reviews/a.txt  reviews/b.txt  reviews/c.txt",
        "product  verbatim  3/3  kettle         lamp           chair",
        "tone     label     3/3  bad            good           good",
        "day      verbatim  2/3  Monday         Friday         -",
        "",
        result.stdout.splitlines()[-1],
    ]
    assert result.stdout.splitlines()[-1].startswith("cost: $0.0")


def test_nothing_is_sent_twice_and_all_samples_go_as_one(claude):
    assert run("reviews", "--want", "what breaks", "-o", "r.json", "--retries", 0).exit_code == 0
    first, *others = claude.requests
    assert all(text in first.document for text in REVIEWS.values())
    assert "What the schema is wanted for: what breaks" in json.dumps(first.body["system"])
    assert sorted(seen.document.strip() for seen in others) == sorted(REVIEWS.values())


def test_the_schema_extracts_and_without_an_output_is_all_of_standard_output(claude, folder):
    result = run("reviews", "--retries", 0)
    assert result.exit_code == 0
    (folder / "again.json").write_text(result.stdout)
    assert result.stdout.endswith("}\n")
    assert result.stderr.startswith("product_review: 3 fields")
    extracted = CliRunner().invoke(main, ["extract", "again.json", "reviews"], catch_exceptions=False)
    assert extracted.exit_code == 0
    assert len(extracted.stdout.splitlines()) == 3


def test_a_module_is_written_that_extracts(claude, folder):
    assert run("reviews", "--python", "-o", "review.py", "--retries", 0).exit_code == 0
    code = "import review; print(review.ProductReview.model_validate({'product': 'x', 'tone': 'bad'}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "product='x' tone='bad' day=None\n")
    extracted = CliRunner().invoke(main, ["extract", "review.py:ProductReview", "reviews"], catch_exceptions=False)
    assert extracted.exit_code == 0


def test_a_hostile_proposal_does_no_harm(claude, folder):
    evil = made.proposal(
        made.field(
            'x"""\nimport os\nos.remove("reviews/a.txt")\n"""', description="\x1b]0;owned\x07\u202e", example="kettle"
        ),
        made.field("tone", "label", labels=["\x1b[31mbad", "good\n"], example=""),
        name='"); raise SystemExit("',
    )
    key = "x_import_os_os_remove_reviews"
    values = {text: {key: text.split()[1].strip("."), "tone": "good"} for text in VALUES}
    claude.script(replies(evil, values))
    result = run("reviews", "--python", "-o", "evil.py")
    assert result.exit_code == 0
    assert not {"\x1b", "\x07", "\u202e"} & {*result.output, *(folder / "evil.py").read_text("utf-8")}
    done = subprocess.run([sys.executable, "evil.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "reviews" / "a.txt").exists()


def test_a_samples_name_drives_no_terminal(claude, folder):
    (folder / "\x1b[2Ja.txt").write_text("Great chair.")
    (folder / "\u202eempty.txt").write_text("")
    result = run("\x1b[2Ja.txt", "\u202eempty.txt", "-o", "r.json", "--retries", 0)
    assert result.exit_code == 0
    assert r"\x1b[2Ja.txt" in result.stdout
    assert r"\u202eempty.txt: " in result.stdout
    assert not {"\x1b", "\u202e"} & {*result.output}


def test_a_failed_sample_is_told_and_the_schema_is_there(claude, folder):
    wrong = {**VALUES, "Great chair.": {"product": "nowhere", "tone": "good", "day": "Friday"}}
    claude.script(replies(values=wrong))
    result = run("reviews", "-o", "r.json", "--retries", 0)
    assert result.exit_code == 1
    assert "reviews/c.txt: failed:" in result.stdout
    assert json.loads((folder / "r.json").read_text())["required"] == ["product", "tone", "day"]


def test_an_empty_proposal_falls_back_to_what_shows_by_rule(claude, folder):
    empty = made.Proposal(name="", instructions="", fields=[])
    (folder / "form.txt").write_text("Name: Ana\nAge: 41")
    claude.script(replies(empty, {"Name: Ana\nAge: 41": {"name": "Ana", "age": 41}}))
    result = run("form.txt", "-o", "form.json")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        "claude-haiku-5-5 proposed nothing usable",
        "form: 2 fields, proposed from 1 sample by rule: no model has read them",
    ]
    assert json.loads((folder / "form.json").read_text())["properties"]["age"]["type"] == "integer"


def test_where_nothing_can_be_proposed_it_says_what_to_do(claude, folder):
    claude.script(replies(made.Proposal(name="", instructions="", fields=[])))
    result = run("reviews", "-o", "r.json")
    assert result.exit_code == 1
    assert "claude-haiku-5-5 proposed nothing usable, and by rule no field shows" in result.stderr
    assert not (folder / "r.json").exists()
    result = run("reviews", "-o", "r.json", "-m", "local:nowhere.gguf")
    assert result.exit_code == 1
    assert "the embedded model proposes none: name a Claude model with -m" in result.stderr


def test_what_is_drawn_by_rule_is_not_lost_where_the_model_cannot_be_used(folder):
    (folder / "form.txt").write_text("Name: Ana\nAge: 41")
    result = run("form.txt", "-m", "local:nowhere.gguf")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["required"] == ["name", "age"]
    assert "nowhere.gguf" in result.stderr


def test_a_refusal_leaves_what_shows_by_rule(claude, folder):
    (folder / "form.txt").write_text("Name: Ana\nAge: 41")
    claude.script(replies(values={"Name: Ana\nAge: 41": {"name": "Ana", "age": 41}}), faults=["refusal@1"])
    result = run("form.txt", "-o", "form.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("claude-haiku-5-5 proposed nothing usable: ")
    assert len(claude.requests) == 2


def test_a_refused_key_ends_it(claude, folder):
    claude.script(faults=["401"])
    result = run("reviews", "-o", "r.json")
    assert result.exit_code == 4
    assert [path.name for path in folder.iterdir()] == ["reviews"]


def test_a_key_that_is_refused_for_the_samples_ends_it_with_the_schema_written(claude, folder):
    claude.script(replies(), faults=["401@2"])
    result = run("reviews", "-o", "r.json", "--retries", 0)
    assert result.exit_code == 4
    assert json.loads((folder / "r.json").read_text())["title"] == "product_review"


def test_what_differs_from_what_is_written_after_a_label_is_told(claude, folder):
    (folder / "form.txt").write_text("Name: Ana\nAge: 41")
    values = {"Name: Ana\nAge: 41": {"name": "Ana", "age": 14}}
    claude.script(replies(made.Proposal(name="", instructions="", fields=[]), values))
    assert "age: of 1 values 1 are not what is written there" in run("form.txt", "-o", "form.json").stdout


def test_a_long_sample_is_tried_in_chunks(claude, folder):
    (folder / "long.txt").write_text("\n\n".join(["Great chair."] * 200))
    claude.script(
        lambda request: (
            PROPOSAL.model_dump()
            if "<sample-" in request.document
            else {"product": "chair", "tone": "good", "day": None}
        )
    )
    assert run("long.txt", "-o", "r.json", "--retries", 0, "--chunk-chars", 1000).exit_code == 0
    assert len(claude.requests) > 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("reviews", "-o", "r.py"), "'r.py' is no .json file"),
        (("reviews", "-o", "r.json", "--python"), "'r.json' is no .py file"),
        (("reviews", "-o", "there.json"), "'there.json' is there already"),
        (("there.json", "--raw", "-o", "there.json", "--force"), "would be overwritten"),
        (("nowhere", "-o", "r.json"), "there is no file"),
        (("reviews", "-o", "reviews/a.txt/r.json"), "cannot write"),
    ],
)
def test_wrong_usage_ends_before_any_call(claude, folder, arguments, reason):
    (folder / "there.json").write_text("{}")
    result = run(*arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert claude.requests == []
    assert (folder / "there.json").read_text() == "{}"


def test_force_replaces_the_output(claude, folder):
    (folder / "r.json").write_text("{}")
    assert run("reviews", "-o", "r.json", "--force", "--retries", 0).exit_code == 0
    assert json.loads((folder / "r.json").read_text())["title"] == "product_review"


def test_samples_without_a_text(claude, folder):
    (folder / "empty.txt").write_text(" ")
    result = run("empty.txt")
    assert result.exit_code == 1
    assert "empty.txt: " in result.stderr
    assert "none of the samples holds a text" in result.stderr
    assert claude.requests == []


def test_a_tape_replays_both_the_proposal_and_the_samples(claude, folder):
    assert run("reviews", "-o", "a.json", "--cassette", "tape.jsonl", "--retries", 0).exit_code == 0
    asked = len(claude.requests)
    assert run("reviews", "-o", "b.json", "--cassette", "tape.jsonl", "--retries", 0).exit_code == 0
    assert len(claude.requests) == asked
    assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()


@pytest.mark.local
def test_the_embedded_model_extracts_what_is_drawn_by_rule(folder):
    (folder / "form.txt").write_text("Name: Ana\nAge: 41")
    result = run("form.txt", "-m", "local", "-o", "form.json")
    assert result.exit_code == 0
    told = result.stdout.splitlines()
    assert told[0] == "form: 2 fields, proposed from 1 sample by rule: no model has read them"
    assert [line.split()[:3] for line in told[5:7]] == [["name", "verbatim", "1/1"], ["age", "whole", "number"]]
