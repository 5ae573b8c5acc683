"""Cassettes: what the SDK's own clients record, they get again with no service, no key, and whatever else is new."""

import asyncio
import gzip
import json
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from click.testing import CliRunner
from hypothesis import assume, example, given
from hypothesis import strategies as st
from paged_documents import paged_document, pdf
from scripted import Service, message, refusal

from slotfill import Extractor, ModelError, SettingsError, SlotfillError
from slotfill.cli import main
from slotfill.extractors.cassettes.cassette import Cassette, CassetteTransport
from slotfill.extractors.cassettes.tape import CassetteError
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.testing.simulated_transport import SimulatedTransport

KEY = "sk-ant-secret-0123456789"
ASKED = {"model": "claude-haiku-5-5", "max_tokens": 50}
FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
GOOD = message(json.dumps(FEEDBACK))

EVENTS = [
    {"type": "message_start", "message": message() | {"stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hé "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "日本\n"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
FRAMES = [f"event: {e['type']}\ndata: {json.dumps(e, ensure_ascii=False)}\n\n".encode() for e in EVENTS]
SSE = {"content-type": "text/event-stream"}


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in parts; a part may be an exception, or something to call before the next one."""

    def __init__(self, *parts):
        self.parts = parts

    def __iter__(self):
        for part in self.parts:
            if isinstance(part, BaseException):
                raise part
            yield part() if callable(part) else part

    async def __aiter__(self):
        for part in self:
            yield part


@pytest.fixture
def tape(tmp_path):
    return tmp_path / "tapes" / "tape.jsonl"


def client(transport, *, kind=Anthropic, **options):
    http_client = httpx2.Client if kind is Anthropic else httpx2.AsyncClient
    options = {"api_key": KEY, "base_url": "http://service.test", "max_retries": 0} | options
    return kind(http_client=http_client(transport=transport), **options)


def recorder(tape, answer, **options):
    return client(CassetteTransport(tape, httpx2.MockTransport(answer)), **options)


def player(tape, **options):
    return client(CassetteTransport(tape), **{"api_key": "any", "base_url": "http://elsewhere.test"} | options)


def say(sdk, text="Hello.", **options):
    return sdk.messages.create(**ASKED, messages=[{"role": "user", "content": text}], **options)


def lines(tape):
    return [json.loads(line) for line in tape.read_text(encoding="utf-8").splitlines()]


def reply(value, status=200, **headers):
    return lambda _: httpx2.Response(
        status, json=value, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


def batch(state):
    return {
        "id": "b1",
        "type": "message_batch",
        "processing_status": state,
        "request_counts": dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0),
        "results_url": "http://service.test/v1/messages/batches/b1/results" if state == "ended" else None,
        "created_at": "2026-11-21T00:00:00Z",
        "expires_at": "2026-11-22T00:00:00Z",
    }


class TestReplay:
    def test_what_was_recorded_comes_again_with_no_service(self, tape):
        first = say(recorder(tape, reply(message("Hi."), request_id="req_7")))
        again = say(player(tape))
        assert again == first
        assert (again.content[0].text, again._request_id) == ("Hi.", "req_7")

    def test_async_and_sync_clients_share_a_tape(self, tape):
        say(recorder(tape, reply(message("Hi."))))
        assert asyncio.run(say(player(tape, kind=AsyncAnthropic))).content[0].text == "Hi."

    def test_an_async_recording_is_the_same_as_a_sync_one(self, tape, tmp_path):
        say(recorder(tape, reply(message("Hi."))))
        asyncio.run(say(recorder(tmp_path / "other", reply(message("Hi.")), kind=AsyncAnthropic)))
        assert (tmp_path / "other").read_bytes() == tape.read_bytes()

    def test_headers_their_order_and_the_clients_version_play_no_part(self, tape):
        say(recorder(tape, reply(message("Hi."))))
        new = {"X-Stainless-Package-Version": "99.0.0", "User-Agent": "another/1", "anthropic-version": "2031-01-01"}
        assert say(player(tape, default_headers=new)).content[0].text == "Hi."
        transport = CassetteTransport(tape)
        body = lines(tape)[1]["request"]["json"]
        shuffled = json.dumps(dict(reversed(body.items())), indent=3).encode()
        for headers in (new, dict(reversed(new.items()))):
            request = httpx2.Request("POST", "http://x.test/v1/messages", headers=headers, content=shuffled)
            assert transport.handle_request(request).read()

    def test_a_beta_is_another_request(self, tape):
        say(recorder(tape, reply(message("Hi."))), extra_headers={"anthropic-beta": "e, b, d, a, c"})
        assert lines(tape)[1]["request"]["beta"] == ["a", "b", "c", "d", "e"]
        assert say(player(tape), extra_headers={"anthropic-beta": "a,b,c,d,e"}).content[0].text == "Hi."
        with pytest.raises(CassetteError, match='-  "a"'):
            say(player(tape), extra_headers={"anthropic-beta": "b"})

    def test_a_gateways_prefix_and_the_order_of_the_query_play_no_part(self, tape):
        recorder(tape, reply({"data": [], "has_more": False}), base_url="http://gate.test/anthropic").models.list(
            limit=3, after_id="m"
        )
        transport = CassetteTransport(tape)
        for query in ("limit=3&after_id=m", "after_id=m&limit=3"):
            request = httpx2.Request("GET", f"http://x.test/v1/models?{query}")
            assert transport.handle_request(request).status_code == 200

    def test_the_same_request_again_gets_the_next_reply_and_then_the_last_for_ever(self, tape):
        texts = iter(["one", "two", "three"])
        sdk = recorder(tape, lambda request: httpx2.Response(200, json=message(next(texts))))
        for _ in range(3):
            say(sdk)
        sdk = player(tape)
        assert [say(sdk).content[0].text for _ in range(5)] == ["one", "two", "three", "three", "three"]

    def test_a_try_that_the_sdk_repeats_is_on_the_tape_and_a_replay_does_not_wait(self, tape, monkeypatch):
        replies = iter([reply(refusal("overloaded_error", "busy")[1], 529, retry_after="0.01"), reply(message("Hi."))])

        def answer(request):
            return next(replies)(request)

        assert say(recorder(tape, answer, max_retries=2)).content[0].text == "Hi."
        assert [line["reply"]["status"] for line in lines(tape)[1:]] == [529, 200]
        slept = []
        monkeypatch.setattr("time.sleep", slept.append)
        sdk = player(tape, max_retries=2)
        assert say(sdk).content[0].text == "Hi."
        assert slept == [0.001]
        with pytest.raises(anthropic.OverloadedError, match="busy"):
            say(player(tape))

    def test_an_error_that_a_stream_met_is_whole_on_the_tape(self, tape):
        """The SDK does not read it where it tries again."""

        def answers():
            yield httpx2.Response(529, stream=Body(json.dumps(refusal("overloaded_error", "busy")[1]).encode()))
            yield httpx2.Response(200, headers=SSE, stream=Body(*FRAMES))

        def read(sdk):
            with sdk.messages.stream(**ASKED, messages=[{"role": "user", "content": "Hello."}]) as stream:
                return stream.get_final_text()

        async def aread(sdk):
            async with sdk.messages.stream(**ASKED, messages=[{"role": "user", "content": "Hello."}]) as stream:
                return await stream.get_final_text()

        given = answers()
        assert read(recorder(tape, lambda _: next(given), max_retries=1)) == "Hé 日本\n"
        given, other = answers(), tape.with_name("other.jsonl")
        asyncio.run(aread(recorder(other, lambda _: next(given), kind=AsyncAnthropic, max_retries=1)))
        for path in (tape, other):
            with pytest.raises(anthropic.OverloadedError, match="busy"):
                read(player(path))

    def test_an_existing_tape_is_never_written_to(self, tape):
        say(recorder(tape, reply(message("Hi."))))
        before = tape.read_bytes()
        sdk = recorder(tape, reply(message("New.")))
        assert say(sdk).content[0].text == "Hi."
        with pytest.raises(CassetteError):
            say(sdk, "Something else.")
        assert tape.read_bytes() == before

    def test_without_a_tape_and_a_transport_there_is_nothing_to_do(self, tape):
        with pytest.raises(CassetteError, match=r"no tape '.*tape\.jsonl', and no transport to record it from"):
            CassetteTransport(tape)

    def test_a_batch_with_its_polling_and_its_results(self, tape):
        states = iter(["in_progress", "in_progress", "ended", "ended"])  # `results` asks once more by itself
        results = [{"custom_id": f"é{n}", "result": {"type": "succeeded", "message": message("\u2028x")}} for n in "12"]

        def answer(request):
            match request.method, request.url.path.rpartition("/")[2]:
                case "GET", "results":
                    parts = [json.dumps(result, ensure_ascii=False).encode() + b"\n" for result in results]
                    return httpx2.Response(200, stream=Body(*parts), headers={"content-type": "application/x-jsonl"})
                case "GET", _:
                    return httpx2.Response(200, json=batch(next(states)))
                case _, "cancel":
                    return httpx2.Response(200, json=batch("canceling"))
            return httpx2.Response(200, json=batch("in_progress"))

        def work(sdk):
            asked = {**ASKED, "messages": [{"role": "user", "content": "Hello."}]}
            batches = sdk.messages.batches
            created = batches.create(requests=[{"custom_id": name, "params": asked} for name in ("é1", "é2")])
            polled = [batches.retrieve(created.id).processing_status for _ in range(3)]
            return created, polled, [one.to_dict() for one in batches.results(created.id)], batches.cancel(created.id)

        first = work(recorder(tape, answer))
        assert first[1] == ["in_progress", "in_progress", "ended"]
        assert first[2] == results
        assert work(player(tape)) == first


class TestStreams:
    def test_a_stream_is_recorded_and_replayed_by_both_kinds_of_client(self, tape):
        def read(sdk):
            with sdk.messages.stream(**ASKED, messages=[{"role": "user", "content": "Hello."}]) as stream:
                return [event.to_dict() for event in stream], stream.get_final_text()

        async def aread(sdk):
            async with sdk.messages.stream(**ASKED, messages=[{"role": "user", "content": "Hello."}]) as stream:
                return [event.to_dict() async for event in stream], await stream.get_final_text()

        def answer(request):
            return httpx2.Response(200, headers=SSE, stream=Body(*FRAMES))

        first = read(recorder(tape, answer))
        assert first[1] == "Hé 日本\n"
        assert read(player(tape)) == first
        assert asyncio.run(aread(player(tape, kind=AsyncAnthropic))) == first
        other = tape.with_name("other.jsonl")
        assert asyncio.run(aread(recorder(other, answer, kind=AsyncAnthropic))) == first
        assert other.read_bytes() == tape.read_bytes()
        assert "event: message_start" in lines(tape)[1]["reply"]["lines"]

    def test_a_recording_holds_no_part_back(self, tape):
        """The second part is made only when the first one has been read."""
        read = []

        def second():
            assert read == [b"one"], "the body was read before the caller asked for it"
            assert len(lines(tape)) == 1
            return b"two"

        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Body(b"one", second)))
        with (
            httpx2.Client(transport=CassetteTransport(tape, answer)) as http,
            http.stream("GET", "http://x.test/") as got,
        ):
            read.extend(got.iter_bytes())
        assert read == [b"one", b"two"]
        assert lines(tape)[1]["reply"]["lines"] == ["onetwo"]

    @pytest.mark.parametrize(
        "error", [httpx2.ReadError("reset"), httpx2.RemoteProtocolError("cut"), httpx2.ReadTimeout("slow")]
    )
    def test_a_stream_that_broke_off_breaks_off_again(self, tape, error):
        def read(transport):
            got = []
            with httpx2.Client(transport=transport) as http, http.stream("GET", "http://x.test/") as response:
                with pytest.raises(type(error), match=str(error)):
                    got.extend(response.iter_bytes())
                return b"".join(got)

        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Body(b"on", b"e\nt\xc3", error)))
        assert read(CassetteTransport(tape, answer)) == read(CassetteTransport(tape)) == b"one\nt\xc3"
        assert lines(tape)[1]["reply"]["error"] == {"type": type(error).__name__, "message": str(error)}

    @pytest.mark.parametrize("error", [httpx2.ConnectError("refused"), httpx2.ConnectTimeout("slow")])
    def test_a_lost_connection_is_lost_again(self, tape, error):
        def answer(request):
            raise error

        kind = anthropic.APITimeoutError if isinstance(error, httpx2.TimeoutException) else anthropic.APIConnectionError
        for make in (lambda: recorder(tape, answer), lambda: player(tape)):
            with pytest.raises(anthropic.APIConnectionError) as caught:
                say(make())
            assert type(caught.value) is kind
            assert type(caught.value.__cause__) is type(error)
        with pytest.raises(kind):
            asyncio.run(say(player(tape, kind=AsyncAnthropic)))

    def test_who_leaves_a_stream_leaves_it_again_and_who_reads_on_is_told(self, tape):
        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Body(b"one\n", b"two\n")))
        with (
            httpx2.Client(transport=CassetteTransport(tape, answer)) as http,
            http.stream("GET", "http://x.test/") as got,
        ):
            assert next(got.iter_bytes()) == b"one\n"
        with httpx2.Client(transport=CassetteTransport(tape)) as http:
            with http.stream("GET", "http://x.test/") as got:
                assert next(got.iter_bytes()) == b"one\n"
            with pytest.raises(httpx2.ReadError, match="its reader left"):
                http.get("http://x.test/")

    async def test_what_is_cancelled_is_not_on_the_tape(self, tape):
        class Endless(httpx2.AsyncByteStream):
            async def __aiter__(self):
                yield b"one"
                await asyncio.Event().wait()

        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Endless()))
        async with httpx2.AsyncClient(transport=CassetteTransport(tape, answer)) as http:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(http.get("http://x.test/"), 0.01)
        assert len(lines(tape)) == 1

    def test_an_encoded_body_is_stored_in_plain(self, tape):
        packed = gzip.compress(json.dumps(message("Hi.")).encode())
        sdk = recorder(tape, lambda _: httpx2.Response(200, content=packed, headers={"content-encoding": "gzip"}))
        assert say(sdk) == say(player(tape))
        assert lines(tape)[1]["reply"] == {"status": 200, "headers": {}, "json": message("Hi.")}

    def test_an_encoded_body_that_broke_off_keeps_what_came(self, tape):
        packed = gzip.compress(b"one two three " * 9)[:-12]
        parts, head = Body(packed, httpx2.ReadError("reset")), {"content-encoding": "gzip"}
        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=parts, headers=head))
        for transport in (lambda: CassetteTransport(tape, answer), lambda: CassetteTransport(tape)):
            with httpx2.Client(transport=transport()) as http, pytest.raises(httpx2.ReadError, match="reset"):
                http.get("http://x.test/")
        assert lines(tape)[1]["reply"]["lines"][0].startswith("one two")

    def test_a_body_that_cannot_be_unpacked_fails_alike(self, tape):
        sdk = recorder(
            tape, lambda _: httpx2.Response(200, stream=Body(b"no gzip"), headers={"content-encoding": "gzip"})
        )
        for make in (lambda: sdk, lambda: player(tape)):
            with pytest.raises(anthropic.APIConnectionError) as caught:
                say(make())
            assert type(caught.value.__cause__) is httpx2.DecodingError


class TestMiss:
    def test_it_shows_the_difference_to_the_nearest_request_after_one_try(self, tape):
        sdk = recorder(tape, reply(message("Hi.")))
        for text in ("Apples are red.\nPears are green.", "The train was late, and cold."):
            say(sdk, text)
        tries = []
        transport = CassetteTransport(tape)
        replay = transport.handle_request
        transport.handle_request = lambda request: tries.append(request) or replay(request)
        with pytest.raises(CassetteError) as caught:
            say(client(transport, max_retries=5), "Apples are red.\nPears are blue.")
        assert len(tries) == 1
        assert str(caught.value) == (
            f"POST /v1/messages is not on the tape {str(tape)!r}: mend the request, or delete the file "
            "to record it anew\n"
            "--- line 2 of the tape, the nearest\n"
            "+++ this request\n"
            "…\n"
            '     "content": "Apples are red.\\n\n'
            '-Pears are green.",\n'
            '+Pears are blue.",\n'
            '     "role": "user"'
        )
        assert isinstance(caught.value, SlotfillError)

    def test_it_is_one_try_for_async_clients_too(self, tape):
        say(recorder(tape, reply(message("Hi."))))
        with pytest.raises(CassetteError, match=r"(?s)-.*Hello.*\+.*Goodbye"):
            asyncio.run(say(player(tape, kind=AsyncAnthropic, max_retries=5), "Goodbye."))

    def test_the_difference_is_short_whatever_the_texts_are(self, tape):
        sdk = recorder(tape, reply(message("Hi.")))
        say(sdk, "word " * 50_000)
        with pytest.raises(CassetteError) as caught:
            say(player(tape), "other " * 50_000)
        shown = str(caught.value).splitlines()
        assert len(shown) < 50
        assert max(map(len, shown)) < 300
        assert shown[-1].endswith("more lines")

    def test_a_difference_at_the_end_of_a_long_text_is_shown(self, tape):
        text = "One line.\n" * 2_000
        say(recorder(tape, reply(message("Hi."))), f"{text}The last.")
        with pytest.raises(CassetteError, match=r"(?s)\n-The last.*\n\+The very last"):
            say(player(tape), f"{text}The very last.")

    def test_a_key_in_the_request_is_not_shown(self, tape):
        say(recorder(tape, reply(message("Hi."))))
        with pytest.raises(CassetteError) as caught:
            say(client(CassetteTransport(tape)), f"My key is {KEY}.")
        assert KEY not in str(caught.value)
        assert "[credential]" in str(caught.value)


def echo(tape, secret, header):
    """Record a request and a reply that hold a secret all over, replay it, and give the tape's text."""
    replied = dict.fromkeys(("set-cookie", "cf-ray", "anthropic-organization-id", "request-id"), f"a {secret}")
    said = {"echo": [secret], secret: {"say": f"no {secret}!"}, "code": json.dumps([secret])}
    request = httpx2.Request(
        "POST",
        httpx2.URL("http://x.test/v1/messages", params={"q": secret}),
        headers={header[0]: header[1].format(secret)},
        json={"text": f"<{secret}>"},
    )
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=replied, json=said))
    CassetteTransport(tape, answer).handle_request(request).read()
    assert CassetteTransport(tape).handle_request(request).status_code == 200
    return tape.read_text()


class TestSecrets:
    @given(
        secret=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=";"), min_size=6),
        header=st.sampled_from(
            [
                ("x-api-key", "{}"),
                ("authorization", "{}"),
                ("Authorization", "Bearer {}"),
                ("proxy-authorization", "Basic {}"),
                ("cookie", "a=b; session={}"),
            ]
        ),
    )
    @example(secret='a"b\\c"d', header=("x-api-key", "{}"))
    @example(secret="a/b%c+d", header=("authorization", "Bearer {}"))
    def test_no_secret_of_a_request_is_ever_on_the_tape(self, tmp_path_factory, secret, header):
        tapes = tmp_path_factory.mktemp("tapes")
        other = echo(tapes / "other.jsonl", "\x7f" * 6, header)  # what stands there whatever the secret is
        assume(not any(part in other for part in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))))
        text = echo(tapes / "tape.jsonl", secret, header)
        assert not any(part in text for part in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")))
        assert text.count("[credential]") == 7

    def test_what_the_sdk_and_the_service_add_is_not_on_the_tape(self, tape):
        headers = {"set_cookie": "__cf_bm=verysecret; path=/", "cf_ray": "ray123", "anthropic_organization_id": "org-1",
                   "anthropic_ratelimit_requests_remaining": "9", "retry_after": "3"}  # fmt: skip
        sdk = recorder(tape, reply(message(f"Your key is {KEY}."), **headers))
        say(sdk)
        say(sdk)  # with the cookie that was set
        assert set(lines(tape)[1]["reply"]["headers"]) == {
            "content-type",
            "anthropic-ratelimit-requests-remaining",
            "retry-after",
        }
        text = tape.read_text()
        for secret in (KEY, "verysecret", "ray123", "org-1", "uthorization", "tainless", "user-agent"):
            assert secret not in text
        assert say(player(tape)).content[0].text == "Your key is [credential]."

    @pytest.mark.parametrize("body", [f"data: {KEY}\n\n".encode(), b"\xff" + KEY.encode()])
    def test_a_key_in_a_body_that_is_no_json_is_hidden(self, tape, body):
        request = httpx2.Request("POST", "http://x.test/", headers={"x-api-key": KEY}, content=body)
        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Body(body)))
        CassetteTransport(tape, answer).handle_request(request).read()
        replayed = CassetteTransport(tape).handle_request(request).read()
        assert replayed == body.replace(KEY.encode(), b"[credential]")
        assert KEY not in tape.read_text()

    def test_a_key_in_an_error_of_the_network_is_hidden(self, tape):
        def answer(request):
            raise httpx2.LocalProtocolError(f"Illegal header value b'Bearer {KEY}'")

        with pytest.raises(anthropic.APIConnectionError):
            say(recorder(tape, answer))
        assert KEY not in tape.read_text()

    def test_the_key_of_a_replay_that_is_a_word_of_the_text_hides_nothing(self, tape):
        say(recorder(tape, reply(message("Hi."))), "A placeholder.")
        assert say(player(tape, api_key="placeholder"), "A placeholder.").content[0].text == "Hi."


