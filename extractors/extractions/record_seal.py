"""A record's seal: by it a record that is read again is known to be as it was written, and its value is at hand.

Most outputs hold values alone, and a value is a fifth of its record: with the seal the rest need not be parsed. It is a
checksum, and no signature: whoever forges a ledger can make one. So what is taken out by it is verified all the same.
"""

from __future__ import annotations

import zlib
from itertools import takewhile
from typing import NamedTuple, Self

from pydantic_core import PydanticSerializationError, to_json

from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.exact_json import has_exact_floats
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["RecordSeal"]


class RecordSeal(NamedTuple):
    """What a ledger holds of a record beside its text; in a ledger of somebody else's it may be anything.

    checksum: of the text and of what it is the record of; None where there is no seal. start, end: of the value's JSON
    in the text.
    """

    checksum: int | None = None
    start: int | None = None
    end: int | None = None

    @classmethod
    def of(cls, record: JSONMapping, text: str, document: bytes) -> Self:
        """Seal a record. text: the record as JSON, without white space. document: its document's key.

        A record without a whole value gets none, nor one whose value is not read as it stands there: its model reads
        another form of it, or it holds a number that no double does.
        """
        outcome, value = record["outcome"], record["value"]
        if not Outcome(outcome).ok or "reply" in record or has_exact_floats(value):
            return cls()
        try:
            written = to_json(value).decode()
            before = to_json({key: record[key] for key in takewhile(lambda key: key != "value", record)})
        except PydanticSerializationError:  # half a surrogate pair: it is written otherwise
            return cls()
        start = len(before.decode()) - len("}") + len(',"value":')
        end = start + len(written)
        if text[start:end] != written:
            return cls()
        return cls(_checksum(text, document, record["schema"]["id"], outcome), start, end)

    def value_in(self, text: object, document: bytes, schema: str, outcome: str) -> str | None:
        """Return the JSON of the value in a record's text; None where the seal is broken, or there is none.

        document: the key of the document that the record should be of. schema: the schema's id.
        """
        if self.checksum is None or not isinstance(text, str):
            return None
        try:
            is_whole = self.checksum == _checksum(text, document, schema, outcome)
            return text[self.start : self.end] if is_whole else None
        except (TypeError, ValueError):  # a place that is no number, a text that is none
            return None


def _checksum(text: str, document: bytes, schema: str, outcome: str) -> int:
    return zlib.crc32(b"".join((text.encode(), document, f"{schema}{outcome}".encode())))
