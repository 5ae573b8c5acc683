"""`slotfill check`: what is wrong with a schema."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from slotfill.commands.exit_codes import EXIT_INCOMPLETE, EXIT_STOPPED
from slotfill.commands.options.asking_options import formats_option, schema_argument
from slotfill.commands.options.option_groups import OptionGroup, option, with_options

if TYPE_CHECKING:
    from slotfill.extractors.testing.checking.findings import Finding
    from slotfill.schemas.json_schema.formats import Formats

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
@schema_argument
@with_options
@click.pass_context
def check_command(ctx: click.Context, /, schema: str, options: _CheckOptions) -> None:
    """Property-test SCHEMA: say what is wrong with it, with the smallest counterexample.

    Exits with 1 when a law is broken, else with 3 when one is not decided: the time ran out, or chance found no value
    that would tell. Advice, such as where the service lets through what the schema refuses, is no broken law.

    \b
    slotfill check feedback
    slotfill check models.py:Invoice --strict
    """
    keep_hypothesis_in_cache()
    from slotfill.extractors.runs.reports.console import printable, step_line
    from slotfill.extractors.terminal.streams import is_terminal
    from slotfill.extractors.testing.check import check, report
    from slotfill.schemas import resolve

    # No examples, so that a wrong one of the schema's own is a finding.
    resolved = resolve(schema, trusted=True, examples=(), formats=options.formats)
    with step_line() as show:
        findings = check(
            resolved,
            max_examples=options.max_examples,
            seed=options.seed,
            seconds=options.timeout,
            on_progress=show,
        )
    if options.as_json:
        click.echo(json.dumps([finding.to_json() for finding in findings], indent=2, default=repr))
    elif is_terminal(sys.stdout):
        _show_findings(findings)
    else:
        for line in report(findings):
            click.echo(printable(line))
    kinds = {"broken" if options.strict and finding.advice else finding.kind for finding in findings}
    ctx.exit(EXIT_INCOMPLETE if "broken" in kinds else EXIT_STOPPED if "not decided" in kinds else 0)


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
