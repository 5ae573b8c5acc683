"""The command line: parse, call, print. What it does stands in `slotfill.extractors` and `slotfill.schemas`.

Exit codes: 0 all extracted; 1 some documents were not; 2 usage, schema, input or output; 3 stopped before the end, by
the budget, the limits or an outage; 4 no usable model or credential; 130 interrupted.
"""

from __future__ import annotations

import json
import shlex
import sys
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slotfill.extractors.documents import Sources
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.costs import By
    from slotfill.extractors.runs.session import Ending
    from slotfill.schemas.schema import Example, Schema

__all__ = ["main"]

_SETTINGS = (
    *("model", "retries", "mend", "timeout", "max_tokens", "chunk_chars", "passes", "cassette"),
    *("rpm", "itpm", "otpm", "max_wait"),
)
"""The options of `extract` that an extractor takes."""

_STARTING = (
    *("output", "rejects", "stream", "limit", "concurrency"),
    *("labels", "fresh", "retry_failed", "retention"),
)
"""Those that say how a run is started."""

EXIT_INCOMPLETE, EXIT_USAGE, EXIT_STOPPED, EXIT_NO_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_ARGUMENTS = "slotfill.arguments"
"""Where the context keeps the command line as it was typed."""


class _Slotfill(click.Group):
    """Turns slotfill's errors into one line and an exit code; no command needs to."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; what the system refuses, and nobody else has told, is told here."""
        from slotfill.extractors.runs.standard_streams import drop_unwritten, settle_streams

        settle_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            place = "cannot write to standard output" if error.filename is None else repr(error.filename)
            _Failure(f"{place}: {error.strerror or error}", EXIT_INCOMPLETE).show()
            sys.exit(EXIT_INCOMPLETE if error.filename is None else EXIT_USAGE)
        finally:
            drop_unwritten()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = [*args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except Exception as error:
            from slotfill.extractors.errors import LedgerError, OutputError, SlotfillError
            from slotfill.extractors.runs.console import printable

            if not isinstance(error, SlotfillError):
                raise
            unwritable = isinstance(error, OutputError | LedgerError)  # before any call
            raise _Failure(printable(str(error)), EXIT_USAGE if unwritable else _exit_code(error)) from None


def _exit_code(error: BaseException) -> int:
    """Give the exit code of what ended a command, or stopped a run."""
    from slotfill.extractors.errors import LedgerError, ModelError, OutputError, SlotfillError, StoppedError
    from slotfill.extractors.runs.stopping import EXIT_CODES

    if isinstance(error, KeyboardInterrupt):
        return EXIT_CODES.get(str(error), EXIT_INTERRUPTED)
    codes = ((StoppedError, EXIT_STOPPED), (ModelError, EXIT_NO_MODEL), ((OutputError, LedgerError), EXIT_INCOMPLETE))
    other = EXIT_USAGE if isinstance(error, SlotfillError) else EXIT_INCOMPLETE  # what nobody foresaw is no wrong usage
    return next((code for kind, code in codes if isinstance(error, kind)), other)


class _Failure(click.ClickException):
    """An error in one line, with its exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


def _grouped(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make one decorator of several options, which the help shows in this order."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _parameter(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    if wrong := [value for value in values if "=" not in value]:
        raise click.BadParameter(f"{wrong[0]!r} is not of the form name=value")
    return dict(value.split("=", 1) for value in values)


def _complete_schema(_: click.Context, __: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from slotfill.schemas import built_ins

    names = [CompletionItem(name) for name in built_ins() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


_schema = click.argument("schema", shell_complete=_complete_schema)
_formats = click.option(
    "--formats",
    type=click.Choice(["check", "annotate"]),
    help="Whether the formats of a JSON Schema or of one line, such as date or email, are checked, or are annotations. "
    "[default: check]",
)
_PROMPTING = ("examples", "instructions", "parameters", "formats")
_prompting = _grouped(
    click.option(
        "--examples",
        type=click.Path(path_type=Path),
        metavar="FILE.jsonl",
        help='Worked examples in place of the schema\'s own, a line each: {"text": …, "value": …}.',
    ),
    click.option("--instructions", metavar="TEXT", help="What to tell the model, in place of the schema's own."),
    click.option(
        "-P",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_parameter,
        help="A parameter of the schema, such as -P sentences=2 for summary.",
    ),
    _formats,
)
_encoding = click.option(
    "--encoding",
    metavar="NAME",
    help="What the texts are in, such as cp1251 or shift_jis. [default: UTF-8, UTF-16 or Windows-1252, by the file]",
)
_reading = _grouped(
    click.option(
        "--text-field",
        default="text",
        show_default=True,
        metavar="NAME",
        help="Field or column that holds a row's text (.jsonl, .csv).",
    ),
    click.option("--id-field", metavar="NAME", help="Field or column that names a row, in place of its number."),
    _encoding,
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Stop after N documents."),
)
_writing = _grouped(
    click.option(
        "-o",
        "--output",
        metavar="PATH",
        help="FILE.json for one value, FILE.jsonl for a line each, FILE.csv, .parquet or .db for a row each, else a "
        "folder with a file each.",
    ),
    click.option("--record", is_flag=True, help="Write every document's record: value, attempts, usage, cost, error."),
    click.option(
        "--stream",
        is_flag=True,
        help="Write each part of a value to standard output as soon as it is there, a JSON line each; the documents "
        "come one after the other.",
    ),
    click.option("--rejects", metavar="FILE", help="Write the records that hold no whole value to FILE, as JSONL."),
)
_asking = _grouped(
    click.option(
        "-m",
        "--model",
        multiple=True,
        metavar="MODEL",
        help="A Claude model, local, local:FILE.gguf, or hf:ORG/REPO/FILE.gguf; repeat it for fallbacks, asked in turn "
        "where the one before did not serve. Default: SLOTFILL_MODEL; else claude-haiku-5-5 with a credential; else "
        "local if it was pulled.",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(min=1),
        metavar="N",
        help="Documents in flight at once. [default: 8]",
    ),
    click.option(
        "--retries",
        type=click.IntRange(min=0),
        metavar="N",
        help="Model calls after the first, a document and model. [default: 2]",
    ),
    click.option(
        "--mend",
        type=click.Choice(["off", "safe", "bold"]),
        help="Which local edits to make to a reply that does not validate: none, those of no or low risk, or guesses "
        "too. [default: safe]",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="How long one request may take, from its start to its end. [default: 600]",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        metavar="N",
        help="Room for a reply. [default: from the schema's size]",
    ),
    click.option(
        "--chunk-chars",
        type=click.IntRange(min=100),
        metavar="N",
        help="Read a longer document in chunks of N characters. [default: only where the model cannot take it at once]",
    ),
    click.option(
        "--passes",
        type=click.IntRange(min=1),
        metavar="N",
        help="How often to read each part of a document, for what was missed. [default: 1]",
    ),
    click.option(
        "--rpm",
        type=click.IntRange(min=1),
        metavar="N",
        help="Requests a minute. [default, as of the next two: what the service tells]",
    ),
    click.option("--itpm", type=click.IntRange(min=1), metavar="N", help="Input tokens a minute."),
    click.option("--otpm", type=click.IntRange(min=1), metavar="N", help="Output tokens a minute."),
    click.option(
        "--max-wait",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="End the run where the limits would hold it up for longer. [default: 300]",
    ),
    click.option(
        "--cassette",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Replay the requests on this tape, with no key and no network; record it if it is not there. It holds the "
        "texts that are sent.",
    ),
    click.option("--dry-run", is_flag=True, help="Count documents, tokens and cost; call no model."),
)
_running = _grouped(
    click.option(
        "--max-cost",
        type=click.FloatRange(min=0, min_open=True),
        metavar="USD",
        help="Never spend more, resumed parts included; what is left can be gone on with.",
    ),
    click.option(
        "--warn-cost", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="Say when so much is spent."
    ),
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_parameter,
        help="Whose cost it is, for `slotfill costs`.",
    ),
    click.option("--fresh", is_flag=True, help="Ask again what an earlier start of this run knows already."),
    click.option("--retry-failed", is_flag=True, help="Ask again about documents that ended without a whole value."),
    click.option(
        "--retention",
        type=click.Choice(["none", "values", "all"]),
        default="values",
        show_default=True,
        help="What the run's ledger keeps: nothing of them once the run is complete; values; values and texts.",
    ),
    click.option(
        "--if-running",
        type=click.Choice(["refuse", "wait"]),
        default="refuse",
        show_default=True,
        help="What to do where another process is at work on the same run.",
    ),
)
_speaking = _grouped(
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but what stops the run."),
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="A line for every document; -vv: values and requests too, texts included.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How lines on standard error are written.",
    ),
)


@click.group(cls=_Slotfill, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="slotfill")
def main() -> None:
    """Text files in, validated JSON out.

    \b
    slotfill extract sentiment reviews/          one JSON line a file
    slotfill extract "name, age int" letter.txt  your own fields, in one line
    slotfill schemas                             what is built in
    slotfill doctor                              what works here, and what to do about the rest

    Shell completion: eval "$(_SLOTFILL_COMPLETE=bash_source slotfill)"; zsh_source and fish_source likewise.
    """


@main.command()
@_schema
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@_asking
@_writing
@_reading
@_prompting
@_running
@_speaking
@click.pass_context
def extract(ctx: click.Context, /, schema: str, inputs: tuple[str, ...], **options: Any) -> None:
    """Extract SCHEMA from each INPUT, as JSON.

    SCHEMA is a built-in name (sentiment, feedback, entities, summary), package.module:Model, path/file.py:Model
    (which is executed), path/schema.json, or one line of fields: "name, age int, tags [str]".

    INPUT is a file, a folder, a glob, the same by an address that fsspec opens (s3://bucket/mails), or - for standard
    input. Of .jsonl and .csv files each row is a document.

    \b
    slotfill extract feedback mails/ -o feedback.jsonl --rejects rejects.jsonl
    cat review.txt | slotfill extract sentiment -m local
    """
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.logs import log_to_stderr

    wanted = _resolved(schema, **{name: options[name] for name in _PROMPTING})
    sources = _sources(inputs, options)
    if options["dry_run"]:
        _print_estimate(wanted, sources, options)
        return
    verbosity = -1 if options["quiet"] else options["verbose"]
    with log_to_stderr(verbosity, options["log_format"]):  # what is told of settings holds no secret
        extractor = Extractor(wanted, **{name: options[name] for name in _SETTINGS})
    with log_to_stderr(verbosity, options["log_format"], extractor.settings.secrets):
        ctx.exit(_run(extractor, sources, inputs, options))


@main.command()
@click.argument("record", metavar="RECORD")
@click.argument("correction")
@click.option("-s", "--schema", metavar="SCHEMA", help="The record's schema, where it is not a built-in one.")
@click.option("--document", metavar="PATH", help="Where the document is, if not below the record's folder.")
@click.option("-m", "--model", metavar="MODEL", help="The model to ask. [default: the record's, if a Claude model]")
@click.option("-o", "--output", metavar="PATH", help="Write the value, or the record, to this file.")
@click.option("--record", "records", is_flag=True, help="Write the record, which can be refined again.")
@click.option("--text-field", default="text", metavar="NAME", help="Field or column that holds a row's text.")
@_encoding
@_prompting
@click.pass_context
def refine(ctx: click.Context, /, record: str, correction: str, **options: Any) -> None:
    """Correct an extraction: ask again, with CORRECTION.

    CORRECTION says what is wrong or missing, in words. RECORD is what `extract --record` wrote: a .json file, or a
    line of a .jsonl file, records.jsonl#12. The document is read from where it was; it must not have changed.

    A record may be somebody else's: by itself it leads to Claude models, built-in schemas, and regular files below the
    folder it stands in. Any other must be named, with -m, -s or --document.

    \b
    slotfill extract feedback mail.eml --record -o mail.json
    slotfill refine mail.json "urgency is 5: the brakes failed" --record -o mail.json
    """
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.failures import FATAL
    from slotfill.extractors.runs.breaker import ending_of
    from slotfill.extractors.runs.sinks import open_sink
    from slotfill.extractors.stored import folder_of, load, model_of, read_document, read_record, schema_of

    found = read_record(record)
    model = options["model"] or model_of(found)
    prompting = {name: options[name] for name in _PROMPTING}
    schema = _resolved(options["schema"] or schema_of(found), **prompting)
    reading = {name: options[name] for name in ("text_field", "encoding")}
    document = read_document(found, options["document"], folder=folder_of(record), **reading)
    stored = load(found, schema, document)
    with (
        Extractor(schema, model=model) as extractor,
        open_sink(
            options["output"], sys.stdout.buffer, schema=schema, records=options["records"], several=False
        ) as sink,
    ):
        refined = extractor.refine(stored, correction)
        if refined.ok or options["records"]:
            sink.write(refined.to_json())
            sink.commit(complete=True)
    if refined.error and refined.error.type in FATAL:
        raise ending_of(refined.error)
    if refined.error:
        click.echo(f"{refined.outcome.value}: {refined.error.message}", err=True)
    ctx.exit(0 if refined.ok else EXIT_INCOMPLETE)


@main.command()
@click.argument("schema", required=False, shell_complete=_complete_schema)
@click.option("--lint", is_flag=True, help="Say what the service's own check of replies loses, and how it is asked.")
def schemas(schema: str | None, *, lint: bool) -> None:
    """List the built-in schemas, or show SCHEMA as JSON Schema.

    \b
    slotfill schemas feedback
    slotfill schemas "name, age int" --lint
    """
    if schema is None:
        from slotfill.schemas import built_ins

        for name, summary in built_ins().items():
            click.echo(f"{name:<12}{summary}")
        return
    resolved = _resolved(schema)
    if not lint:
        click.echo(json.dumps(resolved.json_schema, indent=2, ensure_ascii=False))
        return
    from slotfill.schemas.wire import wire_of

    wire = wire_of(resolved.json_schema, wrapped=resolved.wrapped)
    click.echo(f"asked by: {', then '.join(wire.modes)}")
    for loss in wire.losses:
        click.echo(f"{loss.path or '/'}: {loss.keyword}: {loss.message}")


@main.command()
@_schema
@click.option(
    "--max-examples",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Values to make for each law.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="For all that is left to chance.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Processor time that it may take: what it does not come to is not decided.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the findings as JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 for advice too.")
@_formats
@click.pass_context
def check(ctx: click.Context, /, schema: str, **options: Any) -> None:
    """Property-test SCHEMA: say what is wrong with it, with the smallest counterexample.

    Exits with 1 when a law is broken, else with 3 when one is not decided: the time ran out, or chance found no value
    that would tell. Advice, such as where the service lets through what the schema refuses, is no broken law.

    \b
    slotfill check feedback
    slotfill check models.py:Invoice --strict
    """
    _hypothesis_keeps_to_the_cache()
    from slotfill.extractors.runs.console import printable
    from slotfill.extractors.testing.check import check as found_in
    from slotfill.extractors.testing.check import report

    # No examples, so that a wrong one of the schema's own is a finding.
    checked = _resolved(schema, examples=(), formats=options["formats"])
    limits = {"max_examples": options["max_examples"], "seed": options["seed"], "seconds": options["timeout"]}
    findings = found_in(checked, **limits, on_progress=_told_on_a_terminal)
    _told_on_a_terminal("")
    if options["as_json"]:
        click.echo(json.dumps([finding.to_json() for finding in findings], indent=2, default=repr))
    else:
        for line in report(findings):
            click.echo(printable(line))
    kinds = {"broken" if options["strict"] and finding.advice else finding.kind for finding in findings}
    ctx.exit(EXIT_INCOMPLETE if "broken" in kinds else EXIT_STOPPED if "not decided" in kinds else 0)


def _told_on_a_terminal(what: str) -> None:
    """Say on standard error what is being done, in place of what was said before."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what}", err=True, nl=False)


@main.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List models and prices, in USD a million tokens.

    \b
    slotfill models
    slotfill models pull
    """
    if ctx.invoked_subcommand is not None:
        return
    from slotfill.extractors import catalogue
    from slotfill.extractors.local import weights

    click.echo(f"{'MODEL':<28}{'CONTEXT':>10}{'INPUT':>9}{'OUTPUT':>9}")
    for name in catalogue.known_models():
        model, price = catalogue.look_up(name), catalogue.price_a_million(name)
        click.echo(f"{name:<28}{model.context or '?':>10}{price[0]:>9}{price[1]:>9}")
    path = weights.installed()
    click.echo(f"{catalogue.LOCAL:<28}{path or 'not there: fetch it with `slotfill models pull`'}")


@models.command()
@click.argument("name", default="smollm2-135m", metavar="[NAME]")
def pull(name: str) -> None:
    """Fetch the embedded model NAME (smollm2-135m, 93 MB) into the user's cache folder.

    \b
    slotfill models pull
    """
    from slotfill.extractors.local import weights
    from slotfill.extractors.runs.console import transfer

    with transfer() as shown:
        path = weights.pull(name, progress=shown)
    click.echo(path)


@main.command()
@click.option("-m", "--model", metavar="MODEL", help="The model to look for; by default the one `extract` would use.")
@click.pass_context
def doctor(ctx: click.Context, model: str | None) -> None:
    """Say what works here, and what to do about the rest. Exits with 4 when an extraction would not work.

    \b
    slotfill doctor
    slotfill doctor -m claude-sonnet-5-5
    """
    from slotfill.extractors.doctor import examine
    from slotfill.extractors.runs.console import printable

    failed = False
    for check in examine(model):
        click.echo(f"{check.state:<9}{check.name:<16}{printable(check.detail)}")
        failed |= check.state == "failed"
    ctx.exit(EXIT_NO_MODEL if failed else 0)


@main.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--by",
    type=click.Choice(["label", "schema", "model", "day", "hour"]),
    default="schema",
    show_default=True,
    help="What to total by.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the totals as JSON.")
def costs(paths: tuple[str, ...], *, by: By, as_json: bool) -> None:
    """Say what runs have cost, from their ledgers.

    PATH is an output, a ledger, or a folder of outputs. Without one: the outputs in this folder, and the runs to
    standard output.

    \b
    slotfill costs --by model
    slotfill costs feedback.jsonl --by day
    """
    from slotfill.extractors.errors import InputError
    from slotfill.extractors.runs.costs import costs_of, table
    from slotfill.extractors.runs.identity import ledgers_of
    from slotfill.extractors.settings import Settings

    settings = Settings.read()
    found = dict.fromkeys(ledger for path in paths or (None,) for ledger in ledgers_of(path, settings))
    if paths and not found:
        raise InputError(
            f"no ledger is kept of {', '.join(map(repr, paths))}: name an output, or the folder that it is in"
        )
    totals = costs_of(found, by)
    if as_json:
        click.echo(json.dumps(totals.to_json(), indent=2, ensure_ascii=False))
        return
    for line in table(totals):
        click.echo(line)


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, metavar="N", help="Listen there. [default: a free one]"
)
@click.option(
    "--replies",
    type=click.Path(path_type=Path),
    metavar="FILE.jsonl",
    help='What to say of each document, a line each: {"text": …, "value": …}. [default: values made from the schema]',
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[@N,N-N][:P]",
    help="What goes wrong, at which requests (from 1), with which probability: --fault 429@1 --fault fences:0.2. "
    "--fault list names them all.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="For all that is left to chance.")
@click.option("--rpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many requests a minute.")
@click.option("--itpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many input tokens a minute.")
@click.option("--otpm", type=click.FloatRange(min=1), metavar="N", help="Enforce so many output tokens a minute.")
@click.option("--batch-seconds", type=click.FloatRange(min=0), default=0, metavar="S", help="How long a batch takes.")
def simulate(port: int, faults: tuple[str, ...], **options: Any) -> None:
    """Serve a simulated Claude on a loopback port, for any Anthropic client. Ctrl-C ends it.

    \b
    slotfill simulate --port 8787 --fault 429:0.1
    ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any slotfill extract feedback mails
    """
    import threading

    from slotfill.extractors.testing.claude import SimulatedClaude
    from slotfill.extractors.testing.faults import STAGES
    from slotfill.extractors.testing.limits import RateLimits
    from slotfill.extractors.testing.server import served

    if "list" in faults:
        for stage in STAGES:
            click.echo(" ".join(stage))
        return
    _hypothesis_keeps_to_the_cache()
    limits = RateLimits(**{name: options[name] for name in ("rpm", "itpm", "otpm")})
    others = {name: options[name] for name in ("replies", "seed", "batch_seconds")}
    claude = SimulatedClaude(faults=faults, limits=limits, **others)
    with served(claude, port=port) as url:
        click.echo(url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo(f"{len(claude.requests)} requests, {claude.usage.output_tokens} tokens written", err=True)


def _hypothesis_keeps_to_the_cache() -> None:
    """Let Hypothesis write what it keeps into the user's cache, not into the folder where a command is typed."""
    import os

    import platformdirs

    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(platformdirs.user_cache_path("slotfill") / "hypothesis"))


