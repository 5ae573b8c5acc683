"""The four rules of the house: rooms in layers, no circles, one word for one thing, small folders."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from checkout import ROOT

PACKAGES = ("commands", "extractors", "schemas")
FILES = sorted(file for package in PACKAGES for file in ROOT.glob(f"{package}/**/*.py"))
MODULES = [file for file in FILES if file.name != "__init__.py"]

MOST_MODULES = 12
"""A folder of more is a floor, not a room."""

MOST_ANY = 15
"""So many `Any` a thousand lines; JSON has a name of its own (`schemas.json_values.json_types`)."""

NO_NOUNS = frozenset({"said", "told", "found", "given", "kept", "worth", "ways", "leaves", "slips"})
"""What a thing is not called: it says that something was done, not what there is."""

OF_THE_RECORD = {"extractors/record/parts.py": {"kept"}}
"""What stands in the record's JSON, which others read."""

READER = "read"
"""What the module of each kind of file reads by: the same thing for each."""

SAME_JOB = {
    "errors": "the errors of one half of the house",
    "check": "a command, and what it calls",
    "costs": "a command, and what it calls",
    "doctor": "a command, and what it calls",
    "models": "a command on models, and the models that are asked",
}
"""File names that stand twice, as the same job is done for another thing: the job."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("slotfill", cache_dir=None)


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(("slotfill", *(part for part in parts if part != "__init__")))


def layers() -> list[str]:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    (house,) = (one for one in tool["importlinter"]["contracts"] if one["name"].startswith("The house"))
    return [name.strip() for layer in house["layers"] for name in layer.replace("|", ":").split(":")]


def public_names(file: Path) -> list[str]:
    """Give the names of a module's `__all__` that it defines itself."""
    tree = ast.parse(file.read_bytes())
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in node.names
    }
    named = (
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return [name for value in named for name in ast.literal_eval(value) if name not in imported]


def test_every_module_stands_in_a_layer() -> None:
    rooms = layers()
    homeless = [
        name for name in map(name_of, MODULES) if not any(name == room or name.startswith(f"{room}.") for room in rooms)
    ]
    assert not homeless
    assert [room for room, times in Counter(rooms).items() if times > 1] == []


def test_no_file_is_in_a_circle(graph: grimp.ImportGraph) -> None:
    """Imports that type checkers alone read count too."""
    rest = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    while ends := [module for module, imported in rest.items() if not imported & rest.keys()]:
        for module in ends:
            del rest[module]
    assert not rest


def test_nothing_but_commands_imports_what_tests_use(graph: grimp.ImportGraph) -> None:
    testing = "slotfill.extractors.testing"
    importers = {
        importer
        for module in graph.modules
        if module.startswith(testing)
        for importer in graph.find_modules_that_directly_import(module)
    }
    assert {one for one in importers if not one.startswith((testing, "slotfill.commands"))} == set()


def test_folders_are_rooms() -> None:
    counts = Counter(file.parent.relative_to(ROOT).as_posix() for file in MODULES)
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}
    assert counts["extractors"] <= 10


def test_a_public_name_has_one_meaning() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for file in FILES:
        for name in public_names(file):
            homes[name].append(file.relative_to(ROOT).as_posix())
    assert {name: files for name, files in homes.items() if len(files) > 1 and name != READER} == {}


def test_a_file_name_stands_once() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for file in MODULES:
        homes[file.stem].append(file.relative_to(ROOT).as_posix())
    assert {name: files for name, files in homes.items() if len(files) > 1}.keys() == SAME_JOB.keys()


def test_one_module_escapes_and_unescapes_json_pointers() -> None:
    texts = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in FILES}
    assert [name for name, text in texts.items() if '"~1"' in text] == ["schemas/json_values/pointer.py"]


