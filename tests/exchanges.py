"""Hypothesis strategies over whole HTTP exchanges: replies as services, gateways and faults might send them."""

import json

from hypothesis import strategies as st
from scripted import message

from slotfill.extractors.messages_api.sse import events

TEXT = '{"sentiment": "positive"}'
NESTED = 100_000
ODD_NUMBERS = [2**63, 2**64, -1, 0, 10**30, 1.5, -0.0, 1e300, float("inf"), float("nan"), True, None]
ODD_TEXTS = ["", "\x00", "\x1b[2J", "\ud83d", "\ud83d\ude00", "x" * 3_000, "\n", "é", "none"]

json_values = st.recursive(
    st.sampled_from(ODD_NUMBERS) | st.sampled_from(ODD_TEXTS) | st.text(max_size=10) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
dates = st.sampled_from(
    [
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Fri, 99 Dec",
    ]
)
header_values = (
    dates
    | st.sampled_from(["9" * 5_000, "-1", "0", "1", "60", "inf", "nan", "1e400", "²", "true", "x" * 300, "\xff"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
)
HEADERS = [
    *(f"anthropic-ratelimit-{what}" for what in ("requests-limit", "input-tokens-limit", "output-tokens-limit")),
    *(
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "request-id",
        "content-type",
        "location",
        "anthropic-workspace-id",
    ),
]
headers = st.dictionaries(st.sampled_from(HEADERS), header_values, max_size=4)


@st.composite
def changed(draw, value):
    """Change JSON data in one place: to anything, or away."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        others = {name: part for name, part in value.items() if name != key}
        return others if draw(st.integers(0, 9)) == 0 else {**value, key: draw(changed(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], draw(changed(value[at])), *value[at + 1 :]]
    return draw(json_values)


def whole(mode):
    """Write a message that can be read, in a mode."""
    return message(TEXT) if mode != "tool" else message(tool=json.loads(TEXT), stop_reason="tool_use")


def written(data):
    return json.dumps(data).encode()


def readable_bodies(mode):
    """Bodies of a message that can be read, whatever it tells beside it."""
    telling = ("id", "model", "usage", "stop_sequence", "role", "extra")
    odd = st.dictionaries(st.sampled_from(telling), json_values, max_size=3)
    return odd.map(lambda more: written(whole(mode) | more))


def bodies(mode):
    return st.one_of(
        readable_bodies(mode),
        changed(whole(mode)).map(written),
        changed(whole(mode)).flatmap(changed).map(written),
        json_values.map(written),
        st.binary(max_size=30),
        st.sampled_from(
            [b"[" * NESTED, b'{"a":' * NESTED, b'{"content": [' + b"[" * NESTED, b"", b"\xff\xfe", b"1" * 5_000]
        ),
        readable_bodies(mode).flatmap(lambda body: st.integers(0, len(body)).map(lambda end: body[:end])),
    )


def event_of(chunk):
    """Take one of our own events apart: its name and its data."""
    name, data = chunk.decode().strip().split("\n", 1)
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def event(name, data):
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def streams(mode):
    """Streams of events: changed, left out, repeated, in another order, cut off, or of anything."""
    own = [event_of(chunk) for chunk in events(whole(mode))]

    def spoilt(draw):
        parts = list(own)
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(parts) - 1)) if parts else 0
            match draw(st.integers(0, 4)) if parts else 3:
                case 0:
                    parts[at] = (parts[at][0], draw(changed(parts[at][1])))
                case 1:
                    del parts[at]
                case 2:
                    parts.insert(draw(st.integers(0, len(parts))), parts[at])
                case 3:
                    parts.insert(
                        at, (draw(st.sampled_from(["ping", "error", "other", "message_stop"])), draw(json_values))
                    )
                case 4:
                    parts[at] = ("message_delta", {"type": draw(st.sampled_from(["ping", "", "text_delta"]))})
        body = b"".join(event(*part) for part in parts)
        return body[: draw(st.integers(0, len(body)))] if draw(st.integers(0, 3)) == 0 else body

    return st.composite(spoilt)() | st.binary(max_size=30) | st.just(b"data: " + b"[" * NESTED + b"\n\n")
