"""What the labels of `sentiment` are worth on the embedded model: scores, and the numbers that are shipped for them.

    python benchmarks/biases.py score ../shared/data scores.jsonl --half even
    python benchmarks/biases.py fit scores.jsonl
    python benchmarks/biases.py report scores.jsonl ...

`score` asks the model about each labelled text once, by the prompt of the built-in schema, and adds the log-
probabilities of its labels to a file; what is there already is not asked again. `fit` and `report` ask nothing. `fit`
finds one temperature, and a bias a label that depends on what a text looks like, by maximum likelihood with normal
priors, and writes extractors/local/by_field/fitted_biases.json. Fit to the even half; the odd one is for the report.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.optimize import minimize

from slotfill.extractors.local.by_field.calibration import Calibration
from slotfill.extractors.local.by_field.fields import ANSWERS, FieldDecoder
from slotfill.extractors.local.by_field.fitted_biases import FITTED, fitted_biases
from slotfill.extractors.local.by_field.layout import begin
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.by_field.text_features import text_features
from slotfill.extractors.local.conversation import Shot
from slotfill.extractors.local.llama import shared_engine
from slotfill.extractors.local.llama_server import EngineOptions
from slotfill.extractors.local.weights import weights
from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.marks.silent_marks import without_silent_marks
from slotfill.schemas.schema import Schema

LABELLED = Path(__file__).parent.parent / "fixtures" / "labelled"
KINDS = ("social", "finance", "informative", "paragraphs", "sentences", "neutral", "longer", "pages")
"""The sets of texts: `sentences` are those of the data folder, the others the project's own."""

LABELS = ("positive", "negative", "neutral")
POINTER = "/sentiment"

USUAL_SHARPNESS = 2.0
TRUST_IN_SHARPNESS = 1.0
TRUST_IN_NO_SLOPE = 1.0
TRUST_IN_NO_BIAS = 0.1
"""The precisions of the normal priors, chosen with the features by cross-validation on the even half."""

BINS = 10
SURE = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    score = commands.add_parser("score", help="ask the model")
    score.add_argument("data", type=Path, help="the folder with sentiment.jsonl")
    score.add_argument("scores", type=Path, help="the file that scores are added to")
    score.add_argument("--half", choices=["even", "odd"], required=True)
    score.set_defaults(run=add_scores)
    fit = commands.add_parser("fit", help="write the numbers that are shipped")
    fit.add_argument("scores", type=Path)
    fit.set_defaults(run=write_biases)
    report = commands.add_parser("report", help="what the shipped numbers are worth, by kind of text")
    report.add_argument("scores", type=Path)
    report.set_defaults(run=print_report)
    options = parser.parse_args()
    options.run(options)


def add_scores(options: argparse.Namespace) -> None:
    """Ask about what the file does not hold."""
    known = {(one["kind"], one["row"]) for one in lines_of(options.scores)}
    engine = shared_engine(model_file(), EngineOptions(threads=1, slots=1))  # others' work does not hold up one thread
    decoder, started = sentiment_decoder(engine), time.monotonic()
    field = decoder.lines[0]
    with options.scores.open("a", encoding="utf-8") as file:
        for kind in KINDS:
            path = options.data / "sentiment.jsonl" if kind == "sentences" else LABELLED / f"{kind}.jsonl"
            for row, entry in enumerate(lines_of(path)):
                if row % 2 != (options.half == "odd") or (kind, row) in known:
                    continue
                prompt = f"{decoder.fitted(decoder.shots, begin(entry['text']), ANSWERS)}{field.heading}:"
                scores, _ = engine.score(prompt, LABELS, threading.Event())
                line = {"kind": kind, "row": row, "right": entry["sentiment"], "scores": scores, "text": entry["text"]}
                print(json.dumps(line, ensure_ascii=False), file=file, flush=True)
            print(f"{kind}: {time.monotonic() - started:.0f} s", flush=True)


def write_biases(options: argparse.Namespace) -> None:
    fitted = fit_biases([*lines_of(options.scores)])
    entry = {
        "sharpness": round(fitted.sharpness, 4),
        "bias": [round(value, 4) for value in fitted.bias],
        "slopes": [[round(value, 4) for value in slopes] for slopes in fitted.slopes],
    }
    FITTED.write_text(json.dumps({prompt_key(): {POINTER: entry}}, indent=1) + "\n", "utf-8")
    print(f"{FITTED.name}: {entry}")


