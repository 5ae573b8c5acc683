"""What comes of a call: with no credential in it, whatever repeats one."""

import json

import pytest

from slotfill import BatchPlace, Failure, Usage
from slotfill.extractors.clients.calls import redacted
from slotfill.extractors.http.redaction import HIDDEN, Redaction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.rungs.asks import Answer
from slotfill.schemas.errors import FieldError

KEY = "sk-ant-api03-a/b+c=\"d\\e'f%41"
USAGE = Usage(3, 4)


@pytest.mark.parametrize(
    "part",
    [
        {"json": json.dumps({"a": KEY})},
        {"text": f"I think {KEY}"},
        {"stop_reason": KEY},
        {"errors": (FieldError("", f"the reply calls the tool {KEY!r}"),)},
        {"failure": Failure(FailureKind.SERVER, f"{KEY} is wrong")},
        {"request_id": KEY},
        {"scored": (f"/{KEY}",)},
        {"batch": BatchPlace(KEY, "a")},
        {"batch": BatchPlace("msgbatch_1", KEY)},
    ],
    ids=lambda part: next(iter(part)),
)
def test_nothing_of_an_answer_says_it(part):
    answer = redacted(Answer(**part, usage=USAGE, ms=5), Redaction([KEY]))
    told = json.dumps(answer.to_json())
    assert HIDDEN in told
    assert KEY not in told
    assert json.dumps(KEY)[1:-1] not in told
    assert (answer.usage, answer.ms) == (USAGE, 5)


def test_what_holds_none_is_the_very_same():
    answer = Answer(json="{}", text="{}", stop_reason="end_turn", request_id="req_1")
    assert redacted(answer, Redaction([KEY])) is answer
