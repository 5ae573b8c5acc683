"""What it costs to read a reply while it arrives: the processor time of all pieces together.

python benchmarks/stream.py

Replies of three forms are cut into deltas of 1, 8 and 40 characters and fed to `PartialValue`: many small objects in
a list, one long string, and objects nested twelve deep. The typed value is read after every delta, or never; of the one
string also so that each is kept until the next one is read, which has Python copy it. Cutting the text is not counted.
Target: 100,000 characters in under 0.3 s. The whole of `Extractor.stream` is measured too, the SDK's own reading of 24
characters an event, validation and grounding included, on a transport that has the reply ready. Linear means ten times
the time for ten times the text. Instructor's own partial models are given the same list in the same run, which takes
half a minute.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import anthropic
import httpx2
from instructor.dsl.partial import Partial
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.streaming.partial_value import PartialValue
from slotfill.schemas.schema import Schema

SIZE = 100_000
DELTAS = (1, 8, 40)
USUAL = 40
LEVELS = 12
RUNS = 3
TARGET = 0.3


class Person(BaseModel):
    """One of many rows."""

    name: str
    born: date
    city: str
    visits: int


class People(BaseModel):
    """Many small objects in one list."""

    people: list[Person]


class Note(BaseModel):
    """One long string."""

    text: str


class Section(BaseModel):
    """An object that holds others of its kind."""

    title: str
    pages: dict[str, int]
    sections: list[Section]


def people(size: int) -> str:
    row = {"name": "Person number {}", "born": "2001-02-03", "city": "Rotterdam, the Netherlands", "visits": 17}
    return _filled("people", [row], size)


def note(size: int) -> str:
    line = 'He said "no", and left.\n'
    return json.dumps({"text": line * (size // len(json.dumps(line)[1:-1]))})


def sections(size: int) -> str:
    inner: list[Any] = []
    for level in range(LEVELS):
        inner = [{"title": f"Level {level}, in some words", "pages": {"from": level, "to": 99}, "sections": inner}]
    return json.dumps({"title": "All", "pages": {}} | json.loads(_filled("sections", inner, size)))


def _filled(key: str, items: list[Any], size: int) -> str:
    return json.dumps({key: items * (size // (len(json.dumps(items)) - 1))})


FORMS: dict[str, tuple[type[BaseModel], Callable[[int], str]]] = {
    "list of objects": (People, people),
    "one string": (Note, note),
    f"{LEVELS} levels deep": (Section, sections),
}


def pieces(text: str, delta: int) -> list[str]:
    return [text[at : at + delta] for at in range(0, len(text), delta)]


def unread(growing: PartialValue[Any], deltas: list[str]) -> None:
    for delta in deltas:
        growing.feed(delta)


def read(growing: PartialValue[Any], deltas: list[str]) -> None:
    for delta in deltas:
        growing.feed(delta)
        _ = growing.value


def kept(growing: PartialValue[Any], deltas: list[str]) -> None:
    for delta in deltas:
        growing.feed(delta)
        _kept = growing.value.text


Way = Callable[[PartialValue[Any], list[str]], None]


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def ours(form: str, size: int, delta: int, way: Way = read) -> float:
    model, write = FORMS[form]
    schema, deltas = Schema(model), pieces(write(size), delta)
    taken = []
    for _ in range(RUNS):
        growing = PartialValue(schema)
        taken.append(seconds(lambda: way(growing, deltas)))  # noqa: B023 - it is called at once
        if growing.value != schema.validate("".join(deltas)):
            raise AssertionError(form)
    return min(taken)


def instructors(size: int, delta: int) -> float:
    deltas = pieces(people(size), delta)
    return seconds(lambda: [*Partial[People].model_from_chunks(iter(deltas))])


def streamed(form: str, size: int, model_id: str) -> float:
    """Take the time of a whole extraction whose typed value is read at every event."""
    model, write = FORMS[form]
    text = write(size)
    block: dict[str, Any] = {"type": "text", "text": text}
    if "claude-3" in model_id:  # which has no structured output: it is asked for a tool call
        block = {"type": "tool_use", "id": "toolu_1", "name": Schema(model).name, "input": json.loads(text)}
    usage = {"input_tokens": 1, "output_tokens": len(text) // 4}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model_id, "content": [block]}
    ended = {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    body = b"".join(events(message | ended))
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=STREAM, content=body))
    client = anthropic.Anthropic(api_key="none", http_client=httpx2.Client(transport=transport))
    with Extractor(model, model=model_id, client=client, mend="off") as extractor:

        def run() -> None:
            for event in extractor.stream("Short."):
                _ = event.value
            if not event.ok:
                raise AssertionError(event.error)

        run()
        return min(seconds(run) for _ in range(RUNS))


def main() -> None:
    print(f"CPU seconds for {SIZE:,} characters, best of {RUNS}, in deltas of")
    print(f"  {'':<32}" + "".join(f"{delta:>9}" for delta in DELTAS))
    lines = [(form, way) for form in FORMS for way in (unread, read)] + [("one string", kept)]
    worst = 0.0
    for form, way in lines:
        taken = [ours(form, SIZE, delta, way) for delta in DELTAS]
        worst = max(worst, *taken)
        print(f"  {f'{form}, {way.__name__}':<32}" + "".join(f"{one:>9.3f}" for one in taken))
    print(f"  the slowest: {worst:.3f} s (target {TARGET}: {'met' if worst < TARGET else 'missed'})")

    print(f"CPU seconds, read, in deltas of {USUAL}, by the characters")
    print(f"  {'':<32}" + "".join(f"{size:>11,}" for size in (SIZE // 10, SIZE, SIZE * 10)))
    for form in FORMS:
        taken = [ours(form, size, USUAL) for size in (SIZE // 10, SIZE, SIZE * 10)]
        print(f"  {form:<32}" + "".join(f"{one:>11.4f}" for one in taken))

    print(f"CPU seconds for {SIZE:,} characters through Extractor.stream, read at every event")
    for form in ("list of objects", "one string"):
        taken = [streamed(form, SIZE, model) for model in ("claude-haiku-5-5", "claude-3-haiku")]
        print(f"  {form:<32}structured {taken[0]:.3f}   tool {taken[1]:.3f}")

    print(f"Instructor's partial models: list of objects, in deltas of {USUAL}")
    for size in (SIZE // 10, SIZE):
        theirs, mine = instructors(size, USUAL), ours("list of objects", size, USUAL)
        print(f"  {size:>7,} characters: {theirs:.3f} s, {theirs / mine:,.0f} times ours")


if __name__ == "__main__":
    main()
