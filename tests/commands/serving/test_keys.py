"""`slotfill keys`: a key is shown once, alone on its line."""

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.keys.key_file import read_keys

KEY = re.compile(r"sf_[0-9A-Za-z]{43}\n")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def keys(*arguments):
    return CliRunner().invoke(main, ["keys", *map(str, arguments)], catch_exceptions=False)


def test_a_key_is_made_and_shown_once_alone_on_its_line():
    result = keys("add", "support", "--keys", "mine.toml", "--rpm", 60, "--usd-a-day", 5, "--label", "team=a")
    assert result.exit_code == 0
    assert KEY.fullmatch(result.stdout)
    assert result.stderr == "'mine.toml' has the key 'support', as a hash: it is shown this once\n"
    key = read_keys(Path("mine.toml")).find(result.stdout.strip())
    assert (key.name, key.rpm, key.usd_a_day, key.labels) == ("support", 60, 5, {"team": "a"})
    assert stat.S_IMODE(Path("mine.toml").stat().st_mode) == 0o600


def test_what_a_list_tells_holds_no_hash():
    keys("add", "a", "--tpm", 1000, "--concurrency", 2, "--usd-a-month", "0.50", "--model", "m", "--schema", "s")
    keys("add", "b")
    keys("rotate", "a")
    keys("revoke", "b")
    assert keys().stdout == keys("list").stdout
    text, data = keys("list").stdout, json.loads(keys("list", "--json").stdout)
    assert "sha256" not in text + json.dumps(data)
    limits = r"1,000 tokens a minute, 2 at once, \$0.5 a month, models m, schemas s"
    assert re.search(rf"^a +active, an earlier secret until .*{limits}", text, re.MULTILINE)
    assert re.search(r"^b +revoked 20\d\d-.* none$", text, re.MULTILINE)
    a, b = data["keys"]
    assert (a["name"], a["tpm"], a["models"], a["usd_a_month"]) == ("a", 1000, ["m"], "0.5")
    assert b["revoked"]


def test_a_rotation_shows_the_new_secret():
    first = keys("add", "a").stdout.strip()
    result = keys("rotate", "a", "--grace", "0s")
    assert KEY.fullmatch(result.stdout)
    assert "the one before counts no more" in result.stderr
    ring = read_keys(Path("keys.toml"))
    assert ring.find(result.stdout.strip()).name == "a"
    assert ring.find(first) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list",), "there is no file 'keys.toml'"),
        (("revoke", "a"), "there is no key 'a'"),
        (("add", "a b"), "name of the key 'a b'"),
        (("add", "a", "--rpm", 0), "'--rpm'"),
        (("add", "a", "--usd-a-day", "-1"), "'--usd-a-day'"),
        (("add", "a", "--usd-a-day", "nan"), "usd_a_day|--usd-a-day"),
        (("add", "a", "--label", "team"), "name=value"),
        (("rotate", "a", "--grace", "soon"), "write 90s, 15m, 24h, 30d or 2w"),
    ],
)
def test_what_cannot_be_done_is_said_and_prints_no_key(arguments, message):
    result = keys(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.search(message, result.stderr)
    assert not Path("keys.toml").exists()


def test_what_a_file_says_drives_no_terminal():
    keys("add", "a", "--label", "team=\x1b[2J", "--model", "\x07")
    assert "\x1b" not in keys("list").stdout
    assert "\x07" not in keys("list").stdout
