"""The example of a `.env` file names the settings there are, and can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slotfill.extractors.settings import Settings

EXAMPLE = (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")
SETTINGS = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def test_it_names_every_setting_and_no_other() -> None:
    read = {f"{'ANTHROPIC' if name in {'api_key', 'auth_token'} else 'SLOTFILL'}_{name.upper()}"
            for name in Settings.model_fields}  # fmt: skip
    assert set(SETTINGS) == read


def test_it_sets_nothing_before_it_is_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without = Settings.read()
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    assert Settings.read() == without


def test_the_values_it_shows_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    default = Settings.read(model="claude-haiku-5-5", timeout=600)  # what stands in for None elsewhere
    (tmp_path / ".env").write_text(EXAMPLE.replace("# ANTHROPIC", "ANTHROPIC").replace("# SLOT", "SLOT"))
    assert Settings.read() == default
