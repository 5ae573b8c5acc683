"""An extractor as a step of LangChain: each way to call one, what callbacks see, and that retries and fallbacks act."""

import json

import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed: pip install 'slotfill[langchain]'")

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document as RetrievedDocument
from langchain_core.runnables import RunnableLambda

from slotfill import Document, ExtractionError, Extractor, InputError, SettingsError
from slotfill.extractors.testing import SimulatedClaude, served
from slotfill.integrations.langchain import ExtractionRunnable
from slotfill.schemas import Feedback

TEXT = "Secret 4711: the parcel came late."
VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Apologise."}
BAD = {**VALUE, "urgency": 9}


class Seen(BaseCallbackHandler):
    """Keeps what a tracer is told."""

    def __init__(self):
        self.events = []

    def on_chain_start(self, serialized, inputs, **rest):
        self.events.append(("start", rest.get("name"), inputs, rest.get("tags")))

    def on_chain_end(self, outputs, **rest):
        self.events.append(("end", outputs))

    def on_chain_error(self, error, **rest):
        self.events.append(("error", error))


@pytest.fixture
def claude(monkeypatch):
    claude = SimulatedClaude([VALUE])
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


@pytest.fixture
async def extractor(claude):
    async with Extractor(Feedback, retries=0) as extractor:
        yield extractor


async def test_a_record_comes_out_without_its_text(extractor):
    runnable = ExtractionRunnable(extractor)
    record = runnable.invoke(TEXT)
    assert record["value"] == VALUE
    assert record["outcome"] == "valid"
    assert "4711" not in json.dumps(record)
    assert (await runnable.ainvoke(TEXT))["value"] == VALUE
    assert ExtractionRunnable(extractor, text=True).invoke(TEXT)["text"] == TEXT
    assert ExtractionRunnable(extractor, output="value").invoke(TEXT) == Feedback(**VALUE)


@pytest.mark.parametrize(
    ("given", "source"),
    [
        (TEXT, None),
        (Document.of(TEXT, "mail.txt"), "mail.txt"),
        (RetrievedDocument(TEXT, metadata={"source": "mail.txt"}), "mail.txt"),
        ({"text": TEXT, "source": "mail.txt", "lang": "en"}, "mail.txt"),
    ],
)
async def test_what_goes_in(extractor, claude, given, source):
    record = ExtractionRunnable(extractor).invoke(given)
    assert record["document"]["source"] == source
    assert claude.requests[-1].document == TEXT


async def test_what_a_retriever_gave_is_traced_to_source_and_offset(extractor, claude):
    claude.script([{**VALUE, "key_issues": ["came late"]}])
    found = [
        RetrievedDocument("All well.", metadata={"source": "a.md"}),
        RetrievedDocument(TEXT, metadata={"source": "b.md", "start_index": 100}),
    ]
    record = ExtractionRunnable(extractor, text_key="context").invoke({"context": found})
    assert record["spans"]["/key_issues/0"]["place"] == {"source": "b.md", "start": 124, "end": 133}


@pytest.mark.parametrize(
    ("given", "reason"), [({"txt": TEXT}, "has no 'text', it has 'txt'"), (5, "type int"), ([], "list")]
)
async def test_what_is_no_input_is_refused(extractor, given, reason):
    with pytest.raises(InputError, match=reason):
        ExtractionRunnable(extractor).invoke(given)


async def test_callbacks_see_it_begin_and_end_and_no_text(extractor):
    for call in ("invoke", "ainvoke", "stream", "astream"):
        seen = Seen()
        runnable = ExtractionRunnable(extractor).with_config(callbacks=[seen], tags=["mine"])
        if call == "invoke":
            runnable.invoke(TEXT)
        elif call == "ainvoke":
            await runnable.ainvoke(TEXT)
        elif call == "stream":
            assert [*runnable.stream(TEXT)]
        else:
            assert [event async for event in runnable.astream(TEXT)]
        (begun, name, inputs, tags), (ended, output) = seen.events
        assert (begun, name, tags, ended) == ("start", "extract_feedback", ["mine"], "end"), call
        assert output["value"] == VALUE, call
        assert "4711" not in str(seen.events), call
        if "stream" not in call:  # of a stream LangChain tells the input at its end
            assert inputs == {"id": Document.of(TEXT).id, "source": None, "chars": len(TEXT)}


