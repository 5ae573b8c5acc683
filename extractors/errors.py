"""Every error that slotfill raises on purpose.

    SlotfillError
    ├── SchemaError        a schema that cannot be used                 (command line: exit code 2)
    ├── InvalidError       a value that a schema does not accept
    ├── InputError         a document source that cannot be used        (exit code 2)
    ├── OutputError        an output that cannot be written             (exit code 2 before a run)
    ├── SettingsError      a setting that cannot be used                (exit code 2)
    ├── MissingExtraError  an optional part that is not installed       (exit code 2)
    ├── LedgerError        a run's state that cannot be used            (exit code 2)
    ├── StoppedError       a run that was stopped before its end        (exit code 3)
    ├── ModelError         no usable model or credential                (exit code 4)
    │   └── MissingModelExtraError  … and a model needs it: a MissingExtraError too
    └── ExtractionError    an extraction that holds no value

`slotfill.extractors.cassettes.cassette` adds CassetteError, which is an error of the SDK too.

What goes wrong with one document is no exception: it ends in that document's record, as a `Failure`.
"""

from __future__ import annotations

from slotfill.schemas.errors import MissingExtraError, SlotfillError

__all__ = [
    "InputError",
    "LedgerError",
    "MissingModelExtraError",
    "ModelError",
    "OutputError",
    "SettingsError",
    "StoppedError",
]


class InputError(SlotfillError, ValueError):
    """A document source that cannot be used at all."""


class OutputError(SlotfillError, OSError):
    """An output that cannot be written."""


class LedgerError(SlotfillError):
    """A run's state that cannot be read, written, or had for oneself."""


class StoppedError(SlotfillError):
    """A run that was stopped before its end, by its budget, its limits or an outage; the same run again goes on."""


class SettingsError(SlotfillError, ValueError):
    """A setting, from an argument, a variable or a `.env` file, that cannot be used."""


class ModelError(SlotfillError):
    """No usable model or credential, or one that is refused."""


class MissingModelExtraError(ModelError, MissingExtraError):
    """An optional part that a model needs and that is not installed; the message names the extra."""
