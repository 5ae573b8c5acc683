"""The documentation says what is true: its commands, its links, its code, its records and its lists."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import metadata
from importlib.util import find_spec
from itertools import pairwise

import click
import pypdfium2
import pytest
from checkout import FIXTURES, ROOT
from scripted import message

import slotfill
from slotfill import Document, Example, Extractor, Outcome, Schema
from slotfill.cli import main
from slotfill.commands import exit_codes
from slotfill.extractors.live.assumptions import assumptions_for
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.runs.stopping import EXIT_CODES
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.extractors.testing.simulator.fault_triggers import FAULTS, STAGES
from slotfill.schemas import Entities, built_ins, resolve
from slotfill.schemas.sources.one_line import FIELD_TYPES

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]

ANSWER = {"quotes": ["within 30 days"], "answer": "Within 30 days."}
FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


def section(page, title):
    """Give what stands below a heading, up to the next one that is no deeper."""
    mark, text = re.search(rf"^(##+) {re.escape(title)}\n(.*)", page.read_text(), re.DOTALL | re.MULTILINE).groups()
    return re.split(rf"^#{{2,{len(mark)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(text):
    """Give the cells of a text's tables, without their heads and the lines below these."""
    tables = re.findall(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for table in tables for row in table.splitlines()]


def json_of(text):
    """Give the JSON of a text's only block of it."""
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return json.loads(block)


@pytest.mark.parametrize("script", ["badges.py", "command_line.py", "messages.py", "record_schema.py", "rooms.py"])
def test_what_is_made_of_the_code_is_up_to_date(script):
    environment = os.environ | {"COLUMNS": "40"}
    check = [sys.executable, DOCS / script, "--check"]
    result = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def commands(command=main, path="slotfill"):
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


def test_every_command_and_option_stands_in_the_page():
    for path, command in commands():
        text = section(DOCS / "command-line.md", path)
        for option in (p for p in command.params if isinstance(p, click.Option)):
            assert option.opts[-1] in text, (path, option.opts)


def mentioned():
    """Give the command lines that the pages show, in blocks and in running text."""
    for page in PAGES:
        # What messages name is shortened: it stands in a list that is made of the code.
        text = (
            page.read_text().partition("\n## Batches\n")[0] if page.name == "troubleshooting.md" else page.read_text()
        )
        shown = re.findall(r"^ {4,}(?:\$ |.*\| )?(slotfill [a-z-].*)$", text, re.MULTILINE)
        for line in [*shown, *re.findall(r"`(slotfill [^`]*)`", text)]:
            yield re.split(r"\s{2,}|\s#", line)[0]


@pytest.mark.parametrize("line", sorted(set(mentioned())))
def test_every_command_line_of_the_docs_can_be_typed(line):
    _, *words = shlex.split(line)
    command = main
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        command = command.commands[words.pop(0)]
    with suppress(click.exceptions.Exit, click.MissingParameter):  # --help; `slotfill extract` in running text
        command.make_context("slotfill", words, **main.context_settings)  # a command keeps the names of its --help


def test_what_is_assumed_of_the_service_stands_in_the_page():
    assumed = assumptions_for("claude-haiku-5-5", Settings(), "")
    told = table_rows(section(DOCS / "live.md", "What is assumed"))
    assert told == [[f"`{one.name}`", one.text] for one in assumed]


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link, _, anchor in re.findall(r"\]\(([^)#]*)(#([^)]*))?\)", page.read_text()):
        if not link.startswith("http"):
            target = page.parent / link if link else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), (link, anchor)


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


EACH_BLOCK = """
import json, sys

for number, block in enumerate(json.load(sys.stdin)):
    exec(compile(block, f"block {number}", "exec"), {"__name__": "__main__"})
"""
"""Runs the blocks of a page in one process, each by itself: most of the time is that of the imports."""


def each_page(pages):
    """Give the pages that hold Python; those that a newcomer comes to first are played in `make test`, too."""
    for page in filter(python_blocks, pages):
        yield page if page.name in ("README.md", "python.md") else pytest.param(page, marks=pytest.mark.slow)


