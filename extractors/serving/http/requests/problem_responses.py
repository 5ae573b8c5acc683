"""Problems as responses: those that routes raise, and faults, of which clients are told no more than that."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotfill.extractors.serving.problem import PROBLEM_TYPE, ProblemError
from slotfill.extractors.telemetry.providers import recorders
from slotfill.extractors.unforeseen import unexpected

__all__ = ["REQUEST_ID", "FaultAnswers", "problem_response"]

REQUEST_ID = "slotfill_request_id"
"""Where in a request's scope its name stands."""

_logger = logging.getLogger("slotfill")


def problem_response(problem: ProblemError, request_id: str) -> JSONResponse:
    """Answer with a problem, and count it."""
    if (heard := recorders()) is not None and heard.instruments is not None:
        heard.instruments.refused(problem.code)
    data = problem.to_json(request_id)
    return JSONResponse(data, problem.status, headers=problem.headers, media_type=PROBLEM_TYPE)


class FaultAnswers:
    """Middleware: whatever goes wrong in an app is a problem, and in the log by its place alone.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        is_begun = False

        async def send_on(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            return  # in the middle of its body: nobody is there to be answered
        except Exception as error:
            if is_begun or scope["type"] != "http":
                raise
            request_id = scope[REQUEST_ID]
            _logger.error("%s: %s", request_id, unexpected(error))  # noqa: TRY400 - a traceback may quote a text
            fault = ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "this is a fault of the service")
            await problem_response(fault, request_id)(scope, receive, send)
