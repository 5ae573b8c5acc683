"""The documentation says what is true: its commands, its links, its code and its lists."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from scripted import message

from slotfill.cli import main
from slotfill.extractors import clients, decoding, documents, plan, record

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


def test_the_command_line_page_is_what_the_help_says():
    environment = os.environ | {"COLUMNS": "40"}
    check = [sys.executable, ROOT / "docs" / "command_line.py", "--check"]
    result = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def commands(command=main, path="slotfill"):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


def test_every_command_and_option_stands_in_the_page():
    page = (ROOT / "docs" / "command-line.md").read_text()
    for path, command in commands():
        section = page.split(f"## {path}\n", 1)[1].split("\n## ", 1)[0]
        for option in (p for p in command.params if isinstance(p, click.Option)):
            assert option.opts[-1] in section, (path, option.opts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link


def blocks():
    for page in PAGES:
        for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)):
            yield pytest.param(block, id=f"{page.name}-{number}")


@pytest.mark.parametrize("block", [*blocks()])
def test_the_python_of_the_docs_runs(block, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.script(message(json.dumps(FEEDBACK)))
    result = subprocess.run([sys.executable, "-W", "error", "-c", block], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_list_of_failures_is_complete():
    page = (ROOT / "docs" / "python.md").read_text()
    rows = re.search(r"## Failures.*?(\n\|.*?)\n\n", page, re.DOTALL)[1]
    listed = {kind for row in rows.splitlines()[3:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])}
    sources = "".join(Path(module.__file__).read_text() for module in (decoding, documents, plan, record))
    named = set(re.findall(r"Failure\(\s*\"(\w+)\"", sources))
    mapped = {kind for _, kind in clients._FAILURES} | {"too_long", plan.SCHEMA_REFUSED}
    assert listed == named | mapped


def test_the_first_commands_of_the_readme_are_the_two():
    found = re.findall(r"^    (\S.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert [command.split("  ")[0] for command in found[:2]] == ["make demo", "make test"]