def fit_biases(rows: Sequence[Any]) -> Calibration:
    """Maximise the likelihood of the labels: softmax(t·s + b + W·f) of scores s and features f."""
    scores = np.array([row["scores"] for row in rows])
    features = np.array([[1.0, *text_features(row["text"])] for row in rows])
    right = np.array([LABELS.index(row["right"]) for row in rows])
    trust = np.full((len(LABELS), features.shape[1]), TRUST_IN_NO_SLOPE)
    trust[:, 0] = TRUST_IN_NO_BIAS

    def loss(parameters: Any) -> float:
        found_weights = parameters[1:].reshape(trust.shape)
        logits = parameters[0] * scores + features @ found_weights.T
        surprise = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(right)), right]
        prior = TRUST_IN_SHARPNESS * (parameters[0] - USUAL_SHARPNESS) ** 2 + (trust * found_weights**2).sum()
        return float(surprise.sum() + prior / 2)

    best = minimize(loss, np.r_[USUAL_SHARPNESS, np.zeros(trust.size)], options={"maxiter": 2_000}).x
    found = best[1:].reshape(trust.shape)
    return Calibration(float(best[0]), tuple(found[:, 0].tolist()), tuple(map(tuple, found[:, 1:].tolist())))


def print_report(options: argparse.Namespace) -> None:
    shipped = fitted_biases(prompt_key())[POINTER]
    judged: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
    for row in lines_of(options.scores):
        chances = shipped.for_text(row["text"]).probabilities(row["scores"])
        best = max(range(len(LABELS)), key=chances.__getitem__)
        judged[row["kind"]].append((row["right"], LABELS[best], chances[best]))
    for kind, entries in judged.items():
        print(f"{kind}: {summary(entries)}")
    domain = [entry for kind in ("social", "finance", "informative", "neutral") for entry in judged[kind]]
    print(f"other domains: {summary(domain)}")
    every = [entry for entries in judged.values() for entry in entries]
    print(f"all: {summary(every)}")
    for sure in SURE:
        answered = [right == said for right, said, chance in every if chance >= sure]
        print(f"sure {sure:.2f}: answered {len(answered) / len(every):.3f}, right {share(answered)}")


def summary(entries: Sequence[tuple[str, str, float]]) -> str:
    """Write accuracy, calibration error, what that error is by chance alone, and each label's recall."""
    hits = [right == said for right, said, _ in entries]
    recalls = [
        f"{label} {share(found)}"
        for label in LABELS
        if (found := [right == said for right, said, _ in entries if right == label])
    ]
    chances = [chance for *_, chance in entries]
    error = calibration_error([*zip(chances, hits, strict=True)])
    known = f"calibration error {error:.3f} (by chance {chance_error(chances):.3f})"
    return f"right {share(hits)}, {known}; {', '.join(recalls)}"


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Return the mean distance of confidence and accuracy, over ten bins."""
    bins: dict[int, list[float]] = defaultdict(list)
    for chance, hit in pairs:
        bins[min(BINS - 1, int(chance * BINS))].append(chance - hit)
    return sum(abs(sum(entries)) for entries in bins.values()) / max(1, len(pairs))


def chance_error(chances: Sequence[float], *, draws: int = 400) -> float:
    """Return the error that confidences which are all true have on so few texts, on average."""
    generator = np.random.default_rng(0)
    hits = generator.random((draws, len(chances))) < np.array(chances)
    return float(np.mean([calibration_error([*zip(chances, map(bool, row), strict=True)]) for row in hits]))


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / max(1, len(hits)):.3f} of {len(hits)}"


def lines_of(path: Path) -> Iterator[Any]:
    if path.exists():
        yield from map(json.loads, path.read_text("utf-8").splitlines())


def model_file() -> Path:
    path = weights.installed()
    if path is None:
        raise SystemExit("the embedded model is not there: slotfill models pull")
    return path


def prompt_key() -> str:
    """Return what the numbers stand under; the model need not be loaded for it."""
    path = model_file()
    return sentiment_decoder(SimpleNamespace(identity=(path.name, path.stat().st_size))).prompt_key()


def sentiment_decoder(engine: Any) -> FieldDecoder:
    """Make what answers the questions of `sentiment`, as a request of it does."""
    schema = Schema(Sentiment)
    sent = without_silent_marks(schema.json_schema)
    compiled = compile_schema(sent)
    examples = [Shot(example.text, example.value) for example in schema.examples]
    labelled = [Shot(example.text, example.value) for example in Sentiment.calibration]
    return FieldDecoder(engine, sent, compiled, None, examples=examples, labelled=labelled, instructions="")


if __name__ == "__main__":
    main()
