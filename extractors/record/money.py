"""Amounts of money, in US dollars: added up, and written."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["add_money", "money_json", "money_text"]


def add_money(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    """Add amounts; with one that is unknown, None, the sum is unknown."""
    return None if total is None or amount is None else total + amount


def money_json(amount: Decimal | None) -> str | None:
    """Write an amount as JSON has it: "0.00012", a string, so that no reader rounds it; null when it is unknown."""
    return None if amount is None else format(amount, "f")


def money_text(amount: Decimal | None, *, digits: int = 4) -> str:
    """Write an amount for people: "$1,204.5000", "unknown"."""
    return "unknown" if amount is None else f"${amount:,.{digits}f}"