async def test_a_stream_grows_and_ends_with_the_whole(extractor):
    *growing, last = ExtractionRunnable(extractor).stream(TEXT)
    assert len(growing) > 2
    assert all(piece.keys() == {"value"} for piece in growing)
    assert len({json.dumps(piece) for piece in growing}) > 2  # each is a copy: none grew after it was given
    assert last["value"] == VALUE
    *_, value = [event async for event in ExtractionRunnable(extractor, output="value").astream(TEXT)]
    assert value == Feedback(**VALUE)


async def test_a_batch_keeps_its_order_and_its_concurrency(extractor, claude):
    claude.script(lambda request: {**VALUE, "key_issues": [request.document]}, faults=["slow_first_byte@1"])
    texts = [f"Text {number}." for number in range(6)]
    runnable = ExtractionRunnable(extractor)
    given = [record["value"]["key_issues"][0] for record in runnable.batch(texts, config={"max_concurrency": 2})]
    assert given == texts
    assert claude.peak <= 2
    records = await runnable.abatch(texts, config={"max_concurrency": 3})
    assert [record["value"]["key_issues"][0] for record in records] == texts
    assert claude.peak <= 3


async def test_a_failure_is_a_record_or_raises(extractor, claude):
    claude.script([BAD])
    record = ExtractionRunnable(extractor).invoke(TEXT)
    assert (record["outcome"], record["value"]) == ("failed", None)
    raising = ExtractionRunnable(extractor, on_failure="raise")
    seen = Seen()
    with pytest.raises(ExtractionError, match="less than or equal to 5") as caught:
        raising.invoke(TEXT, config={"callbacks": [seen]})
    assert caught.value.extraction.document.text == ""
    assert caught.value.extraction.document.id == Document.of(TEXT).id
    assert [event[0] for event in seen.events] == ["start", "error"]
    with pytest.raises(ExtractionError):
        await raising.ainvoke(TEXT)
    with pytest.raises(ExtractionError):
        [*raising.stream(TEXT)]
    claude.script(lambda request: BAD if "bad" in request.document else VALUE)
    good, bad = raising.batch(["good", "bad"], return_exceptions=True)
    assert good["value"] == VALUE
    assert isinstance(bad, ExtractionError)


async def test_retries_and_fallbacks_act_on_what_is_raised(extractor, claude):
    raising = ExtractionRunnable(extractor, output="value")
    claude.script([BAD, BAD, VALUE])
    retried = raising.with_retry(
        retry_if_exception_type=(ExtractionError,), wait_exponential_jitter=False, stop_after_attempt=3
    )
    assert retried.invoke(TEXT).urgency == 3
    assert len(claude.requests) == 3
    claude.script([BAD])
    assert raising.with_fallbacks([RunnableLambda(lambda _: "by hand")]).invoke(TEXT) == "by hand"
    assert await raising.with_fallbacks([RunnableLambda(lambda _: "by hand")]).ainvoke(TEXT) == "by hand"


async def test_it_is_a_step_of_a_chain(extractor):
    chain = (
        {"text": RunnableLambda(str.strip)} | ExtractionRunnable(extractor, output="value") | (lambda one: one.urgency)
    )
    assert chain.invoke(f" {TEXT} ") == 3
    assert ExtractionRunnable(extractor, name="mine").get_name() == "mine"
    assert ExtractionRunnable(extractor).get_output_jsonschema()["type"] == "object"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"output": "json"}, "'record' and 'value'"),
        ({"on_failure": "ignore"}, "'return' and 'raise'"),
        ({"output": "value", "on_failure": "return"}, "on_failure='raise'"),
        ({"output": "value", "text": True}, "text=True is for records"),
    ],
)
async def test_what_makes_no_sense_is_refused(extractor, options, reason):
    with pytest.raises(SettingsError, match=reason):
        ExtractionRunnable(extractor, **options)
