"""How fast tests can be: requests that the simulated service's handler answers, and documents that a plan gets through.

    python benchmarks/simulated.py

One core, in process, no HTTP. The completions that drive the plan are generated beforehand.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.documents.document import Document
from slotfill.extractors.plan import plan
from slotfill.extractors.record.parts import Outcome, Rung
from slotfill.extractors.rungs.asks import Answer, Ask, Policy
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.exchange import HttpRequest
from slotfill.schemas.built_in.feedback import Feedback
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import Completion, completions
from slotfill.schemas.wire.wire import wire_for

DOCUMENT = "The app crashes when I open the second tab, and nobody answers my mails. Please help before Friday."
MODEL = "claude-haiku-5-5"
HEADERS = {"anthropic-version": "2023-06-01", "authorization": "Bearer simulated"}
SECONDS = 3.0


def main() -> None:
    handler()
    plans()


def handler() -> None:
    small = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": DOCUMENT}]}
    schema = Schema(Feedback)
    wire = wire_for(schema)
    codec = Codec(schema.name, wire.full, wire.reduced)
    prompt = write_prompt(schema, Document.of(DOCUMENT))
    for name, body in (
        ("a bare message", small),
        ("feedback, structured", codec.encode(Ask(Rung.ASK, MODEL, "structured", prompt, 500))),
        ("feedback, tool", codec.encode(Ask(Rung.ASK, MODEL, "tool", prompt, 500))),
    ):
        claude = SimulatedClaude()
        request = json.dumps(body).encode()
        claude.handle(_request(request))  # values of the schema are made once
        rate = _rate(lambda claude=claude, request=request: claude.handle(_request(request)))  # type: ignore[misc]
        print(f"handler, {name} ({len(request):,} bytes): {rate:,.0f} requests/s")


def plans() -> None:
    schema = Schema(Feedback)
    policy = Policy(MODEL, ("structured", "tool", "text"), 500, 1_000)
    document = Document.of(DOCUMENT)
    made = _completions(schema)
    outcomes: Counter[Outcome] = Counter()
    at = 0

    def one() -> None:
        nonlocal at
        steps = plan(document, schema, policy)
        asks = next(steps)
        try:
            while True:
                answers = tuple(_answer(made[(at + number) % len(made)]) for number, _ in enumerate(asks))
                at += len(asks)
                asks = steps.send(answers)
        except StopIteration as ended:
            outcomes[ended.value.outcome] += 1

    rate = _rate(one)
    print(f"plan, feedback, {len(made)} completions: {rate:,.0f} documents/s; {dict(outcomes)}")


def _completions(schema: Schema[Feedback]) -> list[Completion]:
    found: list[Completion] = []

    @seed(0)
    @settings(
        max_examples=500, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(completions(schema))
    def collect(completion: Completion) -> None:
        found.append(completion)

    collect()
    return found


def _answer(completion: Completion) -> Answer:
    return Answer(json=completion.text, text=completion.text, stop_reason=completion.stop_reason)


def _request(body: bytes) -> HttpRequest:
    return HttpRequest("POST", "/v1/messages", headers=HEADERS, body=body)


def _rate(work: Callable[[], object]) -> float:
    count, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < SECONDS:
        work()
        count += 1
    return count / passed


if __name__ == "__main__":
    main()
