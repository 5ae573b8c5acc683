"""What was extracted of late, with its texts, for a page that shows it: a bounded number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from slotfill.extractors.tool_server.tool_calls import ToolError
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["RecentExtraction", "RecentExtractions"]

MOST = 100
MOST_CHARACTERS = 20_000_000
"""Of all texts together; the latest one is held whatever it has."""


@dataclass(frozen=True, slots=True)
class RecentExtraction:
    """One of them.

    Attributes:
        record: Its record.
        text: The document's text.
        file: The file that it was read from, if any.
    """

    record: JSONObject
    text: str
    file: str | None

    @property
    def document_id(self) -> str:
        """The document's id, as its record has it."""
        identity: str = self.record["document"]["id"]
        return identity


class RecentExtractions:
    """Holds them: of one document by one schema the latest."""

    def __init__(self) -> None:
        self._held = OrderedDict[tuple[str, str], RecentExtraction]()
        self._characters = 0

    def add(self, one: RecentExtraction) -> None:
        """Hold one more, and forget the oldest where there are too many."""
        name = one.document_id, one.record["schema"]["id"]
        self._forget(name)
        self._held[name] = one
        self._characters += len(one.text)
        while len(self._held) > 1 and (len(self._held) > MOST or self._characters > MOST_CHARACTERS):
            self._forget(next(iter(self._held)))

    def find(self, documents: Collection[str] | None) -> list[RecentExtraction]:
        """Return those of some documents, oldest first; all without names. Raises ToolError where there is none."""
        if not self._held:
            raise ToolError("there is nothing to show yet: call `extract` first")
        if documents is None:
            return [*self._held.values()]
        found = [*self._matching(documents)]
        known = {one.document_id for one in found}
        if missing := [name for name in documents if name not in known]:
            raise ToolError(
                f"documents: {missing[0]!r} was not extracted by this server, or not of late ({MOST} are held): "
                'give `document.id` of a record, "id": "…", or call `extract` again'
            )
        return found

    def _matching(self, documents: Collection[str]) -> Iterator[RecentExtraction]:
        return (one for one in self._held.values() if one.document_id in documents)

    def _forget(self, name: tuple[str, str]) -> None:
        before = self._held.pop(name, None)
        if before is not None:
            self._characters -= len(before.text)
