"""What every transport of a plug-in keeps."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message

from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.settings import Settings
from slotfill.extractors.transports.model_transport import ModelTransport

__all__ = ["TransportConformance"]


class TransportConformance:
    """Tests of a transport: `class TestEcho(TransportConformance): transport = ECHO; model = "echo:1"`.

    Attributes:
        transport: What the entry point loads.
        model: A model's whole id, `NAME:MODEL`, that can be asked here: of a service, a simulated one.
        text: What the model is asked, and answers in a text.
    """

    transport: ModelTransport
    model: str
    text = "Ada Lovelace wrote the first program."

    def test_it_says_what_it_knows_without_asking(self) -> None:
        """`facts` gives the same each time, with the address of requests."""
        facts = self.transport.facts(self.model)
        if not isinstance(facts, TransportFacts) or not facts.address.startswith(("http://", "https://")):
            raise AssertionError(f"{facts!r} are no TransportFacts with an address that begins with http")
        if facts != self.transport.facts(self.model):
            raise AssertionError("it knows something else the second time")
        if facts.max_output is not None and facts.max_output < 1:
            raise AssertionError(f"a reply of {facts.max_output} tokens holds nothing")

    def test_it_answers_with_a_message(self) -> None:
        """As the service does: a text, why it ended, what was counted."""
        with self._client() as client:
            _check(client.messages.create(**self._request))

    def test_it_answers_an_event_loop_alike(self) -> None:
        """`open_async` serves asyncio."""

        async def ask() -> Message:
            async with httpx2.AsyncClient(
                transport=self.transport.open_async(self.model, Settings.read())
            ) as http_client:
                client = AsyncAnthropic(http_client=http_client, **self._access)
                return await client.messages.create(**self._request)  # type: ignore[no-any-return]  # of a dict's options

        _check(asyncio.run(ask()))

    def test_its_stream_is_a_message(self) -> None:
        """The events of a stream are those of the service, in its order."""
        with self._client() as client, client.messages.stream(**self._request) as stream:
            text = "".join(stream.text_stream)
            message = stream.get_final_message()
        _check(message)
        if text != _text(message):
            raise AssertionError(f"the stream's text is {text!r:.80}, and its message's {_text(message)!r:.80}")

    def test_a_request_that_is_none_is_an_error_of_the_service(self) -> None:
        """Told as the service tells one: a status from 400 on, and JSON of the type `error`. Nothing is raised."""
        address = f"{self.transport.facts(self.model).address}/v1/messages"
        with httpx2.Client(transport=self.transport.open(self.model, Settings.read())) as client:
            reply = client.post(address, content=b"{}", headers={"content-type": "application/json"})
            try:
                kind = reply.json()["type"]
            except (ValueError, KeyError, TypeError):
                kind = None
        if reply.status_code < _FIRST_ERROR or kind != "error":
            raise AssertionError(f"an empty request is answered by HTTP {reply.status_code}, {reply.text!r:.80}")

    def test_it_can_be_closed_and_opened_again(self) -> None:
        """Each client opens one of its own."""
        for _ in range(2):
            with self._client() as client:
                _check(client.messages.create(**self._request))

    def _client(self) -> Anthropic:
        opened = self.transport.open(self.model, Settings.read())
        return Anthropic(http_client=httpx2.Client(transport=opened), **self._access)

    @property
    def _access(self) -> dict[str, Any]:
        return {"api_key": "none", "base_url": self.transport.facts(self.model).address, "max_retries": 0}

    @property
    def _request(self) -> dict[str, Any]:
        return {"model": self.model, "max_tokens": 256, "messages": [{"role": "user", "content": self.text}]}


_FIRST_ERROR = 400


def _check(message: Message) -> None:
    usage = message.usage
    if message.role != "assistant" or not message.stop_reason or not _text(message):
        raise AssertionError(f"no message of an assistant with a text, and why it ended: {message!r:.200}")
    if not (isinstance(usage.input_tokens, int) and isinstance(usage.output_tokens, int)) or usage.output_tokens < 1:
        raise AssertionError(f"tokens are not counted: {usage!r:.200}")


def _text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")
