"""Files and folders to be written, at a path or at an address."""

from __future__ import annotations

from pathlib import Path

from slotfill.extractors.documents.urls import is_address
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.output_folders import LocalFolder, OutputFolder

__all__ = ["Place", "open_file", "open_folder"]

Place = Path | str
"""A path, or an address that fsspec writes to."""


def open_file(place: Place) -> AtomicFile:
    """Open a file that appears whole. Raises OutputError, and MissingExtraError for an address without fsspec."""
    if not is_address(str(place)):
        return AtomicFile(Path(place))
    from slotfill.extractors.runs.outputs.remote_outputs import UploadedFile

    return UploadedFile.at(str(place))


def open_folder(place: Place) -> OutputFolder:
    """Open a folder of several files. Raises as `open_file` does."""
    if not is_address(str(place)):
        return LocalFolder(Path(place))
    from slotfill.extractors.runs.outputs.remote_outputs import RemoteFolder

    return RemoteFolder(str(place))
