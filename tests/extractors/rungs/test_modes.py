"""Which way a model is asked for JSON: by structured output, by a tool that it is forced or asked to call, in text."""

import pytest
from pydantic import BaseModel
from scripted import message, refusal

from slotfill import Extractor, Outcome
from slotfill.extractors.testing.claude import SimulatedClaude


class Stock(BaseModel):
    """What is in stock, by article: a map, which structured output does not take."""

    amounts: dict[str, int]


VALUE = {"amounts": {"sofa": 2}}


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        ("claude-haiku-5-5", "tool"),
        ("claude-sonnet-5", "tool"),
        *((name, "auto") for name in ("claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-1", "claude-fable-5-2")),
    ],
)
def test_what_structured_output_does_not_take_is_asked_for_by_a_tool(model, choice):
    claude = SimulatedClaude(lambda _: VALUE)
    with Extractor(Stock, client=claude.client(), model=model) as extractor:
        extraction = extractor.extract("Two sofas.")
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, VALUE)
    (request,) = claude.requests
    assert request.body["tool_choice"]["type"] == choice


def test_a_model_that_answers_in_text_where_it_was_asked_to_call_is_read(service):
    service.script(message('{"amounts": {"sofa": 2}}'))
    with Extractor(Stock, client=service.client(), model="claude-opus-5-5") as extractor:
        extraction = extractor.extract("Two sofas.")
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, VALUE)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        'tool_choice: type "tool" and "any" are not supported for this model.',
        "tool_choice forces tool use is not compatible with this model",
        "Thinking may not be enabled when tool_choice forces tool use.",
    ],
)
def test_a_mode_that_a_model_refuses_is_not_tried_again(service, text):
    said = message('{"amounts": {"sofa": 2}}')
    service.script(refusal("invalid_request_error", text), said, said)
    with Extractor(Stock, client=service.client(), model="claude-unheard-of-9") as extractor:
        extractions = [extractor.extract(text) for text in ("Two sofas.", "A pair of sofas.")]
    assert [extraction.outcome for extraction in extractions] == [Outcome.VALID] * 2
    assert [[attempt.mode for attempt in extraction.attempts] for extraction in extractions] == [
        ["tool", "text"],
        ["text"],
    ]


def test_a_model_that_takes_no_mode_gives_way_to_its_fallback(service):
    told = refusal("invalid_request_error", "tool_choice forces tool use is not compatible with this model")
    service.script(told, told, message(tool=VALUE, name="stock"))
    models = ["claude-unheard-of-9", "claude-haiku-5-5"]
    with Extractor(Stock, client=service.client(), model=models) as extractor:
        extraction = extractor.extract("Two sofas.")
    assert (extraction.outcome, extraction.data) == (Outcome.FALLBACK, VALUE)


def test_what_a_filter_holds_back_goes_to_the_fallback(service):
    told = refusal("invalid_request_error", "Output blocked by content filtering policy")
    service.script(told, message(tool=VALUE, name="stock"))
    with Extractor(Stock, client=service.client(), model=["claude-haiku-5-5", "claude-sonnet-5"]) as extractor:
        extraction = extractor.extract("Two sofas.")
    assert extraction.outcome is Outcome.FALLBACK
    service.script(told)
    with Extractor(Stock, client=service.client(), model="claude-haiku-5-5") as extractor:
        extraction = extractor.extract("Two sofas.")
    assert (extraction.outcome, extraction.error.type) == (Outcome.REFUSED, "refusal")
