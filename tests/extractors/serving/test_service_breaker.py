"""The breaker of a service: whoever asks whether it is ready leads it to find out."""

import pytest

from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer
from slotfill.extractors.runs.breaker import FAILURES
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service_breaker import RENEWAL, ServiceBreaker


@pytest.mark.parametrize(
    ("kind", "times", "pause"), [(FailureKind.AUTHENTICATION, 1, RENEWAL), (FailureKind.OVERLOADED, FAILURES, 2)]
)
def test_it_is_ready_again_when_it_is_time_to_find_out(kind, times, pause):
    at = 100.0
    breaker = ServiceBreaker(lambda _: None, now=lambda: at)
    for _ in range(times):
        breaker.note(breaker.admit(), Answer(failure=Failure(kind, "no")))
    assert breaker.reason is not None
    with pytest.raises(ProblemError, match="no model can be asked now"):
        breaker.check()
    at += pause
    assert breaker.reason is None
    breaker.note(breaker.admit(), Answer(failure=Failure(kind, "no")))
    assert breaker.reason is not None
