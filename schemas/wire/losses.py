"""What of a schema is lost on its way to the service, and which modes of asking that rules out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["STRUCTURED", "Loss", "Mode"]

Mode = Literal["structured", "tool", "text"]
"""How a reply is asked for, cheapest first."""

STRUCTURED: tuple[Mode, ...] = ("structured",)


@dataclass(frozen=True, slots=True)
class Loss:
    """Something in a schema that does not reach the service as it stands.

    path: a JSON Pointer to the (sub)schema.
    keyword: what is lost of it.
    forbids: the modes that it rules out; none when it went into the description and replies are checked locally.
    """

    path: str
    keyword: str
    message: str
    forbids: tuple[Mode, ...] = ()
