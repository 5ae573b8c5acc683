"""Which sentences answer a question, and that none does where the text does not speak of it."""

import pytest

from slotfill.extractors.local.candidates.answering import answering_sentences

TEXT = (
    "Oak & Sons sells shelves. Refunds are given within 30 days of delivery.\nThe shop is open on weekdays from "
    "nine to five. It was founded by Ada Byron in Leeds. Shipping costs 4 euros."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the refund policy?", ["Refunds are given within 30 days of delivery."]),
        ("When is the shop open?", ["The shop is open on weekdays from nine to five."]),
        ("Who founded it?", ["It was founded by Ada Byron in Leeds."]),
        ("How much does shipping cost?", ["Shipping costs 4 euros."]),
        ("How much is a shelf?", []),
        ("Where is the head office?", []),
        ("Does it ship abroad?", []),
        ("What is the phone number?", []),
        ("Who sells shelves?", ["Oak & Sons sells shelves."]),
        ("What?", []),
    ],
)
def test_a_question_is_answered_by_what_speaks_of_it(question: str, answer: list[str]) -> None:
    assert answering_sentences(TEXT, question) == answer
