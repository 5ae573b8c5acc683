"""How far something is, in as many words as a line has room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from slotfill.extractors.terminal.colours import Colour

__all__ = ["Progress", "clock_text"]

_BAR = 24
"""How wide the bar is."""

_HOUR = 3_600

_GAP = "  "


class _Piece(NamedTuple):
    """A part of the line: what it says, its style, and its rank, by which the first parts to go are the least."""

    text: str
    style: str
    rank: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is that has a number of steps.

    Attributes:
        done: How many steps are done.
        total: How many there are; None where that is not known (yet). Never told as fewer than are done.
        before: How many of those done were done before it started: they say nothing of how fast it goes.
        seconds: Since it was started.
        note: What else is to be told: what it has cost.
        trouble: What of it failed.
        unit: What the steps are, where that does not go without saying.
    """

    done: int
    total: int | None = None
    before: int = 0
    seconds: float = 0.0
    note: str = ""
    trouble: str = ""
    unit: str = ""

    @property
    def share(self) -> float | None:
        """Which part of it is done, from 0 to 1; None where that is not known."""
        return None if self.total is None else self.done / max(self.total, self.done, 1)

    @property
    def rate(self) -> float:
        """Return the steps a second of this time."""
        return (self.done - self.before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at this rate; None where nothing tells."""
        return None if self.total is None or self.rate <= 0 else max(self.total - self.done, 0) / self.rate

    @property
    def count(self) -> str:
        """Write the steps done, and of how many where that is known: "412 of 1,100", "45 of 93 MB"."""
        known = "" if self.total is None else f" of {max(self.total, self.done):,}"
        return f"{self.done:,}{known} {self.unit}".rstrip()

    @property
    def pace(self) -> str:
        """Write the steps a second, or for what is slower the seconds a step; nothing before the first."""
        return "" if self.rate <= 0 else f"{1 / self.rate:,.1f} s each" if self.rate < 1 else f"{self.rate:,.1f}/s"

    @property
    def time(self) -> str:
        """Write the time left, or that passed where all is done, or nothing tells how much is left."""
        left = self.seconds_left
        return f"{clock_text(left)} left" if left else clock_text(self.seconds)

    def pieces(self, width: int) -> list[tuple[str, str]]:
        """Return the line as texts with their styles, no longer than `width` columns: what there is no room for goes.

        The styles are rich's: a plain line is the texts alone.
        """
        pieces = [piece for piece in self._pieces() if piece.text]
        while sum(len(piece.text) + len(_GAP) for piece in pieces) - len(_GAP) > width and len(pieces) > 1:
            pieces.remove(max(pieces, key=lambda piece: piece.rank))
        return [
            part
            for number, piece in enumerate(pieces)
            for part in ([(_GAP, "")] if number else []) + _styled(piece.text[:width], piece.style)
        ]

    def line(self) -> str:
        """Write it in plain text, as a log tells it."""
        share = self.share
        known = None if share is None else f"{int(100 * share)}%"
        return ", ".join(part for part in (self.count, known, self.pace, self.time, self.note, self.trouble) if part)

    def _pieces(self) -> Iterator[_Piece]:
        if (share := self.share) is not None:
            yield _Piece(f"{int(100 * share):>3}%", "bold", 1)
            full = int(_BAR * share)
            yield _Piece("━" * full + "─" * (_BAR - full), "bar", 6)
        yield _Piece(self.count, "", 0)
        yield _Piece(self.time, "", 2)
        yield _Piece(self.trouble, Colour.RED, 3)
        yield _Piece(self.note, "", 4)
        yield _Piece(self.pace, Colour.GREY, 5)


def clock_text(seconds: float) -> str:
    """Write a time as a clock does: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if seconds >= _HOUR - 0.5 else f"{minutes}:{rest:02}"


def _styled(text: str, style: str) -> list[tuple[str, str]]:
    if style != "bar":
        return [(text, style)]
    full = text.rstrip("─")
    return [(full, Colour.GREEN), (text[len(full) :], Colour.GREY)]
