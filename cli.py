"""The command line: finds commands by name, and maps errors to exit codes. What a command does stands in its file."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from slotfill import __version__
from slotfill.commands import SUMMARIES, LazyCommands
from slotfill.commands.exit_codes import EXIT_INTERRUPTED, exit_error, system_exit_error, with_fix_below
from slotfill.extractors.runs.outputs.standard_streams import drop_unwritten, settle_streams

__all__ = ["main"]


class _Slotfill(click.Group):
    """Turns errors into one line and an exit code; no command needs to."""

    def main(self, *args: Any, **options: Any) -> Any:
        settle_streams()
        try:
            return super().main(*args, **options)
        except OSError as error:
            ending = system_exit_error(error)
            ending.show()
            sys.exit(ending.exit_code)
        finally:
            drop_unwritten()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)  # as typed, for the command that goes on with a run
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except click.ClickException as error:  # click's own: a command's --help imports no errors to compare them with
            raise with_fix_below(error) from None
        except KeyboardInterrupt:
            self._interrupted(ctx)
        except Exception as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # as which Python tells of one amid a class
                self._interrupted(ctx)
            if ending := exit_error(error):
                raise with_fix_below(ending) from None
            raise

    def _interrupted(self, ctx: click.Context) -> NoReturn:
        click.echo("interrupted", err=True)
        ctx.exit(EXIT_INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl(sorted(SUMMARIES.items()))


@click.group(
    cls=_Slotfill,
    commands=LazyCommands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="slotfill")
def main() -> None:
    """Documents in, validated JSON out.

    \b
    slotfill extract sentiment reviews/          one JSON line a file
    slotfill text offer.pdf                      what would be sent of it
    slotfill extract "name, age int" letter.txt  your own fields, in one line
    slotfill schemas                             what is built in
    slotfill doctor                              what works here, what does not

    Shell completion: eval "$(_SLOTFILL_COMPLETE=bash_source slotfill)"; zsh_source and fish_source likewise.
    """
