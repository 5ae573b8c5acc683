"""Which run it is, and where its ledger stands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slotfill import Document, Extraction, Outcome
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.runs.ledger.identity import document_key, ledger_path, ledgers_of, placed_key, run_identity
from slotfill.extractors.settings import Settings
from slotfill.schemas.sources.schema_sources import resolve

SETTINGS = Settings()


def of(source="sentiment", models=("m",), inputs=(), schema=None, **settings):
    return run_identity(resolve(source, **(schema or {})), models, Settings(**settings), inputs)


class TestIdentity:
    def test_it_is_the_same_each_time(self):
        assert of() == of()
        assert len(of()) == 12

    @pytest.mark.parametrize(
        "changed",
        [
            {"source": "feedback"},
            {"schema": {"instructions": "Otherwise."}},
            {"schema": {"examples": ()}},
            {"models": ("n",)},
            {"models": ("m", "n")},
            {"max_tokens": 100},
            {"chunk_chars": 1_000},
            {"passes": 2},
            {"mend": "bold"},
            {"thinking": "off"},
            {"thinking": 4_096},
            {"effort": "low"},
            {"inputs": ("reviews",)},
        ],
    )
    def test_what_changes_the_answers_makes_another_run(self, changed):
        assert of(**changed) != of()

    def test_settings_that_came_later_leave_the_earlier_runs_their_names(self):
        """Else the same command would ask about all documents again, with a budget of its own."""
        assert run_identity(resolve("name, age int"), ["claude-haiku-5-5"], Settings()) == "0f51973da09d"

    @pytest.mark.parametrize(
        "changed",
        [{"retries": 5}, {"rpm": 10}, {"concurrency": 99}, {"timeout": 5}, {"max_wait": 1}, {"cache_ttl": "1h"}],
    )
    def test_what_does_not_is_no_part_of_it(self, changed):
        assert of(**changed) == of()


class TestLedgerPath:
    def test_it_stands_beside_the_output(self, tmp_path):
        assert (
            ledger_path(str(tmp_path / "out.jsonl"), "ab12", SETTINGS) == tmp_path / ".slotfill" / "out.jsonl-ab12.db"
        )

    def test_beside_a_folder_too(self, tmp_path):
        assert ledger_path(f"{tmp_path}/out/", "ab12", SETTINGS) == tmp_path / ".slotfill" / "out-ab12.db"

    def test_beside_what_a_link_leads_to(self, tmp_path):
        (tmp_path / "there").mkdir()
        (tmp_path / "link.jsonl").symlink_to(tmp_path / "there" / "real.jsonl")
        path = ledger_path(str(tmp_path / "link.jsonl"), "ab12", SETTINGS)
        assert path == tmp_path / "there" / ".slotfill" / "real.jsonl-ab12.db"

    @pytest.mark.parametrize("output", [None, "-", "/dev/null"])
    def test_in_the_state_folder_where_there_is_nothing_beside(self, output, tmp_path, monkeypatch):
        monkeypatch.setattr("platformdirs.user_state_path", lambda _: tmp_path / "state")
        assert ledger_path(output, "ab12", SETTINGS) == tmp_path / "state" / "stdout-ab12.db"

    def test_nowhere_where_that_cannot_be_written(self, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setattr("platformdirs.user_state_path", lambda _: tmp_path / "file" / "state")
        assert ledger_path(None, "ab12", SETTINGS) is None

    def test_where_the_setting_says_by_the_whole_path(self, tmp_path):
        settings = Settings(state=tmp_path / "state")
        paths = {ledger_path(str(tmp_path / folder / "out.jsonl"), "ab12", settings) for folder in "ab"}
        assert len(paths) == 2
        assert {path.parent for path in paths} == {tmp_path / "state"}

    def test_long_names_are_no_error_and_told_apart(self, tmp_path):
        names = ["\u00e4" * 110 + suffix for suffix in ("1.jsonl", "2.jsonl")]
        paths = {ledger_path(str(tmp_path / name), "ab12", SETTINGS) for name in names}
        assert len(paths) == 2
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.touch()
            assert path in ledgers_of(str(tmp_path), SETTINGS)
        assert ledgers_of(str(tmp_path / names[0]), SETTINGS) == [
            ledger_path(str(tmp_path / names[0]), "ab12", SETTINGS)
        ]


class TestLedgersOf:
    @pytest.fixture
    def ledger(self, tmp_path):
        path = ledger_path(str(tmp_path / "out[1].jsonl"), "ab12", SETTINGS)
        path.parent.mkdir()
        path.touch()
        return path

    def test_of_an_output(self, ledger, tmp_path):
        assert ledgers_of(str(tmp_path / "out[1].jsonl"), SETTINGS) == [ledger]
        assert ledgers_of(str(tmp_path / "out.jsonl"), SETTINGS) == []

    def test_of_a_folder(self, ledger, tmp_path):
        assert ledgers_of(str(tmp_path), SETTINGS) == [ledger]

    def test_a_ledger_itself(self, ledger):
        assert ledgers_of(str(ledger), SETTINGS) == [ledger]

    def test_those_at_hand(self, ledger, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        of_stdout = tmp_path / "state" / "stdout-ab12.db"
        of_stdout.parent.mkdir()
        of_stdout.touch()
        assert ledgers_of(None, Settings(state=tmp_path / "state")) == [Path(".slotfill") / ledger.name, of_stdout]


def test_a_record_names_its_document_as_the_run_does():
    places = PlaceMap((Stretch(0, 4, {"page": 1}),))
    for document in (Document.of("One."), replace(Document.of("One."), places=places)):
        note = json.loads(json.dumps(Extraction(document, "s", "i", "m", Outcome.FAILED).to_json()))["document"]
        assert placed_key(note["id"], bytes.fromhex(note.get("places", ""))) == document_key(document)
        assert ("places" in note) == bool(document.places)
