"""`slotfill init`: it writes a folder, says what to do next, and overwrites nothing."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from disks import full, read_only

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


@pytest.mark.parametrize("template", STARTING_TEMPLATES)
def test_each_next_step_can_be_taken(tmp_path, template):
    told = call(tmp_path, "--template", template).stdout
    steps = re.findall(r"^  make (\w+) +# ..", told, re.MULTILINE)
    assert len(steps) == 2
    assert {*steps} <= {*re.findall(r"^(\w+):", (tmp_path / "Makefile").read_text(), re.MULTILINE)}


@pytest.mark.parametrize("template", STARTING_TEMPLATES)
def test_what_is_not_installed_is_to_be_installed_first(tmp_path, monkeypatch, template):
    monkeypatch.setattr("slotfill.commands.init.find_spec", lambda name: name if name == "pytest" else None)
    told = call(tmp_path, "--template", template).stdout
    wanted = {*re.findall(r"^(\w+)", (tmp_path / "requirements.txt").read_text(), re.MULTILINE)} - {
        "slotfill",
        "pytest",
    }
    extra = {"narwhals"} if template == "notebook" else set()  # what slotfill[frames] is
    (names,) = re.findall("^  python -m pip install (.*)  # missing here$", told, re.MULTILINE) or [""]
    assert {*names.split()} == wanted | extra


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


def test_a_folder_that_cannot_be_written_is_named():
    with read_only() as folder:
        done = call(folder / "new")
    assert done.exit_code == 2
    assert f"cannot write '{folder}/new/" in done.stderr
    assert "Permission denied" in done.stderr


def test_on_a_full_disk_the_file_is_named_and_none_is_left(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with full(500):
        done = call(tmp_path)
    assert done.exit_code == 2
    assert f"cannot write '{tmp_path}/" in done.stderr
    assert "File too large" in done.stderr
    assert written(tmp_path) == {"notes.txt": "mine"}
    assert call(tmp_path).exit_code == 0


def test_an_empty_name_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call("")
    assert (done.exit_code, written(tmp_path)) == (2, {})
    assert "the name of the folder is empty" in done.stderr


def test_links_in_a_circle_are_in_the_way(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    done = call(tmp_path / "circle" / "new")
    assert done.exit_code == 2
    assert f"in the way: '{tmp_path}/circle'." in done.stderr


@pytest.mark.parametrize(
    ("name", "step"), [("-", "cd ./-\n"), ("-x", "cd ./-x\n"), ("~", "cd '~'\n"), ("\x1b[2J", "cd '\\x1b[2J'\n")]
)
def test_a_name_means_no_more_to_the_shell_or_the_terminal(tmp_path, monkeypatch, name, step):
    monkeypatch.chdir(tmp_path)
    done = call("--", name)
    assert done.exit_code == 0
    assert step in done.stdout
    assert written(tmp_path / name) == starting_files("plain", name)


def test_the_title_is_the_name_of_the_folder_wherever_the_path_leads(tmp_path, monkeypatch):
    (tmp_path / "tickets" / "src").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "tickets" / "src")
    assert call("..").exit_code == 0
    assert (tmp_path / "tickets" / "README.md").read_text().startswith("# tickets\n")


def test_what_another_process_puts_there_meanwhile_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("slotfill.commands.init._obstacles", lambda *_: iter(()))
    Path(tmp_path, "tickets.py").write_text("mine")
    done = call(tmp_path)
    assert done.exit_code == 2
    assert f"cannot write '{tmp_path}/tickets.py': File exists" in done.stderr
    assert written(tmp_path) == {"tickets.py": "mine"}
