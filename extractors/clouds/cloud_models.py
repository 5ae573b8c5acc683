"""Claude at the clouds as the transports of the names `bedrock`, `vertex` and `foundry`, with the clouds' own ids."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anthropic

from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.errors import MissingModelExtraError, ModelError
from slotfill.extractors.settings import Settings

if TYPE_CHECKING:
    from slotfill.extractors.clouds.cloud_transport import CloudTransport

__all__ = ["BEDROCK", "FOUNDRY", "VERTEX"]

_UNKNOWN_PRICE = "https://unknown.invalid"
"""The address of a provider that nobody knows."""


@dataclass(frozen=True, slots=True)
class _Cloud:
    """Opens Claude models at a cloud: a `ModelTransport`.

    address: what stands for it where addresses are shown. clients: the SDK's, sync and async.
    module: what its extra brings, None where it needs none.
    way_out: what to set where it lacks a credential, or a place.
    prices: the address by which genai-prices knows it.
    """

    name: str
    address: str
    clients: tuple[str, str]
    module: str | None
    way_out: str
    prices: str

    def facts(self, model: str) -> TransportFacts:
        own = model.partition(":")[2]
        if not own:
            raise ModelError(f"{model!r} names no model: write {self.name}:MODEL, as the cloud calls it")
        return TransportFacts(
            address=self.address,
            stands_for=own,
            takes_pages=True,
            priced_as=(self._price_address(), own),
        )

    def open(self, model: str, settings: Settings) -> CloudTransport:  # noqa: ARG002 - the cloud's own variables count
        from slotfill.extractors.http.deadlines import TimedClient

        return self._open(0, TimedClient)

    def open_async(self, model: str, settings: Settings) -> CloudTransport:  # noqa: ARG002 - likewise
        from slotfill.extractors.http.bounded_client import BoundedAsyncClient

        return self._open(1, BoundedAsyncClient)

    def _open(self, kind: int, http_client: Any) -> CloudTransport:
        from slotfill.extractors.clouds.cloud_transport import CloudTransport

        if self.module and not _is_installed(self.module):
            raise MissingModelExtraError(
                f"{self.name} needs the extra `{self.name}`: pip install 'slotfill[{self.name}]'"
            )
        client_type = getattr(anthropic, self.clients[kind])
        http = http_client(follow_redirects=False)
        try:
            client = client_type(http_client=http, max_retries=0, open_telemetry=False)
        except (ValueError, anthropic.AnthropicError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"{self.name} cannot be asked: {self.way_out} ({reason})") from None
        return CloudTransport(self.name, client, self.way_out)

    def _price_address(self) -> str:
        # Vertex has other prices in a region, which the snapshot does not hold.
        regional = self.name == "vertex" and os.environ.get("CLOUD_ML_REGION") != "global"
        return _UNKNOWN_PRICE if regional else self.prices


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # what it stands in is not there
        return False


BEDROCK = _Cloud(
    "bedrock",
    "https://bedrock-runtime.amazonaws.com",
    ("AnthropicBedrock", "AsyncAnthropicBedrock"),
    "boto3",
    "set AWS_REGION, and AWS_PROFILE, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK",
    "https://bedrock-runtime.us-east-1.amazonaws.com",
)
VERTEX = _Cloud(
    "vertex",
    "https://aiplatform.googleapis.com",
    ("AnthropicVertex", "AsyncAnthropicVertex"),
    "google.auth",
    "set CLOUD_ML_REGION and ANTHROPIC_VERTEX_PROJECT_ID, and log in with `gcloud auth application-default login` or "
    "GOOGLE_APPLICATION_CREDENTIALS",
    "https://aiplatform.googleapis.com/v1",
)
FOUNDRY = _Cloud(
    "foundry",
    "https://services.ai.azure.com",
    ("AnthropicFoundry", "AsyncAnthropicFoundry"),
    None,
    "set ANTHROPIC_FOUNDRY_RESOURCE, or ANTHROPIC_FOUNDRY_BASE_URL, and ANTHROPIC_FOUNDRY_API_KEY",
    _UNKNOWN_PRICE,
)
