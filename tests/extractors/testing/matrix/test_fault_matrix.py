"""A seeded sample of the fault matrix; `make soak` plays all of it, and writes docs/faults.md."""

import random
from itertools import combinations, groupby, product

import pytest

from slotfill.extractors.extractor import Extractor
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.testing.checking.scenarios import KEY
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.matrix.extractor_drivers import DRIVERS
from slotfill.extractors.testing.matrix.fault_matrix import in_process, on_a_port
from slotfill.extractors.testing.matrix.matrix_cells import CALLS, MODES, ONLINE_FAULTS, Cell, pairs, singles
from slotfill.extractors.testing.matrix.order_documents import Case, orders
from slotfill.extractors.testing.simulator.fault_triggers import Trigger

pytestmark = pytest.mark.slow

SEED = 5
DOCUMENTS = 10
PAIRS = 300
"""How many of the pairs' cells are played."""

BY_FAULT = {fault: [*cells] for (fault,), cells in groupby(singles(), lambda cell: cell.names)}


@pytest.fixture(scope="module")
def port():
    with on_a_port(SEED) as rig:
        yield rig


@pytest.fixture(scope="module")
def process():
    with in_process(SEED) as rig:
        yield rig


def test_the_matrix_holds_every_fault_in_every_driver_and_mode_where_it_strikes():
    assert [*BY_FAULT] == [*ONLINE_FAULTS]
    cells = [*singles()]
    assert {(cell.driver, cell.mode) for cell in cells} == {*CALLS}
    assert {driver for driver, _ in CALLS} == {*DRIVERS}
    both = {frozenset(cell.names) for cell in pairs()}
    apart = {frozenset(pair) for pair in product(TEXT_FAULTS, ("wrong_tool", "two_tools"))}
    assert both == {*map(frozenset, combinations(ONLINE_FAULTS, 2))} - apart


@pytest.mark.parametrize(("driver", "mode"), CALLS)
def test_without_a_fault_all_is_valid(driver, mode, port):
    cell, readings = Cell((), driver, mode), DOCUMENTS * DRIVERS[driver].passes
    result = port.play(cell, cell.cases(DOCUMENTS))
    assert result.breaches == []
    assert result.outcomes == {Outcome.VALID: DOCUMENTS}
    assert result.requests >= 2 * readings if DRIVERS[driver].chunked else result.requests == readings


@pytest.mark.parametrize("fault", ONLINE_FAULTS)
def test_a_fault_over_http_keeps_all_invariants(fault, port):
    cell = random.Random(f"{SEED}/{fault}").choice(BY_FAULT[fault])
    result = port.play(cell, cell.cases(DOCUMENTS))
    assert result.breaches == []
    assert result.outcomes.total() == DOCUMENTS
    assert result.struck[fault]


@pytest.mark.parametrize(
    "fault", ["truncated", "refusal", "missing_field", "529", "reset", "wrong_type", "html", "504"]
)
@pytest.mark.parametrize("driver", [*DRIVERS][4:])
def test_further_turns_fallbacks_passes_and_chunks_keep_all_invariants(driver, fault, process):
    cell = Cell((f"{fault}:0.5",), driver, random.Random(f"{driver}/{fault}").choice([*MODES]))
    result = process.play(cell, cell.cases(DOCUMENTS))
    assert result.breaches == []
    assert result.struck[fault]
    if DRIVERS[driver].fallback and fault == "refusal":
        assert result.outcomes[Outcome.FALLBACK]


@pytest.mark.parametrize("fault", ["refusal", "truncated", "529"])
@pytest.mark.parametrize("mode", MODES)
def test_one_chunk_that_is_lost_makes_a_document_partial_and_all_of_them_fail_it(mode, fault, process):
    one = Cell((Trigger(fault, about="The customer wants"),), "chunks", mode)  # the wish stands in the last chunk alone
    result = process.play(one, [one.case(2)])
    assert result.breaches == []
    assert result.outcomes == {Outcome.PARTIAL: 1}
    every = Cell((fault,), "chunks", mode)
    result = process.play(every, [every.case(2)])
    assert result.breaches == []
    assert not sum(result.outcomes[outcome] for outcome in Outcome if outcome.ok)


@pytest.mark.parametrize("mode", MODES)
def test_what_a_mode_asks_for_is_asked_in_it(mode):
    target, claude = MODES[mode], SimulatedClaude()
    with Extractor(target.schema, client=claude.client(), model=target.model) as extractor:
        assert extractor.extract("Order 1.").attempts[0].mode == mode


@pytest.mark.parametrize("part", range(10))
def test_pairs_of_faults_keep_all_invariants(part, process):
    cells = random.Random(SEED).sample([*pairs()], PAIRS)[part::10]
    found = [process.play(cell, [cell.case(number)]) for number, cell in enumerate(cells)]
    assert [breach for result in found for breach in result.breaches] == []
    assert sum(result.outcomes.total() for result in found) == len(cells)


def test_the_same_seed_plays_the_same(process):
    cell = Cell(("truncated:0.5", "wrong_type:0.5"), "amap", "structured")
    played = []
    for seed in (1, 1, 2):
        with in_process(seed) as rig:
            result = rig.play(cell, orders(DOCUMENTS))
        assert result.breaches == []
        played.append((result.outcomes, result.struck))
    assert played[0] == played[1] != played[2]


def test_a_key_that_is_shown_is_a_breach(process):
    (case,) = orders(1)
    shown = Case(f"{case.text} It was sent with {KEY}.", case.passages)
    result = process.play(Cell((), "map", "structured"), [shown])
    assert result.breaches == [
        ", map, structured: document 0: : the key stands in the record",
        ", map, structured: the key stands in a log line",
    ]