class TestTogether:
    def test_many_threads_record_and_replay_one_tape(self, tape):
        def answer(request):
            return httpx2.Response(200, json=message(json.loads(request.content)["messages"][0]["content"]))

        barrier = threading.Barrier(32)

        def ask(sdk, number):
            barrier.wait()
            return [say(sdk, f"{number}-{turn}").content[0].text for turn in range(4)]

        for make in (lambda: recorder(tape, answer), lambda: player(tape)):
            sdk = make()
            with ThreadPoolExecutor(32) as pool:
                said = list(pool.map(lambda number, sdk=sdk: ask(sdk, number), range(32)))
            assert said == [[f"{number}-{turn}" for turn in range(4)] for number in range(32)]
        assert len(lines(tape)) == 1 + 32 * 4

    async def test_many_tasks_record_and_replay_one_tape(self, tape):
        async def answer(request):
            await asyncio.sleep(0)
            return httpx2.Response(200, json=message(json.loads(request.content)["messages"][0]["content"]))

        for sdk in (recorder(tape, answer, kind=AsyncAnthropic), None):
            sdk = sdk or player(tape, kind=AsyncAnthropic)  # noqa: PLW2901 - the tape is there now
            said = await asyncio.gather(*(say(sdk, str(number)) for number in range(64)))
            assert [one.content[0].text for one in said] == [str(number) for number in range(64)]

    def test_a_reply_is_given_to_one_of_many_threads_alone(self, tape):
        numbers = iter(range(64))
        sdk = recorder(tape, lambda _: httpx2.Response(200, json=message(str(next(numbers)))))
        for _ in range(64):
            say(sdk)
        sdk = player(tape)
        with ThreadPoolExecutor(32) as pool:
            said = list(pool.map(lambda _: say(sdk).content[0].text, range(64)))
        assert sorted(map(int, said)) == list(range(64))

    def test_clients_may_share_a_cassette(self, tape):
        cassette = Cassette(tape)
        answer = httpx2.MockTransport(reply(message("Hi.")))
        say(client(CassetteTransport(cassette, answer)), "one")
        asyncio.run(say(client(CassetteTransport(cassette, answer), kind=AsyncAnthropic), "two"))
        assert len(lines(tape)) == 3

    def test_an_interrupted_recording_keeps_what_was_whole(self, tape):
        replies = iter([reply(message("Hi.")), None])

        def answer(request):
            if (given := next(replies)) is None:
                raise KeyboardInterrupt
            return given(request)

        sdk = recorder(tape, answer)
        say(sdk, "one")
        with pytest.raises(KeyboardInterrupt):
            say(sdk, "two")
        assert say(player(tape), "one").content[0].text == "Hi."
        with pytest.raises(CassetteError):
            say(player(tape), "two")

    def test_a_recording_that_came_to_nothing_is_taken_up_again(self, tape):
        replies = iter(
            [reply(refusal("authentication_error", "invalid x-api-key")[1], status) for status in (401, 403)]
        )
        for _ in range(2):
            with pytest.raises(anthropic.APIStatusError, match="invalid x-api-key"):
                say(recorder(tape, next(replies)))
        say(recorder(tape, reply(message("Hi."))))
        assert [line["reply"]["status"] for line in lines(tape)[1:]] == [200]
        assert say(player(tape)).content[0].text == "Hi."

    def test_a_full_disk_leaves_whole_lines(self, tape):
        sdk = recorder(tape, reply(message("Hi.")), max_retries=3)
        say(sdk, "one")
        before = tape.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, hard))
        try:
            with pytest.raises(CassetteError, match="cannot write the tape"):
                say(sdk, "two")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert tape.read_bytes() == before

    def test_nothing_is_sent_that_could_not_be_kept(self, tape):
        sent = []
        sdk = recorder(tape, sent.append, max_retries=3)
        tape.write_text("another recording\n")
        with pytest.raises(CassetteError, match=r"cannot write the tape '.*': File exists"):
            say(sdk)
        assert sent == []
        assert tape.read_text() == "another recording\n"


