"""`slotfill check`: what is wrong with a schema."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE, EXIT_STOPPED
from slotfill.commands.options.asking_options import complete_schema, formats_option
from slotfill.commands.options.option_groups import OptionGroup, option, with_options

if TYPE_CHECKING:
    from slotfill.extractors.testing.checking.findings import Finding
    from slotfill.schemas.json_schema.formats import Formats
    from slotfill.schemas.schema import Schema

__all__ = ["check_command", "keep_hypothesis_in_cache"]


@dataclass(frozen=True, slots=True)
class _CheckOptions(OptionGroup):
    max_examples: int = option(
        "--max-examples",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        metavar="N",
        help="Values to make for each law.",
    )
    seed: int = option(
        "--seed", type=int, default=0, show_default=True, metavar="N", help="For all that is left to chance."
    )
    timeout: float = option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="Processor time that it may take: what it does not come to is not decided.",
    )
    as_json: bool = option("--json", is_flag=True, help="Write the findings as JSON.")
    strict: bool = option("--strict", is_flag=True, help="Exit with 1 for advice too.")
    formats: Formats | None = formats_option()


@click.command
@click.argument("schemas", nargs=-1, required=True, metavar="SCHEMA...", shell_complete=complete_schema)
@with_options
@click.pass_context
def check_command(ctx: click.Context, /, schemas: tuple[str, ...], options: _CheckOptions) -> None:
    """Property-test SCHEMA: say what is wrong with it, with the smallest counterexample.

    Exits with 1 when a law is broken, else with 3 when one is not decided: the time ran out, or chance found no value
    that would tell. Advice, such as where the service lets through what the schema refuses, is no broken law. Of
    several schemas each is named above what was found.

    \b
    slotfill check feedback
    slotfill check models.py:Invoice --strict
    """
    keep_hypothesis_in_cache()
    from slotfill.schemas import resolve

    # No examples, so that a wrong one of the schema's own is a finding. All are read before any is checked.
    resolved = [resolve(schema, trusted=True, examples=(), formats=options.formats) for schema in schemas]
    found = [_findings(schema, options) for schema in resolved]
    if options.as_json:
        several = len(schemas) > 1
        names = ({"schema": schema} if several else {} for schema in schemas)
        lines = [{**name, **one.to_json()} for name, findings in zip(names, found, strict=True) for one in findings]
        click.echo(json.dumps(lines, indent=2, default=repr))
    else:
        for schema, findings in zip(schemas, found, strict=True):
            _show(schema if len(schemas) > 1 else None, findings)
    kinds = {"broken" if options.strict and one.advice else one.kind for findings in found for one in findings}
    ctx.exit(EXIT_INCOMPLETE if "broken" in kinds else EXIT_STOPPED if "not decided" in kinds else 0)


def _findings(schema: Schema[Any], options: _CheckOptions) -> tuple[Finding, ...]:
    from slotfill.extractors.runs.reports.console import step_line
    from slotfill.extractors.testing.check import check

    with step_line() as show:
        return check(
            schema, max_examples=options.max_examples, seed=options.seed, seconds=options.timeout, on_progress=show
        )


def _show(name: str | None, findings: tuple[Finding, ...]) -> None:
    """Tell what was found of a schema. name: stands above it."""
    from slotfill.extractors.runs.reports.console import printable
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.testing.check import report

    if name is not None:
        click.echo(printable(f"{name}:"))
    if is_terminal(sys.stdout):
        _show_findings(findings)
        return
    for line in report(findings):
        click.echo(printable(line))


def _show_findings(findings: tuple[Finding, ...]) -> None:
    from slotfill.extractors.terminal.tables import show_heading, show_table
    from slotfill.extractors.testing.check import report

    rows = [
        (one.kind, one.law, one.path or "the value", f"{one.message}\n{one.counterexample_text}".rstrip())
        for one in findings
    ]
    if rows:
        show_table(rows, sys.stdout, header=("", "law", "where", "what, and the smallest counterexample"))
    *_, summary = report(findings)
    show_heading(summary, sys.stdout)


def keep_hypothesis_in_cache() -> None:
    """Let Hypothesis write what it keeps into the user's cache, not into the folder where a command is typed.

    It reads the variable when it is imported.
    """
    import platformdirs

    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(platformdirs.user_cache_path("slotfill") / "hypothesis"))
