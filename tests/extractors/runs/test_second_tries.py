"""What is held of documents until they are asked once more."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from slotfill import Document, Extraction, Outcome, Usage
from slotfill.extractors.record.parts import Attempt, Rung
from slotfill.extractors.runs import second_tries
from slotfill.extractors.runs.second_tries import SecondTries

costs = st.none() | st.decimals(0, 9, places=9)
counts = st.none() | st.integers(0, 10**12)


@given(st.lists(st.tuples(st.text(min_size=1), st.none() | st.text(), costs, counts), max_size=9))
def test_what_goes_in_comes_out_once_in_order(given_):
    put = []
    with SecondTries() as held:
        for text, source, cost, count in given_:
            document = Document(text, "id", source)
            attempt = Attempt(Rung.ASK, "m", "text", ok=False, usage=Usage(count, 1))
            priced = {"cost_usd": cost, "surcharge_usd": cost}
            held.add(Extraction(document, "s", "i", "m", Outcome.FAILED, attempts=(attempt,), **priced))
            put.append((document, attempt.usage, cost))
        assert len(held) == len(put)
        half, taken = len(put) // 2, []
        for first in held:
            assert first.surcharge_usd == first.cost_usd
            taken.append((first.document, first.usage, first.cost_usd))
            if len(taken) >= half:
                break
        taken += [(first.document, first.usage, first.cost_usd) for first in held]
        assert not held
    assert [(document, usage) for document, usage, _ in taken] == [(document, usage) for document, usage, _ in put]
    assert [cost and Decimal(cost) for *_, cost in taken] == [cost and Decimal(cost) for *_, cost in put]


def test_many_are_not_held_in_memory():
    text = "x" * (second_tries.IN_MEMORY // 10)
    with SecondTries() as held:
        for _ in range(30):
            held.add(Extraction(Document.of(text), "s", "i", "m", Outcome.FAILED))
        assert held._file._rolled
        assert sum(first.document.text == text for first in held) == 30