class TestClosing:
    def test_the_transport_below_is_closed_with_it(self, tape):
        closed = []

        class Inner(httpx2.MockTransport):
            def close(self):
                closed.append("sync")

            async def aclose(self):
                closed.append("async")

        httpx2.Client(transport=CassetteTransport(tape, Inner(None))).close()
        asyncio.run(httpx2.AsyncClient(transport=CassetteTransport(tape, Inner(None))).aclose())
        assert closed == ["sync", "async"]

    def test_a_whole_client_below_follows_redirects_as_it_does_by_itself(self, tape, tmp_path):
        def answer(request):
            if request.url.path == "/v1/old":
                return httpx2.Response(307, headers={"location": "http://x.test/v1/new?signature=abcdef123"})
            return httpx2.Response(200, json={"a": 1})

        below = httpx2.Client(transport=httpx2.MockTransport(answer), follow_redirects=True)
        with httpx2.Client(transport=CassetteTransport(tape, below)) as http:
            assert http.get("http://x.test/v1/old").json() == {"a": 1}
        assert below.is_closed
        assert "signature" not in tape.read_text()
        with httpx2.Client(transport=CassetteTransport(tape)) as http:
            assert http.get("http://x.test/v1/old").json() == {"a": 1}
        stays = httpx2.Client(transport=httpx2.MockTransport(answer))
        with httpx2.Client(transport=CassetteTransport(tmp_path / "other.jsonl", stays)) as http:
            assert http.get("http://x.test/v1/old").status_code == 307


