"""The service behind the page of a review: it is for one person at this machine, and takes nothing from anybody else.

The address holds a token that nobody can guess, and the host must be this machine by its own name: a page from
elsewhere, open in the same browser, cannot reach it, nor can it by a name of its own that leads here (DNS rebinding).
What is sent must be JSON, which a form of another page cannot send. Errors say what is wrong, and never where in the
program.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import NonNegativeInt

from slotfill.extractors.pages.page_headers import page_headers
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.record.stored_json import parse_stored
from slotfill.extractors.review.decisions import DecisionSpan, ProposedDecision, ReviewAction
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_rules import DecisionError, UnknownFieldError
from slotfill.extractors.review.review_session import ReviewSession
from slotfill.extractors.review.serving.review_page import review_page, review_status, reviewed_view, utf16_span
from slotfill.extractors.viewing.value_pages import PagePictures
from slotfill.schemas.errors import MissingExtraError, SlotfillError
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import list_index

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")

__all__ = ["missing_review", "new_token", "review_app"]

MOST_BYTES = 8 * 2**20
"""Of a request: a value that is typed, at most."""


def new_token() -> str:
    """Make the secret part of the address."""
    return secrets.token_urlsafe(24)


def review_app(session: ReviewSession, *, token: str, hosts: Collection[str], title: str = "Review") -> ASGIApp:
    """Make the ASGI application of a review.

    Args:
        session: What is reviewed.
        token: The first part of each path.
        hosts: What the header `Host` may say, each with its port.
        title: What the page is called.

    Raises:
        MissingExtraError: Without Starlette, which the extra `review` brings.
    """
    try:
        from starlette.applications import Starlette
        from starlette.routing import Route
    except ImportError as error:
        raise missing_review() from error
    service = _Service(session, title)
    routes = [
        Route("/{token}/", service.page, methods=["GET"]),
        Route("/{token}/documents/{number}", service.document, methods=["GET"]),
        Route("/{token}/decisions", service.decide, methods=["POST"]),
        Route("/{token}/validate", service.validate, methods=["POST"]),
        Route("/{token}/undo", service.undo, methods=["POST"]),
        Route("/{token}/status", service.status, methods=["GET"]),
        Route("/{token}/agreement", service.agreement, methods=["GET"]),
    ]
    return _guarded(Starlette(routes=routes, exception_handlers={404: _not_there, 405: _not_there}), token, hosts)


def missing_review() -> MissingExtraError:
    """Say what to install."""
    return MissingExtraError("`slotfill review` needs the extra `review`: pip install 'slotfill[review]'")


@dataclass(frozen=True, slots=True, kw_only=True)
class _DecisionRequest:
    """What the page asks for; `span` in UTF-16 units, as scripts count."""

    document: NonNegativeInt
    action: ReviewAction
    path: str
    typed: str | None = None
    value: JSON = NO_MEMBER
    span: tuple[NonNegativeInt, NonNegativeInt] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _TypedRequest:
    """What is being typed."""

    document: NonNegativeInt
    path: str
    typed: str


class _Service:
    """The endpoints. What takes time is done in a thread, as the session waits for its turn there."""

    def __init__(self, session: ReviewSession, title: str) -> None:
        self._session, self._title = session, title

    async def page(self, _: Request) -> Response:
        from starlette.responses import StreamingResponse

        parts: Iterator[str] = review_page(self._session, self._title)
        return StreamingResponse((part.encode() for part in parts), media_type="text/html; charset=utf-8")

    async def document(self, request: Request) -> Response:
        number: str = request.path_params["number"]
        return await self._answered(lambda: self._opened(number))

    async def decide(self, request: Request) -> Response:
        body = await _body(request)
        return await self._answered(lambda: self._decided(body))

    async def validate(self, request: Request) -> Response:
        body = await _body(request)
        return await self._answered(lambda: self._validated(body))

    async def undo(self, request: Request) -> Response:
        await _body(request)
        return await self._answered(self._undone)

    async def status(self, _: Request) -> Response:
        return await self._answered(self._refreshed_status)

    async def agreement(self, _: Request) -> Response:
        return await self._answered(self._agreement)

    async def _answered(self, answer: Callable[[], JSONObject]) -> Response:
        from starlette.concurrency import run_in_threadpool

        try:
            return _json(await run_in_threadpool(answer))
        except UnknownFieldError as error:
            return _json({"error": str(error)}, 400)
        except DecisionError as error:
            errors = [{"path": one.path, "message": one.message} for one in error.errors]
            return _json({"refused": str(error), "errors": errors})  # which is an answer, and no failure
        except SlotfillError as error:
            return _json({"error": str(error)}, 500)
        except _BadRequestError as error:
            return _json({"error": str(error)}, 400)
        except Exception as error:  # noqa: BLE001 - whatever it is, the page is told, and no traceback shown
            return _json({"error": f"it failed ({type(error).__name__}): what was decided before is in the log"}, 500)

    def _opened(self, number: str) -> JSONObject:
        """Return a document as it is opened: the pages that values stand on come with it, and with no later answer."""
        document = self._document(list_index(number))
        self._session.refresh()
        answer = self._view(document)
        pages = PagePictures().draw(document.record, document.file) if document.file else []
        return {**answer, "view": {**answer["view"], "pages": pages}} if pages else answer

    def _document(self, number: int | None) -> ReviewDocument:
        if number is None or number >= len(self._session.documents):
            raise _BadRequestError(f"there is no such document: they have the numbers 0 to {self._last}")
        return self._session.documents[number]

    @property
    def _last(self) -> int:
        return len(self._session.documents) - 1

    def _view(self, document: ReviewDocument) -> JSONObject:
        return {
            "number": document.number,
            "view": reviewed_view(self._session, document),
            "status": review_status(self._session, [document.number]),
        }

    def _refreshed_status(self) -> JSONObject:
        self._session.refresh()
        return {"status": review_status(self._session)}

    def _agreement(self) -> JSONObject:
        self._session.refresh()
        agreement = self._session.agreement()
        return {"agreement": {**agreement.to_json(), "lines": [*agreement.lines()]}}

    def _decided(self, body: str) -> JSONObject:
        asked = _parsed(body, _DecisionRequest)
        if asked.action is ReviewAction.UNDO:
            raise _BadRequestError("an undo takes back the last decision: it is sent to /undo")
        document = self._document(asked.document)
        row = self._session.decide(
            asked.document,
            ProposedDecision(
                action=asked.action,
                path=asked.path,
                typed=asked.typed,
                value=_value(body),
                span=_span(document.text, asked.span),
                note=asked.note,
            ),
        )
        return {"row": row.to_json(), **self._view(document)}

    def _validated(self, body: str) -> JSONObject:
        asked = _parsed(body, _TypedRequest)
        self._document(asked.document)
        return self._session.check(asked.document, asked.path, asked.typed)

    def _undone(self) -> JSONObject:
        row = self._session.undo()
        if row is None:
            return {"row": None, "status": review_status(self._session, [])}
        return {"row": row.to_json(), **self._view(self._document(self._session.document_of(row)))}


class _BadRequestError(Exception):
    """A request that no page of this program sends."""


def _span(text: str | None, units: tuple[int, int] | None) -> DecisionSpan | None:
    if units is None:
        return None
    if text is None or (span := utf16_span(text, units)) is None:
        raise _BadRequestError("the span lies outside the text")
    return span


def _parsed(body: str, form: type[T]) -> T:
    try:
        return parse_stored(body, form)
    except ValueError as error:
        raise _BadRequestError(f"it is no request of the page: {error}") from None


def _value(body: str) -> JSON:
    """Return the value that a request holds, with all digits of its numbers; NO_MEMBER where it holds none."""
    try:
        return loads(body).get("value", NO_MEMBER)
    except ValueError as error:
        raise _BadRequestError(f"it is no JSON that can be kept: {error}") from None


async def _body(request: Request) -> str:
    """Read a request's body, which `_guarded` has measured as it came."""
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        return ""


