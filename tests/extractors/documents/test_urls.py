"""Addresses: what is one, and what of it is shown."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.urls import is_address, parts_of, public, secrets_of


@pytest.mark.parametrize(
    "name", ["s3://bucket", "memory://", "zip://*.txt::a.zip", "simplecache::s3://a", "git+ssh://a"]
)
def test_a_protocol_makes_an_address(name):
    assert is_address(name)


@pytest.mark.parametrize("name", ["", "a.txt", "c://a", "://a", "s3:/a", "see s3://a", "a/b://c", "rows.jsonl#s3://a"])
def test_anything_else_is_none(name):
    assert not is_address(name)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("s3://b/*.txt", ("s3://", "b/*.txt", "")),
        ("zip://*.txt::s3://b/a.zip", ("zip://", "*.txt", "::s3://b/a.zip")),
        ("simplecache::s3://b/a", ("simplecache::s3://", "b/a", "")),
        ("zip://::a.zip", ("zip://", "", "::a.zip")),
    ],
)
def test_an_address_has_parts(address, parts):
    assert parts_of(address) == parts
    assert "".join(parts) == address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ftp://user:p@ss@host/a@b.txt", "ftp://user@host/a@b.txt"),
        ("ftp://user:12/34@host/a", "ftp://user:12/34@host/a"),
        ("ftp://user:1a/2b?3c@host/a", "ftp://user@host/a"),
        ("https://t0ken@host/a", "https://host/a"),
        ("https://user:pass@host:80/a", "https://host:80/a"),
        ("zip://a:b@c::ftp://user:pass@host/a.zip", "zip://a:b@c::ftp://user@host/a.zip"),
        ("blockcache://a::ftp://user:pass@host/a", "blockcache://a::ftp://user@host/a"),
        ("https://h/a?author=x&design=y&monkey=z", "https://h/a?author=x&design=y&monkey=z"),
        ("github://org:repo@main/a.txt", "github://org:repo@main/a.txt"),
        ("s3://bucket/a:b@c", "s3://bucket/a:b@c"),
        ("https://h/a?apikey=x&keyword=y&X-Amz-Credential=z#f", "https://h/a?apikey=…&keyword=y&X-Amz-Credential=…#f"),
    ],
)
def test_secrets_are_left_out(address, shown):
    assert public(address) == public(shown) == shown
    assert all(secret not in shown for secret in secrets_of(address) if len(secret) > 1)


@given(st.text(st.characters(exclude_characters="?&")).filter(lambda text: "://" not in text))
@example("me@host: a:b@c, 10:30")
def test_a_text_without_an_address_stays_as_it_is(text):
    assert public(text) == text
    assert not [*secrets_of(text)]
