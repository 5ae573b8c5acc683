"""Colours that are readable on a light terminal and on a dark one."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Colour"]


class Colour(StrEnum):
    """Some of the 256 colours that are the same on all terminals, as rich names them.

    Each has a contrast of 3 and more to the grounds of common themes. The first sixteen are each terminal's own, made
    for one ground: xterm's yellow has 1.7 on white, its blue 2.2 on black. What is faint has 1.9 in Solarized's light.
    """

    RED = "color(196)"
    GREEN = "color(64)"
    AMBER = "color(130)"
    BLUE = "color(63)"
    MAGENTA = "color(133)"
    CYAN = "color(30)"
    GREY = "color(244)"

    @property
    def code(self) -> str:
        """As a terminal is told it: "38;5;196"."""
        return f"38;5;{self[len('color(') : -1]}"
