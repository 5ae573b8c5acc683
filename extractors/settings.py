"""Settings: arguments, then `SLOTFILL_*` and `ANTHROPIC_*` variables, then `.env`, then defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from slotfill.extractors.errors import SettingsError

__all__ = ["Settings"]

_CREDENTIALS = {"api_key": "ANTHROPIC_API_KEY", "auth_token": "ANTHROPIC_AUTH_TOKEN"}


class Settings(BaseSettings):
    """What an extraction needs to know besides its schema.

    A `.env` file in the working folder gives credentials and defaults only. It never sets a base URL: that would
    let a folder's owner redirect another user's key. The SDK reads `ANTHROPIC_BASE_URL` from the environment alone.
    """

    model_config = SettingsConfigDict(
        env_prefix="SLOTFILL_",
        env_file=".env",
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
    max_tokens: int | None = Field(None, ge=1)
    concurrency: int = Field(8, ge=1)
    chunk_chars: int | None = Field(
        None, ge=100, description="the most of a document that one request holds; default: what the model takes"
    )
    passes: int = Field(1, ge=1, description="how often each part of a document is read")
    cache_ttl: Literal["5m", "1h"] = Field("5m", description="how long the service keeps what all documents share")
    rpm: int | None = Field(None, ge=1, description="requests a minute; default, as of the next two: what replies tell")
    itpm: int | None = Field(None, ge=1, description="input tokens a minute, those read from the cache not counted")
    otpm: int | None = Field(None, ge=1, description="output tokens a minute")
    max_wait: float = Field(300, gt=0, description="seconds that the limits may hold everything up")
    state: Path | None = Field(None, description="folder of the runs' ledgers; default: .slotfill beside the output")
    local_threads: int | None = Field(None, ge=1, description="threads of the embedded model; default: one a core")
    local_slots: int = Field(2, ge=1, description="documents that the embedded model works on at once")
    local_context: int = Field(5_120, ge=256, description="tokens of prompt and reply together, for each of them")
    local_decoding: Literal["fields", "whole"] | None = Field(
        None, description="a question a field, or the whole object in one go; default: by the model's size"
    )
    api_key: SecretStr | None = Field(None, validation_alias=AliasChoices("api_key", _CREDENTIALS["api_key"]))
    auth_token: SecretStr | None = Field(None, validation_alias=AliasChoices("auth_token", _CREDENTIALS["auth_token"]))

    @classmethod
    def read(cls, **arguments: Any) -> Settings:
        """Read all sources; an argument that is None is not given.

        Raises SettingsError, which names the setting and never shows its value.
        """
        given = {name: value for name, value in arguments.items() if value is not None}
        if any(map(os.environ.get, _CREDENTIALS.values())):
            # A credential of the environment comes before those of a .env, of whatever kind they are.
            given = {name: os.environ.get(variable) or None for name, variable in _CREDENTIALS.items()} | given
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise SettingsError(f"setting {first['loc'][0]!r}: {first['msg']}") from None
        except (OSError, UnicodeError) as error:
            raise SettingsError(f".env cannot be read: {error}") from None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials, to keep them out of every message."""
        found = (self.api_key, self.auth_token)
        return tuple(secret.get_secret_value() for secret in found if secret is not None)
