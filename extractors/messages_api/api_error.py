"""An error as the Messages API words it: what a service that runs in this process answers with."""

from __future__ import annotations

from collections.abc import Mapping

from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["ApiError", "invalid"]


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
