"""Long documents in chunks: planted facts found, what is asked, and what it takes, at 10, 100 and 1,000 facts.

    python benchmarks/chunks.py

A simulated model finds what stands in its chunk, and nothing else. Printed are, for each size of document, how many
facts were found, and found twice, the requests, the tokens in for each character, and the processor time of the
extraction with the simulated service in the same process.
"""

from __future__ import annotations

import random
import re
import time
from typing import Any

from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.testing.claude import SimulatedClaude

CHUNK_CHARS = 4_000
SIZES = ((10, 10_000), (100, 100_000), (1_000, 1_000_000))
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "while", "日本", "rains", "café"]
FACT = re.compile(r"\[\[(\w+) has (\d+) coins\]\]")


class Fact(BaseModel):
    """Who has how much."""

    name: str
    amount: int


class Facts(BaseModel):
    """List all facts."""

    facts: list[Fact]


def ledger(count: int, size: int) -> str:
    chance, parts = random.Random(count), []
    for number in range(count):
        filler = ""
        while len(filler) < size // count - 40:
            filler += chance.choice(WORDS) + chance.choice([" ", " ", ". ", "\n\n"])
        parts.append(f"{filler}[[person{number} has {chance.randrange(1000)} coins]] ")
    return "".join(parts)


def found_in(asked: Any) -> dict[str, Any]:
    return {"facts": [{"name": fact[1], "amount": int(fact[2])} for fact in FACT.finditer(asked.document)]}


def main() -> None:
    print("facts  characters  found  twice  requests  tokens in a character  cost USD   CPU s")
    for count, size in SIZES:
        text, claude = ledger(count, size), SimulatedClaude(found_in)
        with Extractor(Facts, client=claude.client(), chunk_chars=CHUNK_CHARS) as extractor:
            extractor.extract("Warm.")
            before, started = len(claude.requests), time.process_time()
            extraction = extractor.extract(text)
            took = time.process_time() - started
        names = [fact.name for fact in extraction.value.facts]
        right = len(set(names) & {f"person{number}" for number in range(count)})
        told = extraction.usage.input_tokens / len(text)
        asked = len(claude.requests) - before
        print(
            f"{count:>5}  {len(text):>10,}  {right:>5}  {len(names) - len(set(names)):>5}  {asked:>8}  {told:>21.3f}"
            f"  {extraction.cost_usd:>8.5f}  {took:>6.2f}"
        )


if __name__ == "__main__":
    main()
