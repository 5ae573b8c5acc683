"""The one writer of messages."""

from __future__ import annotations

import pytest
from anthropic.types import Message

from slotfill.extractors.messages_api.message import text_block, tool_call, write_message, written_in


def test_a_message_is_one_of_the_sdks() -> None:
    content = [text_block("Look:"), tool_call("parcel", {"code": "é"}, number="1")]
    usage = {"input_tokens": 3, "output_tokens": 5}
    written = write_message(content, number="7", model="m", stop_reason="tool_use", usage=usage)
    message = Message.model_validate(written)
    assert (message.id, message.model, message.stop_reason) == ("msg_7", "m", "tool_use")
    assert [block.type for block in message.content] == ["text", "tool_use"]
    assert message.usage.output_tokens == 5


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (text_block("é"), "é"),
        (tool_call("t", {"é": 1}, number="1"), '{"é": 1}'),
        ({"type": "thinking", "thinking": "Hm.", "signature": "s"}, "Hm."),
    ],
)
def test_what_of_a_block_is_streamed(block: dict[str, str], text: str) -> None:
    assert written_in(block) == text
