"""`slotfill init`: a folder to start in."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from slotfill.commands.exit_codes import EXIT_USAGE, ExitError
from slotfill.commands.options.option_groups import OptionGroup, option, with_options
from slotfill.extractors.templates.starting_files import STARTING_TEMPLATES, starting_files

__all__ = ["init_command"]

_NEEDED = {
    "plain": ("pytest",),
    "api": ("pytest", "starlette", "uvicorn"),
    "batch": ("pytest",),
    "notebook": ("pytest", "jupyterlab", "narwhals", "pandas"),
}
"""What a template's tests and its main step are run with, beside slotfill."""

_NEXT = {
    "plain": ("make estimate", "what the samples would cost"),
    "api": ("make serve", "the service, on port 8000"),
    "batch": ("make estimate", "what the inbox would cost"),
    "notebook": ("make lab", "the notebook"),
}


@dataclass(frozen=True, slots=True)
class _InitOptions(OptionGroup):
    template: str = option(
        "--template",
        type=click.Choice(STARTING_TEMPLATES),
        default=STARTING_TEMPLATES[0],
        show_default=True,
        help="What it is for: a service (api), a folder of documents with gold (batch), a notebook.",
    )


@click.command
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path())
@with_options
def init_command(folder: str, *, options: _InitOptions) -> None:
    """Write a starting folder: a schema, samples, tests that pass, a CI file.

    FOLDER is made where it is not there; by default it is this one. No file that is there is overwritten: where one is
    in the way, nothing is written.

    \b
    slotfill init tickets
    slotfill init tickets --template api
    """
    from slotfill.extractors.runs.reports.console import printable

    if not folder:  # as of a variable that is not set
        raise click.UsageError("the name of the folder is empty: give it one, or leave it out for this folder")
    place = Path(folder)
    name = os.path.basename(os.path.realpath(place))  # noqa: PTH119 - unlike Path.resolve it takes links in a circle
    files = starting_files(options.template, name)
    if obstacles := sorted({*_obstacles(place, files)}):
        names = printable(", ".join(map(repr, obstacles)))
        raise ExitError(f"in the way: {names}. Nothing was overwritten: move them, or name another folder", EXIT_USAGE)
    _write(place, files)
    for line in _summary(place, files, options.template):
        click.echo(printable(line))


def _obstacles(folder: Path, files: Iterable[str]) -> Iterator[str]:
    """Yield what is in the way: a file that would be overwritten, whatever stands where a folder is needed."""
    for name in files:
        path = folder / name
        if os.path.lexists(path):
            yield str(path)
        for above in path.parents:
            if os.path.lexists(above) and not above.is_dir():
                yield str(above)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all of them or none; folders that were made stay."""
    with ExitStack() as undo:
        for name, text in files.items():
            _write_new(folder / name, text, undo)
        undo.pop_all()


def _write_new(path: Path, text: str, undo: ExitStack) -> None:
    """Write a file that is not there. What another process has put there in the meantime stays, too."""
    from slotfill.extractors.errors import OutputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            undo.callback(path.unlink, missing_ok=True)
            file.write(text)
    except OSError as error:
        raise OutputError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def _summary(folder: Path, files: Iterable[str], template: str) -> Iterator[str]:
    """Say what is there now, and what to do next."""
    yield from (str(folder / name) for name in sorted(files))
    yield ""
    yield "next:"
    if folder.resolve() != Path.cwd():
        name = str(folder) if str(folder)[0] != "-" else f".{os.sep}{folder}"  # else an option, or the folder before
        yield f"  cd {shlex.quote(name)}"
    if missing := [name for name in _NEEDED[template] if find_spec(name) is None]:
        install = f"python -m pip install {' '.join(missing)}"
        yield f"  {_aligned(install)}  # missing here"
    command, meaning = _NEXT[template]
    yield f"  {_aligned('make test')}# no key, no cost: a simulated Claude answers"
    yield f"  {_aligned('cp .env.example .env')}# your key"
    yield f"  {_aligned(command)}# {meaning}"
    yield "slotfill is on no package index yet: vendor/README.md says how others, and CI, get it"


def _aligned(command: str) -> str:
    return f"{command:<24}"
