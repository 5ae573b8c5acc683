"""What a stream gives before its extraction: the value as far as it has arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from slotfill.extractors.displaying.record_display import growing_display
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.streaming.partial_value import CompletedPart, PartialValue
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["Partial"]

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Partial(Generic[M]):
    """A value as far as it has arrived; nothing of it is promised before the extraction says so.

    Attributes:
        rung: What the reply answers. Where it changes, or begins again after a cut, the value starts anew.
        parts: What this piece of the reply completed, in order.
    """

    rung: Rung
    parts: tuple[CompletedPart, ...]
    _growing: PartialValue[M] = field(repr=False, compare=False)

    @property
    def value(self) -> M:
        """The value, typed. Later events of the same reply show the same object, grown: copy what you keep."""
        return self._growing.value

    @property
    def data(self) -> JSON:
        """The value as plain JSON data; it grows in place, too."""
        return self._growing.data

    def _repr_html_(self) -> str:
        """Show in a notebook what has arrived so far."""
        return growing_display(self.data, self.rung)
