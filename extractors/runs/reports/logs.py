"""Logs: lines on standard error with ids, sizes, times and outcomes, and with no text or value unless asked for."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.http.redaction import HIDDEN, Redaction
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.runs.reports.console import printable
from slotfill.extractors.runs.reports.failure_digest import FailureDigest, failure_extra
from slotfill.extractors.runs.reports.log_safety import disclosed, place_of
from slotfill.extractors.terminal.streams import is_terminal
from slotfill.extractors.unforeseen import STOPS, internal_failure
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.schema import Schema

__all__ = ["LogFormat", "log_extraction", "log_to_stderr", "log_unwritable"]

LogFormat = Literal["text", "json"]

ALL = 2
"""The verbosity at which texts, values and requests are told."""

_LEVELS = {-1: logging.CRITICAL, 0: logging.WARNING, 1: logging.INFO, ALL: logging.DEBUG}

_OWN = "slotfill"
_OTHERS = ("anthropic", "asyncio", "instructor", "mcp")
"""The loggers of others that speak of requests and replies. Without a handler, Python prints their errors whole."""

_CREDENTIALS = re.compile(r"(?i)\bbearer\s+[\w.~+/=-]{8,}|\bsk-ant-[\w-]{8,}")
"""What looks like one: the SDK finds some by itself, which no setting tells of."""

_FILE = re.compile(r"[A-Za-z0-9+/]{1000,}=*")
"""A file in base64: the SDK tells of a request with all that it holds."""

_ID_DIGITS = 12
"""So many digits of a document's id tell it from the others of a run."""

_logger = logging.getLogger(_OWN)


class _Formatter(logging.Formatter):
    """Writes a record without a credential, and what may quote a text or a value only where these are told."""

    def __init__(self, secrets: tuple[str, ...], *, values: bool) -> None:
        super().__init__()
        self._redaction, self._values = Redaction(secrets, words=True), values

    def format(self, record: logging.LogRecord) -> str:
        """Write a record in one line, and below it, indented, what belongs to it."""
        # Both before and after, as writing may escape a part of a secret.
        return self._hidden(self.write(record, *map(self._hidden, (self._message(record), self._detail(record)))))

    def write(self, record: logging.LogRecord, message: str, detail: str) -> str:
        """Write what a record says, and what belongs below it."""
        raise NotImplementedError

    def _hidden(self, text: str) -> str:
        return _CREDENTIALS.sub(HIDDEN, self._redaction.hide(text))

    def _message(self, record: logging.LogRecord) -> str:
        if self._values or record.name.partition(".")[0] == _OWN:
            return _FILE.sub(lambda file: f"({len(file[0]):,} characters of base64)", record.getMessage())
        return f"{record.name} reports a problem: -vv tells which"

    def _detail(self, record: logging.LogRecord) -> str:
        """Return a traceback, or of the exception its class alone, as its message may quote a value."""
        if not record.exc_info or not record.exc_info[0]:
            return str(getattr(record, "data", {}).get("detail", ""))
        return self.formatException(record.exc_info) if self._values else record.exc_info[0].__name__


class _Text(_Formatter):
    def write(self, _: logging.LogRecord, message: str, detail: str) -> str:
        # Indented, so that no text can pass for a line of the program's own.
        return "\n    ".join(map(printable, [message, *detail.splitlines()]))