def _resolved(source: str, *, examples: Path | Sequence[Example] | None = None, **options: Any) -> Schema[Any]:
    from slotfill.schemas.sources import read_examples, resolve

    shots = read_examples(examples) if isinstance(examples, Path) else examples
    return resolve(source, trusted=True, examples=shots, **options)


def _sources(inputs: tuple[str, ...], options: dict[str, Any]) -> Sources:
    from slotfill.extractors.documents import find

    if not inputs:
        if sys.stdin is None or sys.stdin.isatty():  # closed, or a person's
            raise click.UsageError("no INPUT: name files or folders, or - for standard input")
        inputs = ("-",)
    outputs = [Path(options[name]) for name in ("output", "rejects", "cassette") if options[name]]
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise click.UsageError("one file is named for two outputs: give --output, --rejects and --cassette one each")
    theirs = [] if _has_run(options["output"]) else _unmade(options, {Path(name).resolve() for name in inputs})
    reading = {name: options[name] for name in ("text_field", "id_field", "encoding")}
    sources = find(inputs, skip=[path for path in outputs if path not in theirs], **reading)
    _refuse_overwriting(sources, theirs)
    return sources


def _unmade(options: dict[str, Any], named: set[Path]) -> list[Path]:
    """Give the outputs that may be somebody's documents: what stands at --output, and rejects named as an INPUT."""
    output, rejects = (Path(name) if name else None for name in (options["output"], options["rejects"]))
    found = [output, rejects if rejects and rejects.resolve() in named else None]
    return [path for path in found if path and path.is_file()]


