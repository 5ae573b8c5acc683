"""Values as they are written: decimal numbers are numbers, with all their digits."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, computed_field, field_serializer

from slotfill.schemas import resolve
from slotfill.schemas.json_values.exact_json import dumps, loads


class Line(BaseModel):
    price: Decimal = Field(ge=0, max_digits=10, decimal_places=2)
    parts: list["Line"] = []


class Bill(BaseModel):
    total: Decimal
    paid: Decimal | None = None
    either: Decimal | str = "none"
    by_name: dict[str, Decimal] = {}
    counts: dict[Decimal, int] = {}
    lines: list[Line] = []
    pair: tuple[Decimal, str] = (Decimal("1.0"), "EUR")
    told: Decimal = Decimal("1.50")

    @field_serializer("told")
    def _say(self, value: Decimal) -> str:
        return f"{value} EUR"

    @computed_field
    @property
    def double(self) -> Decimal:
        """Twice the total."""
        return 2 * self.total


def test_a_decimal_number_is_a_number_wherever_it_stands():
    schema = resolve(Bill)
    read = schema.validate(
        '{"total": 12345678901234567890.12, "paid": "3.00", "either": "4.10", "by_name": {"a": 0.1}, '
        '"counts": {"1.5": 1}, "lines": [{"price": "24.50", "parts": [{"price": 7}]}]}'
    )
    assert dumps(schema.dump(read)) == dumps(
        loads(
            '{"total": 12345678901234567890.12, "paid": 3, "either": 4.1, "by_name": {"a": 0.1}, "counts": {"1.5": 1}, '
            '"lines": [{"price": 24.5, "parts": [{"price": 7, "parts": []}]}], "pair": [1, "EUR"], "told": "1.50 EUR", '
            '"double": 24691357802469135780.24}'
        )
    )
    assert schema.dump(schema.load({"total": 1, "either": "\ufdd01\ufdd0 or so"}))["either"] == "1 or so"
    schemas = {key: part.get("type") for key, part in schema.output_schema["properties"].items()}
    assert {key for key, kind in schemas.items() if kind == "number"} == {"total", "double"}


@given(st.decimals(allow_nan=False, allow_infinity=False))
@example(Decimal("0.10000000000000000000"))
@example(Decimal("1E+300"))
@example(Decimal("1E-300"))
@example(Decimal("-0.0"))
@example(Decimal("123456789012345678901234567890.123456789"))
def test_it_comes_back_with_every_digit(number):
    schema = resolve(list[Decimal])
    written = schema.dump([number])
    assert type(written[0]) is not str or abs(number.adjusted()) > 308
    assert schema.load(loads(dumps(written))) == [number]


@pytest.mark.parametrize("text", ["1E+400", "-1E+999999999", "1E-400"])
def test_one_that_no_double_comes_near_is_its_text(text):
    schema = resolve(list[Decimal])
    assert schema.dump(schema.load([text])) == [text]


def test_records_that_hold_texts_are_read_as_before():
    assert resolve(Bill).load({"total": "24.50"}).total == Decimal("24.50")


@pytest.mark.parametrize("source", [{"type": "array"}, "[decimal]", "[float]"])
def test_plain_json_is_written_with_all_digits_too(source):
    schema = resolve(source)
    value = schema.validate('{"value": [12345678901234567890.12, 0.5]}')
    assert dumps(schema.dump(value)) == "[12345678901234567890.12, 0.5]"
    assert schema.dump(value) is not value
