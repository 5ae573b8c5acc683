"""A webhook: alerts are posted to an address as JSON, beside what is at work and never in its way."""

from __future__ import annotations

import logging
import queue
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from slotfill.extractors.errors import SettingsError
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["AlertWebhook"]

_TIMEOUT = 5.0
"""Seconds that each step of a post may take: connecting, writing, reading."""

_LAST_SECONDS = 5.0
"""Seconds that the end of a run waits for what is not posted yet."""

_MOST_WAITING = 100
"""More alerts than these wait for nobody: there are three a budget and period."""

_logger = logging.getLogger("slotfill")


class AlertWebhook:
    """Posts alerts, one after the other, in a thread of its own. What cannot be posted is a warning of the log.

    Raises SettingsError for an address that is none of HTTP.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError("--budget-webhook is no address of HTTP: write https://host/path")
        # The path of many a webhook is its secret, and so may be a user's name in it.
        self._url, self._place = url, f"{parts.scheme}://{parts.hostname}"
        self._waiting: queue.Queue[JSONObject | None] = queue.Queue(_MOST_WAITING)
        self._thread: threading.Thread | None = None

    def send(self, alert: JSONObject) -> None:
        """Have an alert posted; this returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._post_all, name="budget webhook", daemon=True)
            self._thread.start()
        with suppress(queue.Full):
            self._waiting.put_nowait(alert)

    def close(self) -> None:
        """Wait for what is not posted yet, for a few seconds."""
        if self._thread is not None:
            with suppress(queue.Full):
                self._waiting.put_nowait(None)
            self._thread.join(_LAST_SECONDS)

    def _post_all(self) -> None:
        while (alert := self._waiting.get()) is not None:
            self._post(alert)

    def _post(self, alert: JSONObject) -> None:
        import httpx2

        try:
            # The body is not read: what answers is the operator's own, and may say anything, at any length.
            with httpx2.stream("POST", self._url, json=alert, timeout=_TIMEOUT, follow_redirects=False) as reply:
                status = reply.status_code
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            _logger.warning("budget: %s could not be told: %s", self._place, type(error).__name__)
        else:
            if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own
                _logger.warning("budget: %s could not be told: it answers HTTP %d", self._place, status)