TESTED_THROUGH = {
    "commands": ("test_cli", "a command is what a user calls it for"),
    "extractors/builtin": ("test_extractor", "the five ready-made extractors"),
    "extractors/options": ("test_extractor", "what an extractor takes"),
    "extractors/texts": ("test_extractor", "what it is handed over"),
    "extractors/doctor": ("test_cli", "as the command `doctor`"),
    "extractors/errors": ("test_cli", "each by how it ends a command"),
    "extractors/batches": ("test_waves", "one wave, from its asks to what is read of its batches"),
    "extractors/calibrating": ("test_field_curves", "what curves are learnt from"),
    "extractors/chunks": ("test_reading", "the parts of one reading: what becomes of a long document"),
    "extractors/catalogue/transport_facts": ("test_model_transport", "what one transport knows of its models"),
    "extractors/chat_completions": ("test_chat_transport", "one server, by what it is asked and answers"),
    "extractors/clients": ("test_clients", "one call of a model, its tries and its connections"),
    "extractors/serving": ("test_extract_routes", "one service, by what it answers"),
    "extractors/displaying": ("test_record_display", "what one display is made of"),
    "extractors/distributed": ("test_coordinator", "what one run with workers is made of"),
    "extractors/distributed/leases": ("test_money_leases", "each by what its two sides make of it"),
    "extractors/documents": ("test_sources", "one reader a format, by the sources that hold it"),
    "extractors/documents/blocks": ("test_block_reader", "one file, cut"),
    "extractors/documents/joining": ("test_document_joining", "what becomes of one joined document"),
    "extractors/documents/readers": ("test_isolation", "each kind by what comes out of the process that reads it"),
    "extractors/documents/readers/mails": ("test_mail", "the parts of one mail"),
    "extractors/documents/readers/markup": ("test_html", "what becomes of one page"),
    "extractors/documents/readers/office": ("test_word", "what a document's text is made of"),
    "extractors/documents/readers/pdf": ("test_pdf_reader", "one page, from its letters to its text"),
    "extractors/documents/readers/pictures": ("test_value_pages", "what a page shows of a PDF"),
    "extractors/documents/rows": ("test_row_files", "the parts of one file of rows"),
    "extractors/evaluation": ("test_evaluation", "what one evaluation is made of"),
    "extractors/evaluation/drawing": ("test_html_report", "parts of what is shown"),
    "extractors/evaluation/drifting": ("test_drift", "what of each field is compared"),
    "extractors/evaluation/judging": ("test_value_judge", "how one value is held against gold"),
    "extractors/forms": ("test_grounding", "tables that grounding and repair read"),
    "extractors/gold/formats": ("test_field_marks", "what each tool's form can hold"),
    "extractors/gold": ("test_gold_files", "what becomes of one file of gold"),
    "extractors/grounding": ("test_grounding", "steps of one search"),
    "extractors/http": ("test_tries", "what holds of each HTTP try"),
    "extractors/live": ("test_assumptions", "one rehearsal, from its probes to its report"),
    "extractors/budgets": ("test_budget_ledger", "what holds of one ledger of money"),
    "extractors/installed": ("test_cli_plugins", "as the command `plugins`"),
    "extractors/keys": ("test_key_file", "what becomes of one file of keys"),
    "extractors/local": ("test_transport", "the service in front of the embedded model"),
    "extractors/local/filling": ("test_fields", "how each kind of question is answered"),
    "extractors/messages_api": ("test_service_errors", "the wire's own forms, by what is read of them"),
    "extractors/extractions": ("test_extraction", "a record, written and read again"),
    "extractors/pages": ("test_html_report", "what pages are written with"),
    "extractors/record": ("test_json_writer", "the parts of one record"),
    "extractors/repair": ("test_repair", "steps of one repair"),
    "extractors/rungs": ("test_plan", "the rungs are climbed by a plan"),
    "extractors/readings": ("test_poll", "the readings of one document"),
    "extractors/review/serving": ("test_review_app", "the service and its page"),
    "extractors/review": ("test_review_session", "what a session of review is made of"),
    "extractors/recording": ("test_plan", "the record that a plan ends with"),
    "extractors/runs": ("test_engine", "the parts of one run"),
    "extractors/runs/ledger": ("test_store", "the parts of one ledger"),
    "extractors/runs/outputs": ("test_sinks", "one sink a format, all with the same promises"),
    "extractors/runs/purging": ("test_cli_purge", "as the command `purge`"),
    "extractors/runs/reports": ("test_run_summary", "what a summary counts"),
    "extractors/runs/watching": ("test_ledger_activity", "what is seen of one ledger"),
    "extractors/streaming": ("test_events", "what one stream gives"),
    "extractors/suggestion": ("test_drawn_proposal", "what a proposal is made of"),
    "extractors/telemetry": ("test_extraction_telemetry", "one extraction, as it is told"),
    "extractors/terminal": ("test_standing_line", "what a terminal shows of it"),
    "extractors/testing": ("test_claude", "the simulated service, its faults and its rules"),
    "extractors/testing/checking": ("test_laws", "what laws and advice are made of"),
    "extractors/testing/plugged": ("test_plugin_conformance", "each class by plug-ins that break its promises"),
    "extractors/testing/matrix": ("test_fault_matrix", "the documents that it is played on"),
    "extractors/tool_server": ("test_mcp_server", "four tools, by what a client gets of them"),
    "extractors/transports": ("test_model_transport", "what one transport is opened by"),
    "extractors/updating": ("test_taking_over", "what is taken over of one record"),
    "extractors/viewing": ("test_record_view", "what a page shows of one record"),
    "extractors/tuning": ("test_tuning_session", "the parts of one session, from gold to the tuned file"),
    "schemas": ("test_schema", "what a schema is made of"),
    "schemas/built_in": ("test_built_ins", "all five alike"),
    "schemas/entry_points": ("test_plugin_group", "how one name is found"),
    "schemas/json_schema": ("test_response_model", "what a JSON Schema becomes"),
    "schemas/json_values": ("test_exact_json", "JSON as it was written"),
    "schemas/marks": ("test_confidence", "markers of fields and their keywords"),
    "schemas/passages": ("test_passages", "what counts as the same text"),
    "schemas/sources": ("test_schema_sources", "one source a kind"),
    "schemas/strategies": ("test_instances", "what instances are made of"),
    "schemas/validation": ("test_strict_validator", "steps of one validation"),
    "schemas/wire": ("test_wire", "what the wire holds of a schema"),
}
"""Through which test a module is tested that has none of its name, or a room's modules that have none, and why."""


