"""Options on what is read as a document, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from slotfill.commands.options.option_groups import OptionGroup, option

if TYPE_CHECKING:
    from slotfill.extractors.documents.readers.read_options import PDFMode, ReadKeywords

__all__ = ["AcrossOptions", "FileOptions", "ReadingOptions"]

_TITLE = "Reading documents"


@dataclass(frozen=True, slots=True)
class FileOptions(OptionGroup):
    """How a file becomes text."""

    title = _TITLE

    raw: bool = option("--raw", is_flag=True, help="Read files as the text that their bytes decode to, markup and all.")
    encoding: str | None = option(
        "--encoding",
        metavar="NAME",
        help="What the texts are in, such as cp1251 or shift_jis. [default: what the file's bytes tell]",
    )
    pages: str | None = option("--pages", metavar="1-3,7", help="The pages of each PDF to read. [default: all]")
    pdf: PDFMode = option(
        "--pdf",
        type=click.Choice(["auto", "text", "ocr", "native"]),
        default="auto",
        show_default=True,
        help="How PDFs are read: their text, and scans as a Claude model or OCR can; their text alone; by OCR; or as "
        "pages that a Claude model looks at.",
    )
    attachments: bool = option("--attachments", is_flag=True, help="Read what is attached to mails, too.")

    @property
    def keywords(self) -> ReadKeywords:
        """The options as readers take them."""
        return {
            "raw": self.raw,
            "encoding": self.encoding,
            "pages": self.pages,
            "pdf": self.pdf,
            "attachments": self.attachments,
        }


@dataclass(frozen=True, slots=True)
class ReadingOptions(OptionGroup):
    """Which rows are documents, and how many."""

    title = _TITLE

    text_field: str | None = option(
        "--text-field",
        most_used=True,
        metavar="NAME",
        help="Field or column that holds a row's text (.jsonl, .json, .csv, .tsv, .parquet, .xlsx); review.body for "
        "one within another, title,body for several. [default: text]",
    )
    id_field: str | None = option(
        "--id-field", metavar="NAME", help="Field or column that names a row, in place of its number."
    )
    limit: int | None = option(
        "--limit", most_used=True, type=click.IntRange(min=0), metavar="N", help="Stop after N documents."
    )


@dataclass(frozen=True, slots=True)
class AcrossOptions(OptionGroup):
    """Whether all inputs together are one document."""

    title = _TITLE

    across: bool = option(
        "--across",
        is_flag=True,
        help="Extract once from all inputs together: one value, with the input in which each part of it stands.",
    )

    def check(self, **others: bool) -> None:
        """Refuse options that are of several documents. Raises click.UsageError.

        others: by the option's name, with underscores, whether it was given.
        """
        for name in (name for name, given in others.items() if self.across and given):
            option_name = f"--{name.strip('_').replace('_', '-')}"
            raise click.UsageError(
                f"{option_name} is of documents by themselves, and --across makes one of all: leave one out"
            )
