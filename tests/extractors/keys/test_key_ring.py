"""A ring of keys: whose a secret is, and since when one counts no more."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest

from slotfill.extractors.http.redaction import HIDDEN, Redaction
from slotfill.extractors.keys import key_ring
from slotfill.extractors.keys.api_key import ApiKey, EarlierSecret
from slotfill.extractors.keys.key_ring import KeyRing
from slotfill.extractors.keys.secret_hash import hash_of, new_secret

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def key(name, secret, **fields):
    return ApiKey(name=name, hash=hash_of(secret), created=NOW, **fields)


def ring(*keys, now=NOW):
    return KeyRing(keys, now=lambda: now)


def test_a_secret_is_its_keys_alone():
    secrets = [new_secret() for _ in range(5)]
    keys = ring(*(key(f"k{number}", secret) for number, secret in enumerate(secrets)))
    assert [keys.find(secret).name for secret in secrets] == ["k0", "k1", "k2", "k3", "k4"]
    for wrong in (
        "",
        secrets[0][:-1],
        secrets[0] + "x",
        secrets[0].swapcase(),
        hash_of(secrets[0]),
        "é",
        "\ud800",
        "x" * 10**6,
    ):
        assert keys.find(wrong) is None
    assert ring().find(secrets[0]) is None


def test_what_is_revoked_counts_no_more():
    secret = new_secret()
    revoked = key("a", secret, revoked=NOW)
    assert ring(revoked).find(secret) is None
    assert ring(revoked, now=NOW - timedelta(seconds=1)).find(secret) == revoked


def test_an_earlier_secret_counts_until_it_ends():
    old, new = new_secret(), new_secret()
    rotated = key("a", new, earlier=(EarlierSecret(hash=hash_of(old), until=NOW),))
    before, after = ring(rotated, now=NOW - timedelta(seconds=1)), ring(rotated)
    assert before.find(old) == before.find(new) == rotated
    assert after.find(new) == rotated
    assert after.find(old) is None


@pytest.mark.parametrize("place", [0, 4, None])
def test_a_secret_is_held_against_each_hash_wherever_its_own_is(monkeypatch, place):
    """The time tells nothing: as many comparisons are made for the first key, for the last, and for none."""
    compared, compare_digest = [], hmac.compare_digest

    def counting(first, second):
        compared.append((len(first), len(second)))
        return compare_digest(first, second)

    monkeypatch.setattr(key_ring.hmac, "compare_digest", counting)
    secrets = [new_secret() for _ in range(5)]
    keys = ring(*(key(f"k{number}", secret) for number, secret in enumerate(secrets)))
    keys.find(new_secret() if place is None else secrets[place])
    assert compared == [(71, 71)] * 5


def test_secrets_are_random_and_of_one_form():
    secrets = {new_secret() for _ in range(500)}
    assert len(secrets) == 500
    for secret in secrets:
        assert Redaction(()).hide(f"it is {secret}.") == f"it is {HIDDEN}."
    digits = [{secret[place] for secret in secrets} for place in range(3, 3 + 42)]
    assert min(map(len, digits)) > 50, "each of 62 digits occurs at each place but the last, which is of the highest"


def test_what_a_key_allows():
    some = key("a", "x", models=("m",), schemas=("s",), usd_a_day="5", usd_a_month="0.5", labels={"team": "t"})
    every = key("b", "y")
    assert [some.takes_model("m"), some.takes_model("n"), some.takes_schema("s"), some.takes_schema("m")] == [
        1,
        0,
        1,
        0,
    ]
    assert every.takes_model("n")
    assert every.takes_schema("n")
    assert [limit.name for limit in some.spending_limits] == ["key=a:5/day", "key=a:0.5/month"]
    assert every.spending_limits == ()
    assert some.cost_labels == {"team": "t", "key": "a"}
    assert all(limit.applies_to(some.cost_labels) for limit in some.spending_limits)
