"""What a server of the Chat Completions API takes of it: all there is, but for what it has refused.

Servers and models differ in a few parameters. What one of them does without is left out from its first refusal on; what
changes the reply (a schema, a tool, an effort) never is: that refusal is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Dialect"]

_UNKNOWN = re.compile(r"unknown|unrecognized|unexpected|extra (?:inputs|fields)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server takes.

    room: what the room for a reply is called: reasoning models refuse the older name, many servers know no newer one.
    strict, logprobs, counts_stream: whether it takes `strict` beside a schema, `logprobs`, and `stream_options`.
    """

    room: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    strict: bool = True
    logprobs: bool = True
    counts_stream: bool = True

    def after(self, refusal: str) -> Dialect | None:
        """Return what is left after a refusal of a request, by its words; None where it is of something else.

        Each is less than the one before: no server is asked for ever.
        """
        words = refusal.lower()
        if self.room == "max_tokens" and "max_completion_tokens" in words:
            return replace(self, room="max_completion_tokens")
        if self.logprobs and "logprobs" in words:
            return replace(self, logprobs=False)
        if self.counts_stream and "stream_options" in words:
            return replace(self, counts_stream=False)
        if self.strict and "strict" in words and _UNKNOWN.search(words):
            return replace(self, strict=False)
        return None