class _Json(_Formatter):
    def write(self, record: logging.LogRecord, message: str, detail: str) -> str:
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), "message": message}
        data = {name: value for name, value in getattr(record, "data", {}).items() if name != "detail"}
        return json.dumps(line | data | ({"detail": detail} if detail else {}))


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what standard error is at the time, so that a progress bar can redirect it."""

    def __init__(self, formatter: logging.Formatter, digest: FailureDigest | None) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter)
        self._digest = digest

    def emit(self, record: logging.LogRecord) -> None:
        told = self._digest.replaced(record) if self._digest else record
        if told is not None:
            self.stream = sys.stderr
            super().emit(told)

    def end(self) -> None:
        """Say how many failures were not told in full."""
        for record in self._digest.end() if self._digest else ():
            super().emit(record)


@contextmanager
def log_to_stderr(
    verbosity: int, log_format: LogFormat, secrets: tuple[str, ...] = (), *, whereabouts: str = ""
) -> Iterator[logging.Logger]:
    """Log to standard error: at -1 what stops a run, at 0 failures and warnings too, at 1 all documents.

    At 2 come values, and what the SDK says of its requests, the documents' texts included; below, what others say is
    told without their words. At 0 the first failures of a kind are told in full, and how many came after them.

    secrets: are never written. whereabouts: of the failures that are not told in full.
    """
    verbosity = min(verbosity, ALL)
    written = _Json if log_format == "json" else _Text
    digest = FailureDigest(whereabouts, counts_up=not is_terminal(sys.stderr)) if verbosity == 0 else None
    handler = _Stderr(written(secrets, values=verbosity == ALL), digest)
    loggers = [logging.getLogger(name) for name in (_OWN, *_OTHERS)]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        least = logging.NOTSET if logger.name == _OWN or verbosity == ALL else logging.ERROR
        logger.setLevel(max(_LEVELS[verbosity], least))
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield loggers[0]
    finally:
        handler.end()
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate


def log_extraction(extraction: Extraction[Any], schema: Schema[Any], *, final: bool = True) -> None:
    """Log how a document ended: an error where it holds no whole value; what was read at the level of texts alone.

    final: whether that is its end: one that is asked once more is no error yet. It raises nothing: where a line cannot
    be written, that is logged.
    """
    try:
        _log(extraction, schema, logging.INFO if extraction.ok or not final else logging.ERROR)
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - see STOPS
        log_unwritable(extraction.document.source, internal_failure(error, extraction.document.source))


def log_unwritable(source: str | None, failure: Failure) -> None:
    """Log that what came of a document cannot be written, into an output or a line of the log."""
    name = source or "the text"
    extra = failure_extra(failure.type)
    _logger.error("%s: cannot be written: %s [%s]", name, failure.message, failure.type, extra=extra)


def _log(extraction: Extraction[Any], schema: Schema[Any], level: int) -> None:
    if not _logger.isEnabledFor(level):
        return
    data = _data(extraction, schema)
    source = extraction.document.source or "the text"
    kind = failure_extra(extraction.error.type) if extraction.error and level == logging.ERROR else {}
    _logger.log(level, "%s: %s", source, "; ".join(_line_parts(extraction, data)), extra={"data": data, **kind})
    if _logger.isEnabledFor(logging.DEBUG):
        _log_values(source, extraction)


def _data(extraction: Extraction[Any], schema: Schema[Any]) -> JSONObject:
    """Return what is told of an extraction: none of it is a text or a value."""
    error = extraction.error and _disclosed_error(extraction.error, schema, extraction.invalid)
    return {
        "document": extraction.document.id[:_ID_DIGITS],
        "source": extraction.document.source,
        "chars": len(extraction.document.text),
        "outcome": extraction.outcome.value,
        **({"error": error} if error else {}),
        "requests": len(extraction.request_ids),
        **extraction.usage.to_json(),
        "ms": extraction.ms,
        "request_ids": list(extraction.request_ids),
    }


def _disclosed_error(failure: Failure, schema: Schema[Any], data: Any) -> dict[str, str]:
    return Failure(failure.type, disclosed(failure, schema), place_of(failure.path, schema, data)).to_json()


def _line_parts(extraction: Extraction[Any], data: JSONObject) -> Iterator[str]:
    """Write the parts of a line: why there is no value, and for those who want all documents, what it took."""
    took = ""
    if _logger.isEnabledFor(logging.INFO):
        ids = ", ".join((data["document"], *extraction.request_ids))
        took = f"in {data['ms']} ms, {_tokens(extraction.usage)} ({ids})"
    if "error" not in data:
        yield f"{data['outcome']} {took}".rstrip()
        return
    error = data["error"]
    place = f" at {error['path']}" if error["path"] else ""
    yield f"{data['outcome']}{place}: {error['message']} [{error['type']}]"
    if took:
        yield took


def _tokens(usage: Usage) -> str:
    counts = (usage.input_tokens, usage.output_tokens, usage.thinking_tokens)
    read, written, thought = ("unknown" if count is None else count for count in counts)
    return f"{read} tokens in, {written} out" + (f" ({thought} of them thinking)" if thought else "")


def _log_values(source: str, extraction: Extraction[Any]) -> None:
    """Log what was read, and every reason in full."""
    about = {"document": extraction.document.id[:_ID_DIGITS], "source": extraction.document.source}
    values = {"value": extraction.data, "invalid": extraction.invalid}
    _logger.debug("%s: value %s", source, extraction.data, extra={"data": about | values})
    reasons = [(attempt.rung.value, error) for attempt in extraction.attempts for error in attempt.errors]
    if extraction.error:
        reasons.append((extraction.outcome.value, FieldError(extraction.error.path, extraction.error.message)))
    for step, error in reasons:
        message, _, detail = error.message.partition("\n")
        place = f" at {error.path}" if error.path else ""
        _logger.debug("%s: %s%s: %s", source, step, place, message, extra={"data": about | {"detail": detail}})