def test_each_module_has_its_test() -> None:
    tests = {file.relative_to(ROOT / "tests") for file in ROOT.glob("tests/**/test_*.py")}
    names = {test.stem for test in tests}
    for file in MODULES:
        module = file.relative_to(ROOT).with_suffix("")
        if module.parent / f"test_{module.name}.py" not in tests:
            through = [TESTED_THROUGH[str(at)][0] for at in (module, *module.parents) if str(at) in TESTED_THROUGH]
            assert through, f"{module} has no test of its name, nor does TESTED_THROUGH name another"
            assert through[0] in names


def test_tests_mirror_the_rooms() -> None:
    """A test stands beside no other module than the one that it has the name of, and those of several in a room."""
    homes: defaultdict[str, set[Path]] = defaultdict(set)
    for module in (*MODULES, *(file.parent for file in FILES if file.name == "__init__.py")):
        homes[module.stem].add(module.relative_to(ROOT).parent)
    for test in ROOT.glob("tests/**/test_*.py"):
        place = test.relative_to(ROOT / "tests").parent
        name = test.stem.removeprefix("test_")
        if name in homes:
            assert place in homes[name], f"{test.name} tests what stands in {homes[name]}"
        assert (ROOT / place).is_dir()
        assert place != Path("extractors") or name in homes, f"{test.name} is about a room, and stands in none"


def names_of_things(file: Path) -> Iterator[str]:
    """Give the names that a module hands out: its classes and functions, their parameters and attributes."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.arg):
            yield node.arg
        if isinstance(node, ast.ClassDef):
            yield from (ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            yield node.attr


def test_things_have_nouns_for_names() -> None:
    used = {
        file.relative_to(ROOT).as_posix(): {name for name in names_of_things(file) if name.strip("_") in NO_NOUNS}
        for file in FILES
    }
    assert {file: names for file, names in used.items() if names} == OF_THE_RECORD


@pytest.mark.parametrize("package", PACKAGES)
def test_what_has_a_type_says_it(package: str) -> None:
    lines = [line for file in FILES if file.is_relative_to(ROOT / package) for line in file.read_text().splitlines()]
    assert 1000 * sum(len(re.findall(r"\bAny\b", line)) for line in lines) <= MOST_ANY * len(lines)


def room_of(module: str, packages: set[str]) -> str:
    """Give the folder of a module; one beside folders is a room by itself."""
    folder = module.rpartition(".")[0]
    holds_folders = any(package.rpartition(".")[0] == folder for package in packages)
    return module if holds_folders or module in packages else folder


def test_no_room_is_in_a_circle(graph: grimp.ImportGraph) -> None:
    packages = {name_of(file) for file in FILES if file.name == "__init__.py"} | {"slotfill"}
    imports: defaultdict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        room = room_of(module, packages)
        imports[room] |= {room_of(one, packages) for one in graph.find_modules_directly_imported_by(module)} - {room}
    while ends := [room for room, below in imports.items() if not below & imports.keys()]:
        for room in ends:
            del imports[room]
    assert not imports
