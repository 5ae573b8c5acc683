"""Writes docs/command-line.md from the commands' own help. `--check` only says whether it is up to date."""

import sys
from pathlib import Path

import click

from slotfill.cli import main

WIDTH = 96
PAGE = Path(__file__).with_name("command-line.md")

HEAD = """\
# The command line

This page is written by `python docs/command_line.py` from the help of the commands.

## Input and output

INPUT is a file, a folder, a glob, or `-` for standard input; without INPUT a pipe is read. Folders are walked without
dot files, links followed but never in circles; `.html` and `.eml` are read as they are. Of a `.jsonl` or `.csv` file
each row is a document, named `file.jsonl#12`: by its line in JSONL, by its number below the header in CSV, or by
`--id-field`. Text is UTF-8, UTF-16 with a BOM, or Latin-1 (as Windows-1252); a document has at most 32 MB.

To standard output (or with `-o -`) one document is one indented JSON value; several, a folder or rows are a line each,
`{"source": …, "value": …}`. `-o FILE.json` takes one value, `-o FILE.jsonl` lines, and anything else is a folder with a
file for each document. Values of documents that have none are not written: `--rejects FILE` takes their records, and
`--record` writes the record of every document in place of values. Files appear whole, at the end or when a run is
stopped. Data goes to standard output, all else to standard error.

## Exit codes

| code | means |
|---|---|
| 0 | every document was extracted |
| 1 | some were not, or the output could not be written to its end |
| 2 | usage, schema, input or output: nothing was asked |
| 4 | no usable model or credential, or one that is refused |
| 130 | interrupted: what was finished is written |

## Variables

`ANTHROPIC_API_KEY`, `ANTHROPIC_AUTH_TOKEN`, `ANTHROPIC_BASE_URL`; `SLOTFILL_MODEL`, `SLOTFILL_RETRIES`,
`SLOTFILL_TIMEOUT`, `SLOTFILL_MAX_TOKENS`, `SLOTFILL_CONCURRENCY`. All but the base URL may stand in a `.env` in the
working folder. `NO_COLOR` is respected.

## Shell completion

    eval "$(_SLOTFILL_COMPLETE=bash_source slotfill)"          # in ~/.bashrc
    eval "$(_SLOTFILL_COMPLETE=zsh_source slotfill)"           # in ~/.zshrc
    _SLOTFILL_COMPLETE=fish_source slotfill | source           # in ~/.config/fish/config.fish
"""


def page() -> str:
    """Write the whole page."""
    # A width of its own: the page must not depend on the terminal.
    settings = main.context_settings | {"terminal_width": WIDTH}
    return "\n".join([HEAD, *_sections(main, click.Context(main, info_name="slotfill", **settings))])


def _sections(command: click.Command, context: click.Context) -> list[str]:
    lines = command.get_help(context).splitlines()
    sections = [f"## {context.command_path}\n", *(f"    {line}".rstrip() for line in lines), ""]
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        sections += _sections(inner, click.Context(inner, parent=context, info_name=name))
    return sections


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text("utf-8") == page() else f"{PAGE.name} is not what the help says: run {__file__}")
    PAGE.write_text(page(), "utf-8")
