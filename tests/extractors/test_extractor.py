"""The face that apps use, on a faked transport."""

import asyncio
import contextlib
import json
import threading
from functools import partial
from pathlib import Path

import pytest
from pydantic import BaseModel, Field
from scripted import message, refusal

from slotfill import (
    AnswerExtractor,
    Document,
    EntityExtractor,
    Example,
    Extractor,
    FeedbackExtractor,
    InputError,
    ModelError,
    Outcome,
    Schema,
    SchemaError,
    SentimentExtractor,
    SettingsError,
    SummaryExtractor,
    Tuned,
    Usage,
)
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS
from slotfill.extractors.testing.simulator.network_faults import STREAM_FAULTS
from slotfill.schemas import Entities, Feedback, QuotedAnswer, Sentiment, Summary

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
GOOD = message(json.dumps(FEEDBACK))


class Loose(BaseModel):
    """Say anything."""

    extra: dict[str, int] = Field(default_factory=dict)


def extract(service, schema=Feedback, text="It came late.", **options):
    """Extract through the sync and the async client; they must send and give the same."""
    before = len(service.requests)
    replies = list(service.replies)
    with Extractor(schema, client=service.client(), **options) as extractor:
        one = extractor.extract(text)
    middle = len(service.requests)
    service.script(*replies)

    async def other():
        async with Extractor(schema, client=service.async_client(), **options) as extractor:
            return await extractor.aextract(text)

    two = asyncio.run(other())
    assert service.requests[before:middle] == service.requests[middle:]
    assert (one.outcome, one.data, one.usage) == (two.outcome, two.data, two.usage)
    return one


def test_a_text_becomes_a_value(service):
    extraction = extract(service.script(GOOD))
    assert extraction.value == Feedback(**FEEDBACK)
    assert extraction.outcome is Outcome.VALID
    assert extraction.attempts[0].mode == "structured"
    assert extraction.usage == Usage(100, 20)
    assert extraction.model == "claude-haiku-5-5"
    assert {span.match for span in extraction.spans.values()} <= {"exact", "absent"}


def test_the_request_is_the_services_own_form(service):
    extract(service.script(GOOD))
    request = service.requests[0]
    assert set(request) == {"model", "max_tokens", "thinking", "system", "messages", "output_config"}
    schema = request["output_config"]["format"]["schema"]
    assert schema["additionalProperties"] is False
    assert "minimum" not in json.dumps(schema)
    assert request["messages"][-1]["content"].count("It came late.") == 1


def test_the_instructions_are_sent_once(service):
    extract(service.script(GOOD))
    assert json.dumps(service.requests[0]).count(json.dumps(Feedback.__doc__.split("\n")[0])[1:-1]) == 1


def test_usage_is_not_counted_twice_over_attempts(service):
    extraction = extract(service.script(message("{}"), GOOD))
    assert [attempt.usage for attempt in extraction.attempts] == [Usage(100, 20)] * 2
    assert extraction.usage == Usage(200, 40)
    assert extraction.request_ids == ("req_1", "req_2")


def test_a_schema_the_lint_forbids_is_asked_by_tool(service):
    extraction = extract(service.script(message(tool={"extra": {"a": 1}}, name="loose")), Loose)
    assert extraction.attempts[0].mode == "tool"
    assert extraction.value == Loose(extra={"a": 1})


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # the SDK's own
def test_an_old_model_is_asked_by_tool(service):
    extraction = extract(service.script(message(tool=FEEDBACK, name="feedback")), model="claude-3-7-sonnet-latest")
    assert extraction.attempts[0].mode == "tool"
    assert extraction.ok


def test_a_schema_the_service_refuses_is_asked_by_the_next_mode_which_is_remembered(service):
    refused = refusal("invalid_request_error", "output_config.format.schema: the compiled grammar is too large")
    service.script(refused, message(tool=FEEDBACK, name="feedback"))
    with Extractor(Feedback, client=service.client()) as extractor:
        first, second = extractor.extract("One."), extractor.extract("Two.")
    assert [attempt.mode for attempt in first.attempts] == ["structured", "tool"]
    assert [attempt.mode for attempt in second.attempts] == ["tool"]
    assert (first.outcome, second.outcome) == (Outcome.VALID, Outcome.VALID)


