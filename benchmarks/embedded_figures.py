"""What the embedded model is worth, in one table: each figure with its number of texts, its aim, and whether it is met.

    python benchmarks/embedded_figures.py ../shared/data figures/
    python benchmarks/embedded_figures.py ../shared/data figures/ --most 75
    python benchmarks/embedded_figures.py ../shared/data trial/ --half even --only invoices wishes

All is measured on odd rows: by the even ones examples, rules and biases are chosen. Answers are kept in the folder, so
that what was stopped goes on: the model is asked once about each text. A new folder measures anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from biases import LABELLED, LABELS, POINTER, SURE, add_scores, calibration_error, chance_error, lines_of, prompt_key
from embedded import TYPES, placed
from pydantic import BaseModel

from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.loading import load_record
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.local.by_field.fitted_biases import fitted_biases
from slotfill.extractors.local.candidates.stated import stated_values
from slotfill.schemas.built_in.entities import Entities
from slotfill.schemas.sources.schema_sources import resolve

Judged = list[tuple[str, str, float]]
"""The right label, the one that was given, and its confidence."""


class InvoiceLine(BaseModel):
    """A line of an invoice: what was bought, how many, and for how much."""

    description: str
    quantity: int | None = None
    amount: float | None = None


class Invoice(BaseModel):
    """Read an invoice, a receipt or a bill."""

    vendor: str
    date: dt.date | None = None
    total: float | None = None
    currency: Literal["EUR", "USD", "GBP", "CHF", "SEK", "NOK"] | None = None
    lines: list[InvoiceLine]


@dataclass(frozen=True)
class Figure:
    """of: how many it was counted of. at_least: whether the aim is the least, or the most."""

    name: str
    value: float
    of: int
    aim: float
    at_least: bool = True

    def row(self) -> str:
        """Write it as a row of the table."""
        met = self.value >= self.aim if self.at_least else self.value <= self.aim
        bound = "at least" if self.at_least else "at most"
        return f"| {self.name} | {self.value:.3f} | {self.of} | {bound} {self.aim:g} | {'met' if met else 'missed'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with sentiment.jsonl and entities.jsonl")
    parser.add_argument("folder", type=Path, help="where answers are kept")
    parser.add_argument("--most", type=int, default=150, help="texts of a set; default: all of its half")
    parser.add_argument("--half", choices=("even", "odd"), default="odd", help="default: odd; even, to choose by")
    parser.add_argument("--only", nargs="+", choices=("sentiment", *READ), help="these alone, and not all")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.scores = options.folder / "scores.jsonl"
    wanted = options.only or ("sentiment", *READ)
    print("| what | value | of | aim | |", "|---|---|---|---|---|", sep="\n")
    if "sentiment" in wanted:
        add_scores(options)
        judged = judged_labels(options.scores)
        show(sentiment(judged))
    for name in wanted:
        show(READ[name](options) if name in READ else ())
    if "sentiment" in wanted:
        show_abstention(judged)


def show(figures: Iterable[Figure]) -> None:
    for figure in figures:
        print(figure.row(), flush=True)


def show_abstention(judged: dict[str, Judged]) -> None:
    print("", "| confidence at least | answered | right |", "|---|---|---|", sep="\n")
    every = [one for entries in judged.values() for one in entries]
    for sure in SURE:
        hits = [right == given for right, given, chance in every if chance >= sure]
        print(f"| {sure:g} | {len(hits) / len(every):.3f} | {mean(hits):.3f} of {len(hits)} |")


def judged_labels(scores: Path) -> dict[str, Judged]:
    shipped = fitted_biases(prompt_key())[POINTER]
    judged: dict[str, Judged] = defaultdict(list)
    for row in lines_of(scores):
        chances = shipped.for_text(row["text"]).probabilities(row["scores"])
        best = max(range(len(LABELS)), key=chances.__getitem__)
        judged[row["kind"]].append((row["right"], LABELS[best], chances[best]))
    return judged


def sentiment(judged: dict[str, Judged]) -> Iterator[Figure]:
    notices = judged["informative"] + judged["neutral"]
    domains = judged["social"] + judged["finance"] + notices
    paragraphs = judged["paragraphs"] + judged["longer"]
    yield right("review sentences right, three labels", judged["sentences"], 0.91)
    yield right("reviews of 60 to 150 words right", judged["longer"], 0.85)
    yield right("paragraphs right", judged["paragraphs"], 0.85)
    yield right("posts right", judged["social"], 0.7)
    yield right("finance right", judged["finance"], 0.7)
    yield recall("neutral recall, notices and specifications", notices, "neutral", 0.85)
    yield recall("neutral recall, posts", judged["social"], "neutral", 0.5)
    yield recall("neutral recall, finance", judged["finance"], "neutral", 0.85)
    yield recall("negative recall, finance", judged["finance"], "negative", 0.6)
    for name, entries in (
        ("sentences", judged["sentences"]),
        ("paragraphs", paragraphs),
        ("pages", judged["pages"]),
        ("other domains", domains),
    ):
        error = calibration_error([(chance, right == given) for right, given, chance in entries])
        chance = chance_error([chance for *_, chance in entries])
        yield Figure(
            f"calibration error, {name} (by chance alone {chance:.3f})", error, len(entries), 0.05, at_least=False
        )


def right(name: str, entries: Judged, aim: float) -> Figure:
    return Figure(name, mean([right == given for right, given, _ in entries]), len(entries), aim)


def recall(name: str, entries: Judged, label: str, aim: float) -> Figure:
    return right(name, [entry for entry in entries if entry[0] == label], aim)


def entities(options: argparse.Namespace) -> Iterator[Figure]:
    for name, path, types, aim in (
        ("users' texts", options.data / "entities.jsonl", TYPES, 0.5),
        ("news", LABELLED / "headlines.jsonl", {one: one for one in ("person", "location", "organization")}, 0.65),
    ):
        matched = given = there = texts = quoted = 0
        for row, one in answers(options, path, Entities):
            gold = {(e["start"], e["end"], types[e["type"]]) for e in row["entities"] if e["type"] in types}
            spans = {span for span in placed(one, row["text"]) if span[2] in types.values()} if one.has_value else set()
            matched, given, there = matched + len(gold & spans), given + len(spans), there + len(gold)
            texts += len(one.value.entities) if one.has_value else 0
            quoted += sum(entity.text in row["text"] for entity in one.value.entities) if one.has_value else 0
        yield Figure(f"entities, strict F1, {name}", 2 * matched / max(1, given + there), there, aim)
        yield Figure(f"Verbatim in the text, {name}", quoted / max(1, texts), texts, 1.0)


def invoices(options: argparse.Namespace) -> Iterator[Figure]:
    hits: dict[str, list[bool]] = defaultdict(list)
    invented: list[bool] = []
    for row, one in answers(options, LABELLED / "invoices.jsonl", Invoice):
        gold, value = row["value"], one.data if one.has_value else {}
        for name in ("vendor", "date", "total", "currency"):
            same = alike if name == "vendor" else equal
            hits[name].append(bool(value) and same(value.get(name), gold[name]))
        lines = [*value.get("lines", ())]
        for line in gold["lines"]:
            match = next((other for other in lines if same_line(other, line)), None)
            hits["lines"].append(match is not None)
            lines = [other for other in lines if other is not match]
        numbers = [
            value.get("total"),
            *(line.get(key) for line in value.get("lines", ()) for key in ("quantity", "amount")),
        ]
        invented += [not stands(number, row["text"]) for number in numbers if number is not None]
    fields = [hit for name in ("vendor", "date", "total", "currency") for hit in hits[name]]
    yield Figure("invoices, fields right", mean(fields), len(fields), 0.8)
    for name, found in hits.items():
        yield Figure(f"invoices, {name} right", mean(found), len(found), 0.6 if name == "lines" else 0.8)
    yield Figure("invoices, numbers that do not stand in the text", mean(invented), len(invented), 0, at_least=False)


def wishes(options: argparse.Namespace) -> Iterator[Figure]:
    hits: dict[str, list[bool]] = defaultdict(list)
    invented: list[bool] = []
    for row, one in answers(options, LABELLED / "wishes.jsonl", "product, price float?, wishes [str]"):
        gold, value = row["value"], one.data if one.has_value else {}
        hits["product"].append(alike(value.get("product"), gold["product"]))
        hits["price"].append(bool(value) and equal(value.get("price"), gold["price"]))
        given = value.get("wishes", [])
        hits["wishes"] += [any(overlaps(other, wish) for other in given) for wish in gold["wishes"]]
        hits["wishes that are one"] += [any(overlaps(other, wish) for wish in gold["wishes"]) for other in given]
        if value.get("price") is not None:
            invented.append(not stands(value["price"], row["text"]))
    for name, found in hits.items():
        yield Figure(f"one-line schema, {name} right", mean(found), len(found), 0.6)
    yield Figure(
        "one-line schema, prices that do not stand in the text", mean(invented), len(invented), 0, at_least=False
    )


def answers(options: argparse.Namespace, path: Path, schema: Any) -> Iterator[tuple[Any, Any]]:
    """Yield rows with what the model makes of them; what was answered is read from the folder."""
    kept = options.folder / f"{path.stem}.jsonl"
    known = [*lines_of(kept)]
    rows = [*lines_of(path)][int(options.half == "odd") :: 2][: options.most]
    with Extractor(schema, model="local") as extractor, kept.open("a", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            if number < len(known):
                yield row, load_record(known[number], resolve(schema), Document.of(row["text"]))
                continue
            extraction = extractor.extract(row["text"])
            print(json.dumps(extraction.to_json()), file=file, flush=True)
            yield row, extraction


def words(text: Any) -> str:
    return " ".join(re.findall(r"\w+", str(text or "").casefold()))


def alike(given: Any, gold: str) -> bool:
    return words(given) == words(gold)


def equal(given: Any, gold: Any) -> bool:
    return bool(given == gold)


def same_line(given: dict[str, Any], gold: dict[str, Any]) -> bool:
    """Whether a line has the quantity, the amount, and the description or a part of it with all its longer words."""
    one, other = words(given.get("description")), words(gold["description"])
    described = bool(one) and (one in other or other in one)
    return described and given.get("quantity") == gold["quantity"] and given.get("amount") == gold["amount"]


def overlaps(given: str, gold: str) -> bool:
    """Whether a wish holds the other, or half of its words at least."""
    one, other = set(words(given).split()), set(words(gold).split())
    return 2 * len(one & other) >= max(1, len(other)) and 3 * len(one & other) >= len(one)


def stands(number: float, text: str) -> bool:
    return bool(stated_values(text, "number", lambda value: value == number))


def mean(hits: list[bool]) -> float:
    return sum(hits) / max(1, len(hits))


READ: dict[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "entities": entities,
    "invoices": invoices,
    "wishes": wishes,
}
"""What is measured of values that are read, beside labels."""


if __name__ == "__main__":
    main()
