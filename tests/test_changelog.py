"""CHANGELOG.md keeps to Keep a Changelog 1.1, and its newest version is the package's."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

from checkout import ROOT

import slotfill

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", CHANGELOG, re.MULTILINE)
CHANGES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_the_newest_release_is_the_version_of_the_package() -> None:
    assert RELEASES[0][0] == slotfill.__version__


def test_every_section_is_unreleased_or_a_dated_release() -> None:
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    dated = [f"[{version}] - {day}" for version, day in RELEASES]
    assert headings in (dated, ["[Unreleased]", *dated])


def test_releases_stand_newest_first() -> None:
    order = [([int(part) for part in version.split(".")], date.fromisoformat(day)) for version, day in RELEASES]
    assert all(newer[0] > older[0] and newer[1] >= older[1] for newer, older in pairwise(order))


def test_every_section_holds_known_kinds_of_changes_each_with_an_entry() -> None:
    for section in re.split(r"^## .*\n", CHANGELOG, flags=re.MULTILINE)[1:]:
        before, *parts = re.split(r"^### (.*)\n", section, flags=re.MULTILINE)
        assert not before.strip()
        kinds, entries = parts[::2], parts[1::2]
        assert kinds == [kind for kind in CHANGES if kind in kinds]
        assert all(entry.strip().startswith("- ") for entry in entries)


def test_it_says_what_it_keeps_to() -> None:
    assert CHANGELOG.startswith("# Changelog\n")
    assert "https://keepachangelog.com/en/1.1.0/" in CHANGELOG
    assert "https://semver.org/spec/v2.0.0.html" in CHANGELOG
