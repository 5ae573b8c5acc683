"""`slotfill check`: exit codes, what it writes, and that it leaves nothing behind."""

import json
import re
import subprocess
import sys

import pytest
from checkout import FIXTURES
from click.testing import CliRunner

from slotfill.cli import main

BROKEN = FIXTURES / "broken" / "schemas"
FEW = ("--max-examples", "20")
CLEAN = "name, age int"
LOOSE = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["age"]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loose.json").write_text(json.dumps(LOOSE))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["check", *arguments], catch_exceptions=False)


def test_a_broken_law_is_one_paragraph_and_exit_1():
    result = run(f"{BROKEN / 'clamps.py'}:Broken", *FEW)
    assert result.exit_code == 1
    assert result.stdout.split("\n\n")[0] == (
        "broken: near misses refused: /stars\n"
        "    breaks 'minimum' of the JSON Schema, and is accepted as 1\n"
        '    {"stars": 0}'
    )
    assert result.stderr == ""


def test_its_good_twin_exits_with_0():
    result = run(f"{BROKEN / 'clamps.py'}:Good", *FEW)
    assert result.exit_code == 0
    assert "broken:" not in result.stdout


@pytest.mark.slow
def test_advice_exits_with_1_when_strict_alone():
    lines = run("loose.json", *FEW).stdout.splitlines()
    assert lines[0] == "advice: wire: /age"
    assert lines[-1].startswith("10 laws: none broken; ")
    assert run("loose.json", *FEW).exit_code == 0
    assert run("loose.json", "--strict", *FEW).exit_code == 1


def test_what_is_not_decided_exits_with_3_unless_a_law_is_broken():
    result = run("loose.json", "--timeout", "0.000001")
    assert result.exit_code == 3
    assert result.stdout.startswith("not decided: instances exist: the value\n    the time ran out")
    assert re.search(r"^10 laws: none broken, \d+ not decided; ", result.stdout, re.MULTILINE)
    assert json.loads(run("loose.json", "--timeout", "0.000001", "--json").stdout)[0]["decided"] is False
    assert run(f"{BROKEN / 'wrong_example.py'}:Broken", "--timeout", "0.000001").exit_code == 1


def test_json_holds_law_path_and_counterexample():
    result = run("loose.json", "--json", *FEW)
    wire = json.loads(result.stdout)[0]
    assert (wire["law"], wire["path"], wire["counterexample"], wire["advice"]) == ("wire", "/age", {"age": -1}, True)


@pytest.mark.slow
def test_several_are_told_by_name_and_the_worst_of_them_decides():
    broken, few = f"{BROKEN / 'clamps.py'}:Broken", ("--max-examples", "5")
    result = run(CLEAN, broken, *few)
    assert result.exit_code == 1
    heading, other = result.stdout.index(f"{CLEAN}:\n"), result.stdout.index(f"{broken}:\n")
    assert heading < other < result.stdout.index("broken: near")
    found = json.loads(run(CLEAN, broken, "--json", *few).stdout)
    assert {one["schema"] for one in found if not one["advice"]} == {broken}
    assert run(CLEAN, "no-such-schema", *few).stdout == ""


def test_the_seed_decides():
    first, again = (run("loose.json", "--json", "--seed", "7", *FEW).stdout for _ in range(2))
    assert first == again


def test_a_wrong_example_is_a_finding_here():
    result = run(f"{BROKEN / 'wrong_example.py'}:Broken", *FEW)
    assert result.exit_code == 1
    assert result.stdout.startswith("broken: worked examples hold: /value/age\n    example 1 does not validate")


@pytest.mark.parametrize("schema", ["feedbak", "nowhere.json", "nowhere.py:Model"])
def test_a_schema_that_is_not_there_exits_with_2(schema):
    result = run(schema)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")


def test_the_default_number_of_examples_is_that_of_the_laws():
    from slotfill.extractors.testing.checking.search import DEFAULT_EXAMPLES

    (option,) = [option for option in main.commands["check"].params if option.name == "max_examples"]
    assert option.default == DEFAULT_EXAMPLES


def test_control_characters_do_not_reach_a_terminal(folder):
    schema = {"type": "object", "properties": {"\x1b[31m": {"enum": ["a"]}, "b\x1b": {"type": "string"}}}
    (folder / "odd.json").write_text(json.dumps(schema))
    assert "\x1b" not in run("odd.json", *FEW).stdout


def test_it_leaves_nothing_in_the_folder(folder):
    command = [sys.executable, "-m", "slotfill", "check", CLEAN, *FEW]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert [path.name for path in folder.iterdir()] == ["loose.json"]
