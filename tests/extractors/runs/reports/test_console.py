"""What a terminal shows."""

from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.runs.reports.console import printable


@given(st.text())
@example("\n\n")
def test_what_is_shown_drives_no_terminal(text):
    shown = printable(text)
    assert not any(character < " " and character not in "\t\n" for character in shown)
    assert not any("\x7f" <= character <= "\x9f" for character in shown)
    assert "\n" not in shown[:-1]


def test_plain_text_is_shown_as_it_is():
    assert printable("naïve 日本語 🎧\n") == "naïve 日本語 🎧\n"
    assert printable("a\nb") == "a\\nb"
    assert printable("half \ud83d of a pair, \u202e turned") == "half \\ud83d of a pair, \\u202e turned"
