"""The SDK's clients, as they are, but for what takes most of a message's processor time and can be had for less."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anthropic
from anthropic import NotGiven, Omit
from anthropic.types import Message
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

if TYPE_CHECKING:
    import httpx2
    from anthropic._base_client import BaseClient
    from anthropic._models import FinalRequestOptions

    _Base = BaseClient[Any, Any]
else:
    _Base = object

__all__ = ["Anthropic", "AsyncAnthropic"]

Reply = TypeVar("Reply")

MESSAGES = "/v1/messages"
"""Where nearly all requests go."""


class _Swift(_Base):
    """What both have in common: the address of messages is put together once, and Rust writes bodies and reads replies.

    The SDK does each in Python, for each request. What the fast way does not take goes the SDK's own.
    """

    _address: tuple[httpx2.URL, httpx2.URL] | None = None

    def _prepare_url(self, url: str) -> httpx2.URL:
        if url != MESSAGES:
            return super()._prepare_url(url)
        if self._address is None or self._address[0] is not self.base_url:
            self._address = self.base_url, super()._prepare_url(url)
        return self._address[1]

    def _process_response_data(self, *, data: object, cast_to: type[Reply], response: httpx2.Response) -> Reply:
        """Make the SDK's types of a reply, at once where it is what they say, else part by part, as the SDK does."""
        if cast_to is Message:
            with suppress(ValidationError, RecursionError):
                return cast("Reply", Message.model_validate(data, strict=True))
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)


class Anthropic(_Swift, anthropic.Anthropic):
    """The SDK's client. It is called alike: what it tells the service of itself is made of that."""

    def _copy_and_prepare(self, options: FinalRequestOptions) -> FinalRequestOptions:
        return _written(options) or super()._copy_and_prepare(options)

    def _prepare_options(self, options: FinalRequestOptions) -> FinalRequestOptions:
        return _sent(super()._prepare_options(options))


class AsyncAnthropic(_Swift, anthropic.AsyncAnthropic):
    """Its asynchronous one."""

    async def _copy_and_prepare(self, options: FinalRequestOptions) -> FinalRequestOptions:
        return _written(options) or await super()._copy_and_prepare(options)

    async def _prepare_options(self, options: FinalRequestOptions) -> FinalRequestOptions:
        return _sent(await super()._prepare_options(options))


def _written(options: FinalRequestOptions) -> FinalRequestOptions | None:
    """Copy a request for a message without what is not given, and write its body beside its data, which others read.

    None for what is the SDK's to write: a body that more is merged into, or that holds what is no plain JSON. What is
    not given stands at the top, and nothing waits to be read from a file: slotfill asks for nothing else.
    """
    if options.url != MESSAGES or options.extra_json is not None or not isinstance(options.json_data, Mapping):
        return None
    copied = options.model_copy()
    copied.json_data = {name: part for name, part in options.json_data.items() if not isinstance(part, NotGiven | Omit)}
    try:
        copied.content = to_json(copied.json_data)
    except PydanticSerializationError:
        return None
    return copied


def _sent(options: FinalRequestOptions) -> FinalRequestOptions:
    """Have a body that is written be sent; the options are a copy, of one HTTP try."""
    if options.content is not None:
        options.json_data = None
    return options
