"""What of a long text is judged."""

from slotfill.extractors.local.candidates.text_windows import DENSITY, LONGEST, text_windows


def test_a_short_text_is_its_own_window() -> None:
    text = "It is red.\nIt is blue.\n"
    for short in (text, text * 80):  # of 1,760 code points
        assert text_windows(short) == [short]
    assert len(text_windows(text * 90)) > 1


def test_windows_are_passages_spread_from_the_first_sentence_to_the_last() -> None:
    text = " ".join(f"This is sentence number {number} of them all." for number in range(90))
    windows = text_windows(text)
    assert len(windows) == round(DENSITY * 30**0.5 + 0.5) == 9
    assert windows[0].startswith("This is sentence number 0 ")
    assert windows[-1].endswith("number 89 of them all.")
    assert all(sentence in text for window in windows for sentence in window.split("\n"))
    assert windows == sorted(windows, key=lambda window: text.index(window.split("\n")[0]))


def test_what_has_no_full_stop_is_cut_at_spaces() -> None:
    windows = text_windows("word " * 400 + "x" * 900)
    assert max(map(len, windows)) <= LONGEST
    assert all(not window.startswith(" ") for window in windows)


def test_a_long_text_without_words_is_read_as_it_is() -> None:
    assert text_windows(" " * 2_000) == [" " * 2_000]
