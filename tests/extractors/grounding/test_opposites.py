import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.grounding.fuzzy import fuzzy
from slotfill.extractors.grounding.opposites import contradict
from slotfill.schemas.passages.folding import fold

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

OTHER_WORDS = [
    ("Values are listed in {} order of the year in which they were last reported here.", "ascending", "descending"),
    ("The {} patient was sent to the ward on the second floor for further tests today.", "symptomatic", "asymptomatic"),
    ("The child was {} when she was seen by the doctor in the ward this very morning.", "febrile", "afebrile"),
    ("She should take one {} of the powder with water before she goes to bed at night.", "milligram", "microgram"),
    ("The service must {} the files of each customer with the key that the bank has sent.", "encrypt", "decrypt"),
    ("The second house was a good deal {} than the one which they had seen last week.", "bigger", "smaller"),
    (
        "During the night the monitor recorded an episode of {} that the nurse saw.",
        "bradycardia",
        "tachycardia",
    ),
    ("It was shown in the second part of the paper that the series is {} throughout.", "convergent", "divergent"),
    ("The scan that was made on Tuesday shows a {} effusion of the same size as before.", "unilateral", "bilateral"),
    ("The time of the last {} is written to the journal of the server every single day.", "login", "logout"),
    (
        "The {} distance between the two pipes must be measured again by the builder.",
        "vertical",
        "horizontal",
    ),
    ("The solvent that was used for all samples in the second series of tests was {}.", "methanol", "ethanol"),
    ("The water of the well was tested for {} by the laboratory in town on Tuesday morning.", "nitrate", "nitrite"),
    ("The {} hormones were measured in all the patients of the second group last spring.", "endogenous", "exogenous"),
    ("Der {} trägt nach dem Vertrag alle Kosten, die bei der Übergabe der Sache entstehen.", "Käufer", "Verkäufer"),
    ("Der {} hat die Wohnung vor dem Ende der Frist in gutem Zustand zu übergeben.", "Mieter", "Vermieter"),
    (
        "Der Arzt hält die Frau auch in den nächsten zwei Wochen noch für {}.",
        "arbeitsfähig",
        "arbeitsunfähig",
    ),
    ("Die {} der Lieferung wurde dem Kunden am späten Abend noch per Brief bestätigt.", "Aufnahme", "Abnahme"),
    ("Sie soll das Licht in der Halle am Abend immer vor dem Gehen noch {}.", "anschalten", "ausschalten"),
]

SLIPS = [
    ("the goods were recieved", "the goods were received"),
    ("the colour of it", "the color of it"),
    ("realy cold soup", "really cold soup"),
    ("teh soup", "the soup"),
    ("the soup was very cold", "the soup was cold"),
    ("包裏到了", "包裹到了"),
    ("the goods were accomodated", "the goods were accommodated"),
    ("the gouse was sold", "the house was sold"),
    ("the ouse was sold", "the house was sold"),
    ("the hhouse was sold", "the house was sold"),
    ("the ohuse was sold", "the house was sold"),
    ("the businesses were sold", "the business were sold"),
    ("itis possible", "it is possible"),
    ("die Rechnug kam", "die Rechnung kam"),
    ("der Käfer bezahlte", "der Käufer bezahlte"),
    ("der Vrkäufer bezahlte", "der Verkäufer bezahlte"),
    ("die Strae war leer", "die Straße war leer"),
]


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
def test_an_opposite_is_no_slip(one, other):
    for quote, text in ((one, other), (other, one)):
        assert contradict(fold(quote), fold(text))
        assert fuzzy(SENTENCE.format(quote), SENTENCE.format(text)) == []


@pytest.mark.parametrize(("sentence", "one", "other"), OTHER_WORDS)
def test_another_word_is_no_slip_however_long_the_sentence_is(sentence, one, other):
    assert len(sentence.split()) >= 14
    for quote, text in ((one, other), (other, one)):
        assert fuzzy(sentence.format(quote), f"So. {sentence.format(text)} Yes.") == []
        assert fuzzy(sentence.format(quote), f"So. {sentence.format(quote + 'e')} Yes.") != []


@pytest.mark.parametrize("words", [("inactive", "in active"), ("asymptomatic", "a symptomatic")])
def test_a_space_that_makes_the_opposite_is_no_slip(words):
    one, other = map(SENTENCE.format, words)
    assert fuzzy(one, other) == fuzzy(other, one) == []


def test_a_word_is_no_part_of_its_opposite():
    assert fuzzy("febrile", "an afebrile child") == fuzzy("Käufer", "der Verkäufer") == []


@pytest.mark.parametrize(("quote", "text"), SLIPS)
def test_a_slip_is_no_opposite(quote, text):
    assert not contradict(fold(quote), fold(text))
    assert len(fuzzy(SENTENCE.format(quote), f"So. {SENTENCE.format(text)} Yes.")) == 1


def test_the_words_that_hold_a_word_come_last():
    assert fuzzy("ham", "all hamburgers; hams") == [(4, 14), (16, 20)]
    assert fuzzy("hamburger", "two hamburgers, all hamburgers") == [(4, 14), (20, 30)]
    assert fuzzy("container", "a containership, a contaner") == [(19, 27)]
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
