"""What the check of a schema or of an extractor finds: a law that is broken, or advice."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "LawBroken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    law: the law that is broken, or the subject of the advice.
    path: a JSON Pointer into the counterexample; into the JSON Schema where there is none.
    counterexample: the smallest value found that shows it, as plain JSON; None where none is needed.
    advice: whether it breaks no law.
    """

    law: str
    path: str
    message: str
    counterexample: Any = None
    advice: bool = False

    @property
    def place(self) -> str:
        """The path, all items of a list being one place."""
        return re.sub(r"/\d+(?=/|$)", "/*", self.path)

    @property
    def shown(self) -> str:
        """The counterexample as JSON text, "" where there is none."""
        return "" if self.counterexample is None else json.dumps(self.counterexample, ensure_ascii=False, default=repr)

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain JSON data."""
        return {name: getattr(self, name) for name in self.__slots__}


class LawBroken(AssertionError):  # noqa: N818 - it reads as what it says
    """A law that does not hold, with the smallest counterexample."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(f"{finding.law}: {finding.path or 'the value'}: {finding.message}\n{finding.shown}".rstrip())
        self.finding = finding
        self.law = finding.law
        self.path = finding.path
        self.counterexample = finding.counterexample
