"""The report: what was assumed of the service, and what was observed, for a person and for those who make slotfill."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import anthropic

from slotfill import __version__
from slotfill.extractors.live.assumption import Assumption, conclude_all
from slotfill.extractors.live.judging import Conclusion
from slotfill.extractors.live.probes import Observation
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was observed. observations: by the probes' names; of what was not asked there is none."""

    model: str
    address: str
    at: datetime
    assumptions: tuple[Assumption, ...]
    observations: Mapping[str, Observation]

    @property
    def conclusions(self) -> list[tuple[Assumption, Conclusion]]:
        """Each assumption with what was concluded."""
        return list(conclude_all(self.assumptions, self.observations))

    @property
    def states(self) -> Counter[str]:
        """How many assumptions were held, broken and not decided."""
        return Counter(conclusion.state for _, conclusion in self.conclusions)

    def lines(self) -> Iterator[str]:
        """Write it as Markdown."""
        states = self.states
        yield "# What slotfill assumes of the service"
        yield ""
        yield ", ".join(f"{name} {value}" for name, value in _versions().items())
        yield f"{self.model} at {self.address}, {self.at:%Y-%m-%d %H:%M} UTC, {len(self.observations)} requests"
        yield ""
        for assumption, conclusion in self.conclusions:
            yield f"- **{conclusion.state}** {assumption.name}: {assumption.text}"
            yield f"  {conclusion.fact}"
            if conclusion.state == "broken" and (names := self._request_ids(assumption)):
                yield f"  requests: {', '.join(names)}"
        yield ""
        yield f"{states['held']} held, {states['broken']} broken, {states['not decided']} not decided"
        if states["broken"]:
            yield "Please send this report to those who make slotfill. It holds no credential and no text of yours."

    def to_json(self) -> JSONObject:
        """Return it as plain JSON data."""
        return {
            **_versions(),
            "model": self.model,
            "address": self.address,
            "at": self.at.isoformat(timespec="seconds"),
            "assumptions": [
                {
                    "name": assumption.name,
                    "text": assumption.text,
                    "state": conclusion.state,
                    "fact": conclusion.fact,
                    "request_ids": self._request_ids(assumption),
                }
                for assumption, conclusion in self.conclusions
            ],
        }

    def _request_ids(self, assumption: Assumption) -> list[str]:
        observed = (self.observations.get(probe.name) for probe in assumption.probes)
        return [name for one in observed if one and (name := one.headers.get("request-id"))]


def _versions() -> dict[str, str]:
    return {
        "slotfill": __version__,
        "anthropic": anthropic.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
