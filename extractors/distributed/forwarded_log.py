"""The log of a worker, which is told where the run is: what a worker's process would write itself nobody might see."""

from __future__ import annotations

import logging
from threading import Lock

from slotfill.extractors.distributed.worker_messages import LoggedLine

__all__ = ["ForwardedLog"]


class ForwardedLog(logging.Handler):
    """Takes what slotfill logs in a worker's process, to be told where the run is; nothing of it is written here."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._lines: list[LoggedLine] = []
        self._adding = Lock()
        logger = logging.getLogger("slotfill")
        logger.setLevel(level)
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record."""
        with self._adding:
            self._lines.append(LoggedLine(record.levelno, self.format(record)))

    def take(self) -> list[LoggedLine]:
        """Give what was logged since."""
        with self._adding:
            lines, self._lines = self._lines, []
        return lines
