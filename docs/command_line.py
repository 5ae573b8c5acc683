"""Writes docs/command-line.md from the commands' own help. `--check` only says whether it is up to date."""

import sys
from pathlib import Path

import click

from slotfill.cli import main

WIDTH = 96
PAGE = Path(__file__).with_name("command-line.md")

HEAD = """\
# The command line

This page is written by `python docs/command_line.py`, the commands' part from their own help.

## Input

| INPUT | is read as |
|---|---|
| a file | one document: whatever decodes as text; of `.eml`, `.html`, `.htm`, `.xhtml` what is seen |
| `.jsonl`, `.ndjson`, `.csv`, `.tsv`; a `.json` array of objects | a document a row, its text in `--text-field` |
| `.parquet` (extra `tables`) | a document a row |
| `.pdf` (extra `pdf`) | one document, [page by page](documents.md#pdfs) |
| a `.mbox` file | a document a mail, named `inbox.mbox#12`; with `--attachments` `inbox.mbox#12#offer.pdf` too |
| `.docx`, `.docm` (extra `office`) | one document: what a person reads, with comments and footnotes |
| `.xlsx`, `.xlsm`, `.xlsb`, `.xls`, `.ods` (extra `office`) | a document a sheet; with `--text-field` a row |
| a folder | its files, sorted, without dot files; links are followed but never in circles |
| a glob, such as `'mails/**/*.eml'` | what matches |
| an address: `s3://bucket/mails`, `'zip://*.txt::mails.zip'` | the file, folder or glob that is there |
| `-`, or a pipe where no INPUT is named | one document |

A row is named `file.jsonl#12`: by its line in JSONL, by its number in an array, in Parquet, or below the header in
CSV and TSV, or by what it holds in `--id-field`. `--text-field title,body` makes one text of several fields, a
paragraph each, and `review.body` or `items.0.text` lead into what is nested; a field that is called so comes first.
The delimiter of a CSV is what a line `sep=;` before its header says, or else a comma, a semicolon, a tab or a `|`,
whichever its header and first rows have. Quotes in TSV are a spreadsheet's, or part of the text where they make no
sense as such. A field or column that no row has, of `--text-field`, `--id-field` or `--keep`, stops the run before
anything is asked (where there is no header the first hundred rows tell). With `--raw` a `.json` is one document,
whatever it holds. What a run writes it does not read.

An address is what [fsspec](https://filesystem-spec.readthedocs.io) opens, with the extra `remote`; for most protocols
it needs a package of their own, which the error names. Documents are named by it, without the password, token or
signature that it may hold: to find such a document again, `refine` takes the whole address with `--document`.
(It takes any document that is no file below the record's own folder so: a record may be somebody else's.)

Text is UTF-8, UTF-16, or in another encoding that its letters tell beyond doubt; a document has at most 32 MB. An
INPUT that is not there stops the run before anything is asked; one that cannot be read is a document that failed, and
stops no other.

A file has one encoding, and all of it decides. What is no Unicode is read as Windows-1252 (which Latin-1 text is,
too) where its words are spelt as Western European languages spell them. Cyrillic, Greek, Hebrew, Arabic, Thai,
Japanese, Chinese, Korean, Central European, Turkish and Baltic texts are read in their usual encodings where a few
sentences tell; with less, the file is refused, each row of a file of rows too, and the message names the likely
encoding where something tells it. Name it with `--encoding`: any encoding of text that Python knows, `cp1251` or
`shift_jis`. A few words in an old encoding of DOS or Mac OS may pass for Windows-1252: name that, too. In a file that
is UTF-8 but for some bytes, the rows with these fail. Of rows from a pipe or an address the first 16 MB decide, which
are read before the first row is given out; with `--encoding` rows come as they are written.

    slotfill extract feedback otzyvy.csv --encoding cp1251 --text-field отзыв

## Output

| where | what |
|---|---|
| standard output, or `-o -` | one document: its value as indented JSON; several, a folder or rows: a line each |
| `-o FILE.json` | one value |
| `-o FILE.jsonl`, `.ndjson` | a line for each document |
| `-o FILE.csv`, `.tsv`, `.xlsx`, `.parquet`, `.db` | [a row](tables.md) for each document |
| `-o FILE.parquet/` | the same in [parts](tables.md#parts) of 100,000 rows |
| `-o s3://bucket/FILE.jsonl` and so on | the same [elsewhere](#elsewhere) |
| `-o FOLDER` | a file for each document: `FOLDER/mails/a.eml.json` for `mails/a.eml` |

A folder may have any name, `v1.2` too, but none that ends like a file of another format, such as `x.xml` or
`x.txt`, nor like one misspelt, `x.jsnl`: that is an error, unless the folder is there or a slash stands at its end
(`x.txt/`).

A line is `{"source": …, "value": …}`, in the documents' order; `--keep NAME` puts `"NAME": …` of the input's row
between the two, a column into tables, and `document.columns` into records, so that results join. A folder's files and
a single value hold the value alone. A document that has no value has no line, row or file: `--rejects FILE` takes its
record, and `--record` writes the [record](python.md#extraction) of every document in place of values. Files appear
whole, at the end or when a run is stopped; those of a folder one by one. They quote documents, and are readable by
you alone; a file that was there keeps its rights. Parquet needs the extra `tables`.

With `--stream` each part of a value is written to standard output as soon as it is there:
`{"source": …, "rung": …, "path": …, "value": …}`, a line a part, and at last the value's own line (or its file, with
`-o`). Where a reply is asked for again its parts come again.

Data goes to standard output, all else to standard error, which may be closed or full: failures, a closing line when
there are several documents. `-q` leaves all but the reason of a stop out; `--log-format json` writes a JSON object a
line.

### Elsewhere

`-o` and `--rejects` take an address too, as INPUT does: of an object store (S3, Google Cloud Storage, Azure), or of
another file system that fsspec writes to (SFTP, SMB, HDFS). A file is written on this machine, in the folder for
temporary files, and put into its place at the end: an object is there whole or not at all, a file on a server is put
beside its place and moved there. Whether anything can be put there is tried before anything is asked:
`.slotfill-part` is written and removed. Where that fails, for want of a credential too, it is an error in one line.
The run's [ledger](runs.md#the-ledger) is in the user's state folder. Nobody locks an address: of two runs that write
the same, the last one to end has it. A folder with a file each is written here alone.

    slotfill extract feedback s3://bucket/mails/ -o s3://bucket/feedback.parquet/ --rejects s3://bucket/rejects.jsonl

## On a terminal

A line says how far a run is, as soon as it takes more than a second: percent, documents, time left, what failed, cost,
pace, as much of it as there is room for. Once all is asked it says how many documents stand in the outputs that appear
whole: "412,000 of 1,000,000 written". It goes when the run ends, and what is written meanwhile stands above it. The
rows of local files (`.jsonl`, `.csv`, `.tsv`, `.json`, `.parquet`) are counted beside the run; what comes from a pipe
or from elsewhere is read once, so that there is no percent of it. Where standard error is no terminal there is no such
line; with `-v` the log says the same once a minute.

Of the failures of a kind the first three are told in full, then they are counted: a thousand refusals are a few lines,
and a figure that counts up. `--rejects` holds them all, and `-v` tells of each.

`--show`, for one document, prints its text with each value marked where it stands, and below it value by value where
that is: what stands nowhere in the text first, then the places in the text's order, pages of a PDF and cells of a
workbook with them, then what is judged. Of a long text it is what stands around the marks. Without colours a mark is
`[came late]¹`, and `[¹came [²late]¹ again]²` where two cross. It takes the place of JSON on a terminal; where standard
output is a pipe or a file the JSON goes there as ever, and the text to standard error.

    slotfill extract feedback mail.eml --show

`schemas`, `models`, `costs`, `batches`, `doctor`, `check` and `evaluate` show tables, which fit the window; into a
pipe they write plain lines, which stay as they are for scripts. An error says what is wrong in one line and what to do
in the next.

JSON on standard output has colours, unless `NO_COLOR` is set or `TERM` is `dumb`; all are readable on a light ground
and on a dark one. What goes into a pipe or a file has none, ever, and is the same byte for byte.

## Exit codes

| code | means |
|---|---|
| 0 | every document was extracted |
| 1 | some were not, or the output could not be written to its end |
| 2 | usage, schema, input or output: nothing was asked |
| 3 | stopped before its end: by `--max-cost`, or because the limits or an outage would last longer than `--max-wait` |
| 4 | no usable model or credential, or one that is refused |
| 130 | interrupted (Ctrl-C): what was finished is written |
| 143 | terminated (SIGTERM), likewise |

What stopped a run before its end is said in one line, with how far it is and the command that goes on.

## Variables

| variable | stands in for |
|---|---|
| `ANTHROPIC_API_KEY`, `ANTHROPIC_AUTH_TOKEN` | the credential |
| `ANTHROPIC_BASE_URL` | the service's address; never read from a `.env` |
| `OPENAI_API_KEY`, `OPENAI_BASE_URL` | the same of `-m openai:MODEL` ([other services](services.md)) |
| `SLOTFILL_MODEL` | `--model` |
| `SLOTFILL_RETRIES` | `--retries` |
| `SLOTFILL_MEND` | `--mend` |
| `SLOTFILL_TIMEOUT` | `--timeout` |
| `SLOTFILL_MAX_TOKENS` | `--max-tokens` |
| `SLOTFILL_THINKING`, `SLOTFILL_EFFORT` | `--thinking`, `--effort` |
| `SLOTFILL_CONCURRENCY` | `--concurrency` |
| `SLOTFILL_CHUNK_CHARS` | `--chunk-chars` |
| `SLOTFILL_PASSES` | `--passes` |
| `SLOTFILL_VOTES`, `SLOTFILL_ESCALATE`, `SLOTFILL_SURE` | `--votes`, `--escalate`, `--sure` |
| `SLOTFILL_HISTORY_TOKENS` | how much of a conversation a further turn (`refine`) tells again: 8000 tokens |
| `SLOTFILL_CACHE_TTL` | how long the service keeps what documents share: `5m` or `1h` |
| `SLOTFILL_RPM`, `SLOTFILL_ITPM`, `SLOTFILL_OTPM` | `--rpm`, `--itpm`, `--otpm` |
| `SLOTFILL_MAX_WAIT` | `--max-wait` |
| `SLOTFILL_PLUGINS` | `0` leaves [plug-ins](plugins.md) out |
| `SLOTFILL_STATE` | a folder for the [ledgers](runs.md) of all runs, in place of `.slotfill` beside each output |
| `SLOTFILL_LOCAL_THREADS` | threads of the embedded model: one a core |
| `SLOTFILL_LOCAL_SLOTS` | documents that it works on at once: one a core, four at most |
| `SLOTFILL_LOCAL_CONTEXT` | tokens of prompt and reply together, for each of them: 5120 |
| `SLOTFILL_LOCAL_DECODING` | `fields` or `whole`: by the model's size |
| `NO_COLOR` | plain output on a terminal |

An option comes before its variable, a variable before a line of a `.env` in the working folder. A `.env` gives
credentials, a Claude model, and limits lower than the defaults (`SLOTFILL_RPM`, `SLOTFILL_ITPM`, `SLOTFILL_OTPM`,
`SLOTFILL_CONCURRENCY`, `SLOTFILL_RETRIES`, `SLOTFILL_TIMEOUT`, `SLOTFILL_MAX_WAIT`), since the folder may be somebody
else's: what else it sets does not count, which is said on standard error, as is a model dearer than the default one.
`.env.example` in the repository is one to copy.

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