def test_a_refused_document_does_not_change_the_mode_of_the_others(service):
    service.script(
        refusal("invalid_request_error", "the schema of things is odd"),
        message("{}"),
        message("{}"),
        message("{}"),
        GOOD,
    )
    with Extractor(Feedback, client=service.client(), retries=0) as extractor:
        assert not extractor.extract("One.").ok
        service.script(GOOD)
        assert [attempt.mode for attempt in extractor.extract("Two.").attempts] == ["structured"]


def test_a_value_that_is_no_object_travels_wrapped(service):
    schema = {"title": "tags", "type": "array", "items": {"type": "string"}}
    extraction = extract(service.script(message('{"value": [{}]}'), message('{"0": "a"}')), schema)
    assert extraction.value == ["a"]
    assert extraction.attempts[0].errors[0].path == "/0"
    assert extraction.to_json()["value"] == ["a"]


@pytest.mark.parametrize(
    "schema", [{"title": "count", "type": "integer"}, {"title": "a", "anyOf": [{"type": "array"}]}]
)
def test_what_may_be_no_list_is_asked_for_wrapped(service, schema):
    with Extractor(schema, client=service.client()) as extractor:
        (request,) = extractor.requests("Three.")
    assert '"value"' in json.dumps(request)


@pytest.mark.parametrize(("told", "origin"), [({"scored": ["/confidence"]}, "scored"), ({}, "stated")])
async def test_the_record_says_whether_a_confidence_was_scored(service, told, origin):
    value = {"sentiment": "neutral", "confidence": 0.7, "key_phrases": [], "summary": "It is."}
    service.script(message(json.dumps(value), **told))
    with SentimentExtractor(client=service.client()) as extractor:
        assert extractor.extract("It came late.").to_json()["confidence"] == {"/confidence": origin}
    async with SentimentExtractor(client=service.async_client()) as extractor:
        assert (await extractor.aextract("It came late.")).confidence == {"/confidence": origin}
    assert "x-confidence-of" not in json.dumps(service.requests)


@pytest.mark.parametrize(
    ("make", "value", "kind"),
    [
        (
            SentimentExtractor,
            {"sentiment": "neutral", "confidence": 1, "key_phrases": [], "summary": "It is."},
            Sentiment,
        ),
        (FeedbackExtractor, FEEDBACK, Feedback),
        (EntityExtractor, {"entities": [{"text": "late", "type": "other"}]}, Entities),
        (SummaryExtractor, {"summary": "It is.", "key_points": ["It is."]}, Summary),
        (partial(AnswerExtractor, "How was it?"), {"quotes": ["came late"], "answer": "Late."}, QuotedAnswer),
    ],
)
def test_the_ready_made_extractors(service, make, value, kind):
    with make(client=service.script(message(json.dumps(value))).client()) as extractor:
        assert isinstance(extractor.extract("It came late.").value, kind)


def test_a_parameter_reaches_prompt_and_check(service):
    two = message(json.dumps({"summary": "One came. Two came.", "key_points": ["One"]}))
    with SummaryExtractor(sentences=1, client=service.script(two).client(), retries=0) as extractor:
        extraction = extractor.extract("x")
    assert extraction.outcome is Outcome.FAILED
    assert extraction.error.path == "/summary"
    assert "{sentences}" not in json.dumps(service.requests[0])


def test_examples_and_instructions_replace_the_schemas_own(service):
    example = Example("Bad.", FEEDBACK)
    with Extractor(
        Feedback, client=service.script(GOOD).client(), examples=[example], instructions="Judge."
    ) as extractor:
        extractor.extract("x")
    request = service.requests[0]
    assert len(request["messages"]) == 3
    assert request["system"][0]["text"].startswith("Judge.\n")


@pytest.mark.parametrize("form", [Path, str, Tuned.read])
def test_what_was_tuned_replaces_the_schemas_own_words(service, tmp_path, form):
    path = tmp_path / "tuned.json"
    schema, shown = Schema(Feedback), (Example("Bad.", FEEDBACK),)
    tuned = Tuned("feedback", schema.id, "local", better=True, instructions="Judge.", examples=shown)
    path.write_bytes(tuned.write())
    with Extractor(Feedback, client=service.script(GOOD).client(), tuned=form(path)) as extractor:
        extractor.extract("x")
    request = service.requests[0]
    assert len(request["messages"]) == 3
    assert request["system"][0]["text"].startswith("Judge.\n")


def test_what_was_tuned_is_for_one_schema_and_its_whole_words(service):
    tuned = Tuned("feedback", "0" * 64, "local", better=True, instructions="Judge.")
    with pytest.raises(SchemaError, match="of another version"):
        Extractor(Feedback, client=service.client(), tuned=tuned)
    for option in ({"instructions": "x"}, {"examples": ()}):
        with pytest.raises(SettingsError, match="exclude each other"):
            Extractor(Feedback, client=service.client(), tuned=tuned, **option)