def _has_run(output: str | None) -> bool:
    """Tell whether what stands at an output is the output of a run: its ledger tells."""
    from slotfill.extractors.runs.identity import ledgers_of
    from slotfill.extractors.settings import Settings

    if output in (None, "-"):
        return False
    return any(ledger != Path(output) for ledger in ledgers_of(output, Settings.read()))


def _refuse_overwriting(sources: Sources, outputs: Sequence[Path]) -> None:
    """Raise InputError where a file that is read would be replaced by what is made of it."""
    from slotfill.extractors.errors import InputError

    taken = {path.resolve() for path in outputs}
    for source in sources.sources:
        if taken and Path(source.name).resolve() in taken:
            raise InputError(f"{source.name!r} is read, and would be overwritten: name another output")


def _print_estimate(schema: Schema[Any], sources: Sources, options: dict[str, Any]) -> None:
    from slotfill.extractors.catalogue import DEFAULT_MODEL
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.runs.estimate import estimate
    from slotfill.extractors.settings import Settings

    # Nothing is called, so no credential is needed to count.
    model = options["model"] or (Settings.read().model or DEFAULT_MODEL,)
    sizes = {name: options[name] for name in ("max_tokens", "chunk_chars")}
    with Extractor(schema, model=model, **sizes) as extractor:
        click.echo(json.dumps(estimate(extractor, islice(sources, options["limit"])), indent=2))


