"""`slotfill mcp`: the tools of slotfill for a client of the Model Context Protocol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options
from slotfill.commands.options.usd_amounts import UsdAmount
from slotfill.commands.serving.named_schemas import named_schemas

if TYPE_CHECKING:
    from slotfill.extractors.serving.served_schemas import ServedSchemas
    from slotfill.extractors.tool_server.stdio_serving import ProtocolStreams
    from slotfill.schemas.json_values.json_types import JSONObject
    from slotfill.schemas.schema import Schema

__all__ = ["mcp_command"]

CHECK_SECONDS = 20.0
"""Processor time of one check: a client waits for it."""


@dataclass(frozen=True, slots=True)
class _ToolOptions(OptionGroup):
    schemas: tuple[str, ...] = option(
        "--schemas",
        most_used=True,
        default="",
        callback=lambda _ctx, _param, text: tuple(filter(None, (part.strip() for part in text.split(",")))),
        metavar="SCHEMA,…",
        help="What is extracted by name beside the built-in schemas: files of JSON Schema, package.module:Model, "
        "path/file.py:Model.",
    )
    root: Path | None = option(
        "--root",
        most_used=True,
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Let clients name files below FOLDER, and write pages there. [default: texts alone]",
    )
    max_cost: Decimal | None = option(
        "--max-cost",
        most_used=True,
        type=UsdAmount(),
        help="Never spend more, from the start of the server to its end.",
    )
    models: tuple[str, ...] = option(
        "-m", "--model", most_used=True, multiple=True, metavar="MODEL", help="The model; repeat it for fallbacks."
    )
    concurrency: int = option(
        "--concurrency",
        type=click.IntRange(min=1),
        default=8,
        show_default=True,
        metavar="N",
        help="Documents in flight at once.",
    )


@click.command(cls=GroupedCommand)
@with_options
def mcp_command(*, options: _ToolOptions) -> None:
    """Serve tools to a client of the Model Context Protocol (MCP), on standard input and output.

    A client (an assistant, an editor, an agent) starts it and calls: extract turns a text, or a file below --root, into
    validated JSON; schemas lists what has a name; check tries a schema; view makes a page of what was extracted. A call
    names a schema, or writes its fields in one line. It ends when the client closes its input, or at Ctrl-C.

    \b
    slotfill mcp --root ~/mails --max-cost 1
    slotfill mcp --schemas invoice.json -m local
    """
    if options.root is not None and not options.root.is_dir():
        raise click.UsageError(f"--root {str(options.root)!r} is no folder")
    _check_protocol()
    from slotfill.extractors.runs.reports.logs import log_to_stderr
    from slotfill.extractors.tool_server.stdio_serving import protocol_streams

    with protocol_streams() as streams:
        with log_to_stderr(0, "text"):  # what is told of settings holds no secret
            schemas = _served(options)
        with log_to_stderr(0, "text", schemas.settings.secrets):
            _serve(schemas, options, streams)


def _serve(schemas: ServedSchemas, options: _ToolOptions, streams: ProtocolStreams) -> None:
    from slotfill.extractors.tool_server.call_log import CallLog
    from slotfill.extractors.tool_server.document_tools import DocumentTools
    from slotfill.extractors.tool_server.mcp_server import mcp_server
    from slotfill.extractors.tool_server.stdio_serving import serve_stdio
    from slotfill.extractors.tool_server.tool_account import tool_account
    from slotfill.extractors.tool_server.tool_root import ToolRoot

    calls, root = CallLog(), ToolRoot(options.root)
    with tool_account(schemas.models, schemas.settings, max_cost=options.max_cost) as account:
        tools = DocumentTools(schemas, root, meter=account, check=_check, concurrency=options.concurrency)

        async def serve() -> None:
            try:
                await serve_stdio(mcp_server(tools, calls), streams, calls.end)
            finally:
                await tools.aclose()

        asyncio.run(serve())
        for line in calls.summary(account.spent):
            click.echo(line, err=True)


def _check_protocol() -> None:
    """Raise MissingExtraError where nothing speaks the protocol."""
    from slotfill.schemas.errors import MissingExtraError

    try:
        import mcp  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError("`slotfill mcp` needs the extra `mcp`: pip install 'slotfill[mcp]'") from error


def _served(options: _ToolOptions) -> ServedSchemas:
    from slotfill.extractors.serving.served_schemas import ServedSchemas
    from slotfill.schemas import built_ins

    named = {**named_schemas(tuple(built_ins())), **named_schemas(options.schemas)}
    return ServedSchemas(named, options.models, {}, allow_schemas=True)


def _check(schema: Schema[Any], max_examples: int) -> JSONObject:
    """Property-test a schema, as `slotfill check` does."""
    from slotfill.commands.check import keep_hypothesis_in_cache

    keep_hypothesis_in_cache()
    from slotfill.extractors.testing.check import check, report

    findings = check(schema, max_examples=max_examples, seconds=CHECK_SECONDS)
    *_, summary = report(findings)
    return {
        "sound": not any(one.kind == "broken" for one in findings),
        "summary": summary,
        "findings": [
            {
                "kind": one.kind,
                "law": one.law,
                "path": one.path,
                "message": one.message,
                "counterexample": one.counterexample,
            }
            for one in findings
        ],
    }
