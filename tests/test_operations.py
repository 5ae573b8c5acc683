"""What docs/operations hands out works: each rule says what it is to say, and speaks of metrics that slotfill emits."""

import json
import re
import shutil
import subprocess
import sys
from itertools import product
from typing import get_args

import pytest
import yaml
from checkout import ROOT
from heard import hearing
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from slotfill import Extractor, Outcome, Rung
from slotfill.extractors.clients.pacer import LIMITS, Pacer
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.parts import Risk
from slotfill.extractors.telemetry.conventions import TOKEN_KINDS
from slotfill.extractors.telemetry.live_gauges import BREAKER_STATES, LIVE, BudgetLevel, LiveRun
from slotfill.extractors.testing.claude import SimulatedClaude

OPERATIONS = ROOT / "docs" / "operations"
RULES = yaml.safe_load((OPERATIONS / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((OPERATIONS / "dashboard.json").read_text("utf-8"))
SYSTEMD = shutil.which("systemd-analyze")
PROMTOOL = shutil.which("promtool")

VALUES = {
    "outcome": set(Outcome),
    "rung": set(Rung),
    "risk": set(get_args(Risk)),
    "kind": set(TOKEN_KINDS.values()),
    "failure": {*FailureKind, "none"},
    "state": set(BREAKER_STATES),
    "limit": set(LIMITS),
}
"""What stands in labels, where that is not a name that users give."""


class Mood(BaseModel):
    """Say how it sounds."""

    mood: str


def expressions():
    """Give each expression of the rules, the dashboard's panels and its variables."""
    targets = (target for panel in DASHBOARD["panels"] for target in panel.get("targets", ()))
    variables = (one["definition"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query")
    return [*(rule["expr"] for rule in RULES), *(target["expr"] for target in targets), *variables]


@pytest.fixture(scope="module")
def emitted():
    """Give the labels of each series that a process emits in which everything has happened once."""
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
    pacer = Pacer(rpm=100, itpm=100, otpm=100)
    run = LiveRun("mood", breaker=lambda: "open", budget=lambda: BudgetLevel(2.0, 1.0))
    with hearing(reader), LIVE.showing(run):
        LIVE.pace(pacer)
        with Extractor(Mood, client=SimulatedClaude(lambda _: 'It is: {"mood": "bad"}').client()) as extractor:
            *_, extraction = extractor.stream("it is broken")
        assert extraction.edits
        return {sample.name: {*sample.labels} for family in registry.collect() for sample in family.samples}


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_is_one_that_we_emit(emitted, expression):
    named = set(re.findall(r"\bslotfill_\w+", expression))
    assert named
    assert named <= emitted.keys()
    known = {"le"}.union(*(emitted[name] for name in named))
    grouped = re.findall(r"(?:by|without|ignoring) \(([^)]*)\)", expression)
    assert {label.strip() for labels in grouped for label in labels.split(",")} <= known | {"instance"}
    matched = re.findall(r'(\w+)(?:=~|!=|=)"([^"]*)"', expression)
    assert {label for label, _ in matched} <= known
    for label, words in matched:
        if not words.startswith("$"):
            assert set(words.split("|")) <= VALUES[label]


def test_every_metric_stands_on_the_dashboard(emitted):
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ()))
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in emitted if name.startswith("slotfill_")}
    assert {name for name in names if not re.search(rf"\b{name}", shown)} == set()


def test_every_metric_and_attribute_stands_in_the_documentation(emitted):
    page = (ROOT / "docs" / "telemetry.md").read_text("utf-8")
    for name in {re.sub(r"_(bucket|sum|count)$", "", name) for name in emitted if name.startswith("slotfill_")}:
        assert f"`{name}`" in page
    assert all(f"`{rule['alert']}`" in page for rule in RULES)


def test_panels_are_grafanas():
    """It takes any JSON, and shows nothing of what it does not know: what a panel must have is there."""
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    places = set()
    for panel in DASHBOARD["panels"]:
        assert {"type", "title", "gridPos"} <= panel.keys()
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        columns, lines = (range(place[at], place[at] + place[size]) for at, size in (("x", "w"), ("y", "h")))
        cells = {*product(columns, lines)}
        assert not places & cells
        places |= cells


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: it comes with Debian's package prometheus")
class TestPromtool:
    """Prometheus' own tool on the rules."""

    def promtool(self, *arguments):
        command = [PROMTOOL, *arguments]
        result = subprocess.run(command, check=False, cwd=OPERATIONS, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def test_the_rules_are_rules(self):
        assert f"{len(RULES)} rules found" in self.promtool("check", "rules", "alerts.yml")

    def test_each_alert_fires_when_it_is_to_and_not_else(self):
        self.promtool("test", "rules", "alerts_test.yml")
        tested = (OPERATIONS / "alerts_test.yml").read_text("utf-8")
        assert [rule["alert"] for rule in RULES if tested.count(rule["alert"]) < 2] == []

    def test_the_dashboards_expressions_are_expressions(self, tmp_path):
        asked = [one for one in expressions() if "label_values" not in one]
        filled = [re.sub(r"\$(schema|model)", ".*", one.replace("$__rate_interval", "5m")) for one in asked]
        rules = [{"record": f"one:{number}", "expr": one} for number, one in enumerate(filled)]
        (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
        self.promtool("check", "rules", str(tmp_path / "rules.yml"))


@pytest.mark.skipif(SYSTEMD is None, reason="needs systemd-analyze, of the package systemd")
def test_systemd_takes_the_unit(tmp_path):
    page = (ROOT / "docs" / "service.md").read_text("utf-8")
    unit = re.search(r"```ini\n(.*?)```", page, re.DOTALL)[1]
    assert "/opt/slotfill/bin/slotfill serve" in unit
    path = tmp_path / "slotfill.service"
    path.write_text(unit.replace("/opt/slotfill/bin/slotfill", sys.executable), encoding="utf-8")
    verified = subprocess.run([SYSTEMD, "verify", path], check=False, capture_output=True, text=True, timeout=60)
    told = [line for line in verified.stderr.splitlines() if "slotfill.service" in line]  # it tells of other units, too
    assert told == []