def test_a_wrong_setting_or_schema_is_said_at_once(service):
    with pytest.raises(SchemaError, match="did you mean 'feedback'"):
        Extractor("feedbak", client=service.client())
    with pytest.raises(SettingsError, match="retries"):
        Extractor(Feedback, client=service.client(), retries=-1)
    with pytest.raises(SchemaError, match="has no parameter 'x'"):
        Extractor(Feedback, client=service.client(), parameters={"x": 1})


def test_no_key_says_so(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with (
        Extractor(Feedback, model="claude-haiku-5-5") as extractor,
        pytest.raises(ModelError, match="ANTHROPIC_API_KEY"),
    ):
        extractor.extract("x")


def test_the_timeout_reaches_the_request(server):
    server.script(GOOD)
    with Extractor(Feedback, timeout=7.5) as extractor:
        assert extractor.extract("x").ok
    headers = {name.lower(): value for name, value in server.headers[0].items()}
    assert headers["x-stainless-read-timeout"] == "7.5"


def test_the_room_grows_with_the_document_and_ends_at_the_models(service):
    with Extractor(Entities, client=service.script(message('{"entities": []}')).client()) as extractor:
        for text in ("short", "x" * 10_000, "x" * 1_000_000):
            extractor.extract(text)
    rooms = [request["max_tokens"] for request in service.requests]
    assert rooms == sorted(rooms)
    assert rooms[0] < 4_000
    assert rooms[2] == 21_333


def test_max_tokens_is_the_most_of_any_reply(service):
    cut = message('{"', stop_reason="max_tokens")
    extraction = extract(service.script(cut), max_tokens=50)
    assert [request["max_tokens"] for request in service.requests] == [50, 50]  # once sync, once async
    assert extraction.outcome is Outcome.PARTIAL


def test_max_tokens_beyond_the_models_is_the_models(service):
    extract(service.script(GOOD), max_tokens=1_000_000)
    assert service.requests[0]["max_tokens"] == 21_333


def test_a_text_that_is_no_unicode_fails_alone(service):
    extraction = extract(service.script(GOOD), text="half a pair: \ud83d")
    assert extraction.error.type == "undecodable_document"
    assert service.requests == []


def echo(request):
    """Reply with the document's own text, so that results can be told apart."""
    text = request["messages"][-1]["content"].split("\n")[1]
    return message(json.dumps(FEEDBACK | {"suggested_action": text}))


def test_map_keeps_the_order_and_reads_as_it_needs(service):
    taken = []

    def texts():
        for number in range(60):
            taken.append(number)
            yield f"text {number}"

    with Extractor(Feedback, client=service.script(echo).client()) as extractor:
        results = extractor.map(texts(), concurrency=2)
        assert next(results).value.suggested_action == "text 0"
        assert len(taken) < 30
        assert [result.value.suggested_action for result in results] == [f"text {n}" for n in range(1, 60)]


async def test_amap_keeps_the_order_and_the_concurrency(service):
    running, most = 0, 0

    async def slow(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (5 - int(request.content[-20:-10].hex(), 16) % 5))
        running -= 1
        return service._respond(request)

    import anthropic
    import httpx2

    transport = httpx2.MockTransport(slow)
    client = anthropic.AsyncAnthropic(api_key="k", http_client=httpx2.AsyncClient(transport=transport))
    service.script(echo)
    async with Extractor(Feedback, client=client) as extractor:
        results = [
            r.value.suggested_action async for r in extractor.amap((f"text {n}" for n in range(40)), concurrency=3)
        ]
    assert results == [f"text {n}" for n in range(40)]
    assert most == 3
    await client.close()


async def test_leaving_amap_early_leaves_nothing_running(service):
    texts = (f"text {number}" for number in range(100))
    extractor = Extractor(Feedback, client=service.script(echo).async_client())
    async with extractor, contextlib.aclosing(extractor.amap(texts, concurrency=2)) as results:
        await anext(results)
    assert len(service.requests) < 8, "all that had been started was finished"
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


def test_one_document_that_fails_stops_no_other(service):
    service.script(
        lambda request: refusal("api_error", "no", 500) if "bad" in json.dumps(request["messages"][-1]) else GOOD
    )
    with Extractor(Feedback, client=service.client()) as extractor:
        outcomes = [e.outcome for e in extractor.map(["good", "bad", Document.of("good")], concurrency=2)]
    assert outcomes == [Outcome.VALID, Outcome.FAILED, Outcome.VALID]


def test_an_extractor_serves_threads_at_once(service):
    with Extractor(Feedback, client=service.script(GOOD).client()) as extractor:
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(extractor.extract("x").ok)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seen == [True] * 8


def test_a_fallback_answers_where_the_first_model_refuses():
    claude = SimulatedClaude(faults=["refusal@1"])
    models = ["claude-haiku-5-5", "claude-3-haiku-20240307"]
    with Extractor(Feedback, client=claude.client(), model=models) as extractor:
        extraction = extractor.extract("It came late.")
        assert extractor.model.id == "claude-haiku-5-5"
    assert (extraction.outcome, extraction.model) == (Outcome.FALLBACK, "claude-3-haiku-20240307")
    assert [attempt.mode for attempt in extraction.attempts] == ["structured", "tool"]  # what each of them takes
    assert [seen.body["model"] for seen in claude.requests] == models
    assert extraction.usage == claude.usage


def test_every_fallback_is_asked_in_its_turn():
    claude = SimulatedClaude(faults=["refusal@1-2"])
    models = ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]
    with Extractor(Feedback, client=claude.client(), model=models) as extractor:
        extraction = extractor.extract("It came late.")
    assert [seen.body["model"] for seen in claude.requests] == models
    assert (extraction.outcome, extraction.model) == (Outcome.FALLBACK, "claude-opus-5-5")


