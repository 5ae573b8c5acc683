"""What is found by name: built in, or of other distributions; nothing is imported until it is loaded."""

import logging
import sys
from decimal import Decimal

import pytest
from planted_plugins import plant

from slotfill.schemas.entry_points import plugin_group
from slotfill.schemas.entry_points.installed_plugins import PluginError
from slotfill.schemas.entry_points.plugin_group import Named, PluginGroup

GROUP = "slotfill.tests"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    plugin_group._warn.cache_clear()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("planted_")]:
        if name != "planted_plugins":
            del sys.modules[name]


@pytest.fixture
def group():
    return PluginGroup(GROUP, {"decimal": "decimal:Decimal"})


def entry(name, target):
    return {f"{GROUP}: {name}": target}


def test_a_plugin_is_imported_when_it_is_loaded_and_not_before(folder, group):
    plant(folder, "acme-one", entry("seven", "planted_one:SEVEN"), {"planted_one": "SEVEN = 7"}, version="2.1")
    plugin = group.find("seven")
    assert (plugin.distribution, plugin.version, plugin.target) == ("acme-one", "2.1", "planted_one:SEVEN")
    assert [*group.names()] == ["decimal", "seven"]
    assert "planted_one" not in sys.modules
    assert group.load("seven") == Named(7, plugin)
    assert (group.has("seven"), group.has("eight"), group.find("eight")) == (True, False, None)
    with pytest.raises(PluginError, match=r"^no 'eight' \(slotfill\.tests\) is installed: install what has it$"):
        group.load("eight")


def test_nothing_takes_the_place_of_what_is_built_in(folder, group, caplog):
    plant(folder, "acme-one", entry("decimal", "planted_one:X"), {"planted_one": "X = 7"})
    assert group.load("decimal") == Named(Decimal)
    assert group.find("decimal") is None
    assert [*group.names()] == ["decimal"]
    with caplog.at_level(logging.WARNING, logger="slotfill"):
        group.find("other")
    assert "planted_one" not in sys.modules
    (plugin,) = group.plugins
    assert group.is_shadowed(plugin)


def test_what_is_shadowed_is_told_of_once(folder, group, caplog):
    plant(folder, "acme-one", entry("decimal", "planted_one:X"), {})
    group.find("a")
    group.find("b")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("the plug-in 'decimal' (slotfill.tests) of acme-one 1.0 is not used: 'decimal' is built in")


def test_two_distributions_with_one_name_are_both_named(folder, group):
    plant(folder, "acme-one", entry("seven", "planted_one:X"), {})
    plant(folder, "acme-two", entry("seven", "planted_two:X"), {}, version="3")
    with pytest.raises(
        PluginError, match=r"^acme-one 1\.0 and acme-two 3 both have a plug-in 'seven' \(slotfill\.tests\)"
    ):
        group.load("seven")


def test_two_copies_of_one_distribution_are_one(folder, group, tmp_path, monkeypatch):
    plant(folder, "acme-one", entry("seven", "planted_one:X"), {"planted_one": "X = 'old'"})
    newer = tmp_path / "newer"
    plant(newer, "acme-one", entry("seven", "planted_new:X"), {"planted_new": "X = 'new'"}, version="2.0")
    monkeypatch.syspath_prepend(newer)
    assert group.find("seven").version == "2.0"
    assert group.load("seven").value == "new"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("Y = 1", "AttributeError"),
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("def (", "SyntaxError"),
    ],
)
def test_one_that_cannot_be_loaded_is_named(folder, group, code, reason):
    plant(folder, "acme-one", entry("seven", "planted_one:X"), {"planted_one": code}, version="2.1")
    with pytest.raises(PluginError) as caught:
        group.load("seven")
    message = str(caught.value)
    assert message.startswith("plug-in 'seven' (slotfill.tests) of acme-one 2.1 raised an error as it was loaded")
    assert reason in message
    assert message.endswith("upgrade or uninstall acme-one, or leave all plug-ins out with SLOTFILL_PLUGINS=0")


@pytest.mark.parametrize(("value", "is_off"), [("0", True), ("false", True), ("OFF", True), ("1", False), ("", False)])
def test_a_variable_leaves_them_out(folder, group, monkeypatch, value, is_off):
    plant(folder, "acme-one", entry("seven", "planted_one:X"), {"planted_one": "X = 7"})
    monkeypatch.setenv("SLOTFILL_PLUGINS", value)
    assert group.has("seven") is not is_off
    assert [*group.names()] == (["decimal"] if is_off else ["decimal", "seven"])
    assert bool(group.hint("seven")) == is_off
    assert group.hint("eight") == ""


def test_metadata_that_nobody_can_read_stops_nothing(folder, group):
    plant(folder, "acme-one", entry("seven", "planted_one:X"), {"planted_one": "X = 7"})
    (folder / "broken-1.0.dist-info").mkdir()
    (folder / "broken-1.0.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\nno equals sign\n")
    plant(folder, "acme-two", {f"{GROUP}: x": "y\nno equals sign"}, {})
    assert group.load("seven").value == 7
