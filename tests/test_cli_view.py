"""`slotfill view`: records of every kind of output as a page, with their texts."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

TEXTS = {"a.txt": "Ada lives in London.", "b.txt": "Ben \U0001f600 lives in Rome.", "c.txt": "Nobody is here."}
VALUE = {"name": "Ada", "city": "London"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Outputs of runs over the same mails: each way to write records, and one whose ledger keeps texts."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch, served(SimulatedClaude(lambda _: VALUE)) as url:
        patch.chdir(folder)
        patch.setenv("ANTHROPIC_BASE_URL", url)
        patch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        for name, text in TEXTS.items():
            (folder / "mails").mkdir(exist_ok=True)
            (folder / "mails" / name).write_text(text, encoding="utf-8")
        extract = ["extract", "name, city", "mails", "-m", "claude-haiku-5-5"]
        for more in (
            ("--record", "-o", "records.jsonl"),
            ("--record", "-o", "folder"),
            ("--record", "-o", "out.db"),
            ("-o", "values.csv"),
            ("--record", "-o", "kept.jsonl", "--retention", "all"),
        ):
            assert CliRunner().invoke(main, [*extract, *more], catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def here(ran, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    shutil.copytree(ran, folder)
    monkeypatch.chdir(folder)
    return folder


def view(*arguments):
    return CliRunner().invoke(main, ["view", *arguments], catch_exceptions=False)


def documents(page="report.html"):
    block = re.search(r'id="documents">(.*?)</script>', Path(page).read_text("utf-8"), re.DOTALL)[1]
    return [json.loads(line) for line in block.strip().split("\n")]


def texts(page="report.html"):
    return {one["source"]: one["text"] for one in documents(page)}


ALL = {f"mails/{name}": text for name, text in TEXTS.items()}


@pytest.mark.parametrize("records", ["records.jsonl", "values.csv", "out.db", "kept.jsonl"])
def test_records_of_any_output_are_shown_with_their_texts(here, records):
    result = view(records, "-o", "report.html")
    assert (result.exit_code, result.stderr) == (0, "3 documents in report.html\n")
    assert texts() == ALL
    rows = {row["path"]: row for row in documents()[0]["fields"]}
    assert (rows["/name"]["match"], rows["/name"]["span"]) == ("exact", [0, 3])
    assert [row["flags"] for row in documents()[2]["fields"]] == [["absent"], ["absent"]]


def test_sources_of_a_folder_of_records_start_from_the_working_folder_or_one_that_is_named(here, monkeypatch):
    assert view("folder", "-o", "report.html").exit_code == 0
    assert texts() == ALL
    monkeypatch.chdir("mails")
    page = ["../folder", "-o", "../report.html"]
    assert view(*page).exit_code == 0
    assert set(texts("../report.html").values()) == {None}
    assert view(*page, "--documents", "..").exit_code == 0
    assert texts("../report.html") == ALL


def test_a_ledger_that_keeps_texts_needs_no_files(here):
    shutil.rmtree("mails")
    (ledger,) = Path(".slotfill").glob("kept.jsonl-*.db")
    for records in (ledger, "kept.jsonl"):
        assert view(str(records), "-o", "report.html").exit_code == 0
        assert texts() == ALL
    result = view("records.jsonl", "-o", "report.html")
    assert set(texts().values()) == {None}
    assert "of 3 the text is not at hand" in result.stderr
    assert "--documents FOLDER" in result.stderr
    assert "--documents FOLDER" in documents()[0]["text_note"]


def test_the_sources_of_a_ledger_start_from_the_folder_of_its_output(here, monkeypatch):
    (ledger,) = Path(".slotfill").glob("records.jsonl-*.db")
    ledger = ledger.absolute()
    monkeypatch.chdir("/")
    page = here / "report.html"
    assert view(str(ledger), "-o", str(page)).exit_code == 0
    assert texts(page) == ALL


def test_several_are_one_page(here):
    result = view("records.jsonl", "out.db", "-o", "report.html")
    assert result.stderr == "6 documents in report.html\n"
    assert len(documents()) == 6


def test_standard_output_is_a_file_too(here):
    result = view("records.jsonl", "-o", "-")
    Path("page.html").write_bytes(result.stdout_bytes)
    assert texts("page.html") == ALL


def test_rows_and_pdfs_are_read_as_they_were(here):
    Path("rows.jsonl").write_text(json.dumps({"body": TEXTS["a.txt"]}) + "\n")
    record = json.loads(Path("records.jsonl").read_text("utf-8").splitlines()[0])
    record["document"]["source"] = "rows.jsonl#1"
    Path("one.jsonl").write_text(json.dumps(record) + "\n")
    assert "body" in view("one.jsonl", "-o", "report.html").stderr
    view("one.jsonl", "-o", "report.html", "--text-field", "body")
    assert texts() == {"rows.jsonl#1": TEXTS["a.txt"]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no records"),
        ("{}\n", "holds no records"),
        ('{"slotfill": 1, "document": {}, "schema": {}, "outcome": 1}\n', "is damaged"),
        ("[" * 100_000, "no JSON"),
        ('{"slotfill": 99, "document": {}, "schema": {}, "outcome": "valid"}\n', "version"),
        ("\x00\xff", "no JSON"),
    ],
)
def test_what_is_no_record_is_an_error_that_says_where(here, content, words):
    Path("wrong.jsonl").write_text(content, encoding="latin-1")
    result = view("wrong.jsonl", "-o", "report.html")
    assert result.exit_code != 0
    assert "wrong.jsonl" in result.stderr
    assert words in result.stderr
    assert not Path("report.html").exists()


def test_usage_errors_come_first(here):
    before = Path("records.jsonl").read_bytes()
    assert view("records.jsonl", "-o", "records.jsonl").exit_code == 2
    assert Path("records.jsonl").read_bytes() == before
    assert view("-o", "report.html").exit_code == 2
    assert view("records.jsonl").exit_code == 2
    assert view("records.jsonl", "-o", "report.html", "--documents", "gone").exit_code == 2
    assert view("gone.jsonl", "-o", "report.html").exit_code == 2


def test_a_page_that_cannot_be_written_leaves_nothing(here):
    (here / "taken").mkdir()
    result = view("records.jsonl", "-o", "taken")
    assert result.exit_code != 0
    assert "taken" in result.stderr


def test_a_database_by_itself_shows_what_its_tables_hold(here):
    shutil.rmtree(".slotfill")
    result = view("out.db", "-o", "report.html")
    assert (result.exit_code, result.stderr) == (0, "3 documents in report.html\n")
    assert texts() == ALL
    rows = {row["path"]: row for row in documents()[0]["fields"]}
    assert (rows["/name"]["value"], rows["/name"]["match"], rows["/name"]["span"]) == ("Ada", "exact", [0, 3])
    assert float(documents()[0]["cost_usd"]) > 0
    assert [one["from_tables"] for one in documents()] == [True] * 3
    with sqlite3.connect("out.db") as database:
        (table,) = database.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%document_id%'").fetchone()
        database.execute(f"UPDATE {table} SET outcome = 'refused', error = 'refusal', error_message = 'was refused'")
    view("out.db", "-o", "report.html")
    assert texts() == ALL  # how long they are no table tells: none is taken for an empty one


LOOKS_LIKE_ONE = (
    "CREATE TABLE t (k, source, document_id, outcome, model, cost_usd, input_tokens, output_tokens, thinking_tokens,"
    " error, error_message, x, spans, rest); INSERT INTO t VALUES (1, 'a', 'no hash', 'valid', 'm', 1, 1, 1, 1, NULL,"
    " NULL, %s)"
)


@pytest.mark.parametrize(
    "tables",
    ["CREATE TABLE t (a)", LOOKS_LIKE_ONE % "9e999, '{', NULL", LOOKS_LIKE_ONE % "x'00', NULL, '{\"/x/b\": 1}'"],
)
def test_a_database_of_somebody_else_is_an_error(here, tables):
    with sqlite3.connect("other.db") as database:
        database.executescript(tables)
    result = view("other.db", "-o", "report.html")
    assert result.exit_code != 0
    assert "other.db" in result.stderr
    Path("cut.db").write_bytes(Path("out.db").read_bytes()[:5000])
    assert "cut.db" in view("cut.db", "-o", "report.html").stderr


@pytest.mark.parametrize(("records", "output"), [("records.jsonl", "mails/a.txt"), ("kept.jsonl", "mails/b.txt")])
def test_no_page_takes_the_place_of_a_document_of_its_records(here, records, output):
    result = view(records, "-o", output)
    assert result.exit_code == 2
    assert "is a document of the records, and stays" in result.stderr
    assert Path(output).read_text("utf-8") == TEXTS[Path(output).name]


def test_a_document_stays_also_where_a_link_leads_to_it_and_the_record_to_no_row_that_is_there(here):
    record = json.loads(Path("records.jsonl").read_text("utf-8").split("\n")[0])
    record["document"]["source"] = "mails/a.txt#17"
    Path("rows.jsonl").write_text(json.dumps(record), "utf-8")
    Path("page.html").symlink_to("mails/a.txt")
    assert view("rows.jsonl", "-o", "page.html").exit_code == 2
    assert Path("mails/a.txt").read_text("utf-8") == TEXTS["a.txt"]
    assert not [path for path in here.rglob("*") if path.name.startswith(".") and path.suffix == ".html"]


def test_an_attempt_without_its_usage_is_told_of(here):
    record = json.loads(Path("records.jsonl").read_text("utf-8").split("\n")[0])
    del record["attempts"][0]["usage"]
    Path("damaged.jsonl").write_text(json.dumps(record), "utf-8")
    result = view("damaged.jsonl", "-o", "report.html")
    assert result.exit_code == 2
    assert "the record is damaged: an attempt has no usage" in result.stderr
