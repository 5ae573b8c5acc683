"""An error as the Messages API words it: what a service that runs in this process answers with."""

from __future__ import annotations

from collections.abc import Mapping

from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["ApiError", "error_kind", "invalid"]

_SERVER = 500

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """An error in the API's own form.

    status: of HTTP. kind: the API's name for it. headers: what the reply's headers say beside.
    """

    def __init__(self, status: int, kind: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.headers = dict(headers or {})

    def to_json(self) -> JSONObject:
        """Return the body of the reply."""
        return {"type": "error", "error": {"type": self.kind, "message": str(self)}}


def invalid(text: str) -> ApiError:
    """Make the error of a request that is not taken."""
    return ApiError(400, "invalid_request_error", text)


def error_kind(status: int) -> str:
    """Return the API's name for the error of a status of HTTP."""
    return _KINDS.get(status, "invalid_request_error" if status < _SERVER else "api_error")
