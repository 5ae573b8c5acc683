"""Other instructions for a schema: its own, with rules added that are written by hand or made of the mistakes seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from slotfill.extractors.tuning.variants import Mistake
from slotfill.schemas.json_schema.closed_fields import closed_fields
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["wordings"]

MOST_CONFUSIONS = 8
"""So many kinds of mistakes are told; more would be read as exceptions to everything."""

LONGEST_VALUE = 80
SHORT_VALUE = 20

IN_DOUBT = """\
Before you answer, look for the words in the document that decide each value. Where none do, prefer null, an empty \
list or the most cautious label to a guess."""


def wordings(instructions: str, json_schema: JSONMapping, mistakes: Iterable[Mistake]) -> dict[str, str]:
    """Return other instructions, by how they were made.

    Args:
        instructions: The schema's own.
        json_schema: The JSON Schema of its values.
        mistakes: What was got wrong with them.
    """
    added = {
        "label rules": _label_rules(json_schema),
        "when in doubt": IN_DOUBT,
        "confusions": _confusions([*mistakes]),
    }
    made = {name: f"{instructions}\n\n{text}" for name, text in added.items() if text}
    if added["label rules"] and added["confusions"]:
        made["label rules and confusions"] = f"{instructions}\n\n{added['label rules']}\n\n{added['confusions']}"
    return made


def _label_rules(json_schema: JSONMapping) -> str:
    """Name for each field its labels, and what its description says that decides between them."""
    lines = []
    for path, node, labels in closed_fields(json_schema):
        told = str(node.get("description", "")).strip()
        decided = f" What decides: {' '.join(told.split())}" if told else ""
        lines.append(f"- `{path.lstrip('/')}` is one of {', '.join(map(_quoted, labels))}, and exactly that.{decided}")
    return "Rules for the labels:\n" + "\n".join(lines) if lines else ""


def _confusions(mistakes: Sequence[Mistake]) -> str:
    """Tell the kinds of mistakes that were made most often."""
    kinds = Counter((one.path, *_kind(one)) for one in mistakes)
    lines = [
        f"- `{path.lstrip('/') or 'the value'}`: {got} where {expected} was right ({times} times)."
        for (path, expected, got), times in kinds.most_common(MOST_CONFUSIONS)
    ]
    return "Mistakes that were made before, to be avoided:\n" + "\n".join(lines) if lines else ""


def _kind(mistake: Mistake) -> tuple[str, str]:
    """Say what was expected and what came: by value where both are short; a long text never comes again."""
    if all(map(_is_short, (mistake.expected, mistake.got))):
        return _quoted(mistake.expected), _quoted(mistake.got)
    if mistake.got is None:
        return "a value", "nothing"
    return ("nothing", "a value") if mistake.expected is None else ("another value", "a value")


def _is_short(value: JSON) -> bool:
    return not isinstance(value, dict | list) and len(str(value)) <= SHORT_VALUE


def _quoted(value: JSON) -> str:
    text = " ".join(dumps(value).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
