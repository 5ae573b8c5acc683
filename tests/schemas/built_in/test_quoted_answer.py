import json

import pytest

from slotfill import AnswerExtractor, Extractor, load_record
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import InvalidError, QuotedAnswer, SchemaError, resolve

QUESTION = "What is the {refund} policy?"
SAYS_NOTHING = {"quotes": [], "answer": None}
FILLER = "The office has a garden and a view. " * 40
LONG = f"Goods can be sent back within 30 days.\n\n{FILLER}\n\nOpened software is not taken back.\n\n{FILLER}"


def says(request):
    """Give what a model that reads its part of the text says of it."""
    passages = [
        one for one in ("sent back within 30 days", "Opened software is not taken back") if one in request.document
    ]
    return {"quotes": passages, "answer": ", ".join(passages) + "."} if passages else SAYS_NOTHING


def test_the_question_stands_in_the_instructions_once_and_its_braces_stay():
    schema = resolve("answer", parameters={"question": QUESTION})
    assert schema.name == "answer"
    assert schema.instructions.splitlines()[1] == f"The question is: {QUESTION}"
    assert "{question}" not in json.dumps(schema.json_schema)
    assert schema.id != resolve("answer", parameters={"question": "Another one?"}).id


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"quotes": [], "answer": "30 days"}, "no passage that shows it"),
        ({"quotes": ["30 days"], "answer": None}, "no answer"),
        ({"quotes": ["30 days"], "answer": ""}, "at least 1 character"),
        ({"quotes": ["60 days"], "answer": "60 days"}, "does not stand in the document"),
    ],
)
def test_an_answer_and_its_quotes_come_together_and_from_the_document(value, reason):
    with pytest.raises(InvalidError, match=reason):
        resolve("answer").validate(json.dumps(value), document="Within 30 days.")


@pytest.mark.parametrize(("value", "stated"), [(SAYS_NOTHING, False), ({"quotes": ["x"], "answer": "x"}, True)])
def test_whether_it_is_stated_is_told_by_the_answer(value, stated):
    schema = resolve("answer")
    assert schema.dump(schema.validate(json.dumps(value))) == {**value, "stated": stated}


def test_without_its_question_it_is_shown_and_not_asked():
    assert "{question}" in resolve("answer").instructions
    with pytest.raises(SchemaError, match="needs its parameter 'question': -P question="):
        Extractor("answer", client=SimulatedClaude().client())


@pytest.mark.parametrize("question", ["", " \n", "x" * 4001, 5])
def test_a_question_says_something(question):
    with pytest.raises(SchemaError, match="parameter 'question' of schema 'answer'"):
        resolve("answer", parameters={"question": question})


def test_of_a_long_document_the_chunks_answer_that_say_it():
    claude = SimulatedClaude(says)
    with AnswerExtractor(QUESTION, client=claude.client(), chunk_chars=600) as extractor:
        extraction = extractor.extract(LONG)
    assert len(extraction.chunks) > 4
    assert extraction.ok
    assert extraction.value.quotes == ["sent back within 30 days", "Opened software is not taken back"]
    assert extraction.value.answer == "sent back within 30 days. Opened software is not taken back."
    assert extraction.value.stated
    assert extraction.conflicts == ()
    assert extraction.found_in["/quotes/0"] == (0,)
    assert [LONG[extraction.spans[f"/quotes/{at}"].start :][:6] for at in (0, 1)] == ["sent b", "Opened"]


def test_of_a_long_document_that_says_nothing_there_is_no_answer():
    with AnswerExtractor(QUESTION, client=SimulatedClaude(says).client(), chunk_chars=600) as extractor:
        value = extractor.extract(FILLER).value
    assert value == QuotedAnswer(quotes=[], answer=None)
    assert not value.stated


def test_a_record_holds_the_question_and_is_talked_about():
    claude = SimulatedClaude(says)
    with AnswerExtractor(QUESTION, client=claude.client()) as extractor:
        record = extractor.extract(LONG).to_json()
        assert record["schema"]["parameters"] == {"question": QUESTION}
        stored = load_record(record, extractor.schema)
        assert stored.to_json()["schema"] == record["schema"]
        again = extractor.refine(extractor.extract(LONG), "And for software?")
    assert again.history[-1].correction == "And for software?"
    assert "And for software?" in json.dumps(claude.requests[-1].body)
