"""Starting folders: their tests pass as soon as they are written, and what their Makefiles say works."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slotfill.extractors.templates.starting_files import STARTING_TEMPLATES, starting_files
from slotfill.extractors.testing import SimulatedClaude, served


@pytest.fixture
def folder(request, tmp_path):
    """A fresh folder of a template."""
    for name, text in starting_files(request.param, "Our tickets").items():
        path = tmp_path / "Our tickets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "Our tickets"


def run(folder, *command, **variables):
    """Run a command in the folder as somebody would who has no key."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("ANTHROPIC", "SLOTFILL"))}
    environment |= {"XDG_STATE_HOME": str(folder / "state"), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder",
    ["plain", *(pytest.param(name, marks=pytest.mark.slow) for name in STARTING_TEMPLATES if name != "plain")],
    indirect=True,
)
def test_its_tests_pass_at_once(folder):
    done = run(folder, sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:asyncio")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("folder", STARTING_TEMPLATES, indirect=True)
def test_its_code_is_tidy(folder):
    ruff = Path(sys.executable).with_name("ruff")
    done = run(folder, ruff, "check", "--isolated", "--select", "E,F,I,UP,B,SIM", "--line-length", "120", ".")
    assert done.returncode == 0, done.stdout
    done = run(folder, ruff, "format", "--isolated", "--check", "--line-length", "120", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("template", STARTING_TEMPLATES)
def test_each_has_what_a_folder_needs(template):
    files = starting_files(template, "x")
    needed = {".env.example", ".gitignore", ".github/workflows/tests.yml", "Makefile", "README.md", "requirements.txt"}
    assert needed | {"tickets.py", "samples/late.txt", "tests/test_tickets.py", "vendor/README.md"} <= files.keys()
    assert not [name for name in files if name.endswith("-tpl") or "dot-" in name]
    assert not [name for name, text in files.items() if "{{" in text]
    targets = [line.split(":")[0] for line in files["Makefile"].splitlines() if ":" in line and line[0].isalpha()]
    said = {words[1] for line in files["README.md"].splitlines() if (words := line.split())[:1] == ["make"]}
    assert "test" in said <= {*targets}


@pytest.mark.parametrize(
    ("name", "title"),
    [("offers", "offers"), ('a"b\n# c', "a-b- c"), ("\u202e$(rm)", "rm"), ("", "extraction"), ("Büro 3", "Büro 3")],
)
def test_a_folder_of_any_name_has_a_title(name, title):
    assert starting_files("plain", name)["README.md"].splitlines()[0] == f"# {title}"


def test_where_pip_finds_nothing_it_is_said():
    for template in STARTING_TEMPLATES:
        files = starting_files(template, "x")
        assert files["requirements.txt"].startswith("--find-links vendor\nslotfill")
        for name in ("vendor/README.md", "README.md", ".github/workflows/tests.yml"):
            assert "on no package index yet" in files[name]


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["batch"], indirect=True)
def test_the_steps_of_a_batch_lead_to_a_figure(folder):
    assert shutil.which("make")
    with served(SimulatedClaude(folder / "gold.jsonl")) as url:
        service = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "x", "PYTHON": sys.executable}
        done = run(folder, "make", "estimate", "evaluate", **service)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(line) for line in (folder / "out" / "records.jsonl").read_text().splitlines()]
    assert [record["outcome"] for record in records] == ["valid", "valid"]
    assert "100.0" in done.stdout
    assert (folder / "out" / "report.html").stat().st_size > 1_000


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["plain"], indirect=True)
def test_the_first_extraction_works(folder):
    with served(SimulatedClaude()) as url:
        service = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "x", "PYTHON": sys.executable}
        done = run(folder, "make", "extract", **service)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len((folder / "out" / "tickets.jsonl").read_text().splitlines()) == 2


def test_what_is_code_parses():
    for template in STARTING_TEMPLATES:
        for name, text in starting_files(template, "x").items():
            if name.endswith(".py"):
                ast.parse(text, name)
