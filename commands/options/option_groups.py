"""Options in groups: a frozen dataclass is the table of a group, and an instance of it holds what was typed.

    @dataclass(frozen=True, slots=True)
    class CountOptions(OptionGroup):
        limit: int | None = option("--limit", metavar="N", help="Stop after N documents.")

    @click.command(cls=GroupedCommand)
    @with_options
    def count_command(options: CountOptions) -> None: ...

So each option stands once, and a type checker sees where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import Any, ClassVar, get_type_hints

import click

__all__ = ["GroupedCommand", "OptionGroup", "named_values", "option", "with_options"]

_MOST_USED = "Most used"
_WIDEST_TERM = 30
"""Characters that an option may take beside its help; click has a longer one stand on a line of its own."""


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """A group of options: each field is one, as `option` describes it. Help shows them below the title."""

    title: ClassVar[str] = "Options"


def option(*flags: str, most_used: bool = False, **attributes: Any) -> Any:
    """Describe the option that a field of a group is; its value goes by the field's name.

    Args:
        flags: What is typed, such as `-o` and `--output`.
        most_used: Whether help shows it before all groups.
        attributes: What else `click.option` takes.
    """
    return field(metadata={"flags": flags, "attributes": attributes, "most_used": most_used})


def named_values(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    """Read what was typed as `name=value`, however often. Raises click.BadParameter for what is not of that form."""
    if wrong := [value for value in values if "=" not in value]:
        raise click.BadParameter(f"{wrong[0]!r} is not of the form name=value")
    return dict(value.split("=", 1) for value in values)


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every group that one of its parameters is annotated with.

    It is called with an instance of each.
    """
    hints = get_type_hints(function)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, OptionGroup)}

    @wraps(function)
    def command(*arguments: object, **values: object) -> None:
        for name, group in groups.items():
            values[name] = group(**{one.name: values.pop(one.name) for one in fields(group)})
        function(*arguments, **values)

    # From the last to the first, as decorators that stand one below the other are applied.
    for group in reversed(groups.values()):
        for one in reversed(fields(group)):
            section = _MOST_USED if one.metadata["most_used"] else group.title
            attributes = {"cls": _GroupedOption, "section": section, **one.metadata["attributes"]}
            click.option(*one.metadata["flags"], one.name, **attributes)(command)
    return command


class _GroupedOption(click.Option):
    """An option that knows the section of the help that it stands in."""

    def __init__(self, *arguments: Any, section: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.section = section


class GroupedCommand(click.Command):
    """A command whose help shows each group of options in a section, and before all what most people need."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, one below the other in the same columns. `--help`, in no group, closes the last."""
        sections: dict[str, list[tuple[str, str]]] = {_MOST_USED: []}
        section = _MOST_USED
        for parameter in self.get_params(ctx):
            section = getattr(parameter, "section", section)
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(section, []).append(record)
        terms = [term for records in sections.values() for term, _ in records]
        width = max(len(term) for term in terms if len(term) <= _WIDEST_TERM)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl([(term.ljust(width), text) for term, text in records], col_max=width)
