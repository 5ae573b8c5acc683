"""Records to review, and sessions that review them."""

import hashlib
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import uvicorn

from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_session import ReviewSession
from slotfill.extractors.review.serving.review_app import new_token, review_app
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["INVOICE", "TEXT", "VALUE", "document", "record", "served_review", "session", "started_review"]

INVOICE = resolve(
    {
        "title": "invoice",
        "type": "object",
        "properties": {
            "number": {"type": "string"},
            "status": {"enum": ["paid", "open", "late"]},
            "total": {"type": "number", "minimum": 0},
            "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "urgent": {"type": "boolean"},
            "note": {"type": "string"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "amount": {"type": "integer", "minimum": 1}},
                    "required": ["name", "amount"],
                    "additionalProperties": False,
                },
            },
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["number", "status", "total", "due", "urgent", "items", "tags"],
        "additionalProperties": False,
    }
)
TEXT = "Invoice 17 😀 of 3 March 2026: 2 bolts, 1 nut. Total 1,250.50, to be paid. Rush!"
VALUE = {
    "number": "17",
    "status": "open",
    "total": 1250.5,
    "due": None,
    "urgent": True,
    "items": [{"name": "bolts", "amount": 2}, {"name": "nut", "amount": 1}],
    "tags": ["rush"],
}


def record(value=VALUE, text=TEXT, source="invoices/17.txt", schema=INVOICE, **others):
    """Make a record as slotfill writes it."""
    usage = dict.fromkeys(("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"), 0)
    made = {
        "slotfill": 1,
        "document": {"id": hashlib.sha256(text.encode()).hexdigest(), "source": source, "chars": len(text)},
        "schema": {"name": schema.name, "id": schema.id},
        "model": "claude-haiku-5-5",
        "outcome": "valid",
        "value": value,
        "invalid": None,
        "spans": {},
        "confidence": {},
        "edits": [],
        "attempts": [],
        "usage": {**usage, "thinking_tokens": None},
        "cost_usd": None,
        "saved_usd": None,
        "surcharge_usd": None,
        "ms": 0,
        "error": None,
        "chunks": [],
        "found_in": {},
        "conflicts": [],
        "history": [],
        "request_ids": [],
        **others,
    }
    check_record(made)
    return made


def document(number=0, text=TEXT, schema=INVOICE, **others):
    """Make a document under review."""
    return ReviewDocument(number, record(text=text, schema=schema, **others), text, schema)


def session(folder, documents=None, who="ada", messages=None):
    """Open a session on gold in a folder."""
    heard = [] if messages is None else messages
    return ReviewSession(documents or [document()], folder / "gold.jsonl", who, heard.append)


def started_review(*arguments):
    """Start the command, as a person does; the first line that it prints is its address."""
    command = [sys.executable, "-m", "slotfill", "review", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def served_review(review):
    """Serve a session's page from a thread of its own; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, token = f"127.0.0.1:{listener.getsockname()[1]}", new_token()
        app = review_app(review, token=token, hosts=[host])
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://{host}/{token}/"
        finally:
            server.should_exit = True
            thread.join()
