"""The exit codes, and which of them an error ends in.

0 all extracted; 1 some documents were not; 2 usage, schema, input or output; 3 stopped before the end, by the budget,
the limits or an outage; 4 no usable model or credential; 130 interrupted.
"""

from __future__ import annotations

import re
import sys

import click

__all__ = [
    "EXIT_INCOMPLETE",
    "EXIT_INTERRUPTED",
    "EXIT_NO_MODEL",
    "EXIT_STOPPED",
    "EXIT_USAGE",
    "ExitError",
    "exit_code",
    "exit_error",
    "system_exit_error",
    "with_fix_below",
]

EXIT_INCOMPLETE, EXIT_USAGE, EXIT_STOPPED, EXIT_NO_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 4, 130


_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\{[^}]*\}""")

_COLON = re.compile(r": (?=[a-z-]\S* \S)")
"""What stands between what is wrong and what to do; a reason of the system's begins with a capital."""


class ExitError(click.ClickException):
    """An error in one line, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


def exit_code(error: BaseException) -> int:
    """Return the exit code of what ended a command, or stopped a run."""
    from slotfill.extractors.errors import LedgerError, ModelError, OutputError, StoppedError
    from slotfill.extractors.runs.stopping import EXIT_CODES
    from slotfill.schemas.errors import SlotfillError

    if isinstance(error, KeyboardInterrupt):
        return EXIT_CODES.get(str(error), EXIT_INTERRUPTED)
    codes = ((StoppedError, EXIT_STOPPED), (ModelError, EXIT_NO_MODEL), ((OutputError, LedgerError), EXIT_INCOMPLETE))
    other = EXIT_USAGE if isinstance(error, SlotfillError) else EXIT_INCOMPLETE  # what nobody foresaw is no wrong usage
    return next((code for kind, code in codes if isinstance(error, kind)), other)


def with_fix_below(error: click.ClickException) -> click.ClickException:
    """Have an error say what to do about it in a second line, where a terminal shows it; else leave it in one.

    Messages are of the form "what: what to do".
    """
    if sys.stderr is not None and sys.stderr.isatty():
        # The last colon outside of quotes: before it may stand where it is.
        unquoted = _QUOTED.sub(lambda quote: "x" * len(quote[0]), error.message)
        if colons := [*_COLON.finditer(unquoted)]:
            at = colons[-1]
            message = f"{error.message[: at.start()]}\n  {error.message[at.end() :]}"
            error.message = message  # type: ignore[misc]  # click reads it from the instance
    return error


def exit_error(error: Exception) -> ExitError | None:
    """Return what a command ends with that raised an error before any call; None where the error is not slotfill's."""
    from slotfill.extractors.errors import LedgerError, OutputError
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.schemas.errors import SlotfillError

    if not isinstance(error, SlotfillError):
        return None
    # Of a run that has begun, exit_code tells.
    unwritable = isinstance(error, OutputError | LedgerError)
    return ExitError(printable(str(error)), EXIT_USAGE if unwritable else exit_code(error))


def system_exit_error(error: OSError) -> ExitError:
    """Return what ends a command that the system refuses something, and that nobody else has told of."""
    reason = error.strerror or error
    if error.filename is None:
        return ExitError(f"cannot write to standard output: {reason}", EXIT_INCOMPLETE)
    return ExitError(f"{error.filename!r}: {reason}", EXIT_USAGE)
