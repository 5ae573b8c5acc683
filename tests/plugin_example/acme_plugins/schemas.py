"""`slotfill extract person …`: a schema is a Pydantic model."""

from typing import Annotated

from pydantic import BaseModel, Field

from slotfill.schemas import Compare


class Person(BaseModel):
    """Extract the person that the text is about."""

    name: Annotated[str, Compare("initials")] = Field(description="first and last name")
