"""Files of JSON, a value a line, read a line at a time, with errors that name the line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from slotfill.extractors.errors import InputError
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["LONGEST_LINE", "NumberedJSON", "at_line", "read_json_array", "read_json_lines"]

LONGEST_LINE = 256 * 2**20
"""Bytes of a line. A document has at most 32 MB, of which JSON can make six times as many."""

_LARGEST_ARRAY = 2**30
"""Bytes of a file that is one array: it is read as a whole."""

NumberedJSON = tuple[int, JSON]
"""The number of a line, from 1, and what it holds."""


def read_json_lines(path: str | Path) -> Iterator[NumberedJSON]:
    """Yield what each line of a file holds, as plain JSON data; blank lines are passed over.

    Raises InputError, which names file and line, for what cannot be read, is no JSON, not in UTF-8, or too long.
    """
    try:
        with Path(path).open("rb") as file:
            for number, line in _numbered(file, path):
                yield number, _value(line, number, path)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from None


def read_json_array(path: str | Path) -> Iterator[NumberedJSON]:
    """Yield the items of a file that is one JSON array, numbered from 1.

    Raises InputError as `read_json_lines` does.
    """
    try:
        data = loads(_whole(Path(path)).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{str(path)!r} is not in UTF-8") from None
    except ValueError as error:
        raise InputError(f"{str(path)!r} is no JSON that can be read: {error}") from None
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    yield from enumerate(data, 1)


def _whole(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST_ARRAY:
        raise ValueError(f"an array may have {_LARGEST_ARRAY // 2**20} MB: write it in lines")
    return path.read_bytes()


def at_line(path: str | Path, number: int, reason: object) -> InputError:
    """Say what is wrong with a line of a file."""
    return InputError(f"{str(path)!r}, line {number}: {reason}")


def _numbered(file: io.BufferedReader, path: str | Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise at_line(path, number, f"it is longer than {LONGEST_LINE // 2**20} MB: is it JSON, a value a line?")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield number, line


def _value(line: bytes, number: int, path: str | Path) -> JSON:
    try:
        return loads(line.decode())
    except UnicodeDecodeError:
        raise at_line(path, number, "it is not in UTF-8") from None
    except ValueError as error:
        raise at_line(path, number, f"it is no JSON: {error}") from None