async def test_a_model_that_stays_unavailable_is_replaced():
    claude = SimulatedClaude(faults=["529@1-2"], clock=ManualClock())
    models = ["claude-haiku-5-5", "claude-sonnet-5-5"]
    async with Extractor(Feedback, client=claude.async_client(max_retries=1), model=models) as extractor:
        extraction = await extractor.aextract("It came late.")
    assert extraction.outcome is Outcome.FALLBACK
    assert len(claude.requests) == 3


def test_an_empty_list_of_models_is_no_model(service):
    with Extractor(Feedback, client=service.client(), model=[]) as extractor:
        assert extractor.model.id == "claude-haiku-5-5"


@pytest.mark.parametrize(("mode", "outcome"), [("off", "reasked"), ("safe", "mended"), ("bold", "mended")])
def test_what_may_be_mended_is_a_setting(mode, outcome, monkeypatch):
    for set_by in ("argument", "variable"):
        claude = SimulatedClaude(faults=["fences@1"])
        if set_by == "variable":
            monkeypatch.setenv("SLOTFILL_MEND", mode)
        options = {"mend": mode} if set_by == "argument" else {}
        with Extractor(Feedback, client=claude.client(), **options) as extractor:
            assert extractor.extract("It came late.").outcome == outcome


MODELS = {"structured": "claude-haiku-5-5", "tool": "claude-3-haiku-20240307"}
QUOTING = FEEDBACK | {"key_issues": ['the "fast" delivery'], "urgency": 3}


@pytest.mark.sweep
@pytest.mark.parametrize("model", MODELS.values(), ids=[*MODELS])
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {*BATCH_FAULTS, *STREAM_FAULTS}])
@pytest.mark.parametrize("struck", ["", "@1"], ids=["always", "once"])
def test_whatever_goes_wrong_is_told_and_no_wrong_value_is_valid(fault, struck, model):
    claude = SimulatedClaude([QUOTING], faults=[fault + struck], clock=ManualClock(), key="sk-secret-123")
    client = claude.client(max_retries=0, api_key="sk-secret-123")
    with Extractor(Feedback, client=client, model=model) as extractor:
        extraction = extractor.extract("It came late.")
    if extraction.ok:
        assert extraction.data == QUOTING
        assert extraction.error is None
    else:
        assert extraction.error.message
    if extraction.attempts[0].usage.output_tokens:  # a reply that cannot be read tells nothing of its tokens
        assert extraction.usage == claude.usage
    assert "sk-secret" not in repr(extraction) + json.dumps(extraction.to_json())


