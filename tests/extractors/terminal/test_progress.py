"""What a line says of how far something is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.progress import Progress, clock_text

COUNTS = st.integers(0, 10**9)
PROGRESS = st.builds(
    Progress,
    COUNTS,
    st.none() | COUNTS,
    before=COUNTS,
    seconds=st.floats(0, 10**7),
    note=st.sampled_from(["", "$0.0123", "cost unknown"]),
    trouble=st.sampled_from(["", "1,000 refused, 3 failed"]),
)


def plain(progress, width):
    return "".join(text for text, _ in progress.pieces(width))


@given(PROGRESS, st.integers(1, 200))
def test_it_is_one_line_with_room_for_it(progress, width):
    line = plain(progress, width)
    assert len(line) <= width
    assert "\n" not in line
    assert progress.count[:width] in line


@given(PROGRESS)
def test_its_figures_make_sense(progress):
    assert progress.share is None or 0 <= progress.share <= 1
    assert progress.seconds_left is None or progress.seconds_left >= 0


HALF = Progress(412, 1_100, before=12, seconds=100, note="$0.0123", trouble="3 failed")


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (100, " 37%  ━━━━━━━━────────────────  412 of 1,100  2:52 left  3 failed  $0.0123  4.0/s"),
        (60, " 37%  412 of 1,100  2:52 left  3 failed  $0.0123  4.0/s"),
        (50, " 37%  412 of 1,100  2:52 left  3 failed  $0.0123"),
        (40, " 37%  412 of 1,100  2:52 left  3 failed"),
        (30, " 37%  412 of 1,100  2:52 left"),
        (20, " 37%  412 of 1,100"),
        (5, "412 o"),
    ],
)
def test_what_there_is_no_room_for_goes(width, line):
    assert plain(HALF, width) == line


def test_no_part_of_it_is_told_that_nobody_knows():
    assert plain(Progress(7, seconds=14), 100) == "7  0:14  2.0 s each"
    assert plain(Progress(7, seconds=7), 100) == "7  0:07  1.0/s"
    assert plain(Progress(0, 3), 100) == "  0%  ────────────────────────  0 of 3  0:00"


def test_there_are_never_fewer_than_are_done():
    """A count beside the run may be off: of a CSV with stray quotes, say."""
    assert Progress(5, 3).line() == "5 of 5, 100%, 0:00"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3_599.4, "59:59"), (3_599.6, "1:00:00"), (93_784, "26:03:04")]
)
def test_a_time_is_a_clocks(seconds, text):
    assert clock_text(seconds) == text


def test_what_is_counted_is_told_where_it_does_not_go_without_saying():
    assert Progress(45, 93, unit="MB").line() == "45 of 93 MB, 48%, 0:00"
    assert Progress(45, unit="MB").line() == "45 MB, 0:00"


def test_of_what_is_done_the_time_is_told_that_it_took():
    assert Progress(3, 3, seconds=7.0).time == "0:07"
    assert Progress(2, 3, seconds=8.0).time == "0:04 left"


def test_what_is_done_and_what_failed_stand_out():
    texts = {style: text for text, style in HALF.pieces(100) if style}
    assert texts == {"bold": " 37%", Colour.GREEN: "━" * 8, Colour.RED: "3 failed", Colour.GREY: "4.0/s"}
    assert ("─" * 16, Colour.GREY) in HALF.pieces(100)
