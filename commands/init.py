"""`slotfill init`: a folder to start in."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
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
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path(path_type=Path))
@with_options
def init_command(folder: Path, *, options: _InitOptions) -> None:
    """Write a starting folder: a schema, samples, tests that pass, a CI file.

    FOLDER is made where it is not there; by default it is this one. No file that is there is overwritten: where one is
    in the way, nothing is written.

    \b
    slotfill init tickets
    slotfill init tickets --template api
    """
    files = starting_files(options.template, folder.resolve().name)
    if obstacles := sorted({*_obstacles(folder, files)}):
        raise _in_the_way(obstacles)
    try:
        _write(folder, files)
    except FileExistsError as error:
        raise _in_the_way([str(error.filename)]) from None
    for line in _summary(folder, files, options.template):
        click.echo(line)


def _obstacles(folder: Path, files: Iterable[str]) -> Iterator[str]:
    """Yield what is in the way: a file that would be overwritten, whatever stands where a folder is needed."""
    for name in files:
        path = folder / name
        if os.path.lexists(path):
            yield str(path)
        for above in path.parents:
            if os.path.lexists(above) and not above.is_dir():
                yield str(above)


def _in_the_way(obstacles: Iterable[str]) -> ExitError:
    from slotfill.extractors.runs.reports.console import printable

    names = printable(", ".join(map(repr, obstacles)))
    return ExitError(f"in the way: {names}. Nothing was overwritten: move them, or name another folder", EXIT_USAGE)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # What another process has put there in the meantime stays, too.
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)


def _summary(folder: Path, files: Iterable[str], template: str) -> Iterator[str]:
    """Say what is there now, and what to do next."""
    yield from (str(folder / name) for name in sorted(files))
    yield ""
    yield "next:"
    if folder.resolve() != Path.cwd():
        yield f"  cd {shlex.quote(str(folder))}"
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
