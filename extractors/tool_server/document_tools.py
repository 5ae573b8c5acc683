"""The tools themselves, whatever protocol they are called by: within one root, one budget and one pace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.tool_server.daemon_threads import in_daemon_thread
from slotfill.extractors.tool_server.recent_extractions import RecentExtraction, RecentExtractions
from slotfill.extractors.tool_server.tool_calls import (
    CheckArguments,
    ExtractArguments,
    SchemasArguments,
    ToolAnswer,
    ToolError,
    ViewArguments,
    arguments_as,
)
from slotfill.extractors.tool_server.tool_root import ToolRoot
from slotfill.extractors.viewing.record_view import record_view
from slotfill.extractors.viewing.value_pages import PagePictures
from slotfill.extractors.viewing.viewer_page import viewer_page
from slotfill.schemas.errors import SchemaError, SlotfillError
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.parameters import parameters_schema
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.one_line import parse_line
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["CheckSchema", "DocumentTools"]

CheckSchema: TypeAlias = Callable[[Schema[Any], int], JSONObject]
"""Property-tests a schema with so many examples: gives what `check` answers, but for the schema's name."""

_Source: TypeAlias = "str | JSONMapping"
"""A schema as it is served: a name, or the JSON Schema of a line."""


_LINE = re.compile(r"[\s,\[\]{}]")
"""What a line of fields holds, and no name does."""


