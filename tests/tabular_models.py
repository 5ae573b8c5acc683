"""Models whose values are not written as they are read."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field, computed_field, model_serializer


class Line(BaseModel):
    """A line of an invoice."""

    article: str = Field(validation_alias=AliasChoices("Article", "item"))
    price: Decimal = Field(serialization_alias="unitPrice", max_digits=12, decimal_places=4)
    source: str | None = None
    position: int = 0
    invoice_id: str = ""


class Invoice(BaseModel):
    """An invoice, with columns like those that tables have of their own."""

    invoice_id: str
    source: str
    rest: list[str] = []
    total: Annotated[Decimal, Field(validation_alias="Total")]
    vat: Decimal | None = None
    rates: dict[str, Decimal] = {}
    lines: list[Line] = Field(default=[], alias="lineItems")

    @computed_field
    @property
    def count(self) -> int:
        """Count the lines."""
        return len(self.lines)

    @computed_field(alias="withVat")
    @property
    def with_vat(self) -> Decimal | None:
        """Add the VAT."""
        return None if self.vat is None or not (self.total.is_finite() and self.vat.is_finite()) else self.vat


class Sparse(BaseModel):
    """What leaves nulls out where it is written."""

    name: str | None = None
    size: int | None = Field(None, serialization_alias="Size")
    inner: Line | None = None

    @model_serializer(mode="wrap")
    def without_nulls(self, write: Any) -> dict[str, Any]:
        """Leave the nulls out, and add what the schema says nothing of."""
        return {key: value for key, value in write(self).items() if value is not None} | {"unsaid": 1}


class Clashing(BaseModel):
    """Names that differ from the tables' own, and from each other, in case alone."""

    Source: str
    ID: int
    clashing_ID: int  # noqa: N815 - the case is the point
    REST: bool
    Id: list[int] = []
