"""Settings: arguments, then `SLOTFILL_*` and `ANTHROPIC_*` variables, then some of a `.env`, then defaults."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from slotfill.extractors.catalogue import model_ids, prices
from slotfill.extractors.catalogue.families import Effort
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.messages_api.thinking import LEAST_BUDGET, ThinkingMode
from slotfill.extractors.record.money import money_text
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Settings"]

_CREDENTIALS = {"api_key": "ANTHROPIC_API_KEY", "auth_token": "ANTHROPIC_AUTH_TOKEN"}
_ALIASES = {**_CREDENTIALS, "openai_api_key": "OPENAI_API_KEY"}
_BASE_URLS = ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL")

_DOTENV = ".env"

_LIMITS = {"rpm": inf, "itpm": inf, "otpm": inf, "timeout": 600, "max_wait": 300, "concurrency": 8, "retries": 2}
"""What counts without a setting: a `.env` may lower it."""


MOST_VOTES = 99
"""More readings of a document are a mistake."""


class Settings(BaseSettings):
    """What an extraction needs to know besides its schema.

    A `.env` file in the working folder gives credentials, a Claude model, and limits lower than the defaults: the
    folder may be somebody else's, who could otherwise choose what is loaded, where state goes, or where a key is sent.
    (The SDK reads `ANTHROPIC_BASE_URL` from the environment alone.) What else it sets is a warning of the logger
    `slotfill`, once a process, and so is a model that costs more than the default one.
    """

    model_config = SettingsConfigDict(
        env_prefix="SLOTFILL_",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        str_strip_whitespace=True,
    )

    model: str | None = None
    retries: int = Field(2, ge=0)
    mend: Literal["off", "safe", "bold"] = "safe"
    timeout: float | None = Field(None, gt=0, description="seconds a request may take; default: the SDK's 600")
    max_tokens: int | None = Field(None, ge=1, description="room for a reply, what the model thinks included")
    thinking: ThinkingMode | int | None = Field(
        None, description="off, auto, or a budget of tokens; default: off where the model allows it"
    )
    effort: Effort | None = Field(None, description="how much the model does for a reply; default: the model's own")
    concurrency: int = Field(8, ge=1)
    chunk_chars: int | None = Field(
        None, ge=100, description="the most of a document that one request holds; default: what the model takes"
    )
    passes: int = Field(1, ge=1, description="how often each part of a document is read")
    votes: int | None = Field(None, ge=1, le=MOST_VOTES, description="how often to read each document, for a vote")
    escalate: str | None = Field(None, description="the model that fields go to which are not sure")
    sure: float | None = Field(
        None, gt=0, le=1, description="below which a field is withheld, or goes to escalate (then by default 0.8)"
    )
    history_tokens: int = Field(8_000, ge=0, description="how much of a conversation a further turn tells again")
    cache_ttl: Literal["5m", "1h"] = Field("5m", description="how long the service keeps what all documents share")
    rpm: int | None = Field(None, ge=1, description="requests a minute; default, as of the next two: what replies tell")
    itpm: int | None = Field(None, ge=1, description="input tokens a minute, those read from the cache not counted")
    otpm: int | None = Field(None, ge=1, description="output tokens a minute")
    max_wait: float = Field(300, gt=0, description="seconds that the limits may hold everything up")
    state: Path | None = Field(None, description="folder of the runs' ledgers; default: .slotfill beside the output")
    local_threads: int | None = Field(None, ge=1, description="threads of the embedded model; default: one a core")
    local_slots: int | None = Field(
        None, ge=1, description="documents that the embedded model works on at once; default: one a core, up to four"
    )
    local_context: int = Field(5_120, ge=256, description="tokens of prompt and reply together, for each of them")
    local_decoding: Literal["fields", "whole"] | None = Field(
        None, description="a question a field, or the whole object in one go; default: by the model's size"
    )
    # An alias alone: the variable API_KEY holds the key of any service.
    api_key: SecretStr | None = Field(None, validation_alias=_CREDENTIALS["api_key"])
    auth_token: SecretStr | None = Field(None, validation_alias=_CREDENTIALS["auth_token"])

    openai_api_key: SecretStr | None = Field(None, validation_alias=_ALIASES["openai_api_key"])

    @field_validator("api_key", "auth_token", "openai_api_key")
    @classmethod
    def _is_one_line(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().isprintable():
            raise ValueError("holds a line break or another control character: copy the credential again")
        return secret

    @field_validator("votes")
    @classmethod
    def _is_a_vote(cls, votes: int | None) -> int | None:
        return None if votes == 1 else votes  # one reading is what there is without the setting

    @field_validator("thinking", mode="before")
    @classmethod
    def _is_off_auto_or_a_budget(cls, value: object) -> object:
        if value in (None, "off", "auto"):
            return value
        budget = int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0
        if budget < LEAST_BUDGET:
            raise ValueError(f"must be off, auto, or a number of tokens from {LEAST_BUDGET} on")
        return budget

    @property
    def least_sure(self) -> float:
        """Below which a field is not sure, where that is asked."""
        return 0.8 if self.sure is None else self.sure

    @classmethod
    def read(cls, **arguments: Any) -> Settings:
        """Read all sources; an argument that is None counts as none.

        Raises SettingsError, which names the setting and never shows its value.
        """
        chosen = {name: value for name, value in arguments.items() if value is not None}
        if any(map(os.environ.get, _CREDENTIALS.values())):
            # A credential of the environment comes before those of a .env, of whatever kind they are.
            chosen = {name: os.environ.get(variable) or None for name, variable in _CREDENTIALS.items()} | chosen
        try:
            return cls(**chosen)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = str(first["loc"][0])
            place = "" if name in chosen or _is_in_environment(name) else f" in {_DOTENV}"
            raise SettingsError(f"setting {name!r}{place}: {first['msg'].removeprefix('Value error, ')}") from None
        except (OSError, UnicodeError) as error:
            raise SettingsError(f".env cannot be read: {error}") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - one that takes all
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - there are none
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Name the sources, the first to count first."""
        return init_settings, env_settings, _DotEnv(settings_cls)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials, to keep them out of every message."""
        credentials = (self.api_key, self.auth_token, self.openai_api_key)
        return tuple(secret.get_secret_value() for secret in credentials if secret is not None)


class _DotEnv(DotEnvSettingsSource):
    """Reads of a `.env` what a folder's owner may say to whoever works in it."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        # No pipe, which would be waited for.
        super().__init__(settings_cls, env_file=_DOTENV if Path(_DOTENV).is_file() else None)

    def __call__(self) -> JSONObject:
        """Return the settings that count, by name; warn of the others."""
        read = super().__call__()
        taken = {name: value for name, value in read.items() if _is_credential(name) or _is_taken(name, value)}
        if self._is_filled_in("model"):  # with another variable's value, which all would see who see the model
            taken.pop("model", None)
        refused = [f"SLOTFILL_{name.upper()}" for name in self.settings_cls.model_fields if name in read.keys() - taken]
        refused += [name for name in _BASE_URLS if self.env_vars.get(name.lower())]
        if refused:
            _warn(
                f"{_DOTENV} sets {', '.join(refused)}, which does not count: a {_DOTENV} gives credentials, a Claude "
                "model and lower limits; set the rest in the environment, or by an option"
            )
        if "model" in taken and "model" not in self.current_state:
            for warning in _dearer(taken["model"]):
                _warn(warning)
        return taken

    def _is_filled_in(self, name: str) -> bool:
        """Whether a setting's value refers to other variables, `claude-${AWS_SECRET_ACCESS_KEY}`."""
        raw = dotenv_values(_DOTENV, interpolate=False) if self.env_vars else {}
        return any("${" in (value or "") for key, value in raw.items() if key.lower() == f"slotfill_{name}")


