"""Amounts of money as they are typed, in US dollars, each with its own digits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import click

__all__ = ["UsdAmount"]


class UsdAmount(click.FloatRange):
    """More than nothing: a Decimal, as nobody types the digits that a float adds."""

    name = "usd"

    def __init__(self) -> None:
        """Take any amount above 0."""
        super().__init__(min=0, min_open=True)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - as click calls it
        """Say what is typed: help needs no other word for it."""
        return "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read one. It fails for what is no number, and for nothing or less."""
        return Decimal(str(super().convert(value, param, ctx)))
