"""`slotfill init`: it writes a folder, says what to do next, and overwrites nothing."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.templates.starting_files import STARTING_TEMPLATES, starting_files


def call(*arguments):
    return CliRunner().invoke(main, ["init", *map(str, arguments)])


def written(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("template", STARTING_TEMPLATES)
def test_the_folder_is_made_and_the_next_steps_told(tmp_path, template):
    done = call(tmp_path / "a folder" / "tickets", "--template", template)
    assert done.exit_code == 0
    assert written(tmp_path / "a folder" / "tickets") == starting_files(template, "tickets")
    assert f"cd '{tmp_path}/a folder/tickets'" in done.stdout
    for part in ("make test", "cp .env.example .env", "on no package index yet", "tests/test_tickets.py"):
        assert part in done.stdout


def test_by_default_it_is_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call()
    assert done.exit_code == 0
    assert written(tmp_path) == starting_files("plain", tmp_path.name)
    assert "  cd " not in done.stdout


@pytest.mark.parametrize("name", ["Makefile", ".env.example", "tests/test_tickets.py"])
def test_nothing_is_overwritten(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    done = call(tmp_path)
    assert done.exit_code == 2
    assert f"{str(path)!r}. Nothing was overwritten" in done.stderr
    assert written(tmp_path) == {name: "mine"}


def test_a_second_call_names_all_that_is_there(tmp_path):
    assert call(tmp_path).exit_code == 0
    before = written(tmp_path)
    done = call(tmp_path, "--template", "api")
    assert done.exit_code == 2
    assert "tickets.py" in done.stderr
    assert "app.py" not in done.stderr
    assert written(tmp_path) == before


def test_a_file_where_a_folder_is_needed_is_in_the_way(tmp_path):
    (tmp_path / "samples").write_text("mine")
    done = call(tmp_path)
    assert (done.exit_code, written(tmp_path)) == (2, {"samples": "mine"})
    assert f"{str(tmp_path / 'samples')!r}" in done.stderr
    done = call(tmp_path / "samples")
    assert done.exit_code == 2
    assert done.stderr.count("samples'") == 1


def test_a_link_that_leads_nowhere_is_in_the_way(tmp_path):
    (tmp_path / "Makefile").symlink_to(tmp_path / "elsewhere")
    assert call(tmp_path).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_no_traceback(tmp_path):
    tmp_path.chmod(0o500)
    done = call(tmp_path / "new")
    assert done.exit_code != 0
    assert "Traceback" not in done.stderr


def test_what_another_process_puts_there_meanwhile_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("slotfill.commands.init._obstacles", lambda *_: iter(()))
    Path(tmp_path, "tickets.py").write_text("mine")
    done = call(tmp_path)
    assert done.exit_code == 2
    assert "tickets.py" in done.stderr
    assert (tmp_path / "tickets.py").read_text() == "mine"
