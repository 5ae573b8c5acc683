"""What the check of a schema or of an extractor finds: a law that is broken, or advice."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Finding", "LawBroken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    law: the law that is broken, or the subject of the advice.
    path: a JSON Pointer into the counterexample; into the JSON Schema where there is none.
    counterexample: the smallest value found that shows it, as plain JSON; None where none is needed.
    advice: whether it breaks no law.
    decided: whether it is certain. What chance did not find may be there all the same.
    """

    law: str
    path: str
    message: str
    counterexample: Any = None
    advice: bool = False
    decided: bool = True

    @property
    def kind(self) -> Literal["broken", "not decided", "advice"]:
        """What it is about a schema: a law that is broken, one that may be, or none."""
        return "advice" if self.advice else "broken" if self.decided else "not decided"

    @property
    def place(self) -> str:
        """The path, all items of a list being one place."""
        return re.sub(r"/\d+(?=/|$)", "/*", self.path)

    @property
    def shown(self) -> str:
        """The counterexample as JSON text, "" where there is none."""
        return "" if self.counterexample is None else json.dumps(self.counterexample, ensure_ascii=False, default=repr)

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain JSON data; `decided` stands in it where it is false."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in told.items() if not (name == "decided" and value)}


class LawBroken(AssertionError):  # noqa: N818 - it reads as what it says
    """A law that does not hold, or could not be shown to, with the smallest counterexample."""

    def __init__(self, finding: Finding) -> None:
        law = finding.law if finding.decided else f"{finding.law}, not decided"
        super().__init__(f"{law}: {finding.path or 'the value'}: {finding.message}\n{finding.shown}".rstrip())
        self.finding = finding
        self.law = finding.law
        self.path = finding.path
        self.counterexample = finding.counterexample
