"""The seam of transports: what one is, and how one is opened by the name that a model's id begins with."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import httpx2

from slotfill.extractors.catalogue.transport_facts import TRANSPORTS, DescribesModels, transport_name
from slotfill.extractors.settings import Settings
from slotfill.extractors.transports.guarded_transport import GuardedAsyncTransport, GuardedTransport
from slotfill.schemas.entry_points.plugin_group import Named

__all__ = ["ModelTransport", "open_async_transport", "open_transport"]


@runtime_checkable
class ModelTransport(DescribesModels, Protocol):
    """A way to models: what stands before the colon of a model's id, `NAME:MODEL`, names it.

    What it opens is asked as Anthropic's service is: `POST /v1/messages` at the address that its `facts` give, the
    body's `model` being the whole id, answered by a message or, where `stream` is set, by its events; errors are told
    as the service tells them. It is closed with the client that it was opened for. Errors of HTTP are httpx2's.
    """

    def open(self, model: str, settings: Settings) -> httpx2.BaseTransport:
        """Return what a client without an event loop sends its requests to.

        Args:
            model: The whole id, `NAME:MODEL`.
            settings: What arguments, variables and a `.env` say, `timeout` among it.

        Raises:
            ModelError: The model cannot be had, or lacks a credential: the message says what to do.
        """

    def open_async(self, model: str, settings: Settings) -> httpx2.AsyncBaseTransport:
        """Do what `open` does, for the event loop that runs. One object may serve both."""


def open_transport(model: str, settings: Settings) -> httpx2.BaseTransport:
    """Open a model's transport, which its id names. Raises PluginError where that is a plug-in which fails."""
    named = _transport(model)
    with named.named(f"was opened for {model!r}"):
        transport = named.value.open(model, settings)
        return GuardedTransport(named.plugin, transport) if named.plugin else transport


def open_async_transport(model: str, settings: Settings) -> httpx2.AsyncBaseTransport:
    """Do what `open_transport` does, for an event loop."""
    named = _transport(model)
    with named.named(f"was opened for {model!r}"):
        transport = named.value.open_async(model, settings)
        return GuardedAsyncTransport(named.plugin, transport) if named.plugin else transport


def _transport(model: str) -> Named[ModelTransport]:
    return TRANSPORTS.load(transport_name(model) or "")
