"""What the tests of the embedded model share: the file, and clients on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anthropic
import httpx2
import pytest

from slotfill.extractors.local.transport import LocalTransport
from slotfill.extractors.local.weights import weights

# The client never leaves the process.
OWN = {"base_url": "http://slotfill.local", "api_key": "local", "max_retries": 0}


@pytest.fixture(scope="session")
def model_file() -> Path:
    path = weights.installed()
    if path is None:
        pytest.skip("the embedded model is not there: slotfill models pull")
    return path


@pytest.fixture
def client(model_file: Path) -> Iterator[anthropic.Anthropic]:
    http_client = httpx2.Client(transport=LocalTransport(model_file))
    with anthropic.Anthropic(http_client=http_client, **OWN) as client:
        yield client
