"""The command line over all inputs at once: one value, each quote with its source, gone on with, refined, refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportlab.pdfgen.canvas import Canvas

from slotfill.cli import main
from slotfill.extractors.testing import SimulatedClaude, served

SAID = ("Postage is free above 50 euros", "back within 30 days")
QUESTION = ("-P", "question=What is the refund policy?")


def says(request):
    quotes = [one for one in SAID if one in request.document]
    return {"quotes": quotes, "answer": f"{', '.join(quotes)}." if quotes else None}


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("handbook/old").mkdir(parents=True)
    Path("handbook/blank.txt").write_text("")
    Path("handbook/goods.md").write_text("# Goods\n\nThey go back within 30 days.\n")
    Path("handbook/old/post.txt").write_text("We ship fast. Postage is free above 50 euros.\n")
    claude = SimulatedClaude(says)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


def run(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def across(*options):
    return run("extract", "answer", "handbook/", "--across", *QUESTION, *options)


def test_one_answer_for_all_inputs_each_quote_with_its_source(claude):
    result = across()
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert written["source"] == "handbook"
    assert written["value"]["stated"] is True
    texts = {path: Path(place["source"]).read_text() for path, place in written["places"].items()}
    for at, quote in enumerate(written["value"]["quotes"]):
        place = written["places"][f"/quotes/{at}"]
        assert texts[f"/quotes/{at}"][place["start"] : place["end"]] == quote
    assert {Path(place["source"]).name for place in written["places"].values()} == {"goods.md", "post.txt"}
    assert len(claude.requests) == 1


def test_what_an_earlier_start_found_is_written_with_its_places_again(claude):
    first, again = (run("extract", "quotes [str]", "handbook/", "--across", "-vv") for _ in range(2))
    assert json.loads(first.stdout)["places"].keys() == {"/quotes/0", "/quotes/1"}
    assert again.stdout == first.stdout
    assert "unexpected" not in first.stderr + again.stderr  # the value alone, which has no places, was not tried
    assert len(claude.requests) == 1


def test_it_is_gone_on_with_refined_and_seen(claude):
    assert across("--record", "-o", "answer.json").exit_code == 0
    assert "resuming: 1 document is done" in across("--record", "-o", "answer.json").stderr
    assert len(claude.requests) == 1
    refined = run("refine", "answer.json", "And postage?", "--record", "-o", "answer.json")
    assert refined.exit_code == 0, refined.stderr
    record = json.loads(Path("answer.json").read_text())
    assert [turn["correction"] for turn in record["history"]] == ["And postage?"]
    assert record["spans"]["/quotes/0"]["place"]["source"].endswith((".md", ".txt"))
    assert len(claude.requests) == 2
    assert run("view", "answer.json", "-o", "page.html").exit_code == 0
    assert "They go back" in Path("page.html").read_text()
    Path("handbook/goods.md").write_text("They never go back.")
    assert "has changed since" in run("refine", "answer.json", "And now?").stderr
    assert "leave 'elsewhere.txt' out" in run("refine", "answer.json", "?", "--document", "elsewhere.txt").stderr


def test_an_input_that_changes_is_asked_about_again(claude):
    across("-o", "answer.json")
    Path("handbook/goods.md").rename("handbook/wares.md")
    assert across("-o", "answer.json").exit_code == 0
    places = json.loads(Path("answer.json").read_text())["places"].values()
    assert "wares.md" in {Path(place["source"]).name for place in places}
    assert len(claude.requests) == 2


def test_what_cannot_be_read_is_named_and_the_exit_code_says_so(claude):
    Path("handbook/broken.pdf").write_bytes(b"%PDF-1.7 broken")
    result = across("--rejects", "rejects.jsonl")
    assert result.exit_code == 1
    assert "handbook/broken.pdf" in result.stderr
    (record,) = map(json.loads, Path("rejects.jsonl").read_text().splitlines())
    assert record["outcome"] == "partial"
    assert record["value"]["quotes"]
    assert {one["source"] for one in record["document"]["inputs"] if one.get("error")} == {
        "handbook/blank.txt",
        "handbook/broken.pdf",
    }


def draw_pages(path, *texts):
    canvas = Canvas(path, invariant=True)
    for text in texts:
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()


def test_a_page_is_that_of_its_own_file(claude):
    for old in ("goods.md", "old/post.txt", "blank.txt"):
        Path("handbook", old).unlink()
    draw_pages("handbook/goods.pdf", "Goods", "They go back within 30 days.")
    draw_pages("handbook/post.pdf", "We ship fast.", "By land and sea.", "Postage is free above 50 euros.")
    result = across()
    assert result.exit_code == 0, result.stderr
    written = json.loads(result.stdout)
    places = {quote: written["places"][f"/quotes/{at}"] for at, quote in enumerate(written["value"]["quotes"])}
    assert {quote: (Path(place["source"]).name, place["page"]) for quote, place in places.items()} == {
        SAID[0]: ("post.pdf", 3),
        SAID[1]: ("goods.pdf", 2),
    }


def test_where_a_partial_value_went_is_told_where_no_output_takes_it(claude):
    Path("handbook/broken.pdf").write_bytes(b"%PDF-1.7 broken")
    bare = across("-o", "answer.jsonl")
    assert bare.exit_code == 1
    assert Path("answer.jsonl").read_text() == ""
    assert "the value is partial" in bare.stderr
    kept = across("-o", "answer.jsonl", "--rejects", "rejects.jsonl")
    assert "the value is partial" not in kept.stderr
    assert json.loads(Path("rejects.jsonl").read_text())["value"]["quotes"]
    assert across("-o", "answer.jsonl", "--record").exit_code == 1
    assert json.loads(Path("answer.jsonl").read_text())["outcome"] == "partial"
    assert len(claude.requests) == 1  # nothing was asked again, as the message says


def test_a_whole_value_is_no_partial_one(claude):
    Path("handbook/blank.txt").unlink()
    assert "partial" not in across("-o", "answer.jsonl").stderr


def test_rows_are_inputs_as_far_as_the_limit_goes(claude):
    rows = [{"text": f"{text}."} for text in (*SAID, "Nothing")]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("extract", "answer", "rows.jsonl", "--across", *QUESTION, "--limit", 1, "--record")
    record = json.loads(result.stdout)
    assert [one["source"] for one in record["document"]["inputs"]] == ["rows.jsonl#1"]
    assert record["value"]["quotes"] == [SAID[0]]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--engine", "processes"), "--engine"),
        (("--from", "old.jsonl"), "--from"),
        (("--id-field", "id"), "--id-field"),
        (("--keep", "id"), "--keep"),
        (("--limit", "0"), "--limit 0"),
    ],
)
def test_what_is_of_documents_by_themselves_is_refused_by_name(claude, options, named):
    result = across(*options)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "--across" in result.stderr
    assert claude.requests == []
