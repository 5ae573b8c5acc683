"""What votes and escalation bring and cost, on a simulated model whose errors are known.

    python benchmarks/votes.py [DOCUMENTS]

The simulated model is right but for known shares of each field (`slotfill.extractors.testing.erring`): the cheap one
is wrong in 4 to 25 % of a field's values, the strong one in a fifth as many. An error is the value of another document.
A part of the errors, `shared`, is the same in each reading of a document, and, as far as the strong model errs so
often, in its reading too: no vote finds these. Whether the readings of the real models share more or less than that
nobody knows without gold; so three shares are shown. Costs are what the simulated service counts, its cache included,
at the catalogue's prices of the real models.

Printed are the calibration error of agreement (ECE, ten bins) on one half of the documents, before and after a
calibration that was learnt on the other half, and the accuracy of fields against the cost of a document, by strategy.
"above the line" is by how many points a strategy is better than the mix of one cheap and one strong reading that costs
the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Literal

from pydantic import BaseModel

from slotfill import Extraction, Extractor
from slotfill.extractors.calibrating.field_curves import FieldCurves, learn_curves
from slotfill.extractors.testing import SimulatedClaude, erring
from slotfill.schemas.json_values.pointer import follow

CHEAP, STRONG = "claude-haiku-5-5", "claude-opus-5-5"

RATES = {"/team": 0.10, "/urgency": 0.25, "/product": 0.04, "/refund": 0.12, "/amount": 0.08, "/tags": 0.20}
"""How often the cheap model is wrong. The strong one is in a fifth as many cases."""

WORDS = ["the", "line", "stopped", "again", "while", "nobody", "was", "there", "since", "Monday", "after", "a", "noise"]
TAGS = ["brakes", "doors", "roof", "lamps", "seats", "engine"]


class Ticket(BaseModel):
    """Read the complaint."""

    team: Literal["workshop", "sales", "billing", "parts", "fleet"]
    urgency: Literal[1, 2, 3, 4, 5]
    product: Literal["bus", "van", "car", "tram"]
    refund: bool
    amount: int
    tags: list[str]


def corpus(count: int) -> dict[str, dict[str, Any]]:
    """Make documents of some 1,000 tokens, each with its right value."""
    chance = Random(17)
    documents = {}
    for number in range(count):
        text = f"Complaint {number}. " + " ".join(chance.choices(WORDS, k=750))
        documents[text] = {
            "team": chance.choice(["workshop", "sales", "billing", "parts", "fleet"]),
            "urgency": chance.randint(1, 5),
            "product": chance.choice(["bus", "van", "car", "tram"]),
            "refund": chance.choice([True, False]),
            "amount": chance.randrange(10, 900),
            "tags": sorted(chance.sample(TAGS, chance.randint(0, 3))),
        }
    return documents


def verdicts(extraction: Extraction[Any], right: dict[str, Any]) -> dict[str, bool]:
    """Say of each part that agreement is told of whether it is right; an item of a list is where the gold has it."""
    data = extraction.reply
    judged = {}
    for path in extraction.agreement:
        part = follow(path, data)
        judged[path] = part in right["tags"] if path.startswith("/tags/") else part == follow(path, right)
    return judged


def calibration_error(points: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error: by ten bins, how far what is claimed is from how often it was right."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for number, is_right in points:
        bins.setdefault(min(int(number * 10), 9), []).append((number, is_right))
    gaps = (abs(sum(number - is_right for number, is_right in several)) for several in bins.values())
    return sum(gaps) / len(points)


def run(documents: dict[str, Any], shared: float, seed: int = 1, **options: Any) -> list[Extraction[Any]]:
    """Extract from all documents by one strategy."""
    strong = {path: rate / 5 for path, rate in RATES.items()}
    claude = SimulatedClaude(erring(documents, RATES, by_model={STRONG: strong}, shared=shared, seed=seed))
    with Extractor(Ticket, client=claude.client(), **options) as extractor:
        extractor.warm()
        extractions = [extractor.extract(text) for text in documents]
    assert all(extraction.ok for extraction in extractions)
    return extractions


def measured(extractions: Sequence[Extraction[Any]], documents: dict[str, Any]) -> tuple[float, float]:
    """Return the accuracy of fields, and the cost in USD of 1,000 documents."""
    right = [
        extraction.data[field] == value
        for extraction, truth in zip(extractions, documents.values(), strict=True)
        for field, value in truth.items()
    ]
    cost = sum(float(extraction.cost_usd or 0) for extraction in extractions)
    return sum(right) / len(right), cost / len(extractions) * 1000


def learnt(
    extractions: Sequence[Extraction[Any]], documents: dict[str, Any]
) -> tuple[FieldCurves, list[tuple[float, bool, float]]]:
    """Learn a calibration on one half; return of each part of the other agreement, rightness and probability."""
    pairs = [(one, verdicts(one, truth)) for one, truth in zip(extractions, documents.values(), strict=True)]
    with Extractor(Ticket, client=SimulatedClaude().client()) as extractor:
        curves = learn_curves(extractor.schema, ((one.to_json(), judged) for one, judged in pairs[::2]))
    judged = [
        (share, right[path], curves.probability("/tags/*" if path.startswith("/tags/") else path, share))
        for one, right in pairs[1::2]
        for path, share in one.agreement.items()
    ]
    return curves, judged


def report(documents: dict[str, Any], shared: float) -> Iterator[str]:
    """Tell of all strategies."""
    voted = run(documents, shared, model=CHEAP, votes=3)
    curves, judged = learnt(voted, documents)
    before = calibration_error([(share, right) for share, right, _ in judged])
    after = calibration_error([(probability, right) for _, right, probability in judged])
    yield f"shared {shared:.0%}: calibration error of agreement {before:.3f}, calibrated {after:.3f}"
    strategies = {
        "one cheap reading": run(documents, shared, model=CHEAP),
        "three cheap readings": voted,
        "cheap, then escalate": run(documents, shared, model=CHEAP, votes=3, escalate=STRONG),
        "the same, calibrated": run(
            documents, shared, model=CHEAP, votes=3, escalate=STRONG, sure=0.85, calibration=curves
        ),
        "one strong reading": run(documents, shared, model=STRONG),
    }
    points = {name: measured(extractions, documents) for name, extractions in strategies.items()}
    (low, cheap), (high, dear) = points["one cheap reading"], points["one strong reading"]
    for name, (accuracy, cost) in points.items():
        above = accuracy - (low + (high - low) * (cost - cheap) / (dear - cheap))
        requests = sum(len(one.attempts) for one in strategies[name]) / len(documents)
        yield f"  {name:22} {accuracy:7.1%} {cost:8.2f} USD {above * 100:+6.1f} {requests:5.2f} requests"


def main() -> None:
    documents = corpus(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
    print(f"{len(documents)} documents of 6 fields; {CHEAP} and {STRONG}")
    print("  strategy               accuracy  1,000 docs  above the line, in points")
    for shared in (0.25, 0.5, 0.75):
        for line in report(documents, shared):
            print(line, flush=True)


if __name__ == "__main__":
    main()
