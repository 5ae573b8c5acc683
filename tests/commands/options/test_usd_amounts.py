from decimal import Decimal

import click
import pytest
from click.testing import CliRunner

from slotfill.commands.options.usd_amounts import UsdAmount


@click.command()
@click.option("--max-cost", type=UsdAmount())
def spend(max_cost: Decimal | None) -> None:
    click.echo(repr(max_cost))


def run(*arguments: str):
    return CliRunner().invoke(spend, [*arguments])


@pytest.mark.parametrize(("typed", "amount"), [("0.1", "0.1"), ("5", "5.0"), ("1e-6", "0.000001")])
def test_an_amount_has_the_digits_that_were_typed(typed: str, amount: str) -> None:
    made = run("--max-cost", typed)
    assert made.exit_code == 0, made.output
    assert eval(made.output) == Decimal(amount)
    assert run().output == "None\n"


@pytest.mark.parametrize(
    ("typed", "reason"), [("0", "0.0 is not in the range x>0"), ("-1", "not in the range"), ("x", "'x' is not a valid")]
)
def test_nothing_less_than_nothing_and_no_number_are_refused(typed: str, reason: str) -> None:
    made = run(f"--max-cost={typed}")
    assert (made.exit_code, reason in made.output) == (2, True), made.output


def test_help_says_usd() -> None:
    assert "--max-cost USD" in run("--help").output