class DocumentTools:
    """Answers calls. It belongs to one event loop.

    Args:
        schemas: What is extracted by name, and by which models; lines of fields are what requests bring.
        root: Where files may be.
        meter: Reserves what each HTTP try may cost.
        check: Checks a schema.
        concurrency: How many documents are extracted at once.
    """

    def __init__(
        self, schemas: ServedSchemas, root: ToolRoot, *, meter: Meter, check: CheckSchema, concurrency: int
    ) -> None:
        self._schemas, self._root, self._meter, self._check = schemas, root, meter, check
        settings = schemas.settings
        self._pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
        self._places, self._checking = asyncio.Semaphore(concurrency), asyncio.Lock()
        self._recent = RecentExtractions()
        self._tools: dict[str, Callable[[Mapping[str, JSON] | None], Awaitable[ToolAnswer]]] = {
            "extract": self._extract,
            "schemas": self._list_schemas,
            "check": self._check_schema,
            "view": self._view,
        }

    async def call(self, name: str, arguments: Mapping[str, JSON] | None) -> ToolAnswer:
        """Answer one call.

        Raises:
            ToolError: It cannot be answered; the message says what is wrong, where, and what to do.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError(f"there is no tool {name!r}: there are {', '.join(self._tools)}")
        try:
            return await tool(arguments)
        except ToolError:
            raise
        except SlotfillError as error:
            raise ToolError(str(error)) from None

    async def aclose(self) -> None:
        """Close what it uses."""
        await self._schemas.aclose()

    async def _extract(self, arguments: Mapping[str, JSON] | None) -> ToolAnswer:
        asked = arguments_as(ExtractArguments, arguments)
        if (asked.text is None) == (asked.path is None):
            raise ToolError("give the document's text or its path, one of them: a text as `text`, a file as `path`")
        source = self._source(asked.source)
        self._schemas.check_params(source, asked.params)
        file = None if asked.path is None else self._root.document(asked.path)
        async with self._places, self._schemas.lent(source, None, self._prepare, asked.params) as extractor:
            document = await self._document(asked, file, extractor)
            extraction = await extractor.aextract(document)
        self._recent.add(RecentExtraction(extraction.to_json(), document.text, None if file is None else str(file)))
        return _answer(extraction)

    async def _document(self, asked: ExtractArguments, file: Path | None, extractor: Extractor[Any]) -> Document:
        if file is None or asked.path is None:
            return Document.of(asked.text or "")
        options = ReadOptions(native=extractor.takes_pages)
        return await in_daemon_thread(lambda: _read(file, asked.path or "", options))

    async def _list_schemas(self, arguments: Mapping[str, JSON] | None) -> ToolAnswer:
        asked = arguments_as(SchemasArguments, arguments)
        if asked.source is None:
            return ToolAnswer({"schemas": [_described(schema) for schema in self._schemas.named.values()]})
        schema = self._resolved(asked.source)
        return ToolAnswer(
            {
                "schemas": [
                    {**_described(schema), "instructions": schema.instructions, "json_schema": schema.json_schema}
                ]
            }
        )

    async def _check_schema(self, arguments: Mapping[str, JSON] | None) -> ToolAnswer:
        asked = arguments_as(CheckArguments, arguments)
        schema = self._resolved(asked.source)
        async with self._checking:  # each takes a processor
            found = await in_daemon_thread(lambda: self._check(schema, asked.max_examples))
        return ToolAnswer({"schema": schema.name, **found})

    async def _view(self, arguments: Mapping[str, JSON] | None) -> ToolAnswer:
        asked = arguments_as(ViewArguments, arguments)
        shown = self._recent.find(asked.documents)
        path = None if asked.output is None else self._root.page(asked.output)
        page = await in_daemon_thread(lambda: _page(shown))
        if path is None:
            return ToolAnswer({"documents": len(shown), "path": None, "url": None}, page=page)
        await in_daemon_thread(lambda: _write(path, page))
        self._root.note_written(path)
        return ToolAnswer({"documents": len(shown), "path": asked.output, "url": path.as_uri()})

    def _prepare(self, extractor: Extractor[Any]) -> None:
        extractor.pace(self._pacer)
        extractor.meter(self._meter)

    def _source(self, text: str) -> _Source:
        """Read a name, or a line of fields. A path or a module of Python code is neither: nothing is imported."""
        if text in self._schemas.named:
            return text
        if not _LINE.search(text):
            nearest = get_close_matches(text.lower(), self._schemas.named, n=1)
            hint = f"did you mean {nearest[0]!r}? " if nearest else ""
            names = ", ".join(self._schemas.named)
            raise ToolError(
                f"schema {text!r} is none of the names: {hint}There are {names}; or write fields in one line, such as: "
                "name, age int?"
            )
        try:
            return parse_line(text)
        except SchemaError as error:
            raise ToolError(f"schema: {error}") from None

    def _resolved(self, text: str) -> Schema[Any]:
        source = self._source(text)
        return self._schemas.named[source] if isinstance(source, str) else resolve(source)


def _read(file: Path, name: str, options: ReadOptions) -> Document:
    """Read a file under the name that the client has for it. Raises ToolError where it holds several documents."""
    from slotfill.extractors.documents.readers.read_file import read_path

    try:
        _, parts = read_path(file, options)
    except InputError:
        raise ToolError(
            f"path {name!r} cannot be read, or holds a document a row: give the text of one as `text`"
        ) from None
    first, *others = islice(parts, 2)
    if others:
        raise ToolError(f"path {name!r} holds several documents: give the text of one as `text`")
    return Document.of_file(first, name)


def _answer(extraction: Extraction[Any]) -> ToolAnswer:
    record = extraction.to_json()
    if extraction.error is None:
        return ToolAnswer(record)
    return ToolAnswer(record, is_error=True, message=_failure_text(extraction.outcome.value, extraction.error))


def _failure_text(outcome: str, failure: Failure) -> str:
    place = f" at {failure.path}" if failure.path else ""
    way_out = f"; {failure.type.way_out}" if failure.type.way_out else ""
    return f"{outcome}{place}: {failure.message} [{failure.type.value}]{way_out}. The record follows."


def _described(schema: Schema[Any]) -> JSONObject:
    parameters = parameters_schema(schema.parameters)
    told: JSONObject = {"name": schema.name, "summary": schema.instructions.strip().partition("\n")[0]}
    return told if parameters is None else {**told, "parameters": parameters}


def _page(shown: list[RecentExtraction]) -> str:
    pictures = PagePictures()
    views = (
        record_view(one.record, one.text, pages=pictures.draw(one.record, one.file) if one.file else ())
        for one in shown
    )
    count = "1 document" if len(shown) == 1 else f"{len(shown):,} documents"
    return "".join(viewer_page(views, count))


def _write(path: Path, page: str) -> None:
    """Write a page, whole or not at all. Raises OutputError."""
    file = AtomicFile(path)
    try:
        file.write(page.encode())
        file.commit()
    finally:
        file.discard()
