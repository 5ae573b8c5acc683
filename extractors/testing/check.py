"""The check of a schema: all laws, then all advice."""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.testing.findings import Finding
from slotfill.schemas.errors import MissingExtraError

try:
    from slotfill.extractors.testing.advice import ADVICE
    from slotfill.extractors.testing.law import Source, Subject
    from slotfill.extractors.testing.laws import LAWS
    from slotfill.extractors.testing.search import DEFAULT_EXAMPLES, Search
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise MissingExtraError("the check needs the extra `testing`: pip install 'slotfill[testing]'") from error

__all__ = ["DEFAULT_EXAMPLES", "check", "report"]


def check(source: Source, *, max_examples: int = DEFAULT_EXAMPLES, seed: int = 0) -> tuple[Finding, ...]:
    """Hold a schema against every law; give what was found, broken laws first.

    source: as `slotfill.schemas.resolve` takes it. Its own worked examples may be wrong: that is a finding.
    max_examples: how many values are made for each law. seed: the same one gives the same findings.

    Raises SchemaError when the schema cannot be used at all.
    """
    return tuple(_findings(Subject.of(source, Search(max_examples, seed))))


def _findings(subject: Subject) -> Iterator[Finding]:
    for law in LAWS:
        yield from law.findings(subject)
    for advise in ADVICE:
        yield from advise(subject)


def report(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Give the lines that tell a person what was found: a paragraph a finding, and a summary."""
    for finding in findings:
        yield f"{'advice' if finding.advice else 'broken'}: {finding.law}: {finding.path or 'the value'}"
        yield f"    {finding.message}"
        if finding.shown:
            yield f"    {finding.shown}"
        yield ""
    broken = {finding.law for finding in findings if not finding.advice}
    advice = sum(finding.advice for finding in findings)
    yield f"{len(LAWS)} laws: {len(broken) or 'none'} broken; {advice or 'no'} advice"