@pytest.mark.parametrize("page", [*each_page(PAGES)], ids=lambda page: page.name)
def test_the_python_of_the_docs_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(FIXTURES / "mails", "mails")
    with pypdfium2.PdfDocument.new() as offer:
        offer.new_page(595, 842)
        offer.save("offer.pdf")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    with served(
        SimulatedClaude(
            lambda request: ANSWER if "quotes" in (request.schema or {}).get("properties", {}) else FEEDBACK
        )
    ) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        command = [sys.executable, "-W", "error", "-c", EACH_BLOCK]
        blocks = json.dumps(python_blocks(page))
        result = subprocess.run(command, input=blocks, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_first_commands_of_the_readme_are_the_two():
    found = re.findall(r"^    (\S.*)$", README.read_text(), re.MULTILINE)
    assert [command.split("  ")[0] for command in found[:2]] == ["make demo", "make test"]


def test_the_example_of_the_readme_is_a_valid_value_of_its_text():
    text, shown = re.search(r'\$ echo "([^"]*)".*?--show\n(.*?)\n\nThis', README.read_text(), re.DOTALL).groups()
    marked, rows = shown.split("\n\n")
    assert re.sub(r"\[([^]]*)\][¹²³⁴⁵]", r"\1", marked).strip() == text
    quotes = re.findall(r"entities\[\d\]\.text  (.*)", rows)
    assert re.findall(r"\[([^]]*)\]", marked) == quotes
    types = re.findall(r"entities\[\d\]\.type  (\w+)", rows)
    value = {"entities": [{"text": quote, "type": kind} for quote, kind in zip(quotes, types, strict=True)]}
    Schema(Entities).validate(json.dumps(value), document=text)


def test_the_record_of_the_docs_is_a_real_one(service):
    first, second = '{"product": "lamp"}', '{"price": 24.5}'
    usages = [{"input_tokens": 512, "output_tokens": 9}, {"input_tokens": 590, "output_tokens": 14}]
    service.script(*(message(text, usage=usage) for text, usage in zip((first, second), usages, strict=True)))
    with Extractor("product, price float", client=service.client()) as extractor:
        document = Document.of("The lamp was 24.50 and I love it.", "reviews/17.txt")
        found = extractor.extract(document).to_json()
    shown = json_of(section(DOCS / "python.md", "Extraction"))
    for attempt, real in zip(shown["attempts"], found["attempts"], strict=True):
        attempt["ms"] = real["ms"]
    assert shown | {"ms": found["ms"], "cost_usd": found["cost_usd"]} == found  # a price may change


def test_the_request_of_the_docs_is_what_is_sent(service):
    examples = [Example("Bo is 7.", {"name": "Bo", "age": 7})]
    with Extractor("name, age int?", client=service.client(), examples=examples) as extractor:
        (sent,) = extractor.requests("Ada is 36.")
    shown = json_of(section(DOCS / "architecture.md", "The request"))
    (told,), (system,) = shown.pop("system"), sent.pop("system")
    assert shown == sent
    assert system["text"].startswith(told["text"].removesuffix("…"))


def test_the_list_of_failures_is_complete():
    listed = {
        kind for row in table_rows(section(DOCS / "python.md", "Failures")) for kind in re.findall(r"`(\w+)`", row[0])
    }
    assert listed == set(FailureKind)


def test_the_lists_of_outcomes_and_errors_are_complete():
    own, _, _ = section(DOCS / "python.md", "Extraction").partition("\n### ")  # edits and spans have tables, too
    listed = table_rows(own)[-len(Outcome) :]
    outcomes = {row[0].strip("`"): row[1] == "yes" for row in listed}
    assert outcomes == {outcome.value: outcome.ok for outcome in Outcome}
    tree = re.findall(r"(\w+Error)  ", section(DOCS / "python.md", "Errors"))
    assert {*tree, "SlotfillError", "FieldError"} == {name for name in slotfill.__all__ if name.endswith("Error")}


def test_the_table_of_faults_is_complete_and_in_order():
    listed = [
        name for row in table_rows(section(DOCS / "testing.md", "Faults")) for name in re.findall(r"`(\w+)`", row[0])
    ]
    assert sorted(listed) == sorted(FAULTS)
    at = {name: number for number, name in enumerate(listed)}
    for stage, following in pairwise(STAGES):
        assert max(map(at.get, stage)) < min(map(at.get, following))


def test_the_exit_codes_and_variables_are_complete():
    codes = {int(row[0]) for row in table_rows(section(DOCS / "command-line.md", "Exit codes"))}
    assert codes == {0, *EXIT_CODES.values()} | {
        code for name, code in vars(exit_codes).items() if name.startswith("EXIT_")
    }
    text = section(DOCS / "command-line.md", "Variables")
    for name, field in Settings.model_fields.items():
        assert f"`{field.validation_alias or f'SLOTFILL_{name.upper()}'}`" in text


def fields(schema, prefix=""):
    """Give the names of a model's fields, `list[].name` for those of a list's items."""
    for name, part in schema["properties"].items():
        yield f"{prefix}{name}"
        if reference := part.get("items", {}).get("$ref"):
            yield from fields(schema["$defs"][reference.rsplit("/", 1)[-1]], f"{prefix}{name}[].")


def test_the_fields_of_the_built_ins_are_complete():
    listed, name = {}, ""
    for row in table_rows(section(DOCS / "schemas.md", "The five built-ins")):
        name = row[0].strip("`") or name
        listed.setdefault(name, []).append(row[1].strip("`"))
    assert listed == {name: [*fields(resolve(name).json_schema)] for name in sorted(built_ins(), key=[*listed].index)}


def test_the_schemas_of_the_docs_can_be_used():
    text = section(DOCS / "schemas.md", "One line")
    lines = re.findall(r'"([^"|]*[ ,][^"]*)"', "".join(re.findall(r"`[^`]*`|^    slotfill .*$", text, re.MULTILINE)))
    assert len(lines) >= 4
    for line in lines:
        resolve(line)
    assert {name for row in table_rows(text) for name in re.findall(r"`([\w-]+)`", row[0])} == set(FIELD_TYPES)
    document = re.search(
        r"^    \{\n.*?^    \}\n", section(DOCS / "schemas.md", "A JSON Schema"), re.DOTALL | re.MULTILINE
    )
    schema = resolve(json.loads(document[0]))
    assert schema.load({"number": "7", "articles": ["AB-1"]})


def test_the_dependencies_are_those_of_the_project_with_their_licences():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [item for extra in project["project"]["optional-dependencies"].values() for item in extra]
    listed = {row[0].split()[0]: row[2] for row in table_rows(section(DOCS / "architecture.md", "Dependencies"))}
    assert set(listed) == {re.match(r"[\w-]+", item)[0] for item in wanted}
    left_out = {"onnxruntime", "rapidocr", "ray"}  # too large for `make setup`
    for name, licence in listed.items():
        if name not in left_out or find_spec(name):
            assert metadata(name).get("License-Expression", licence) == licence, name
