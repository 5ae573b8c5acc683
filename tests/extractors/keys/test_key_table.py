"""The text of a file of keys: what may stand in it, and that a mistake is named by its line and its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.keys.key_table import read_key_table

HASH = f"sha256:{'0' * 64}"
KEY = f'[keys.a]\nhash = "{HASH}"\ncreated = 2026-11-30T12:00:00Z\n'


def test_all_that_may_stand_there():
    ring = read_key_table(
        f"""# Whose keys these are.
{KEY}rpm = 60  # plenty
tpm = 100_000
concurrency = 4
usd_a_day = 5
usd_a_month = 99.90
models = ["claude-haiku-5-5"]
schemas = ["feedback"]
labels = {{ team = "support" }}
earlier = [{{ hash = "sha256:{"1" * 64}", until = 2026-12-01T12:00:00+01:00 }}]

[keys."b.c"]
hash = "sha256:{"2" * 64}"
created = 2026-11-30T12:00:00Z
revoked = 2026-12-01T12:00:00Z

[budgets]
"team=support" = "200/month"
"*" = "50/day"
""",
        "'keys.toml'",
    )
    a = ring.keys["a"]
    assert (a.rpm, a.tpm, a.concurrency, str(a.usd_a_day), str(a.usd_a_month)) == (60, 100_000, 4, "5", "99.90")
    assert (a.models, a.schemas, a.labels) == (("claude-haiku-5-5",), ("feedback",), {"team": "support"})
    assert ring.keys["b.c"].revoked.year == 2026
    assert [limit.name for limit in ring.budgets] == ["team=support:200/month", "*:50/day"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[keys.a]\nhash = \n", r"is no TOML: Invalid value \(at line 2, column 8\)"),
        (KEY + "\nrpn = 6\n", r"line 5: 'rpn' is no field of a key: did you mean 'rpm'\?"),
        (KEY + "password = 'x'\n", r"line 4: 'password' is no field of a key: its fields are concurrency, created"),
        (KEY + "rpm = 0\n", r"line 4: 'rpm' of the key 'a': Input should be greater than or equal to 1"),
        (KEY + "rpm = true\n", r"line 4: 'rpm' of the key 'a': Input should be a valid integer"),
        (KEY + "usd_a_day = inf\n", r"line 4: 'usd_a_day' of the key 'a': Input should be a finite number"),
        (KEY + "usd_a_day = true\n", r"line 4: 'usd_a_day'"),
        (KEY + "usd_a_day = -1.5\n", r"line 4: 'usd_a_day'"),
        (KEY + "models = []\n", r"line 4: 'models' of the key 'a'"),
        (KEY + "labels = { key = 'x' }\n", r"line 4: 'labels' of the key 'a': the label 'key' holds the key's name"),
        (KEY + "[keys.a.labels]\nteam = 1\n", r"line 4: 'labels' of the key 'a': Input should be a valid string"),
        (KEY + "revoked = 2026-11-30T12:00:00\n", r"line 4: 'revoked' of the key 'a': Input should have timezone info"),
        ("[keys.a]\nhash = 'x'\n", r"line 2: 'hash' of the key 'a': String should match pattern"),
        (f"[keys.a]\nhash = '{HASH}'\n", r"line 1: 'created' of the key 'a': is missing: `slotfill keys add`"),
        (KEY.replace("[keys.a]", "[keys.'a b']"), r"line 1: its name: String should match pattern"),
        (KEY + KEY.replace("keys.a", "keys.b"), r"line 5: 'a' and 'b' have the same hash"),
        ("[keyz.a]\n", r"line 1: 'keyz' is no part of it"),
        ("x = 1\n", r"line 1: 'x' is no part of it"),
        ("keys = 1\n", r"line 1: 'keys' is a table: write \[keys\]"),
        ("[keys]\na = 1\n", r"line 2: 'a' is no key"),
        ("[budgets]\n# mine\n'team=a' = '5/year'\n", r"line 3: 'team=a:5/year' is no budget"),
        ("[budgets]\n'team' = '5/day'\n", r"line 2: 'team:5/day' is no budget"),
        ("[budgets]\n'*' = 5\n", r"line 2: '\*:5' is no budget"),
        ("a = " + "[" * 5_000, r"is no TOML"),
    ],
)
def test_a_mistake_is_named_by_its_line_and_its_field(text, message):
    with pytest.raises(SettingsError, match=rf"^'keys.toml'(?:, )? ?{message}"):
        read_key_table(text, "'keys.toml'")


def test_what_stands_in_the_wrong_place_is_not_repeated():
    """A secret that somebody has pasted as the hash of its key."""
    with pytest.raises(SettingsError) as raised:
        read_key_table(KEY.replace(HASH, "sf_very-secret"), "'keys.toml'")
    assert "very-secret" not in str(raised.value)


@given(st.text(st.sampled_from("[]keys.abudgets=\"'# \n{},1") | st.characters(), max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read_key_table(text, "it")
    except SettingsError as error:
        assert str(error).startswith("it")  # noqa: PT017 - a text that is read raises nothing
