"""The command line: parse, call, print. What it does stands in `slotfill.extractors` and `slotfill.schemas`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slotfill import __version__
from slotfill.commands.exit_codes import (
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_NO_MODEL,
    EXIT_STOPPED,
    EXIT_USAGE,
    ExitError,
    exit_code,
)
from slotfill.commands.inputs import sources_of
from slotfill.commands.options import (
    PROMPTING,
    asking_options,
    complete_schema,
    encoding_option,
    formats_option,
    prompting_options,
    reading_options,
    running_options,
    schema_argument,
    speaking_options,
    writing_options,
)
from slotfill.commands.running import ARGUMENTS, print_estimate, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slotfill.extractors.runs.reports.costs import By
    from slotfill.schemas.schema import Example, Schema

__all__ = ["main"]

_SETTINGS = (
    *("model", "retries", "mend", "timeout", "max_tokens", "thinking", "effort", "chunk_chars", "passes", "cassette"),
    *("rpm", "itpm", "otpm", "max_wait"),
)
"""The options of `extract` that an extractor takes."""


class _Slotfill(click.Group):
    """Turns slotfill's errors into one line and an exit code; no command needs to."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; what the system refuses, and nobody else has told, is told here."""
        from slotfill.extractors.runs.outputs.standard_streams import drop_unwritten, settle_streams

        settle_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            place = "cannot write to standard output" if error.filename is None else repr(error.filename)
            ExitError(f"{place}: {error.strerror or error}", EXIT_INCOMPLETE).show()
            sys.exit(EXIT_INCOMPLETE if error.filename is None else EXIT_USAGE)
        finally:
            drop_unwritten()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = [*args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except Exception as error:
            from slotfill.extractors.errors import LedgerError, OutputError
            from slotfill.extractors.runs.reports.console import printable
            from slotfill.schemas.errors import SlotfillError

            if not isinstance(error, SlotfillError):
                raise
            unwritable = isinstance(error, OutputError | LedgerError)  # before any call
            raise ExitError(printable(str(error)), EXIT_USAGE if unwritable else exit_code(error)) from None


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
@schema_argument
@click.argument("inputs", nargs=-1, metavar="[INPUT]...", type=click.Path())
@asking_options
@writing_options
@reading_options
@prompting_options
@running_options
@speaking_options
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
    from slotfill.extractors.runs.reports.logs import log_to_stderr

    wanted = _resolved(schema, **{name: options[name] for name in PROMPTING})
    sources = sources_of(inputs, options)
    if options["dry_run"]:
        print_estimate(wanted, sources, options)
        return
    verbosity = -1 if options["quiet"] else options["verbose"]
    with log_to_stderr(verbosity, options["log_format"]):  # what is told of settings holds no secret
        extractor = Extractor(wanted, **{name: options[name] for name in _SETTINGS})
    with log_to_stderr(verbosity, options["log_format"], extractor.settings.secrets):
        ctx.exit(run(extractor, sources, inputs, options))


@main.command()
@click.argument("record", metavar="RECORD")
@click.argument("correction")
@click.option("-s", "--schema", metavar="SCHEMA", help="The record's schema, where it is not a built-in one.")
@click.option("--document", metavar="PATH", help="Where the document is, if not below the record's folder.")
@click.option("-m", "--model", metavar="MODEL", help="The model to ask. [default: the record's, if a Claude model]")
@click.option("-o", "--output", metavar="PATH", help="Write the value, or the record, to this file.")
@click.option("--record", "records", is_flag=True, help="Write the record, which can be refined again.")
@click.option("--text-field", default="text", metavar="NAME", help="Field or column that holds a row's text.")
@encoding_option
@prompting_options
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
    from slotfill.extractors.documents.stored import folder_of, model_of, read_document, read_record, schema_of
    from slotfill.extractors.extractor import Extractor
    from slotfill.extractors.record.loading import load_record
    from slotfill.extractors.runs.breaker import ending_of
    from slotfill.extractors.runs.outputs.sinks import open_sink

    found = read_record(record)
    model = options["model"] or model_of(found)
    prompting = {name: options[name] for name in PROMPTING}
    schema = _resolved(options["schema"] or schema_of(found), **prompting)
    reading = {name: options[name] for name in ("text_field", "encoding")}
    document = read_document(found, options["document"], folder=folder_of(record), **reading)
    stored = load_record(found, schema, document)
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
    if refined.error and refined.error.type.stops_run:
        raise ending_of(refined.error)
    if refined.error:
        click.echo(f"{refined.outcome.value}: {refined.error.message}", err=True)
    ctx.exit(0 if refined.ok else EXIT_INCOMPLETE)


@main.command()
@click.argument("schema", required=False, shell_complete=complete_schema)
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
    from slotfill.schemas.wire.wire import wire_of

    wire = wire_of(resolved.json_schema, wrapped=resolved.wrapped)
    click.echo(f"asked by: {', then '.join(wire.modes)}")
    for loss in wire.losses:
        click.echo(f"{loss.path or '/'}: {loss.keyword}: {loss.message}")


@main.command()
@schema_argument
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
@formats_option
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
    from slotfill.extractors.runs.reports.console import printable
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
    """List models, the fewest tokens that their cache keeps of a prompt, and prices, in USD a million tokens.

    \b
    slotfill models
    slotfill models pull
    """
    if ctx.invoked_subcommand is not None:
        return
    from slotfill.extractors import catalogue
    from slotfill.extractors.local.weights import weights

    click.echo(f"{'MODEL':<28}{'CONTEXT':>10}{'CACHED':>9}{'INPUT':>9}{'OUTPUT':>9}")
    for name in catalogue.known_models():
        model, (read, written) = catalogue.look_up(name), catalogue.price_a_million(name)
        click.echo(f"{name:<28}{model.context or '?':>10}{model.least_cached:>9}{read:>9}{written:>9}")
        if band := catalogue.first_band(name):
            read, written = catalogue.price_a_million(name, band + 1)
            click.echo(f"{f'  prompts beyond {band:,} tokens':<47}{read:>9}{written:>9}")
    path = weights.installed()
    click.echo(f"{catalogue.LOCAL:<28}{path or 'not there: fetch it with `slotfill models pull`'}")


@models.command()
@click.argument("name", default="smollm2-135m", metavar="[NAME]")
def pull(name: str) -> None:
    """Fetch the embedded model NAME (smollm2-135m, 93 MB) into the user's cache folder.

    \b
    slotfill models pull
    """
    from slotfill.extractors.local.weights import weights
    from slotfill.extractors.runs.reports.console import transfer

    with transfer() as shown:
        path = weights.pull(name, progress=shown)
    click.echo(path)


@main.command()
@click.option("-m", "--model", metavar="MODEL", help="The model to look for; by default the one `extract` would use.")
@click.option("--live", is_flag=True, help="Try on the service itself what slotfill assumes of it, for a few cents.")
@click.option("--yes", "confirmed", is_flag=True, help="With --live: send the requests without asking.")
@click.option("--json", "as_json", is_flag=True, help="With --live: write the report as JSON.")
@click.pass_context
def doctor(ctx: click.Context, model: str | None, *, live: bool, confirmed: bool, as_json: bool) -> None:
    """Say what works here, and what to do about the rest. Exits with 4 when an extraction would not work.

    With --live it then says what a few dozen tiny requests may cost at most, and sends them, once that is allowed. The
    report says of each assumption whether it held; it holds no credential, and is worth sending to those who make
    slotfill. Exits with 1 where one is broken, else with 3 where one is not decided.

    \b
    slotfill doctor
    slotfill doctor -m claude-sonnet-5-5
    slotfill doctor --live
    """
    from slotfill.extractors.doctor import examine
    from slotfill.extractors.runs.reports.console import printable

    if not live and (confirmed or as_json):
        raise click.UsageError("--yes and --json go with --live")
    failed = False
    for check in examine(model):
        click.echo(f"{check.state:<9}{check.name:<16}{printable(check.detail)}", err=live)
        failed |= check.state == "failed"
    if failed or not live:
        ctx.exit(EXIT_NO_MODEL if failed else 0)
    from slotfill.commands.live import try_assumptions

    told = _told_on_a_terminal
    ctx.exit(try_assumptions(model, confirmed=confirmed, as_json=as_json, on_progress=told))


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
    from slotfill.extractors.runs.ledger.identity import ledgers_of
    from slotfill.extractors.runs.reports.costs import costs_of, table
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
@click.option(
    "--model", "models", multiple=True, metavar="NAME", help="Serve a model of this name, too; may be repeated."
)
@click.option(
    "--break",
    "breaking",
    multiple=True,
    metavar="NAME",
    help="Be unlike the service in what `doctor --live` calls so: --break forced_tool.",
)
def simulate(port: int, faults: tuple[str, ...], breaking: tuple[str, ...], **options: Any) -> None:
    """Serve a simulated Claude on a loopback port, for any Anthropic client. Ctrl-C ends it.

    \b
    slotfill simulate --port 8787 --fault 429:0.1
    ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any slotfill extract feedback mails
    """
    import threading

    from slotfill.extractors.testing.broken_claude import BrokenClaude
    from slotfill.extractors.testing.server import served
    from slotfill.extractors.testing.simulator.fault_triggers import STAGES
    from slotfill.extractors.testing.simulator.simulated_limits import RateLimits

    if "list" in faults:
        for stage in STAGES:
            click.echo(" ".join(stage))
        return
    _hypothesis_keeps_to_the_cache()
    limits = RateLimits(**{name: options[name] for name in ("rpm", "itpm", "otpm")})
    others = {name: options[name] for name in ("replies", "seed", "batch_seconds", "models")}
    claude = BrokenClaude(breaking, faults=faults, limits=limits, **others)
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
    from slotfill.schemas.sources.schema_sources import read_examples, resolve

    shots = read_examples(examples) if isinstance(examples, Path) else examples
    return resolve(source, trusted=True, examples=shots, **options)
