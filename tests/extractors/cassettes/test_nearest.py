"""The nearest request on a tape, and the difference to it."""

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.cassettes.nearest import LINES, WIDTH, Nearest
from slotfill.extractors.cassettes.tape import RecordedReply, RecordedRequest, TapeEntry


def asked(text, url="/v1/messages"):
    return RecordedRequest("POST", url, (), {"json": {"messages": [{"content": text, "role": "user"}]}})


def on_tape(*requests):
    return Nearest([TapeEntry(request, RecordedReply(200, {}, {}), line) for line, request in enumerate(requests, 2)])


def test_the_nearest_has_most_words_in_common():
    tape = on_tape(asked("a red apple"), asked("a green pear from the old garden"), asked("nothing"))
    assert "--- line 3 of the tape" in tape.difference(asked("a green pear from my garden"))


def test_the_nearest_has_the_same_address_if_any_has():
    tape = on_tape(asked("one two three", "/v1/messages/batches"), asked("other"))
    assert "--- line 3 of" in tape.difference(asked("one two three"))
    assert '- "url": "/v1/messages/batches",\n' in tape.difference(asked("one two three", "/v1/models"))


@given(st.text(), st.text())
def test_two_requests_that_differ_have_a_short_difference(one, other):
    shown = on_tape(asked(one)).difference(asked(other)).split("\n")
    assert any(line.startswith(("-", "+")) for line in shown[2:]) == (one != other)
    assert len(shown) <= LINES + 3
    assert max(map(len, shown)) <= WIDTH + 2
