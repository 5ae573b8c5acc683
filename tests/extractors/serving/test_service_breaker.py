"""The breaker of a service: whoever asks whether it is ready leads it to find out."""

import pytest

from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer
from slotfill.extractors.runs.breaker import FAILURES
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service_breaker import RENEWAL, ServiceBreaker

MODELS = ("claude-haiku-5-5", "claude-sonnet-5")


class Clock:
    """A clock that is set by hand."""

    at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return ServiceBreaker(MODELS, lambda _: None, now=clock)


def fail(breaker, model, kind):
    """Have a model answer with a failure, or with None, a reply."""
    breaker.note(breaker.admit(model), model, Answer(failure=kind and Failure(kind, "no")))


@pytest.mark.parametrize(
    ("kind", "times", "pause"), [(FailureKind.AUTHENTICATION, 1, RENEWAL), (FailureKind.OVERLOADED, FAILURES, 2)]
)
def test_it_is_ready_again_when_it_is_time_to_find_out(kind, times, pause, breaker, clock):
    for _ in range(times):
        fail(breaker, MODELS[0], kind)
    assert breaker.reason is not None
    for model in MODELS:
        with pytest.raises(ProblemError, match="no model can be asked now"):
            breaker.check(model)
    clock.at += pause
    assert breaker.reason is None
    fail(breaker, MODELS[0], kind)
    assert breaker.reason is not None


def test_a_model_that_the_account_may_not_use_closes_no_other(breaker, clock):
    fail(breaker, MODELS[0], FailureKind.PERMISSION)
    with pytest.raises(
        ProblemError, match="the model 'claude-haiku-5-5' cannot be asked now: no: use a key that may, or another model"
    ) as refused:
        breaker.check(MODELS[0])
    with pytest.raises(ProblemError):
        breaker.admit(MODELS[0])
    assert (refused.value.status, refused.value.retry_after) == (503, RENEWAL)
    fail(breaker, MODELS[1], None)
    assert (breaker.reason, breaker.state) == (None, "closed")
    fail(breaker, MODELS[1], FailureKind.PERMISSION)
    assert (breaker.reason is None, breaker.state) == (False, "ended")
    clock.at += RENEWAL
    assert (breaker.reason, breaker.state) == (None, "closed")
    fail(breaker, MODELS[0], None)
    breaker.check(MODELS[0])


def test_a_model_that_may_not_be_used_says_that_the_service_answers(breaker, clock):
    for _ in range(FAILURES):
        fail(breaker, MODELS[0], FailureKind.OVERLOADED)
    clock.at += 2
    fail(breaker, MODELS[0], FailureKind.PERMISSION)
    breaker.check(MODELS[1])
    assert breaker.state == "closed"
