import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.schemas.passages.markup import plain


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("The **bat-\ntery** dies", "The battery dies"),
        ("well-\n  > known", "wellknown"),
        ("bat\u00ad\r\ntery bat\x02tery bat¬\ntery", "battery battery battery"),
        ("COVID-\n19 and 5-\n10", "COVID-19 and 5-10"),
        ("the dash -\nstays", "the dash -\nstays"),
        ("包裹\n到了", "包裹到了"),
        ("# One\n## Two\n#three", "One\nTwo\n#three"),
        ("> a\n> > b\n>\n> c", "a\nb\n\nc"),
        ("- a\n  * b\n- [x] c\n-5", "a\nb\nc\n-5"),
        ("1. a", "1. a"),
        ("*it* _it_ **b** __b__ ***x*** ~~gone~~ `code` ``c``", "it it b b x gone code c"),
        ("snake_case 5 * 3 a * b 5*3", "snake_case 5 * 3 a * b 5*3"),
        ('[a](http://x.org/a_(b) "t") ![i](u) [a][1] x[^1]', "a i a x"),
        ("arr[0] [note] (5)", "arr[0] [note] (5)"),
        (r"5 \* 3 \_x\_", "5 * 3 _x_"),
        ("a\n===\nb\n* * *\n```python\nx\n```", "a\n\nb\n\n\nx\n"),
        ("这是**重要**的", "这是重要的"),
        ("5**6 and 5**[6](u)", "5**6 and 5[6"),  # two figures never become one
    ],
)
def test_marks_go(source, text):
    assert plain(source).text == text


@pytest.mark.parametrize(
    ("quote", "passage", "same"),
    [
        ("battery", "bat-\ntery", True),
        ("bat-tery", "bat-\ntery", True),
        ("well-known", "well-known", True),
        ("wellknown", "well-known", False),
        ("well-known", "wellknown", False),
        ("well-known battery", "well-known **bat-\ntery**", True),
        ("wellknown battery", "well-known **bat-\ntery**", False),
        ("Well-Known", "**well-\nknown**", True),
    ],
)
def test_only_hyphens_at_the_end_of_a_line_may_go(quote, passage, same):
    document = plain(f"x-ray {passage} x-\nray")
    start, end = 5, len(document.text) - 5
    assert document.agrees((start, end), plain(quote)) == same


@given(st.text("ab-*_`[]()#>!\\ \n\r包1-", max_size=30) | st.text())
@example("")
@example("**")
def test_each_code_point_comes_from_its_own(source):
    stripped = plain(source)
    assert stripped.has_marks == (stripped.text != source)
    sources = [stripped.source((at, at + 1)) for at in range(len(stripped.text))]
    assert [source[start:end] for start, end in sources] == [*stripped.text]
    assert sources == sorted(sources)
    figures = lambda text: sum(map(str.isdecimal, text))  # noqa: E731 - short
    assert figures(stripped.text) <= figures(source)


@pytest.mark.parametrize(
    "piece", ["-", "*", "[", "](", "[a](", "- ", "> ", "\n", "-\n", "a-\n", "a-", "_a", "](a", "包\n", " "]
)
def test_a_long_text_is_read_in_linear_time(piece):
    assert len(plain(piece * (100_000 // len(piece))).text) <= 100_000