class TestWarm:
    def test_what_documents_share_is_kept_before_the_first_of_them(self):
        claude = SimulatedClaude([FEEDBACK] * 3)
        with Extractor(Feedback, client=claude.client()) as extractor:
            warmed = extractor.warm()
            extraction = extractor.extract("It came late.")
        assert warmed.ok
        assert warmed.usage.cache_write_tokens == extraction.usage.cache_read_tokens > 1_000
        assert (warmed.usage.output_tokens, extraction.usage.cache_write_tokens) == (1, 0)
        assert extraction.saved_usd > 0

    @pytest.mark.parametrize(("ttl", "kept"), [("5m", False), ("1h", True)])
    def test_it_is_kept_for_as_long_as_is_paid_for(self, ttl, kept):
        clock = ManualClock()
        claude = SimulatedClaude([FEEDBACK] * 3, clock=clock)
        with Extractor(Feedback, client=claude.client(), cache_ttl=ttl) as extractor:
            extractor.warm()
            clock.sleep(1_800)
            usage = extractor.extract("It came late.").usage
        assert bool(usage.cache_read_tokens) is kept

    @pytest.mark.parametrize(
        ("model", "asked"), [("claude-haiku-4-5", 0), ("claude-opus-4-6", 0), ("claude-opus-5", 1)]
    )
    async def test_what_is_too_short_to_be_kept_is_not_asked_for(self, model, asked):
        claude = SimulatedClaude()
        with Extractor("name str", client=claude.client(), model=model) as extractor:
            warmed = extractor.warm()
        async with Extractor("name str", client=claude.async_client(), model=model) as extractor:
            assert (await extractor.awarm()).ok is warmed.ok is bool(asked)
        assert len(claude.requests) == 2 * asked
        assert asked or "shorter than the 4,096 tokens that claude-" in warmed.errors[0].message

    async def test_it_can_be_awaited_and_tells_what_went_wrong(self):
        claude = SimulatedClaude(faults=["401"])
        async with Extractor(Feedback, client=claude.async_client()) as extractor:
            warmed = await extractor.awarm()
        assert not warmed.ok
        assert warmed.errors[0].message


# Files


def test_a_path_is_read_and_names_its_document(service, tmp_path):
    path = tmp_path / "review.txt"
    path.write_bytes("Größe".encode("utf-16"))
    extraction = extract(service.script(GOOD), text=path)
    assert (extraction.document.text, extraction.document.source) == ("Größe", path.as_posix())
    assert extraction.value.urgency == 3


def test_paths_and_texts_are_mapped_side_by_side(service, tmp_path):
    path = tmp_path / "review.txt"
    path.write_text("from a file")
    with Extractor(Feedback, client=service.script(*[GOOD] * 2).client()) as extractor:
        found = [one.document.text for one in extractor.map([path, "from memory"], concurrency=1)]
    assert found == ["from a file", "from memory"]

    async def several():
        async with Extractor(Feedback, client=service.script(*[GOOD] * 2).async_client()) as extractor:
            return [one.document.text async for one in extractor.amap([path, "from memory"], concurrency=1)]

    assert asyncio.run(several()) == found


def test_a_file_that_cannot_be_asked_about_is_a_document_that_failed(service, tmp_path):
    path = tmp_path / "noise.bin"
    path.write_bytes(b"a\0b")
    extraction = extract(service, text=path)
    assert (extraction.outcome, extraction.error.type) == (Outcome.FAILED, "binary_document")
    assert service.requests == []


def test_a_file_that_is_not_there_is_an_error_of_the_call(service, tmp_path):
    with Extractor(Feedback, client=service.client()) as extractor:
        with pytest.raises(InputError, match=r"nowhere\.txt' cannot be read: No such file or directory"):
            extractor.extract(tmp_path / "nowhere.txt")
        with pytest.raises(InputError, match="nowhere"):
            [*extractor.map([tmp_path / "nowhere.txt"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"bytes", "not bytes: decode them first, data.decode('utf-8'), or give the Path of their file"),
        (None, "a text is wanted, a str, or a Path or a Document, not NoneType"),
        (["a", "b"], "not list: for many texts call map(texts)"),
    ],
)
def test_what_is_no_text_is_told_in_a_line(service, text, message):
    with Extractor(Feedback, client=service.client()) as extractor:
        for call in (extractor.extract, extractor.stream, extractor.astream, extractor.requests):
            with pytest.raises(TypeError) as caught:
                call(text)
            assert str(caught.value).endswith(message)


@pytest.mark.parametrize("texts", ["abc", b"abc", Path("abc.txt"), Document.of("abc")])
def test_one_text_is_not_many(service, texts):
    with (
        Extractor(Feedback, client=service.client()) as extractor,
        pytest.raises(TypeError, match=r"many texts are wanted, .* for one text call extract\(text\)"),
    ):
        extractor.map(texts)
