"""What came of an answer, and of those before it."""

import pytest

from slotfill import Attempt, Failure, FailureKind, Outcome, Rung
from slotfill.extractors.rungs.results import Result, Status


def attempts(*rungs):
    return tuple(Attempt(rung, "claude-haiku-5-5", "structured", ok=False) for rung in rungs)


@pytest.mark.parametrize(
    ("rungs", "outcome"),
    [
        ([Rung.ASK], Outcome.VALID),
        ([Rung.ASK, Rung.MEND], Outcome.MENDED),
        ([Rung.ASK, Rung.MEND, Rung.PATCH], Outcome.PATCHED),
        ([Rung.ASK, Rung.REASK, Rung.MEND], Outcome.REASKED),
        ([Rung.ASK, Rung.FALLBACK, Rung.PATCH], Outcome.FALLBACK),
    ],
)
def test_a_value_ends_as_the_highest_rung_it_took(rungs, outcome):
    assert Result(Status.VALID, attempts=attempts(*rungs)).outcome is outcome


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.VALID])
def test_no_value_is_never_ok(status):
    outcome = Result(status, attempts=attempts(Rung.ASK)).outcome
    assert not outcome.ok
    assert (outcome is Outcome.PARTIAL) == (status in (Status.CUT_OFF, Status.CONTEXT_FULL, Status.BROKEN_OFF))


def test_it_carries_what_led_to_it():
    first = Result(Status.INVALID, data={"a": 1}, attempts=attempts(Rung.ASK)).after(None)
    last = Result(Status.FAILED, attempts=attempts(Rung.REASK)).after(first)
    assert [attempt.rung for attempt in last.attempts] == [Rung.ASK, Rung.REASK]
    assert (last.data, last.last_read) == (None, {"a": 1})
    assert Result(Status.INVALID, data=0).after(first).last_read == 0


@pytest.mark.parametrize("kind", FailureKind)
def test_another_model_is_asked_where_it_may_not_fail_alike(kind):
    assert Result(Status.FAILED, failure=Failure(kind, "why")).ends_fallbacks == kind.ends_fallbacks
    assert Result(Status.FAILED, failure=Failure(kind, "why")).text_is_too_long == kind.a_shorter_text_may_help
    assert Result(Status.VALID).ends_fallbacks
