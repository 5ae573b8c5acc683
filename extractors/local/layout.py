"""A Messages API conversation becomes one plain text for the model to continue.

Small models copy a pattern far better than they follow instructions: the worked examples and the document stand in
one layout, `Input: …` and `Output: …`, with JSON spaced as most JSON is. Where there are examples, the system
text is left out: measured on sentiment, it costs accuracy (docs/embedded-model.md).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from slotfill.extractors.local.grammar import SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["STOP", "Conversation", "Turn"]

STOP = ("\n\nInput:",)
"""Where a free text ends: the model begins to write the next document itself."""

FENCE = re.compile(r"\A\s*<(document-[0-9a-f]+)>\n(.*)\n</\1>\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who spoke, and what, fences and all."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request asks: examples, one document, and perhaps replies to it that were found wrong."""

    system: str
    turns: Sequence[Turn]

    @property
    def document(self) -> str:
        """The text of the last fenced turn; without a fence that of the last user turn."""
        at = self._asked
        return _unfenced(self.turns[at].text) if at is not None else ""

    def shorter(self) -> Conversation | None:
        """Drop the oldest example; None when there is none."""
        asked = self._asked
        if not asked:
            return None
        later = (at for at in range(1, asked + 1) if self.turns[at].role == "user")
        return replace(self, turns=self.turns[next(later) :])

    def write(self) -> str:
        """Write the text that the model continues with its answer."""
        system = "" if self._asked else self.system
        return (system + "".join(map(_line, self.turns)) + "\nOutput:").lstrip("\n")

    @property
    def _asked(self) -> int | None:
        users = [at for at, turn in enumerate(self.turns) if turn.role == "user"]
        fenced = [at for at in users if FENCE.match(self.turns[at].text)]
        return max(fenced or users, default=None)


def _line(turn: Turn) -> str:
    if turn.role == "assistant":
        return f"\nOutput: {_spaced(turn.text)}"
    return f"\n\nInput: {_unfenced(turn.text)}"


def _unfenced(text: str) -> str:
    found = FENCE.match(text)
    return found[2] if found else text


def _spaced(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(value, ensure_ascii=False, separators=SEPARATORS)
