"""What a tool's input says, as it was written on the wire, reaches the value: digits, and keys that stand twice."""

import json
from decimal import Decimal

import httpx2
import pytest
from anthropic import Anthropic
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.http.tries import Tries


class Bill(BaseModel):
    total: Decimal
    note: str | None = None
    rows: dict[str, int] | None = None  # a map: only a tool takes the schema


def client(*inputs: str) -> tuple[Anthropic, list[dict]]:
    """Give a client whose service calls the tool with each of these inputs in turn."""
    requests: list[dict] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(json.loads(request.content))
        tool = requests[-1]["tools"][0]["name"]
        body = (
            '{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": '
            f'[{{"type": "tool_use", "id": "toolu_1", "name": "{tool}", "input": {inputs[len(requests) - 1]}}}], '
            '"stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 10, "output_tokens": 5}}'
        )
        return httpx2.Response(200, content=body.encode(), headers={"content-type": "application/json"})

    transport = httpx2.MockTransport(answer)
    return Anthropic(api_key="none", http_client=httpx2.Client(transport=transport), middleware=[Tries(5)]), requests


def extract(*inputs: str):
    service, requests = client(*inputs)
    with service, Extractor(Bill, client=service, model="claude-haiku-5-5") as extractor:
        return extractor.extract("A bill."), requests


def test_digits_are_kept():
    extraction, _ = extract('{"total": 12345678901234567890.12}')
    assert extraction.value.total == Decimal("12345678901234567890.12")


@pytest.mark.parametrize(("rows", "expected"), [('"rows": {"a": 1, "a": 1}', 1), ('"rows": {"a": 1, "a": 2}', 2)])
def test_a_key_that_stands_twice_is_mended_or_asked_again(rows, expected):
    extraction, requests = extract(f'{{"total": 1, {rows}}}', '{"total": 1, "rows": {"a": 2}}')
    assert extraction.value.rows == {"a": expected}
    assert len(requests) == expected
