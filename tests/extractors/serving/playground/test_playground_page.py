"""The page as it is sent: one file that loads nothing, under a policy that lets it reach its own service alone."""

import base64
import hashlib
import re

import pytest

from slotfill.extractors.serving.playground.playground_page import playground_page

pytest.importorskip("starlette")


def page(title="slotfill"):
    return playground_page(title).body.decode()


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_it_names_no_other_address():
    assert re.findall(r"https?://[^\s\"'`$]+", page()) == []
    assert re.findall(r"<(?:link|img|iframe|object|embed|base)\b", page()) == []


def test_its_policy_allows_its_own_style_and_script_and_its_own_service():
    response = playground_page()
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", page(), re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", page(), re.DOTALL)[-1]
    assert policy == {
        "default-src": "'none'",
        "style-src": hash_of(style),
        "script-src": hash_of(script),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_no_cache_keeps_it_and_no_other_page_hears_of_it():
    headers = playground_page().headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_a_title_is_text():
    written = page("<script>{list_name}</script>")
    assert '<h1 id="title">&lt;script&gt;{list_name}&lt;/script&gt;</h1>' in written


def test_no_style_or_handler_stands_in_its_markup():
    """They would be refused by the policy."""
    body = page().split("<body>", 1)[1].rsplit("<script>", 1)[0]
    assert re.findall(r"\s(?:style|on\w+)=", body) == []


def test_it_stays_light():
    assert len(page().encode()) < 120_000
