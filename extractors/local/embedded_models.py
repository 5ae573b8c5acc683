"""The embedded models as the transport of the names `local` and `hf`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.local.weights import weights
from slotfill.extractors.settings import Settings

if TYPE_CHECKING:
    from slotfill.extractors.local.transport import LocalTransport

__all__ = ["EMBEDDED"]


class _EmbeddedModels:
    """Opens models that run in this process: a `ModelTransport`."""

    def facts(self, model: str) -> TransportFacts:  # noqa: ARG002 - all are alike in it
        return TransportFacts(address="http://slotfill.local", in_process=True)

    def open(self, model: str, settings: Settings) -> LocalTransport:
        from slotfill.extractors.local.llama_server import EngineOptions
        from slotfill.extractors.local.transport import LocalTransport

        options = EngineOptions(
            threads=settings.local_threads,
            slots=settings.local_slots,
            context=settings.local_context,
            decoding=settings.local_decoding,
        )
        return LocalTransport(weights.locate_weights(model), options)

    def open_async(self, model: str, settings: Settings) -> LocalTransport:
        return self.open(model, settings)


EMBEDDED = _EmbeddedModels()
