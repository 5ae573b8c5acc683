import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.fuzzy import fuzzy
from slotfill.extractors.opposites import contradict
from slotfill.schemas.folding import fold

SENTENCE = "The committee of the company found that {} on the whole in the past."

OPPOSITES = [
    ("it is now clear", "it is not clear"),
    ("go no further", "go on further"),
    ("sales increased", "sales decreased"),
    ("tea with sugar", "tea without sugar"),
    ("this is right", "this isn't right"),
    ("they never came", "they ever came"),
    ("always late", "never late"),
    ("prices went up", "prices went down"),
    ("more money", "less money"),
    ("above the line", "below the line"),
    ("yes they can", "no they can"),
    ("they can pay", "they can't pay"),
    ("they are unable", "they are able"),
    ("the profit was big", "the loss was big"),
    ("a million came", "a billion came"),
    ("two boxes", "ten boxes"),
    ("in June", "in July"),
    ("on Monday", "on Sunday"),
    ("he was hired", "he was fired"),
    ("she came", "he came"),
    ("legal matters", "illegal matters"),
    ("a careful man", "a careless man"),
    ("import duties", "export duties"),
    ("the employer paid", "the employee paid"),
    ("it was accepted", "it was excepted"),
    ("before noon", "after noon"),
    ("a -5 percent", "a 5 percent"),
    ("1.5 percent", "15 percent"),
    ("5% more", "5 more"),
    ("$5 each", "€5 each"),
    ("it costs 5", "it costs"),
    ("grade B", "grade C"),
    ("phase II", "phase III"),
    ("5 mg of it", "5 kg of it"),
    ("x < 5", "x > 5"),
    ("est bon", "n'est pas bon"),
    ("das ist nicht gut", "das ist recht gut"),
    ("он не пришёл", "он пришёл"),
    ("包裹没到", "包裹到"),
    ("星期三", "星期二"),
]

SLIPS = [
    ("the goods were recieved", "the goods were received"),
    ("the colour of it", "the color of it"),
    ("realy cold soup", "really cold soup"),
    ("teh soup", "the soup"),
    ("the soup was very cold", "the soup was cold"),
    ("包裏到了", "包裹到了"),
]


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_an_opposite_is_no_slip(one, other):
    for quote, text in ((one, other), (other, one)):
        assert contradict(fold(quote), fold(text))
        assert fuzzy(SENTENCE.format(quote), SENTENCE.format(text)) == []


@pytest.mark.parametrize(("quote", "text"), SLIPS)
def test_a_slip_is_no_opposite(quote, text):
    assert not contradict(fold(quote), fold(text))
    assert len(fuzzy(SENTENCE.format(quote), f"So. {SENTENCE.format(text)} Yes.")) == 1


def test_the_words_that_hold_a_word_come_last():
    assert fuzzy("ham", "all hamburgers; hams") == [(4, 14), (16, 20)]
    assert fuzzy("hamburger", "two hamburgers, all hamburgers") == [(4, 14), (20, 30)]
    assert fuzzy("able", "unable") == fuzzy("ever", "never") == fuzzy("12", "2012") == fuzzy("am", "ham") == []


def test_a_fuzzy_passage_is_whole_words():
    document = "They delivered the remarkable soups today."
    start = document.index("the rem")
    assert fuzzy("the remarkble soup", document) == [(start, document.index(" today"))]


@given(st.text())
def test_nothing_contradicts_itself_and_a_negation_or_figure_more_always_does(text):
    text = fold(text)
    assert not contradict(text, text)
    for more in ("not", "7", "%"):
        assert contradict(text, f"{text}; {more}")
        assert contradict(f"{more}; {text}", text)
