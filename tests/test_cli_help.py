"""Help: its groups of options, what it says of each command, and that it imports none of them."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass

import click
import pytest
from checkout import ROOT
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.commands import SUMMARIES, LazyCommands
from slotfill.commands.options.option_groups import GroupedCommand, OptionGroup, option, with_options

HEADINGS = [
    *("Most used", "Asking the model", "Reading documents", "Writing results", "Running"),
    *("At half price, in batches", "Taking over an earlier run", "Telling how it goes"),
]


def run(*arguments):
    return CliRunner().invoke(main, arguments, terminal_width=80)


def sections(text):
    """Give the options that stand below each heading of a help text."""
    found = {}
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            options = found.setdefault(line.removesuffix(":"), [])
        elif line.startswith("  -"):
            options.append(line.split()[0].rstrip(","))
    return found


def test_extract_shows_its_options_in_groups_the_ten_most_used_first():
    found = sections(run("extract", "--help").stdout)
    assert list(found) == HEADINGS
    assert len(found["Most used"]) == 10
    assert {"-m", "-o", "--dry-run", "--max-cost"} < set(found["Most used"])
    assert "--retries" in found["Asking the model"]
    assert "--encoding" in found["Reading documents"]
    assert "--stream" in found["Writing results"]
    assert "--retry-failed" in found["Running"]
    assert "--batch" in found["At half price, in batches"]
    assert "--from" in found["Taking over an earlier run"]
    assert found["Telling how it goes"][-1] == "-h"


def test_each_option_is_shown_once():
    shown = [name for names in sections(run("extract", "--help").stdout).values() for name in names]
    command = main.commands["extract"]
    options = [one.opts[0] for one in command.params if isinstance(one, click.Option)]
    assert sorted(shown) == sorted([*options, "-h"])


def test_no_two_options_of_a_command_have_one_name():
    for name, command in main.commands.items():
        names = [one.name for one in command.params]
        assert len(names) == len(set(names)), name


@pytest.mark.parametrize("width", [80, 100])
def test_help_fits_its_terminal(width):
    for name in (None, *SUMMARIES):
        text = CliRunner().invoke(main, [*filter(None, [name]), "--help"], terminal_width=width).stdout
        copied = "  ANTHROPIC_BASE_URL="  # a command that needs its length
        assert max(len(line) for line in text.splitlines() if not line.startswith(copied)) <= width, name


def test_the_list_of_commands_says_what_their_own_help_begins_with():
    for name, summary in SUMMARIES.items():
        assert " ".join(main.commands[name].help.split()).startswith(summary)


def test_every_file_of_a_command_is_one_that_is_listed():
    modules = {path.stem: ast.parse(path.read_bytes()) for path in ROOT.glob("commands/**/*.py")}
    commands = {
        name
        for name, tree in modules.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == f"{name}_command" for node in tree.body)
    }
    assert commands == SUMMARIES.keys()
    assert [*SUMMARIES] == sorted(SUMMARIES)
    assert {name: command.name for name, command in LazyCommands().items()} == {name: name for name in SUMMARIES}


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [(["--help"], set()), (["--version"], set()), (["schemas"], {"schemas"}), (["extract", "--help"], {"extract"})],
    ids=str,
)
def test_only_the_command_that_is_typed_is_imported(arguments, imported):
    code = (
        "import sys; from slotfill.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print(*(m for m in sys.modules if m.startswith('slotfill.commands.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stderr.split()}
    assert loaded & SUMMARIES.keys() == imported


def test_an_unknown_command_names_the_nearest():
    result = run("refne")
    assert result.exit_code == 2
    assert "No such command 'refne'" in result.stderr
    assert "Did you mean 'refine'?" in result.stderr
    assert "Did you mean" not in run("qqqqqq").stderr


@dataclass(frozen=True, slots=True)
class _First(OptionGroup):
    title = "First"
    color: str = option("--colour", default="red", help="A colour.")
    quick: bool = option("-q", is_flag=True, most_used=True, help="Be quick.")


@dataclass(frozen=True, slots=True)
class _Second(OptionGroup):
    title = "Second"
    pairs: tuple[str, ...] = option("--pair-that-needs-a-line-of-its-own", multiple=True, help="A pair.")


@click.command(cls=GroupedCommand)
@click.argument("name")
@with_options
@click.pass_context
def paint(_ctx: click.Context, /, name: str, *, first: _First, second: _Second) -> None:
    click.echo(repr((name, first, second)))


def test_a_command_is_called_with_its_groups():
    arguments = ["wall", "--pair-that-needs-a-line-of-its-own", "a", "-q"]
    result = CliRunner().invoke(paint, arguments, catch_exceptions=False)
    assert result.stdout == repr(("wall", _First("red", True), _Second(("a",)))) + "\n"


def test_groups_stand_in_the_same_columns():
    result = CliRunner().invoke(paint, ["--help"], terminal_width=80)
    assert result.stdout == (
        "Usage: paint [OPTIONS] NAME\n"
        "\n"
        "Most used:\n"
        "  -q             Be quick.\n"
        "\n"
        "First:\n"
        "  --colour TEXT  A colour.\n"
        "\n"
        "Second:\n"
        "  --pair-that-needs-a-line-of-its-own TEXT\n"
        "                 A pair.\n"
        "  --help         Show this message and exit.\n"
    )
