"""Inputs of real kinds, with what must come of them, from the folder that is shared beside a checkout."""

import importlib.util
import json

import pytest
from checkout import SHARED

CASES = SHARED / "cases"
REPLIES = CASES / "replies.jsonl"


def cases():
    lines = REPLIES.read_text(encoding="utf-8").splitlines() if REPLIES.exists() else []
    return [pytest.param(case, id=case["id"]) for case in map(json.loads, filter(str.strip, lines))]


@pytest.fixture(scope="module")
def shortfall():
    """Give what says how a case falls short, as the folder's own script does."""
    specification = importlib.util.spec_from_file_location("shared_cases", CASES / "run.py")
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    return script.shortfall


@pytest.mark.skipif(not REPLIES.exists(), reason="the shared cases are not beside this checkout")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("case", cases())
def test_what_must_come_of_a_reply_comes_of_it(case, shortfall):
    assert shortfall(case) is None
