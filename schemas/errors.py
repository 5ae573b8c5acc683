"""The errors of saying what to extract.

    SlotfillError
    ├── SchemaError        a schema that cannot be used: where it stands, what is wrong, what to do
    ├── InvalidError       a value that a schema does not accept, with every failing path
    │   └── SchemaCodeError    … because code of the schema's own raised: a validator, a serializer
    └── MissingExtraError  an optional part that is not installed

`slotfill.extractors.errors` holds the rest of the tree.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FieldError", "InvalidError", "MissingExtraError", "SchemaCodeError", "SchemaError", "SlotfillError"]


class SlotfillError(Exception):
    """The base of every error that slotfill raises on purpose."""


class SchemaError(SlotfillError, ValueError):
    """A schema that cannot be found, read or used."""


class MissingExtraError(SlotfillError, ImportError):
    """An optional part that is not installed; the message names the extra."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason why a value is not valid.

    Attributes:
        path: A JSON Pointer (RFC 6901) into the value, "" being the whole of it.
        message: What is wrong there.
    """

    path: str
    message: str


class InvalidError(SlotfillError, ValueError):
    """A value that its schema does not accept.

    Attributes:
        errors: What is wrong, one reason at least.
        data: The parsed JSON, or the text itself where it is no JSON.
    """

    def __init__(self, errors: tuple[FieldError, ...], data: object) -> None:
        super().__init__("; ".join(f"{error.path or 'the value'}: {error.message}" for error in errors))
        self.errors = errors
        self.data = data


class SchemaCodeError(InvalidError):
    """Code of the schema's own raised what says nothing of the value: a KeyError of a validator, say.

    Asking a model again cannot mend that. The cause is the exception itself.
    """
