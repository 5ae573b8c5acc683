"""Durations as they are typed: `90s`, `15m`, `24h`, `30d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta

import click

__all__ = ["Duration"]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORM = re.compile(rf"(?P<count>\d{{1,6}})(?P<unit>[{''.join(_UNITS)}])")


class Duration(click.ParamType[timedelta]):
    """A whole number of seconds, minutes, hours, days or weeks, from none on."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read one. It fails for what is of no such form."""
        if isinstance(value, timedelta):
            return value
        match = _FORM.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no duration: write 90s, 15m, 24h, 30d or 2w", param, ctx)
        return timedelta(**{_UNITS[match["unit"]]: int(match["count"])})