def _run(extractor: Extractor[Any], sources: Sources, inputs: tuple[str, ...], options: dict[str, Any]) -> int:
    """Run, say how far it got, and give the exit code."""
    from slotfill.extractors.runs.console import printable, progress
    from slotfill.extractors.runs.session import Start, conduct, total_of

    if extractor.settings.model is None and extractor.model.id == "local" and not options["quiet"]:
        click.echo("no Anthropic credential is set: using the embedded model", err=True)
    start = Start(
        inputs or ("-",),
        records=options["record"],
        max_cost=_usd(options["max_cost"]),
        warn_cost=_usd(options["warn_cost"]),
        wait=options["if_running"] == "wait",
        lasting=options["cassette"] is None,
        **{name: options[name] for name in _STARTING},
    )
    total = total_of(sources, start.limit)

    def say(line: str) -> None:
        if not options["quiet"]:
            told = json.dumps({"message": line}) if options["log_format"] == "json" else printable(line)
            click.echo(told, err=True)

    with progress(total, wanted=not options["quiet"]) as shown:
        ending = conduct(extractor, sources, start, sys.stdout.buffer, shown=shown, said=say)
    if isinstance(ending.stopped, BrokenPipeError):
        raise ending.stopped  # who reads standard output has had enough: click ends quietly
    _close(ending, total, options, several=sources.several)
    if ending.stopped is not None:
        return _exit_code(ending.stopped)
    return EXIT_INCOMPLETE if ending.tally.extracted < ending.tally.documents else 0


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


def _close(ending: Ending, total: int | None, options: dict[str, Any], *, several: bool) -> None:
    """Say why a run stopped and what goes on, and what a run over several documents has done."""
    from slotfill.extractors.runs.closing import closing, closing_json
    from slotfill.extractors.runs.console import printable

    stopped = ending.stopped
    told: dict[str, Any] = {"total": total}
    if stopped is not None:
        told |= {"reason": ending.reason, "command": _going_on()}
    if options["log_format"] == "json":
        click.echo(json.dumps(closing_json(ending.tally, **told)), err=True)
    elif stopped is not None or (several and not options["quiet"]):
        for line in closing(ending.tally, **told).splitlines():
            click.echo(printable(line), err=True)


def _going_on() -> str:
    """Write the command that goes on with a run: this one, without what would begin it anew, and without passwords."""
    from slotfill.extractors.addresses import public

    arguments = click.get_current_context().meta[_ARGUMENTS]
    kept = [public(given) for given in arguments if given not in ("--fresh", "--retry-failed")]
    return shlex.join(["slotfill", *kept])
