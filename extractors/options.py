"""What an extractor takes besides its schema, and which of it excludes each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypedDict

from slotfill.extractors.calibrating.field_curves import FieldCurves, load_curves
from slotfill.extractors.cassettes.cassette import Cassette
from slotfill.extractors.catalogue import prices
from slotfill.extractors.catalogue.families import Effort
from slotfill.extractors.clients.clients import AnyClient
from slotfill.extractors.errors import InputError, SettingsError
from slotfill.extractors.messages_api.thinking import ThinkingMode
from slotfill.extractors.repair.repair import RepairMode
from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.formats import Formats
from slotfill.schemas.sources.tuned import Tuned

__all__ = ["SETTINGS", "Options", "check_client", "curves_of", "models_of", "tape_of", "tuned_of"]

_LIMITS = ("rpm", "itpm", "otpm", "max_wait")
SETTINGS = (
    *("retries", "mend", "timeout", "max_tokens", "thinking", "effort", "chunk_chars", "passes", "cache_ttl"),
    *("history_tokens", "votes", "escalate", "sure"),
    *_LIMITS,
)
"""The options that variables of the environment set, too."""


_MOST_BYTES = 16_000_000
"""A calibration of more is none: a thousand fields have some 200 KB."""


class Options(TypedDict, total=False):
    """What an `Extractor` takes besides its schema; None is the same as not given.

    Attributes:
        model: A Claude model, `local` or `local:FILE.gguf`; several are the first one and its fallbacks, in
            order. Default: `SLOTFILL_MODEL`; else claude-haiku-5-5 where an Anthropic credential is set; else
            `local` where it has been pulled.
        client: Any client of the Anthropic SDK, sync for `extract` and `map`, async for `aextract` and `amap`.
            It stays the caller's to close. Default: both kinds are built, as needed.
        instructions, examples, parameters: In place of the schema's own.
        tuned: What `slotfill tune` found for the schema, as a path or a `Tuned`: instructions and examples in place of
            the schema's own. Not with `instructions` or `examples`.
        context: What validators find in `info.context`, beside the document's text, which they find as
            `text_chunk`, `text`, `context` and `document`.
        formats: Whether the `format` of a JSON Schema, or of one line, is checked (`check`, the default), or is
            an annotation (`annotate`).
        evidence: Whether to ask, for each judged value (a choice, a truth, a score, a free text), for the passages on
            which it rests: they stand in `Extraction.evidence`, and the value is as it is without them (no).
        retries: Model calls after the first, of each model (2).
        mend: Which local edits are made to a reply that does not validate: `off`, `safe` (those of no or low
            risk, the default), or `bold`.
        timeout: Seconds that one request may take (the SDK's 600).
        max_tokens: Room for a reply, what the model thinks included (from the schema's and the document's
            size).
        thinking: Whether the model thinks before it answers: `off`, `auto` for as much as it finds right, or a
            budget of tokens, at least 1,024 (`off` where the model allows it).
        effort: How much the model does for a reply: `low`, `medium`, `high`, `xhigh`, `max` (the model's own).
        chunk_chars: The most of a document that one request holds, in code points, at least 100: a longer one
            is read in chunks (by default only what the model cannot take at once, or takes at higher rates
            where chunks lose nothing).
        passes: How often each part of a document is read; a further pass looks for what was missed (1).
        votes: How often each document is read, independently; what most readings say counts, field by field, and
            `agreement` tells how many said it (1: there is no vote). Fewer readings are asked for where they agree.
        escalate: A stronger model, which reads those fields again that are not sure, and them alone.
        sure: Below which agreement, probability or `Confidence`, 0 to 1, a field is not sure: it is withheld, that is
            is absent, or the document fails that needs it. With `escalate` it goes to that model instead (0.8).
        calibration: What tells how likely a field is right that is so sure: the path of a file that
            `slotfill evaluate --calibrate` wrote, or what `load_curves` made of it.
        history_tokens: How much of the conversation about a document a further turn tells again, its latest
            turns first (8,000).
        cache_ttl: How long the service keeps what all documents share, `5m` or `1h` (`5m`).
        rpm, itpm, otpm: Requests, input and output tokens a minute, which are never exceeded (what the
            service's replies tell of its limits); they, and `max_wait`, are not for a `client`.
        max_wait: Seconds that the limits, or a `retry-after`, may hold everything up; beyond it extractions end
            with the failure `max_wait` (300).
        cassette: A tape, as a path or a `Cassette`. One that is there answers in place of the service: no
            credential is needed, and the default model is the tape's. Else what is sent and comes back is
            recorded. Not with a `client`.
    """

    model: str | Sequence[str] | None
    client: AnyClient | None
    instructions: str | None
    examples: Iterable[Example] | None
    parameters: Mapping[str, object] | None
    tuned: str | PathLike[str] | Tuned | None
    context: Mapping[str, object] | None
    formats: Formats | None
    evidence: bool | None
    retries: int | None
    mend: RepairMode | None
    timeout: float | None
    max_tokens: int | None
    thinking: ThinkingMode | int | None
    effort: Effort | None
    chunk_chars: int | None
    passes: int | None
    votes: int | None
    escalate: str | None
    sure: float | None
    calibration: str | PathLike[str] | FieldCurves | None
    history_tokens: int | None
    cache_ttl: prices.CacheTTL | None
    rpm: int | None
    itpm: int | None
    otpm: int | None
    max_wait: float | None
    cassette: str | PathLike[str] | Cassette | None


def models_of(options: Options) -> tuple[str | None, tuple[str, ...]]:
    """Tell the model, if one is named, from its fallbacks."""
    models = options.get("model")
    if models is None or isinstance(models, str):
        return models, ()
    return (models[0], tuple(dict.fromkeys(models[1:]))) if models else (None, ())


def check_client(options: Options) -> None:
    """Raise SettingsError where a client is given too."""
    limits = [name for name in _LIMITS if options.get(name) is not None]
    if limits and options.get("client") is not None:
        raise SettingsError(
            f"{limits[0]} cannot be put on a client that is given: give the client the middleware "
            "slotfill.Limits(slotfill.Pacer(…))"
        )


def tape_of(options: Options) -> Cassette | None:
    """Open the tape. Raises SettingsError where a client is given too."""
    tape = options.get("cassette")
    if tape is not None and options.get("client") is not None:
        raise SettingsError(
            "a cassette cannot be put under a client that is given: give the client an http_client whose transport "
            "is a CassetteTransport"
        )
    return tape if tape is None or isinstance(tape, Cassette) else Cassette(tape)


def tuned_of(options: Options) -> Tuned | None:
    """Read the tuned file, if one is named. Raises SettingsError where what it replaces is given too."""
    tuned = options.get("tuned")
    others = [name for name in ("instructions", "examples") if options.get(name) is not None]
    if tuned is not None and others:
        raise SettingsError(f"tuned and {others[0]} exclude each other: what is tuned are instructions and examples")
    return tuned if tuned is None or isinstance(tuned, Tuned) else Tuned.read(Path(tuned))


def curves_of(options: Options) -> FieldCurves | None:
    """Read the calibration. Raises SettingsError where it cannot be used."""
    calibration = options.get("calibration")
    if calibration is None or isinstance(calibration, FieldCurves):
        return calibration
    try:
        with Path(calibration).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise SettingsError(f"calibration {str(calibration)!r}: it has more than {_MOST_BYTES:,} bytes: it is none")
        return load_curves(data.decode())
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise SettingsError(f"calibration {str(calibration)!r}: {error}") from None
