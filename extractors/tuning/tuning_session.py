"""A tuning session: gold in two parts, the tuner on the one, and what it chose held against the schema on the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from slotfill.extractors.catalogue import model_ids
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError, StoppedError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.record.money import money_json
from slotfill.extractors.tuning.gold_parts import gold_parts
from slotfill.extractors.tuning.halving import TuningRung
from slotfill.extractors.tuning.rewriting import Rewriting, rewriting_task, rewritten_variant
from slotfill.extractors.tuning.scoring import METRIC, PartComparison, compare_parts, trial_of
from slotfill.extractors.tuning.trial_rates import MARGIN
from slotfill.extractors.tuning.tuner import Selection, TuningSearch, select_variant
from slotfill.extractors.tuning.variant_runs import VariantRuns
from slotfill.extractors.tuning.variants import Trial, Variant
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.schema import Schema
from slotfill.schemas.sources.tuned import Tuned

__all__ = ["Tuning", "tune"]

REPORT_SHARE = 0.4
"""Of gold: so much is held back for the report."""

LEAST_GOLD = 20
"""Fewer documents cannot be divided into parts that say anything."""

REWRITINGS = 3
"""So many instructions the model is asked to write, each by other mistakes."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a session found. comparison: None where the budget did not reach the report. stopped: why it ended early."""

    tuned: Tuned
    choice: Selection
    comparison: PartComparison | None
    spent: Decimal | None
    stopped: str | None


def tune(
    schema: Schema[Any],
    gold: Sequence[GoldDocument],
    runs: VariantRuns,
    *,
    model: str,
    variants: int = 16,
    seed: int = 0,
    on_rung: Callable[[TuningRung, Sequence[float] | None], None] = lambda _, __: None,
) -> Tuning:
    """Find better words for a schema, and say how much better they are.

    Args:
        schema: What is extracted.
        gold: Documents with their texts.
        runs: What asks the model.
        model: Its name.
        variants: How many are tried at first.
        seed: Of all that is drawn.
        on_rung: As in `TuningSearch`.

    Raises:
        InputError: There is too little gold.
    """
    usable = [one for one in gold if one.text is not None and one.text.strip()]
    if len(usable) < LEAST_GOLD:
        raise InputError(
            f"gold has {len(usable)} documents with a text, and tuning takes {LEAST_GOLD} at least, better 100: label "
            "more, for instance by correcting the output of `slotfill extract`"
        )
    chosen_by, reported_on = gold_parts(usable, (1 - REPORT_SHARE, REPORT_SHARE), seed)
    session = _Session(schema, runs, len(reported_on))
    local = model_ids.is_local(model)
    choice = select_variant(
        schema,
        chosen_by,  # and never the other part, which is not handed over
        TuningSearch(
            session.measure,
            # A small model does not write instructions that help, nor does it read any beside examples.
            rewrite=None if local else session.rewrite,
            words=not local,
            calibrates=local,
            variants=variants,
            seed=seed,
            left=lambda: runs.left,
            on_rung=on_rung,
        ),
    )
    runs.held = Decimal(0)
    comparison, stopped = session.report(choice, reported_on, seed)
    parts = {"chosen_by": len(chosen_by), "reported_on": len(reported_on), "without_text": len(gold) - len(usable)}
    report = _report(choice, comparison, runs.spent, parts, seed=seed, stopped=stopped or choice.stopped)
    better = comparison is not None and comparison.verdict == "better"
    kept = choice.best if better else choice.untuned
    tuned = Tuned(schema.name, schema.id, model, better, kept.instructions, kept.examples, kept.calibration, report)
    return Tuning(tuned, choice, comparison, runs.spent, stopped or choice.stopped)


@dataclass(frozen=True, slots=True)
class _Session:
    """Has variants asked. reported: how many documents the budget must reach for in the end, twice."""

    schema: Schema[Any]
    runs: VariantRuns
    reported: int

    def measure(self, variant: Variant, documents: Sequence[GoldDocument]) -> Trial:
        """Ask about documents, and hold back what the report will cost as far as that is known."""
        schema = variant.apply(self.schema)
        trial = trial_of(schema, documents, self.runs.ask(schema, [_document(one) for one in documents]))
        if trial.cost_usd is not None and documents:
            likely = MARGIN * 2 * self.reported * trial.cost_usd / len(documents)
            self.runs.held = max(self.runs.held, likely + self.runs.worst)
        return trial

    def rewrite(self, untuned: Variant, pool: Sequence[GoldDocument], seen: Trial) -> list[Variant]:
        """Have instructions written by the mistakes seen."""
        tasks = [
            rewriting_task(untuned.instructions, self.schema.json_schema, pool, seen.mistakes, seed)
            for seed in range(REWRITINGS)
        ]
        documents = list({task.id: task for task in tasks if task is not None}.values())
        records = self.runs.ask(Schema(Rewriting), documents) if documents else []
        made = [rewritten_variant(untuned, record["value"], f"rewritten {at}") for at, record in enumerate(records, 1)]
        return [one for one in made if one is not None]

    def report(
        self, choice: Selection, documents: Sequence[GoldDocument], seed: int
    ) -> tuple[PartComparison | None, str | None]:
        """Compare what was chosen with the schema as it was. Returns why it cannot where the budget is spent."""
        read = [_document(one) for one in documents]
        try:
            before = self.runs.ask(self.schema, read)
            after = self.runs.ask(choice.best.apply(self.schema), read) if choice.is_other else None
        except StoppedError as reason:
            return None, str(reason)
        return compare_parts(self.schema, documents, before, after, seed=seed), None


def _document(gold: GoldDocument) -> Document:
    return Document.of(gold.text or "", gold.source)


def _report(
    choice: Selection,
    comparison: PartComparison | None,
    spent: Decimal | None,
    parts: JSON,
    *,
    seed: int,
    stopped: str | None,
) -> JSONObject:
    """Write the account as plain JSON data."""
    return {
        "metric": METRIC,
        "verdict": None if comparison is None else comparison.verdict,
        "never_looked_at": None if comparison is None else comparison.to_json(),
        "gold": parts,
        "seed": seed,
        "cost_usd": money_json(spent),
        "stopped": stopped,
        "candidates": _candidates(choice),
        "curve": _curve(choice),
    }


def _candidates(choice: Selection) -> list[JSONObject]:
    """Write every variant that was tried, with each rung that it was on."""
    variants = {row.variant.id: row.variant for row in choice.rows}
    return [
        {
            "name": variant.name,
            "chosen": variant.id == choice.best.id,
            "instructions": variant.instructions,
            "examples": [one.text for one in variant.examples],
            "calibration": len(variant.calibration),
            "rungs": [
                {"documents": row.documents, "part": row.part, "score": row.score, "cost_usd": money_json(row.cost_usd)}
                for row in choice.rows
                if row.variant.id == key
            ],
        }
        for key, variant in variants.items()
    ]


def _curve(choice: Selection) -> list[JSONObject]:
    """Write, after each trial, what all have cost till then and the best score among those with as many documents."""
    points, asked = [], {}
    for row in choice.rows:
        asked[row.part, row.variant.id] = row
        costs = [one.cost_usd for one in asked.values()]
        total = None if None in costs else sum((cost for cost in costs if cost is not None), Decimal(0))
        alike = [one.score for one in asked.values() if (one.part, one.documents) == (row.part, row.documents)]
        points.append(
            {
                "documents": sum(one.documents for one in asked.values()),
                "cost_usd": money_json(total),
                "rung": row.documents,
                "best": max(alike),
            }
        )
    return points
