"""A request that is not on the tape, beside the nearest one that is."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from itertools import takewhile

from slotfill.extractors.cassettes.tape import RecordedRequest, TapeEntry

__all__ = ["Nearest"]

WIDTH = 100
"""How long a line of a difference may be."""

LINES = 40
"""How many lines a difference may have."""

READ = 400
"""How many lines are compared, from the first that differs: the work grows with their square."""


class Nearest:
    """Finds the exchange of a tape, which is not empty, whose request has most words in common with another."""

    def __init__(self, tape: Sequence[TapeEntry]) -> None:
        self._tape = [(exchange, _words(exchange.request)) for exchange in tape]

    def difference(self, request: RecordedRequest) -> str:
        """Show how a request differs from the nearest one."""
        near = self._find(request)
        before, after = _laid_out(near.request), _laid_out(request)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
        part = slice(max(0, same - 1), same + READ)
        lines = [*difflib.unified_diff(before[part], after[part], n=1, lineterm="")][2:]
        excerpt = ["…" if line.startswith("@@") else line for line in lines[:LINES]]
        more = [f"… {len(lines) - LINES} more lines"] if len(lines) > LINES else []
        return "\n".join([f"--- line {near.line} of the tape, the nearest", "+++ this request", *excerpt, *more])

    def _find(self, request: RecordedRequest) -> TapeEntry:
        """Look among the requests with the same address, if there are any."""
        address = (request.method, request.url)
        same = [pair for pair in self._tape if (pair[0].request.method, pair[0].request.url) == address]
        words = _words(request)

        def likeness(pair: tuple[TapeEntry, frozenset[str]]) -> float:
            shared = len(words & pair[1])
            return shared / (len(words) + len(pair[1]) - shared)

        return max(same or self._tape, key=likeness)[0]


def _words(request: RecordedRequest) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", request.key))


def _laid_out(request: RecordedRequest) -> list[str]:
    """Lay a request out for a diff: a line each for what is one in its texts, none of them long."""
    text = json.dumps(request.to_json(), indent=1, ensure_ascii=False).replace("\\n", "\\n\n")
    width = rf".{{1,{WIDTH}}}(?:\s|$)|.{{1,{WIDTH}}}"
    return [part for line in text.split("\n") for part in re.findall(width, line)]
