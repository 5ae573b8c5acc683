"""What was asked for with a run, and how it stands: the two files that a run's folder holds beside its documents."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = ["InputFile", "RunOrder", "RunState", "RunStatus"]

_STRICT = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class RunStatus(StrEnum):
    """How a run stands.

    It waits for its turn, or is at work; it was stopped by what somebody can do something about, and can be gone on
    with; somebody has cancelled it; all its documents have ended; or it cannot be gone on with.
    """

    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether no server goes on with it by itself."""
        return self not in {RunStatus.QUEUED, RunStatus.RUNNING}

    @property
    def can_go_on(self) -> bool:
        """Whether somebody may have it gone on with."""
        return self in {RunStatus.STOPPED, RunStatus.CANCELLED}


class InputFile(BaseModel):
    """A file of documents.

    Attributes:
        name: As it was sent.
        stored: What it is called in the run's folder.
        media_type: What the client said that it is; "" where it did not.
    """

    model_config = _STRICT

    name: str
    stored: str
    media_type: str = ""


class RunOrder(BaseModel):
    """What was asked for. It never changes.

    Attributes:
        id: The run's name.
        key: The name of the key that asked.
        created: When.
        schema_: The schema's name, or the JSON Schema that was brought.
        schema_name: Its name.
        schema_id: What tells it from what bears the name later.
        model: The model; None for the service's own choice.
        labels: What its costs bear beside those of the key.
        params: The schema's parameters; None where the request said nothing of them.
        batch: Whether its requests go into message batches.
        files: What holds its documents; none where they came as JSON.
        text_field: Of rows, as on the command line, like the next two.
        id_field: As there.
        keep: As there.
        request: What its `Idempotency-Key` was; None without one.
        digest: Of all that the request said.
    """

    model_config = _STRICT

    id: str
    key: str
    created: AwareDatetime
    schema_: str | dict[str, Any] = Field(alias="schema")
    schema_name: str
    schema_id: str
    model: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    params: dict[str, Any] | None = None
    batch: bool = False
    files: tuple[InputFile, ...] = ()
    text_field: str | None = None
    id_field: str | None = None
    keep: tuple[str, ...] = ()
    request: str | None = None
    digest: str = ""


class RunState(BaseModel):
    """How a run stands.

    Attributes:
        status: In a word.
        started: When it was first at work.
        ended: When its status became the last one.
        code: Names for programs why it was stopped, or failed.
        detail: Says so for people, and what to do.
    """

    model_config = _STRICT

    status: RunStatus = RunStatus.QUEUED
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None
    code: str | None = None
    detail: str | None = None
