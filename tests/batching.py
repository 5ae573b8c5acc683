"""A run in batches in this process, on a simulated service, and what stands in its outputs."""

import io
import json
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from slotfill import Document, Extractor
from slotfill.extractors.batches.waves import BatchOptions
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.runs.session import RunEnd, Start, run_once

SCHEMA = {
    "type": "object",
    "properties": {"note": {"type": "string"}, "urgency": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["note", "urgency"],
    "additionalProperties": False,
}


@dataclass
class Texts:
    """Sources of so many texts, each with its number."""

    texts: list[str]
    several: bool = True
    count: None = None
    is_joined: bool = False
    fields: RowFields = field(default_factory=RowFields)

    def __iter__(self):
        return (Document.of(text, f"in#{number}") for number, text in enumerate(self.texts, 1))

    def read(self, *_, limit=None):
        return islice(self, limit)


@dataclass
class Ended:
    """How a run ended: what stands in its output, and what it told."""

    end: RunEnd
    records: list[dict]
    messages: list[str]

    @property
    def reason(self):
        return self.end.reason


def rows(count):
    return [f"row {number}: the camera is broken, and nobody answers." for number in range(count)]


WAVES = BatchOptions(tail=0)


def run(claude, folder: Path, texts, *, schema=SCHEMA, batch=WAVES, start=None, **options) -> Ended:
    """Run over texts, in batches, or live where `batch` is None."""
    folder.mkdir(exist_ok=True)
    messages: list[str] = []
    output = folder / "out.jsonl"
    begun = Start(("in",), str(output), records=True, batch=batch, **(start or {}))
    with Extractor(schema, **{"client": claude.async_client(), **options}) as extractor:
        end = run_once(extractor, Texts(texts), begun, io.BytesIO(), on_message=messages.append)
    records = [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []
    return Ended(end, records, messages)


def masked(record):
    """Leave out of a record what differs between a run in batches and one that was asked live."""
    attempts = [
        {
            **{name: part for name, part in attempt.items() if name not in ("batch", "request_id", "ms")},
            "usage": _counted(attempt["usage"]),
        }
        for attempt in record["attempts"]
    ]
    others = ("attempts", "ms", "request_ids", "cost_usd", "saved_usd", "surcharge_usd", "evidence_usd")
    rest = {name: part for name, part in record.items() if name not in others}
    return {**rest, "usage": _counted(record["usage"]), "attempts": attempts}


def _counted(usage):
    """Give what was read and written; what of it the cache held depends on the order of the requests, live too."""
    prompt = sum(usage[name] for name in ("input_tokens", "cache_read_tokens", "cache_write_tokens"))
    return prompt, usage["output_tokens"]
