"""The check of a schema: all laws, then all advice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slotfill.extractors.testing.checking.advice import ADVICE
from slotfill.extractors.testing.checking.findings import Finding
from slotfill.extractors.testing.checking.law import EXAMPLE_WANTED, Law, SchemaLike, Subject
from slotfill.extractors.testing.checking.search import DEFAULT_EXAMPLES, Search, TimeBudget
from slotfill.extractors.testing.laws import SCHEMA_LAWS

__all__ = ["DEFAULT_SECONDS", "check", "report"]

DEFAULT_SECONDS = 60.0
"""How much of the process's time a check takes at most."""


def check(
    source: SchemaLike,
    *,
    max_examples: int = DEFAULT_EXAMPLES,
    seed: int = 0,
    seconds: float = DEFAULT_SECONDS,
    on_progress: Callable[[str], object] = lambda _: None,
) -> tuple[Finding, ...]:
    """Hold a schema against every law, and look for what costs re-asks.

    Args:
        source: As `slotfill.schemas.resolve` takes it. Its own worked examples may be wrong: that is a finding.
        max_examples: How many values are made for each law.
        seed: The same one gives the same findings.
        seconds: How much of the process's time it may take. A law that this does not suffice for is not decided.
        on_progress: Is called with the name of each law, and subject of advice, before it is looked at.

    Returns:
        What was found: laws first, in the order in which they are best mended, then advice.

    Raises:
        SchemaError: When the schema cannot be used at all.
    """
    clock = TimeBudget(seconds)
    return tuple(_findings(Subject.of(source, Search(max_examples, seed, clock)), clock, on_progress))


def _findings(subject: Subject, clock: TimeBudget, on_progress: Callable[[str], object]) -> Iterator[Finding]:
    left = len(SCHEMA_LAWS) + len(ADVICE)
    for law in SCHEMA_LAWS:
        on_progress(law.name)
        clock.allot(left)
        yield from _of_law(law, subject, clock)
        left -= 1
    for advise in ADVICE:
        on_progress(f"advice: {advise.__name__}")
        clock.allot(left)
        yield from advise(subject)
        left -= 1


def _of_law(law: Law, subject: Subject, clock: TimeBudget) -> Iterator[Finding]:
    """Yield what breaks a law, or why that is not decided."""
    if law.of_values and not subject.has_values:
        yield law.undecided("", f"it is about valid values, and none is known: {EXAMPLE_WANTED}")
        return
    certain = False
    for finding in law.findings(subject):
        if finding.decided or not clock.is_over:
            certain |= finding.kind == "broken"
            yield finding
    if clock.is_over and not certain:
        yield law.undecided("", "the time ran out before all values were looked at: allow more, or ask for fewer")


def report(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield the lines that tell a person what was found: a paragraph a finding, and a summary."""
    for finding in findings:
        yield f"{finding.kind}: {finding.law}: {finding.path or 'the value'}"
        yield f"    {finding.message}"
        if finding.counterexample_text:
            yield f"    {finding.counterexample_text}"
        yield ""
    broken = {finding.law for finding in findings if finding.kind == "broken"}
    open_ = {finding.law for finding in findings if finding.kind == "not decided"} - broken
    advice = sum(finding.advice for finding in findings)
    undecided = f", {len(open_)} not decided" if open_ else ""
    yield f"{len(SCHEMA_LAWS)} laws: {len(broken) or 'none'} broken{undecided}; {advice or 'no'} advice"
