import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill import Usage
from slotfill.extractors.http.redaction import HIDDEN, Redaction, StreamRedaction

KEY = "sk-ant-api03-a/b+c=\"d\\e'f%41"
USAGE = Usage(3, 4)

FORMS = {
    "itself": KEY,
    "json": json.dumps(KEY)[1:-1],
    "json in json": json.dumps(json.dumps(KEY))[3:-3],
    "escapes": "".join(f"\\u{ord(character):04X}" for character in KEY),
    "repr": repr(KEY)[1:-1],
    "bytes": repr(KEY.encode())[2:-1],
    "query": quote(KEY, safe=""),
    "path": quote(KEY).lower(),
    "base64": base64.b64encode(KEY.encode()).decode().rstrip("="),
    "base64url": base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
}

texts = st.text(st.sampled_from('skant-api03/+=\\"%u0 ') | st.characters(exclude_categories=["Cs"]), max_size=9)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_hidden_however_it_is_written(form):
    assert Redaction([KEY]).hide(f"before {form} and after") == f"before {HIDDEN} and after"


@given(texts, st.sampled_from([*FORMS.values()]), texts)
def test_wherever_it_stands(before, form, after):
    hidden = Redaction([KEY]).hide(before + form + after)
    assert form not in hidden
    assert HIDDEN in hidden


@given(texts)
def test_any_other_text_stays_as_it_is(text):
    assert Redaction([KEY]).hide(text) == text
    assert Redaction([]).hide(text) == text


@pytest.mark.parametrize("word", ["", "any", "12345", "simulated", "Geheimnis"])
def test_what_may_be_a_word_of_a_document_is_no_secret(word):
    text = f"it says {word}, and no more"
    assert Redaction([word]).hide(text) == text
    assert (HIDDEN in Redaction([word], words=True).hide(text)) == (len(word) > 5)


@pytest.mark.parametrize("secret", ["sk-123", "Pa55word", "x" * 20])
def test_what_is_none_is_a_secret(secret):
    assert Redaction([secret]).hide(f"it is {secret}.") == f"it is {HIDDEN}."


@given(texts, st.sampled_from([*FORMS.values()]), texts, st.data())
def test_a_secret_is_hidden_though_it_comes_in_pieces(before, form, after, data):
    text = f"{before}{form}{after}."
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    redacted = StreamRedaction(Redaction([KEY]))
    pieces = [redacted.take(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(pieces) == Redaction([KEY]).hide(text)


def test_it_is_hidden_all_through_a_value():
    value = {KEY: [KEY, {"a": (f"is {KEY}", 1, None)}], "b": True}
    assert Redaction([KEY]).hide_within(value) == {HIDDEN: [HIDDEN, {"a": [f"is {HIDDEN}", 1, None]}], "b": True}
    assert value["b"] is True
    assert KEY in value


ADVERSE = {
    "backslashes": "\\",
    "per cent": "%",
    "escapes": "\\u0041",
    "escapes without backslashes": "u0041",
    "a beginning again and again": "sk-ant",
    "a beginning before each run": "s" + "\\" * 50,
    "escaped beginnings": "\\\\u0073\\\\u006b-%61",
}


@pytest.mark.parametrize("unit", ADVERSE.values(), ids=ADVERSE)
def test_it_takes_time_in_proportion_to_the_text(unit):
    """Eight times the text takes about eight times as long; it was 64 times, and for ten megabytes days."""
    redaction = Redaction([KEY])
    redaction.hide("\\x")  # makes the pattern

    def seconds(length):
        text = (unit * (length // len(unit) + 1))[:length]
        started = time.process_time()
        assert redaction.hide(text) == text
        return time.process_time() - started

    small, large = (min(seconds(length) for _ in range(3)) for length in (50_000, 400_000))
    assert large < 30 * small + 0.05


class Counting(Redaction):
    """One that counts the characters that it is given."""

    read = 0

    def finds(self, text):
        self.read += len(text)
        return super().finds(text)

    def beginning(self, text):
        self.read += len(text)
        return super().beginning(text)


@pytest.mark.parametrize("unit", ADVERSE.values(), ids=ADVERSE)
def test_so_it_does_in_pieces(unit):
    """What is held back is not read again for each backslash that comes: a text is read some ten times at most."""
    text = (unit * 20_000)[:100_000] + "."
    redaction = Counting([KEY])
    redacted = StreamRedaction(redaction)
    shown = "".join(redacted.take(text[at : at + 12]) for at in range(0, len(text), 12))
    assert shown == text
    assert redaction.read < 12 * len(text)


OWN = "sf_" + "aB3" * 14 + "x"


@pytest.mark.parametrize("redaction", [Redaction([]), Redaction([KEY])], ids=["alone", "beside a secret"])
@pytest.mark.parametrize("around", ["{}", "is {}.", "\\n{}\\n", '"{}"', "%20{}&", "key={}", "a\\\\{}\\\\"])
def test_a_key_of_our_own_service_is_hidden_whosever_it_is(redaction, around):
    assert redaction.hide(around.format(OWN)) == around.format(HIDDEN)
    streamed = StreamRedaction(redaction)
    assert OWN not in "".join(streamed.take(character) for character in around.format(OWN) + ".")


@pytest.mark.parametrize("text", ["sf_", OWN[:-1], f"{OWN}x", "sf_account_id and more", OWN.replace("a", "-")])
def test_what_only_begins_like_one_stays(text):
    assert Redaction([KEY]).hide(text) == text
