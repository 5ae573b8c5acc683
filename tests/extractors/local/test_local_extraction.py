"""The embedded model by the path that users take: Extractor and command line."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slotfill import Extraction, Extractor
from slotfill.schemas import Entities, Sentiment

pytestmark = pytest.mark.local

TEXT = "The screen is bright and the battery lasts for days. I would buy it again. Ada Byron, 5 May 2021."


@pytest.fixture(scope="module")
def both(model_file: Path) -> list[Extraction[Any]]:
    """Two schemas' values of the text, asked for at once."""

    async def gathered() -> list[Extraction[Any]]:
        async with Extractor(Sentiment, model="local") as one, Extractor(Entities, model="local") as other:
            return await asyncio.gather(one.aextract(TEXT), other.aextract(TEXT))

    return asyncio.run(gathered())


def check(extraction: Extraction[Any]) -> None:
    assert extraction.outcome.value == "valid", extraction.error
    assert extraction.attempts[0].mode == "structured"
    assert extraction.usage.output_tokens > 0
    assert extraction.cost_usd == 0


@pytest.mark.parametrize(
    "schema",
    [
        "price float?, colours [red|blue]",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("feedback", "summary")),
    ],
)
def test_every_schema_gets_a_valid_value(model_file: Path, schema: str) -> None:
    with Extractor(schema, model="local") as extractor:
        check(extractor.extract(TEXT))


def test_so_do_two_schemas_at_once(both: list[Extraction[Any]]) -> None:
    for extraction in both:
        check(extraction)


def test_quotes_stand_in_the_document(both: list[Extraction[Any]]) -> None:
    first, second = both
    quotes = [*first.value.key_phrases, *(entity.text for entity in second.value.entities)]
    assert quotes
    assert all(quote in TEXT for quote in quotes)


def test_the_command_line_needs_no_key(model_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    command = [sys.executable, "-m", "slotfill", "extract", "sentiment", "a.txt"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(result.stdout)["sentiment"] == "positive"
    assert result.stderr == "no Anthropic credential is set: using the embedded model\n"
    assert result.returncode == 0


@pytest.mark.slow
def test_sentiment_is_mostly_right(model_file: Path, shared_data: Path) -> None:
    """At least 75 % of every ninth of the 300 labelled sentences; benchmarks/embedded.py takes more."""
    rows = [json.loads(line) for line in (shared_data / "sentiment.jsonl").read_text().splitlines()][::9]
    with Extractor(Sentiment, model="local") as extractor:
        right = [extractor.extract(row["text"]).data["sentiment"] == row["sentiment"] for row in rows]
    assert sum(right) / len(right) >= 0.75


def test_with_evidence_it_says_the_same_and_that_it_shows_none(model_file: Path) -> None:
    """Of labels and numbers far from any tie: another server, or another prompt before, rounds its scores otherwise."""
    schema = "verdict praise|complaint, price float, rating int?"
    text = "I love this lamp, it is wonderful. It cost 12.50 dollars."
    with Extractor(schema, model="local") as extractor, Extractor(schema, model="local", evidence=True) as shown:
        plain, extraction = extractor.extract(text), shown.extract(text)
    check(extraction)
    assert extraction.data == plain.data == {"verdict": "praise", "price": 12.5}
    assert extraction.evidence["/verdict"] == ()


def test_what_the_model_is_not_sure_of_is_no_value() -> None:
    with Extractor(Sentiment, model="local", sure=1.0) as extractor:
        extraction = extractor.extract("Seen it.")
    assert (extraction.ok, extraction.error.type, extraction.error.path) == (False, "unsure", "/sentiment")
