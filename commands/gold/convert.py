"""`slotfill convert`: gold in another form."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["convert_command"]


@click.command
@click.argument("gold", metavar="GOLD", type=click.Path())
@click.option("-o", "--output", metavar="PATH", help="Write to this file. [default: standard output]")
def convert_command(gold: str, *, output: str | None) -> None:
    """Read GOLD, check it, and write it in another form.

    GOLD is a JSONL file, a document a line: {"text" or "source": …, "value": …}. Its lines come out with the id of each
    text, its spans, and its labels below "labels". The first line that is wrong is named, and nothing is written.

    \b
    slotfill convert corrected.jsonl -o gold.jsonl
    """
    from slotfill.extractors.gold.gold_files import read_gold
    from slotfill.extractors.gold.gold_lines import gold_line
    from slotfill.extractors.record.json_text import json_text

    documents = read_gold(gold)
    text = "".join(f"{json_text(gold_line(document))}\n" for document in documents)
    if output in (None, "-"):
        click.echo(text.encode(), nl=False)
        return
    _write(text, Path(output))
    click.echo("1 document" if len(documents) == 1 else f"{len(documents):,} documents", err=True)


def _write(text: str, path: Path) -> None:
    from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

    file = AtomicFile(path)
    try:
        file.write(text.encode())
        file.commit()
    finally:
        file.discard()
