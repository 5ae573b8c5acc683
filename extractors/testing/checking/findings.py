"""What the check of a schema or of an extractor finds: a law that is broken, or advice."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = ["Finding", "LawBroken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        law: The law that is broken, or the subject of the advice.
        path: A JSON Pointer into the counterexample; into the JSON Schema where there is none.
        message: What is wrong there, in a sentence without its end.
        counterexample: The smallest value found that shows it, as plain JSON; None where none is needed.
        advice: Whether it breaks no law.
        decided: Whether it is certain. What chance did not find may be there all the same.
    """

    law: str
    path: str
    message: str
    counterexample: JSON = None
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
    def counterexample_text(self) -> str:
        """The counterexample as JSON text, "" where there is none."""
        return "" if self.counterexample is None else json.dumps(self.counterexample, ensure_ascii=False, default=repr)

    def to_json(self) -> JSONObject:
        """Return the finding as plain JSON data; `decided` stands in it where it is false."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if not (name == "decided" and value)}


class LawBroken(AssertionError):  # noqa: N818 - it reads as what it says
    """A law that does not hold, or could not be shown to, with the smallest counterexample.

    Attributes:
        finding: All of it.
        law: The name of the law.
        path: A JSON Pointer into the counterexample; into the JSON Schema where there is none.
        counterexample: The smallest value found that shows it, as plain JSON; None where none is needed.
    """

    def __init__(self, finding: Finding) -> None:
        law = finding.law if finding.decided else f"{finding.law}, not decided"
        super().__init__(
            f"{law}: {finding.path or 'the value'}: {finding.message}\n{finding.counterexample_text}".rstrip()
        )
        self.finding = finding
        self.law = finding.law
        self.path = finding.path
        self.counterexample = finding.counterexample
