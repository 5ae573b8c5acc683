"""A tuned file: the instructions and examples that `slotfill tune` found best for a schema, and how it found them.

It is data and nothing else. It may be anybody's: only the form that is written is read, and no more than `MOST_BYTES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, with_config

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.example import Example
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.schema import Schema

__all__ = ["Tuned", "with_prompt"]

M = TypeVar("M")

MOST_BYTES = 16_000_000
"""A larger file is not read. What is written has some ten kilobytes a variant that was tried."""

ID_DIGITS = 12
"""So many digits of a schema's fingerprint tell versions apart in a message."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a language model is told in place of a schema's own words, and the account of how that was chosen.

    Attributes:
        schema_name: The schema that was tuned.
        schema_id: Its fingerprint before it was tuned: of another version of it this says nothing.
        model: The model that was asked.
        better: Whether it was shown to be better than the schema as it was, on documents that nothing was chosen by.
            If not, the rest is the schema's own.
        instructions: What the model is told to do.
        examples: The worked examples, in their order.
        calibration: The labelled texts that tell the embedded model how far to trust its scores.
        report: The account, as plain JSON data: scores with intervals, each variant, the curve of cost.
    """

    schema_name: str
    schema_id: str
    model: str
    better: bool
    instructions: str
    examples: tuple[Example, ...] = ()
    calibration: tuple[Example, ...] = ()
    report: JSONObject = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a tuned file.

        Raises:
            SchemaError: It cannot be read, is too large, or is no tuned file of this version; one line.
        """
        try:
            with Path(path).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise SchemaError(f"there is no tuned file {str(path)!r}: `slotfill tune` writes one") from None
        except (OSError, ValueError) as error:
            raise SchemaError(f"{str(path)!r} cannot be read: {error}") from None
        if len(data) > MOST_BYTES:
            raise SchemaError(f"{str(path)!r} has more than {MOST_BYTES // 1_000_000} MB: no tuned file is so large")
        try:
            return cls.from_json(loads(data.decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise SchemaError(f"{str(path)!r} is not UTF-8: {error.reason} at byte {error.start}") from None
        except ValueError as error:
            raise SchemaError(f"{str(path)!r} is no tuned file: {error}") from None

    @classmethod
    def from_json(cls, data: JSON) -> Self:
        """Read what `to_json` gives.

        Raises:
            ValueError: It is of another form, or version.
        """
        version = data.get("slotfill_tuned") if isinstance(data, dict) else None
        if isinstance(version, int) and version > 1:
            raise ValueError(f"it is of version {version}, which a newer slotfill reads")
        try:
            stored = _FORM.validate_json(dumps(data), strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = join(map(str, first["loc"]))
            raise ValueError(f"{place or 'the whole'}: {first['msg']}") from None
        return cls(
            stored.schema.name,
            stored.schema.id,
            stored.model,
            stored.better,
            stored.instructions,
            _examples(stored.examples),
            _examples(stored.calibration),
            stored.report,
        )

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            "slotfill_tuned": 1,
            "schema": {"name": self.schema_name, "id": self.schema_id},
            "model": self.model,
            "better": self.better,
            "instructions": self.instructions,
            "examples": [{"text": one.text, "value": one.value} for one in self.examples],
            "calibration": [{"text": one.text, "value": one.value} for one in self.calibration],
            "report": self.report,
        }

    def write(self) -> bytes:
        """Write the file's content."""
        return (dumps(self.to_json(), indent=2) + "\n").encode("utf-8", "surrogatepass")

    def other_model(self, model: str) -> str | None:
        """Say that a model is not the one that was tuned for; None where it is, or where nothing was changed for it."""
        if not self.better or model == self.model:
            return None
        return f"the tuned file is of {self.model}, and {model} is asked: whether it helps there nothing has shown"

    def apply(self, schema: Schema[M]) -> Schema[M]:
        """Return the schema as it was tuned.

        Args:
            schema: The one that was tuned, as it was then.

        Raises:
            SchemaError: It is another one, or another version; or an example does not validate.
        """
        if schema.name != self.schema_name:
            raise SchemaError(
                f"what is tuned is schema {self.schema_name!r}, and this is {schema.name!r}: name that one, or tune "
                "this one with `slotfill tune`"
            )
        if schema.id != self.schema_id:
            raise SchemaError(
                f"what is tuned is schema {schema.name!r} of another version ({self.schema_id[:ID_DIGITS]}, now "
                f"{schema.id[:ID_DIGITS]}): its fields, instructions, examples or parameters have changed since. Tune "
                "it anew with `slotfill tune`, or leave the tuned file out"
            )
        if not self.better:  # all is the schema's own, and so is what its ledgers know
            return schema
        return with_prompt(schema, self.instructions, self.examples, self.calibration)


def with_prompt(
    schema: Schema[M], instructions: str, examples: tuple[Example, ...], calibration: tuple[Example, ...]
) -> Schema[M]:
    """Make a schema again with other words and examples; all else stays.

    Raises:
        SchemaError: An example does not validate.
    """
    return Schema(
        schema.model,
        name=schema.name,
        instructions=instructions,
        examples=examples,
        parameters=schema.parameters.model_dump() if schema.parameters else None,
        context=schema.context,
        calibration=calibration,
    )


@with_config(extra="forbid")
@dataclass
class _StoredExample:
    text: str
    value: JSON


@with_config(extra="forbid")
@dataclass
class _StoredSchema:
    name: str
    id: str


@with_config(extra="forbid")
@dataclass
class _Stored:
    """What `Tuned.to_json` gives."""

    slotfill_tuned: Annotated[int, Field(ge=1, le=1)]
    schema: _StoredSchema
    model: str
    better: bool
    instructions: str
    examples: list[_StoredExample]
    calibration: list[_StoredExample]
    report: dict[str, Any]


_FORM = TypeAdapter(_Stored)


def _examples(stored: list[_StoredExample]) -> tuple[Example, ...]:
    return tuple(Example(one.text, one.value) for one in stored)