def _json(data: JSONObject, status: int = 200) -> Response:
    from starlette.responses import Response

    return Response(json_text(data), status, media_type="application/json")


async def _not_there(_: Request, __: Exception) -> Response:
    return _json({"error": "there is nothing at this address"}, 404)


def _guarded(app: ASGIApp, token: str, hosts: Collection[str]) -> ASGIApp:
    """Let only those in who know the token, by one of the hosts' names; and say to browsers what the page may be."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = _refusal(scope, headers, token, hosts)
        if refusal is not None:
            await _json({"error": refusal[1]}, refusal[0])(scope, receive, _with_headers(send))
            return
        await app(scope, receive, _with_headers(send))

    return asgi


def _refusal(scope: Scope, headers: dict[str, str], token: str, hosts: Collection[str]) -> tuple[int, str] | None:
    """Return why a request is refused: status and message; None for one that is none of another page's."""
    host = headers.get("host", "")
    first = scope["path"].removeprefix("/").partition("/")[0]
    if host not in hosts:
        return 403, "this address is for this machine alone"
    if not secrets.compare_digest(first.encode(), token.encode()):
        return 404, "there is nothing at this address"
    if headers.get("origin", f"http://{host}") != f"http://{host}":
        return 403, "another page sent this"
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return 403, "another page sent this"
    if scope["method"] == "POST":
        return _refusal_of_body(headers)
    return None


def _refusal_of_body(headers: dict[str, str]) -> tuple[int, str] | None:
    length = headers.get("content-length", "")
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "what is sent is JSON: content-type: application/json"
    if not length.isdecimal():
        return 411, "the length of what is sent is missing"
    is_short = len(length) <= len(str(MOST_BYTES)) and int(length) <= MOST_BYTES
    return None if is_short else (413, "it is too long")


def _with_headers(send: Send) -> Send:
    async def sending(message: JSON) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in page_headers().items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return sending
