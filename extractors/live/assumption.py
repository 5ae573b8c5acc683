"""An assumption: one thing that slotfill builds on, the requests that try it, and what decides it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slotfill.extractors.live.judging import Conclusion, Criterion, fact_of, not_decided
from slotfill.extractors.live.probes import Observation, Probe
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["UNANSWERED", "Assumption", "conclude_all", "probes_of"]

UNANSWERED = frozenset(kind for kind in FailureKind if kind.retry_later or kind.stops_run) - {
    FailureKind.UNREADABLE_REPLY,
    FailureKind.NOT_FOUND,
}
"""The failures that say nothing of a request: it was not looked at."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """One thing that is assumed of the service.

    text: it, in one sentence. probes: the requests that try it. judge: what decides, given an observation of each.
    rests_on: the name of an assumption without which this one cannot be shown; "" for none.
    """

    name: str
    text: str
    probes: tuple[Probe, ...]
    judge: Criterion
    rests_on: str = ""

    def conclude(self, observations: Mapping[str, Observation]) -> Conclusion:
        """Judge by what was observed, by the probes' names."""
        observed = [observations[probe.name] for probe in self.probes if probe.name in observations]
        if len(observed) < len(self.probes):
            return not_decided("it was not asked")
        for one in observed:
            if one.failure and one.failure.type in UNANSWERED:
                return not_decided(fact_of(one))
        try:
            return self.judge(*observed)
        except Exception as error:  # noqa: BLE001 - a gateway may send anything
            return Conclusion("broken", f"the reply is of another form: {type(error).__name__}: {error}")


def probes_of(assumptions: Sequence[Assumption]) -> tuple[Probe, ...]:
    """Return the requests that try them, each once."""
    return tuple({probe.name: probe for assumption in assumptions for probe in assumption.probes}.values())


def conclude_all(
    assumptions: Sequence[Assumption], observations: Mapping[str, Observation]
) -> Iterator[tuple[Assumption, Conclusion]]:
    """Judge them all, in their order, which has those first that others rest on."""
    unsound: set[str] = set()
    for assumption in assumptions:
        conclusion = assumption.conclude(observations)
        if conclusion.state == "broken":
            unsound.add(assumption.name)
            if assumption.rests_on in unsound:
                conclusion = not_decided(f"it rests on {assumption.rests_on}; {conclusion.fact}")
        yield assumption, conclusion
