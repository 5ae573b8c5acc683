"""A seeded sample of the fault matrix; `make soak` plays all of it, and writes docs/faults.md."""

import random
from itertools import combinations, groupby

import pytest

from slotfill.extractors.record import Outcome
from slotfill.extractors.testing.matrix import (
    CALLS,
    DRIVERS,
    ONLINE_FAULTS,
    Cell,
    in_process,
    on_a_port,
    pairs,
    singles,
)
from slotfill.extractors.testing.orders import Case, orders
from slotfill.extractors.testing.scenes import KEY

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
    assert both == {*map(frozenset, combinations(ONLINE_FAULTS, 2))}


@pytest.mark.parametrize(("driver", "mode"), CALLS)
def test_without_a_fault_all_is_valid(driver, mode, port):
    result = port.play(Cell((), driver, mode), orders(DOCUMENTS))
    assert result.breaches == []
    assert result.outcomes == {Outcome.VALID: DOCUMENTS}
    assert result.requests == DOCUMENTS


@pytest.mark.parametrize("fault", ONLINE_FAULTS)
def test_a_fault_over_http_leaves_all_accounts_right(fault, port):
    cell = random.Random(f"{SEED}/{fault}").choice(BY_FAULT[fault])
    result = port.play(cell, orders(DOCUMENTS))
    assert result.breaches == []
    assert result.outcomes.total() == DOCUMENTS
    assert result.struck[fault]


@pytest.mark.parametrize("fault", ["truncated", "refusal", "missing_field", "529", "reset", "wrong_type", "html"])
@pytest.mark.parametrize("driver", ["refine", "fallback"])
def test_further_turns_and_fallbacks_leave_all_accounts_right(driver, fault, process):
    result = process.play(Cell((f"{fault}:0.5",), driver, "structured"), orders(DOCUMENTS))
    assert result.breaches == []
    assert result.struck[fault]
    if driver == "fallback" and fault == "refusal":
        assert result.outcomes[Outcome.FALLBACK]


@pytest.mark.parametrize("part", range(10))
def test_pairs_of_faults_leave_all_accounts_right(part, process):
    cells = random.Random(SEED).sample([*pairs()], PAIRS)[part::10]
    found = [process.play(cell, [case]) for cell, case in zip(cells, orders(len(cells)), strict=True)]
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
    shown = Case(f"{case.text} It was sent with {KEY}.", case.truth)
    result = process.play(Cell((), "map", "structured"), [shown])
    assert result.breaches == [
        ", map, structured: document 0: : the key stands in the record",
        ", map, structured: the key stands in a log line",
    ]
