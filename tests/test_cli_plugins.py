"""Plug-ins by the command line: a package with one of each kind, and what becomes of those that fail."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from planted_plugins import ENTRY_POINTS, EXAMPLE, packages_from, plant, plant_example
from scripted import message

from slotfill.cli import main
from slotfill.extractors.catalogue.transport_facts import TRANSPORTS
from slotfill.extractors.evaluation.judging import plugged_comparators
from slotfill.extractors.installed import plugin_list
from slotfill.schemas.entry_points import plugin_group
from slotfill.schemas.entry_points.installed_plugins import _read
from slotfill.schemas.marks.comparison import COMPARATORS, ComparisonKind

COMMAND = ("extract", "person", "note.rev", "-m", "echo:1", "-o", "people.xml")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.rev").write_text("Ada Lovelace wrote it."[::-1])
    plugged_comparators._loaded.cache_clear()
    plugin_group._warn.cache_clear()
    return tmp_path


@pytest.fixture
def site(tmp_path_factory, monkeypatch):
    """A folder that packages are installed into."""
    with packages_from(tmp_path_factory.mktemp("site"), monkeypatch) as site:
        yield site


@pytest.fixture
def acme(site):
    plant_example(site)
    return site


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.mark.usefixtures("acme")
def test_all_kinds_work_together(folder):
    result = run(*COMMAND)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert "<value source=\"note.rev\">{'name': 'Ada Lovelace'}</value>" in (folder / "people.xml").read_text()
    (folder / "gold.jsonl").write_text('{"text": "Ada Lovelace wrote it.", "value": {"name": "Anne Leclerc"}}\n')
    result = run("evaluate", "gold.jsonl", "-s", "person", "-m", "echo:1", "--json")
    assert result.exit_code == 0, result.stderr
    field = json.loads(result.stdout)["scores"]["fields"]["/name"]
    assert (field["compared_as"], field["counts"]["tolerated"], field["counts"]["wrong"]) == ("initials", 1, 0)


@pytest.mark.usefixtures("acme")
def test_they_are_listed_without_being_imported():
    result = run("plugins", "--json")
    assert result.exit_code == 0
    listed = {(one["group"], one["name"]): one for one in json.loads(result.stdout)}
    assert {f"{group}: {name}" for group, name in listed} == ENTRY_POINTS.keys()
    assert {(one["distribution"], one["version"], one["state"]) for one in listed.values()} == {
        ("acme-plugins", "1.2", "ready")
    }
    assert "acme_plugins" not in sys.modules
    assert run("plugins").stdout.splitlines()[0] == ("ready    slotfill.comparators  initials        acme-plugins 1.2")
    assert "person      (of acme-plugins 1.2)" in run("schemas").stdout
    assert "ok       plug-ins        6 installed: `slotfill plugins --load` tries them" in run("doctor").stdout
    assert {one["state"] for one in json.loads(run("plugins", "--json", "--load").stdout)} == {"loaded"}


def test_every_name_that_is_built_in_leads_to_something():
    for group in plugin_list._GROUPS.values():
        for name in group.built_ins:
            assert callable(group.load(name).value) or group is TRANSPORTS, f"{group.name}: {name}"
    assert {*COMPARATORS.built_ins} == {*get_args(ComparisonKind)}


def test_nothing_is_installed():
    result = run("plugins")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no plug-ins are installed\n")


def test_how_each_stands(site):
    modules = {"planted": "X = 1"}
    plant(site, "one", {"slotfill.schemas: feedback": "planted:X", "slotfill.sinks: a": "planted:X"}, modules)
    plant(site, "two", {"slotfill.sinks: a": "planted:X", "slotfill.reader: b": "planted:X"}, {})
    plant(site, "three", {"slotfill.readers: c": "planted:Y"}, {})
    result = run("plugins", "--load", "--json")
    assert result.exit_code == 2
    assert {(one["distribution"], one["name"]): one["state"] for one in json.loads(result.stdout)} == {
        ("one", "feedback"): "shadowed",
        ("one", "a"): "doubled",
        ("two", "a"): "doubled",
        ("two", "b"): "unknown",
        ("three", "c"): "failed",
    }


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("command", "says"),
    [
        (COMMAND, "unknown schema 'person': the plug-in 'person' (slotfill.schemas) of acme-plugins 1.2 is left out"),
        (("extract", "name str", "note.rev", "-m", "echo:1"), "no model 'echo:1' is known: the plug-in 'echo'"),
        (("extract", "name str", "note.rev", "-m", "local", "-o", "a.xml"), "names a format that is not written"),
    ],
)
def test_a_variable_leaves_all_out(monkeypatch, command, says):
    monkeypatch.setenv("SLOTFILL_PLUGINS", "0")
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    result = run(*command)
    assert result.exit_code in {2, 4}
    assert says in result.stderr
    assert "acme_plugins" not in sys.modules
    assert {one["state"] for one in json.loads(run("plugins", "--json").stdout)} == {"off"}


NO_FACTS = """
class Transport:
    def facts(self, model):
        return {}

