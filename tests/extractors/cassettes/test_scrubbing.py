"""Keys, tokens and cookies: found in headers, hidden in whatever holds them."""

import json
from urllib.parse import quote

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.cassettes.scrubbing import credentials, redaction_for
from slotfill.extractors.http.redaction import HIDDEN


def test_short_values_are_no_secrets():
    redaction = redaction_for(httpx2.Headers({"x-api-key": "local", "authorization": "Bearer local-key"}))
    assert redaction.hide("local: local-key; Bearer local-key") == f"local: {HIDDEN}; {HIDDEN}"


def test_other_headers_hold_no_secrets():
    headers = {"user-agent": "client/1.0", "anthropic-version": "2023-06-01", "content-type": "application/json"}
    assert credentials(httpx2.Headers(headers)) == ()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";"), min_size=6))
def test_a_secret_is_hidden_in_each_form_it_takes(secret):
    headers = {"cookie": f"a=b; session={secret}", "authorization": f"Bearer {secret}"}
    redaction = redaction_for(httpx2.Headers(headers))
    for text in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), f"Bearer {secret}"):
        assert redaction.hide(f"<{text}>") == f"<{HIDDEN}>"
    data = [secret, {secret: [1, None, secret]}]
    assert redaction.hide_within(data) == [HIDDEN, {HIDDEN: [1, None, HIDDEN]}]
    assert data[0] == secret
