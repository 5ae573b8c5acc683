"""The example of a `.env` file names the settings that one gives, and can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checkout import ROOT

from slotfill.extractors.settings import Settings

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SETTINGS = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


VALUES = {"model": "claude-sonnet-5-5", "api_key": "k", "auth_token": "k", "openai_api_key": "k"}


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The variables that a `.env` gives, tried one by one."""
    monkeypatch.chdir(tmp_path)
    default, found = Settings.read(), set()
    for name in Settings.model_fields:
        alias = Settings.model_fields[name].validation_alias
        variable = alias if isinstance(alias, str) else f"SLOTFILL_{name.upper()}"
        (tmp_path / ".env").write_text(f"{variable}={VALUES.get(name, '1')}\n")
        if Settings.read() != default:
            found.add(variable)
    return found


def test_it_names_every_setting_that_a_dotenv_gives_and_no_other(taken: set[str]) -> None:
    assert set(SETTINGS) == taken


def test_it_sets_nothing_before_it_is_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without = Settings.read()
    (tmp_path / ".env").write_text(EXAMPLE, encoding="utf-8")
    assert Settings.read() == without


def test_the_values_it_shows_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    default = Settings.read(model="claude-haiku-5-5", timeout=600)  # what stands in for None elsewhere
    (tmp_path / ".env").write_text(
        EXAMPLE.replace("# ANTHROPIC", "ANTHROPIC").replace("# SLOT", "SLOT").replace("# OPENAI", "OPENAI")
    )
    assert Settings.read() == default