X = Transport()
"""
ONE = "raise KeyError('secret of the code')"


@pytest.mark.parametrize(
    ("entry_point", "code", "command"),
    [
        ("slotfill.schemas: broken", ONE, ("extract", "broken", "note.rev", "-m", "echo:1")),
        ("slotfill.schemas: broken", "X = 7", ("extract", "broken", "note.rev", "-m", "echo:1")),
        ("slotfill.schemas: broken", "X = 'name str'", ("extract", "broken", "note.rev", "-m", "echo:1")),
        ("slotfill.sinks: broken", ONE, (*COMMAND[:5], "-o", "broken:x")),
        ("slotfill.sinks: broken", "X = lambda *_: 7", (*COMMAND[:5], "-o", "a.broken")),
        ("slotfill.transports: broken", ONE, ("extract", "person", "note.rev", "-m", "broken:1")),
        ("slotfill.transports: broken", "X = 7", ("extract", "person", "note.rev", "-m", "broken:1")),
        ("slotfill.transports: broken", NO_FACTS, ("extract", "person", "note.rev", "-m", "broken:1")),
    ],
)
def test_one_that_fails_is_named_and_costs_exit_2(acme, entry_point, code, command):
    plant(acme, "culprit", {entry_point: "planted:X"}, {"planted": code}, version="0.9")
    result = run(*command)
    assert result.exit_code == 2, result.stderr
    assert f"plug-in 'broken' ({entry_point.partition(':')[0]}) of culprit 0.9 raised an error" in result.stderr
    assert result.stderr.rstrip().endswith("uninstall culprit, or leave all plug-ins out with SLOTFILL_PLUGINS=0")


def test_what_is_built_in_looks_for_no_plug_in(server, folder):
    server.script(message('{"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}'))
    (folder / "a.txt").write_text("It came late.")
    _read.cache_clear()
    assert run("extract", "feedback", "a.txt", "-o", "out.jsonl").exit_code == 0
    assert _read.cache_info().misses == 0


SINK = """
from slotfill.plugins import Sink

class X(Sink):
    def __init__(self, output, options):
        self.at = output

    def write(self, record):
        {write}

    def commit(self, *, complete):
        {commit}
"""


@pytest.mark.parametrize(("write", "commit", "doing"), [("1 / 0", "pass", "wrote"), ("pass", "1 / 0", "kept what was")])
def test_a_sink_that_fails_on_the_way_is_named(acme, write, commit, doing):
    code = SINK.format(write=write, commit=commit)
    plant(acme, "culprit", {"slotfill.sinks: broken": "planted:X"}, {"planted": code})
    result = run(*COMMAND[:5], "-o", "broken:x")
    assert result.exit_code == 2, result.stderr
    assert f"of culprit 1.0 raised an error as it {doing}" in result.stderr


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (ONE, "raised an error as it was loaded"),
        ("def X(data, options): raise KeyError(data)", "failed with KeyError: mend, upgrade or uninstall culprit"),
        ("def X(data, options): yield data.decode()", "failed with TypeError"),
        ("def X(data, options): import nowhere_at_all", "failed with ModuleNotFoundError"),
        ("import os\ndef X(data, options): os._exit(3)", "its reader, the plug-in 'broken'"),
    ],
)
def test_a_reader_that_fails_costs_its_document_alone(acme, folder, code, says):
    plant(acme, "culprit", {"slotfill.readers: broken": "planted:X"}, {"planted": code})
    (folder / "bad.broken").write_text("Ada Lovelace")
    result = run("extract", "person", "bad.broken", "note.rev", "-m", "echo:1")
    assert result.exit_code == 1
    assert says in result.stderr
    assert "'broken' (slotfill.readers) of culprit 1.0" in result.stderr
    assert [json.loads(line)["source"] for line in result.stdout.splitlines()] == ["note.rev"]


COMPARATOR = "def X(one, other): {}"


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("body", ["raise KeyError(one)", "return 7", "return 'much'"])
def test_a_comparator_that_fails_is_named(acme, folder, body):
    plant(acme, "culprit", {"slotfill.comparators: broken": "planted:X"}, {"planted": COMPARATOR.format(body)})
    schema = {"type": "object", "properties": {"name": {"type": "string", "x-slotfill-compare": "broken"}}}
    (folder / "schema.json").write_text(json.dumps(schema))
    (folder / "gold.jsonl").write_text('{"text": "Ada Lovelace.", "value": {"name": "Ann"}}\n')
    result = run("evaluate", "gold.jsonl", "-s", "schema.json", "-m", "echo:1")
    assert result.exit_code == 2, result.stderr
    assert "'broken' (slotfill.comparators) of culprit 1.0 raised an error as it compared two values" in result.stderr


@pytest.mark.slow
def test_a_package_that_is_built_and_installed(tmp_path, folder):
    """As a user does it, in other processes."""
    source, wheels, site = tmp_path / "source", tmp_path / "wheels", tmp_path / "site"
    shutil.copytree(EXAMPLE, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", wheels, source]
    subprocess.run([*pip, *build], check=True, timeout=300, stderr=subprocess.DEVNULL)
    (wheel,) = wheels.glob("*.whl")
    install = ["install", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run([*pip, *install], check=True, timeout=300, stderr=subprocess.DEVNULL)
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def started(*arguments):
        command = [sys.executable, "-m", "slotfill", *arguments]
        return subprocess.run(
            command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )

    listed = json.loads(started("plugins", "--json", "--load").stdout)
    assert {(one["state"], one["version"]) for one in listed} == {("loaded", "1.2")}
    result = started(*COMMAND)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert "Ada Lovelace" in (folder / "people.xml").read_text()
    again = started(*COMMAND[:-1], "again.xml", "--engine", "processes", "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert "Ada Lovelace" in Path(folder, "again.xml").read_text()