class TestExtractor:
    def test_the_second_time_needs_no_service_no_key_and_no_model(self, server, tape, monkeypatch):
        server.script(message("no json"), GOOD)
        with Extractor("feedback", cassette=tape, model="claude-opus-5", retries=1) as extractor:
            first = extractor.extract("It came late.")
        assert first.outcome == "reasked"
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        with Extractor("feedback", cassette=str(tape), retries=1) as extractor:
            assert extractor.model.id == "claude-opus-5"
            again = extractor.extract("It came late.")
        assert (again.value, again.request_ids, again.cost_usd) == (first.value, first.request_ids, first.cost_usd)
        assert len(server.requests) == 2

        async def other():
            async with Extractor("feedback", cassette=tape, retries=1) as extractor:
                return await extractor.aextract("It came late.")

        assert asyncio.run(other()).value == first.value
        assert "sk-test" not in tape.read_text()

    def test_sync_and_async_calls_and_several_loops_record_on_one_tape(self, server, tape):
        server.script(GOOD)
        extractor = Extractor("feedback", cassette=tape)
        extractor.extract("one")
        for text in ("two", "three"):

            async def once(text=text):
                found = await extractor.aextract(text)
                await extractor.aclose()
                return found

            assert asyncio.run(once()).ok
        assert len(lines(tape)) == 4

    def test_extractors_may_share_a_cassette(self, server, tape):
        server.script(GOOD)
        cassette = Cassette(tape)
        for _ in range(2):
            with Extractor("feedback", cassette=cassette) as extractor:
                assert extractor.extract("one").ok
        assert len(lines(tape)) == 3

    def test_a_recording_needs_a_credential(self, tape, monkeypatch):
        with pytest.raises(ModelError, match="no Anthropic credential is set"):
            Extractor("feedback", cassette=tape, model="claude-haiku-5-5").extract("x")
        assert not tape.exists()

    def test_a_proxy_of_the_environment_serves_a_recording_too(self, server, tape, monkeypatch):
        server.script(GOOD)
        monkeypatch.setenv("HTTP_PROXY", server.base_url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://service.invalid")
        with Extractor("feedback", cassette=tape) as extractor:
            assert extractor.extract("one").ok
        assert lines(tape)[1]["request"]["url"] == "/v1/messages"

    def test_a_miss_is_a_failure_of_its_own_kind_after_one_attempt(self, server, tape):
        server.script(GOOD)
        with Extractor("feedback", cassette=tape) as extractor:
            extractor.extract("It came late.")
        with Extractor("feedback", cassette=tape) as extractor:
            found = extractor.extract("It came early.")
        assert (found.outcome, found.error.type, len(found.attempts)) == ("failed", "cassette", 1)
        assert "\n-It came late.\\n\n" in found.error.message
        assert "\n+It came early.\\n\n" in found.error.message

    def test_a_client_and_a_cassette_are_refused(self, tape):
        with pytest.raises(SettingsError, match=r"cassette cannot be put under a client .* CassetteTransport"):
            Extractor("feedback", cassette=tape, client=Service().client())

    def test_an_embedded_model_is_recorded_and_replayed_without_its_file(self, tape, monkeypatch):
        from slotfill.extractors.clients import connections

        monkeypatch.setattr(connections, "open_transport", lambda model, settings: httpx2.MockTransport(reply(GOOD)))
        with Extractor("feedback", cassette=tape, model="local") as extractor:
            assert extractor.extract("one").ok
        monkeypatch.undo()
        with Extractor("feedback", cassette=tape) as extractor:
            assert extractor.model.id == "local"
            assert extractor.extract("one").ok


class TestCommandLine:
    def run(self, *arguments):
        return CliRunner().invoke(main, ["extract", "feedback", *map(str, arguments)], catch_exceptions=False)

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in "abc":
            (tmp_path / f"{name}.txt").write_text(f"Document {name}.")
        return tmp_path

    def test_twice_with_the_service_gone(self, server, monkeypatch):
        server.script(lambda request: message(json.dumps(FEEDBACK | {"key_issues": [str(len(server.requests))]})))
        first = self.run(".", "--cassette", "tape.jsonl", "-m", "claude-sonnet-5-5")
        assert first.exit_code == 0
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        again = self.run(".", "--cassette", "tape.jsonl")
        assert (again.exit_code, again.stdout, again.stderr) == (0, first.stdout, first.stderr)
        assert len(server.requests) == 3

    def test_a_miss_shows_its_difference_line_by_line(self, server, folder):
        server.script(GOOD)
        self.run("a.txt", "--cassette", "tape.jsonl")
        (folder / "a.txt").write_text("Document \x1b[31m.")
        told = self.run("a.txt", "--cassette", "tape.jsonl")
        assert "Document" not in told.stderr  # it may hold a text
        result = self.run("a.txt", "--cassette", "tape.jsonl", "-vv")
        assert result.exit_code == 1
        assert "a.txt: failed: POST /v1/messages is not on the tape 'tape.jsonl'" in told.stderr.splitlines()[0]
        assert "    -Document a.\\n" in result.stderr.splitlines()
        assert "    +Document \\u001b[31m.\\n" in result.stderr.splitlines()
        record = self.run("a.txt", "--cassette", "tape.jsonl", "--log-format", "json", "--record", "-vv")
        details = [json.loads(line).get("detail", "") for line in record.stderr.splitlines()]
        assert any("-Document a." in detail for detail in details)

    def test_a_tape_that_cannot_be_used_is_told_before_anything_is_asked(self, server, folder):
        (folder / "tape.jsonl").write_text("hello\n")
        result = self.run("a.txt", "--cassette", "tape.jsonl")
        assert (result.exit_code, server.requests) == (2, [])
        assert result.stderr == "Error: 'tape.jsonl', line 1: this is no tape; name another file to record one\n"

    def test_the_tape_is_none_of_the_inputs(self, server, folder):
        server.script(GOOD)
        (folder / "in").mkdir()
        (folder / "in" / "a.txt").write_text("x")
        for _ in range(2):
            assert self.run("in", "--cassette", "in/tape.jsonl").exit_code == 0


def test_pages_are_replayed_and_stand_on_the_tape_by_their_hash(tmp_path):
    large = pdf(2) + b"%" + b"x" * 2_000_000 + pdf(2)[-200:]
    tape, document = tmp_path / "tape.jsonl", paged_document("Fine.", 2, data=lambda _: large)
    claude = SimulatedClaude()
    transport = CassetteTransport(tape, SimulatedTransport(claude))
    client = anthropic.Anthropic(
        api_key="x", base_url="http://simulated.invalid", http_client=httpx2.Client(transport=transport)
    )
    with Extractor("sentiment", client=client) as extractor:
        recorded = extractor.extract(document)
    assert recorded.ok
    assert tape.stat().st_size < 20_000
    with Extractor("sentiment", cassette=tape) as extractor:
        assert extractor.extract(document).value == recorded.value
        other = extractor.extract(paged_document("Fine.", 2))
        assert other.error.type is FailureKind.CASSETTE
        assert "sha256:" in other.error.message
