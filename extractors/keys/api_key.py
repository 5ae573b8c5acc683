"""A key of the service: who it is for, what it allows, and how its secrets are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Strict, field_validator

from slotfill.extractors.budgets.spending_limit import Period, SpendingLimit

__all__ = ["KEY_LABEL", "KEY_NAME", "ApiKey", "EarlierSecret"]

KEY_LABEL = "key"
"""The label that the costs of each key bear beside its own: the key's name."""

KEY_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What a key may be called: it stands in logs, in labels and in the headings of the file."""

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)

SecretHash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=1)]
# A whole number is an amount too, and what is a list in the file a tuple here.
Amount = Annotated[Decimal, Strict(strict=False), Field(gt=0, allow_inf_nan=False)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(strict=False), Field(min_length=1)]


class EarlierSecret(BaseModel):
    """A secret that a rotation has replaced, and that is valid for a while.

    Attributes:
        hash: As in `ApiKey`.
        until: When it ends.
    """

    model_config = _STRICT

    hash: SecretHash
    until: AwareDatetime


class ApiKey(BaseModel):
    """One key. It cannot be changed.

    Attributes:
        name: What people and costs call it.
        hash: Its secret's, as `hash_of` gives it: the secret itself is kept nowhere.
        created: When it was made.
        revoked: Since when it counts no more; None while it does.
        earlier: The secrets from before a rotation.
        rpm: Requests a minute; None, as of all that follow, for no limit.
        tpm: Tokens a minute, in and out.
        concurrency: Requests at once.
        usd_a_day: What it may cost in USD, from midnight to midnight in UTC.
        usd_a_month: Likewise, from the first of a month on.
        models: The models that it may ask; None for all that the service has.
        schemas: The schemas that it may use; likewise.
        labels: What its costs bear, beside its name as the label `KEY_LABEL`.
    """

    model_config = _STRICT

    name: Annotated[str, Field(pattern=f"^{KEY_NAME}$")]
    hash: SecretHash
    created: AwareDatetime
    revoked: AwareDatetime | None = None
    earlier: Annotated[tuple[EarlierSecret, ...], Strict(strict=False)] = ()
    rpm: Count | None = None
    tpm: Count | None = None
    concurrency: Count | None = None
    usd_a_day: Amount | None = None
    usd_a_month: Amount | None = None
    models: Names | None = None
    schemas: Names | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("labels")
    @classmethod
    def _leaves_the_name_alone(cls, labels: Mapping[str, str]) -> Mapping[str, str]:
        if KEY_LABEL in labels:
            raise ValueError(f"the label {KEY_LABEL!r} holds the key's name by itself: call this one otherwise")
        if wrong := [name for name in labels if not name or "=" in name]:
            raise ValueError(f"{wrong[0]!r} is no label: it has a name, without '='")
        return labels

    def takes_model(self, model: str) -> bool:
        """Whether it may ask a model."""
        return self.models is None or model in self.models

    def takes_schema(self, schema: str) -> bool:
        """Whether it may use a schema."""
        return self.schemas is None or schema in self.schemas

    @property
    def cost_labels(self) -> dict[str, str]:
        """The labels that its costs bear."""
        return {**self.labels, KEY_LABEL: self.name}

    @property
    def spending_limits(self) -> tuple[SpendingLimit, ...]:
        """What it may cost, as budgets."""
        amounts = ((self.usd_a_day, Period.DAY), (self.usd_a_month, Period.MONTH))
        return tuple(SpendingLimit(KEY_LABEL, self.name, usd, period) for usd, period in amounts if usd is not None)

    def secret_hashes(self) -> Iterator[tuple[str, datetime | None]]:
        """Yield the hash of each of its secrets, and when that ends, if it does."""
        yield self.hash, None
        for secret in self.earlier:
            yield secret.hash, secret.until
