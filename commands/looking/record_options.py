"""Options on where the texts of records are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slotfill.commands.options.option_groups import OptionGroup, option
from slotfill.commands.options.reading_options import FileOptions

if TYPE_CHECKING:
    from slotfill.extractors.viewing.document_texts import DocumentTexts
    from slotfill.extractors.viewing.record_set import RecordSet

__all__ = ["RecordTextOptions"]


@dataclass(frozen=True, slots=True)
class RecordTextOptions(OptionGroup):
    """Where records' sources start from, and which part of a row is its text."""

    title = FileOptions.title

    documents: Path | None = option(
        "--documents",
        most_used=True,
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="The folder that the records' sources start from, if not their own or the working one.",
    )
    text_field: str | None = option(
        "--text-field", metavar="NAME", help="Field or column that holds a row's text. [default: text]"
    )

    def __post_init__(self) -> None:
        """Raise click.UsageError for what is no folder."""
        if self.documents is not None and not self.documents.is_dir():
            raise click.UsageError(f"--documents {str(self.documents)!r} is no folder")

    def texts_of(self, records: RecordSet, files: FileOptions) -> DocumentTexts:
        """Return what finds the texts of records."""
        from slotfill.extractors.viewing.document_texts import DocumentTexts

        return DocumentTexts(
            self.documents or records.folder, records.ledgers, text_field=self.text_field, **files.keywords
        )
