"""The tools by the Model Context Protocol: what its SDK is told of them, and of what came of a call."""

from __future__ import annotations

import logging
from typing import Any

from mcp.server import Server, ServerRequestContext
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

from slotfill import __version__
from slotfill.extractors.tool_server.call_log import CallLog
from slotfill.extractors.tool_server.document_tools import DocumentTools
from slotfill.extractors.tool_server.tool_calls import ToolAnswer, ToolError
from slotfill.extractors.tool_server.tool_descriptions import ToolDescription, tool_descriptions
from slotfill.extractors.unforeseen import STOPS, unexpected

__all__ = ["mcp_server"]

_logger = logging.getLogger("slotfill")

INSTRUCTIONS = (
    "slotfill turns documents into JSON that a schema validates, and says where in the text each value stands. Call "
    "`schemas` to see what has a name, or write the fields in one line; `extract` a document; `view` makes a page of "
    "what was extracted, for people."
)

_PAGE = "page://slotfill/extractions.html"


def mcp_server(tools: DocumentTools, calls: CallLog) -> Server[Any]:
    """Make the server.

    Args:
        tools: What answers.
        calls: Takes note of what is at work.
    """
    listed = [_tool(one) for one in tool_descriptions()]

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        try:
            with calls.at_work(params.name):
                return _result(await tools.call(params.name, params.arguments))
        except ToolError as error:
            return _error(str(error))
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - see STOPS
            told = f"this is a fault of slotfill: {unexpected(error)}"
            _logger.error("%s: %s", params.name, told)  # noqa: TRY400 - what it says may quote a document
            return _error(told)

    return Server(
        "slotfill", version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _tool(one: ToolDescription) -> Tool:
    hints = ToolAnnotations(read_only_hint=not one.writes, destructive_hint=False, open_world_hint=one.costs)
    return Tool(
        name=one.name,
        title=one.title,
        description=one.text,
        input_schema=one.takes,
        output_schema=one.answers,
        annotations=hints,
    )


def _result(answer: ToolAnswer) -> CallToolResult:
    content: list[ContentBlock] = [TextContent(text=text) for text in (answer.message, answer.text) if text]
    if answer.page is not None:
        page = TextResourceContents(uri=_PAGE, mime_type="text/html", text=answer.page)
        content.append(EmbeddedResource(resource=page))
    return CallToolResult(content=content, structured_content=answer.content, is_error=answer.is_error)


def _error(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=message)], is_error=True)