def _is_in_environment(name: str) -> bool:
    variable = _ALIASES.get(name, f"SLOTFILL_{name}").lower()
    return any(value and key.lower() == variable for key, value in os.environ.items())


def _is_credential(name: str) -> bool:
    return name.lower() in {alias.lower() for pair in _ALIASES.items() for alias in pair}


def _is_taken(name: str, value: str) -> bool:
    if name == "model":
        return model_ids.is_claude(value.strip())
    try:
        return name in _LIMITS and float(value) <= _LIMITS[name]
    except ValueError:
        return True  # no number: an error that names it


def _dearer(model: str) -> Iterator[str]:
    """Warn where a model costs more than the default one, or its price is unknown."""
    default = model_ids.DEFAULT_MODEL
    price, usual = (tuple(map(_number, prices.price_a_million(name))) for name in (model.strip(), default))
    if any(ours > others for ours, others in zip(price, usual, strict=True)):
        yield (
            f"{_DOTENV} sets SLOTFILL_MODEL to {model.strip()}, which costs {_price_text(price)} a million tokens in "
            f"and out; {default}, the default, costs {_price_text(usual)}"
        )


_UNKNOWN = Decimal("Infinity")
"""A price that is unknown may be any."""


def _number(price: str) -> Decimal:
    return _UNKNOWN if price == "?" else Decimal(price)


def _price_text(price: tuple[Decimal, ...]) -> str:
    return " and ".join("an unknown sum" if amount == _UNKNOWN else money_text(amount, digits=2) for amount in price)


@cache
def _warn(message: str) -> None:
    """Warn, once a process: an application may make many extractors."""
    logging.getLogger("slotfill").warning(message)
