"""What is made of a line that the model wrote."""

import pytest

from slotfill.extractors.local.filling.writing import _read_line
from slotfill.extractors.local.strategies import ABSENT, NOT_EMPTY, Line

ONE = Line(verbatim=False, many=False, blank=None, shortest=1)
SOME = Line(verbatim=False, many=True, blank=[], shortest=1)
AT_LEAST_TWO = Line(verbatim=False, many=True, blank=NOT_EMPTY, shortest=1, fewest=2)


@pytest.mark.parametrize(
    ("line", "text", "cut", "value"),
    [
        (ONE, " A plain line.\n", False, "A plain line."),
        (ONE, " none\n", False, None),
        (Line(verbatim=False, many=False, blank=ABSENT), " none\n", False, ABSENT),
        (Line(verbatim=False, many=False, blank=NOT_EMPTY), " none\n", False, "none"),
        (ONE, " so good so good so good then", False, "so good then"),
        (ONE, " All is well. The sec", True, "All is well."),
        (ONE, " half a wo", True, "half a"),
        (ONE, " wo", True, "wo"),
        (SOME, " none\n", False, []),
        (SOME, " cold; no salt\n", False, ["cold", "no salt"]),
        (SOME, " cold; Cold.; the; late\n", False, ["cold", "late"]),
        (SOME, " cold; late; half a wo", True, ["cold", "late"]),
        (AT_LEAST_TWO, " cold; cold\n", False, ["cold", "cold"]),
        (AT_LEAST_TWO, " cold; half a wo", True, ["cold", "half a"]),
    ],
)
def test_a_line_is_read(line, text, cut, value):
    assert _read_line(line, text, verbatim=False, cut=cut) == value


def test_a_passage_stays_one():
    text = "ha ha ha - so good so good so good"
    assert _read_line(ONE, text, verbatim=True, cut=False) in text
    assert _read_line(ONE, "so good so good so good ?", verbatim=True, cut=False) == "so good ?"


def test_what_is_read_is_long_enough():
    line = Line(verbatim=False, many=False, blank=NOT_EMPTY, shortest=10)
    assert _read_line(line, "so good so good so good", verbatim=False, cut=False) == "so good so good so good"
