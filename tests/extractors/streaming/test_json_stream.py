"""JSON that is still arriving: the final object, all before it, and what is no JSON."""

import json
from copy import deepcopy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.streaming.json_stream import JsonStream

STRINGS = st.text(st.characters()) | st.text('aé中😀"\\/\b\f\n\r\t\x00\x7f\u2028\ud83d\ude00{}[]:,')
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4), max_leaves=8
)
OBJECTS = st.dictionaries(STRINGS, VALUES, max_size=4)


@st.composite
def texts(draw):
    """Write an object in one of JSON's ways: spaced or not, escaped or not, with keys that come twice."""
    indent = draw(st.sampled_from([None, 0, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":"), (" , ", "\r\n: ")]))
    first, second = (
        json.dumps(draw(OBJECTS), indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
        for _ in range(2)
    )
    if draw(st.booleans()) and first[1:-1].strip() and second[1:-1].strip():
        return f"{first[:-1]},{second[1:]}"
    return first.replace("/", "\\/") if draw(st.booleans()) else first


@st.composite
def cut(draw, texts):
    """Cut a text anywhere: into pieces that may be empty."""
    text = draw(texts)
    at = sorted(draw(st.lists(st.integers(0, len(text)))))
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


def singly(text):
    return list(text)


def strict(value):
    """Tell 1 from True and 1.0, and half a pair from a pair."""
    return json.dumps(value)


def is_prefix(part, whole):
    if isinstance(whole, str) and isinstance(part, str):
        return whole.startswith(part)
    if isinstance(whole, list) and isinstance(part, list):
        return len(part) <= len(whole) and all(map(is_prefix, part, whole)) and part[:-1] == whole[: len(part)][:-1]
    if isinstance(whole, dict) and isinstance(part, dict):
        keys = list(part)
        return keys == list(whole)[: len(keys)] and is_prefix(list(part.values()), list(whole.values()))
    return strict(part) == strict(whole)


def twice(text):
    """Tell whether a key comes twice in any object of the text."""
    found = []

    def pairs(pairs):
        found.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=pairs)
    return any(found)


def read(pieces):
    reader = JsonStream()
    for piece in pieces:
        reader.feed(piece)
        if reader.grew:
            reader.look()
    return reader.root


class TestTheWhole:
    @given(cut(texts()))
    @example(singly('{"a": "\\ud83d\\ude00"}'))
    @example(singly('{"a": "\\ud83d"}'))
    @example(singly('{"a": "\\ud83dx\\ude00\\ud83d\\ud83d\\ude00\\ud83d\\n"}'))
    @example(singly('{"a": "\\\\ud83d\\ude00"}'))
    @example(singly('{"a": [[], {}, "", -0, 1e400, -1.50E+3], "": 0}'))
    @example(singly('{"a": 1, "a": [1], "a": {"b": 2}, "a": "x", "a": null}'))
    def test_is_what_json_gives(self, pieces):
        text = "".join(pieces)
        looked, unlooked = read(pieces), JsonStream()
        for piece in pieces:
            unlooked.feed(piece)
        assert strict(looked) == strict(unlooked.root) == strict(json.loads(text))

    @given(cut(texts()))
    @example(singly('{"a": ["b\\n", 12, true, {"c": "\\u00e9", "d": "\\ud83d\\ude00"}], "e": 1.5}'))
    def test_is_approached_from_before(self, pieces):
        text = "".join(pieces)
        reader, whole, earlier = JsonStream(), json.loads(text), []
        for piece in pieces:
            reader.feed(piece)
            if reader.grew:
                reader.look()
            earlier.append(deepcopy(reader.root))
        if not twice(text):
            assert all(is_prefix(part, whole) for part in earlier)

    @given(cut(texts()), st.text('ab `\n{:\\é"}').filter(lambda text: '"' not in text and "}" not in text), st.text())
    @example(singly('{"a": 1}'), "for {this} I say:\n```json\n".replace("}", ""), "\n``` {")
    @example(singly('{"a": 1}'), "{ {", '"}')
    def test_stands_among_prose(self, pieces, before, after):
        assert strict(read([before, *pieces, after])) == strict(json.loads("".join(pieces)))

    def test_may_be_nested_more_deeply_than_a_stack_is(self):
        depth = 50_000
        inner, found = read(singly('{"a":' + "[" * depth + "1" + "]" * depth + "}"))["a"], 0
        while isinstance(inner, list):
            inner, found = inner[0], found + 1
        assert (inner, found) == (1, depth)


class TestEvents:
    @given(cut(texts()))
    @example(singly('{"a": ["x", 1, {}], "b": null}'))
    def test_say_all_that_comes(self, pieces):
        """The object is built again from what they say alone."""
        reader, stack = JsonStream(), [{}]
        for piece in pieces:
            for key, value, ended in reader.feed(piece):
                kind = type(value)
                if ended and kind in (dict, list):
                    assert strict(stack.pop()) == strict(value)
                if kind in (dict, list) and not ended:
                    stack.append(kind())
                put = stack[-1] if kind in (dict, list) and not ended else value
                around = stack[-2] if put is stack[-1] else stack[-1]
                if isinstance(around, list):
                    around[key:] = [put]
                else:
                    around[key] = put
        assert [strict(one) for one in stack] == [strict({0: json.loads("".join(pieces))})]

    def test_come_when_the_value_does(self):
        reader = JsonStream()
        assert reader.feed('Well: {"a": "b') == [(0, {"a": ""}, False), ("a", "", False)]
        assert reader.feed('c", "d": 1') == [("a", "bc", True)]
        assert reader.feed("2") == []
        assert reader.feed(", ") == [("d", 12, True)]
        assert reader.feed('"e": [') == [("e", [], False)]
        assert reader.feed("true]") == [(0, True, True), ("e", [True], True)]
        assert reader.feed("} {}") == [(0, {"a": "bc", "d": 12, "e": [True]}, True)]
        assert reader.feed('{"a": 1}') == []


class TestLooking:
    def test_is_worth_it_only_where_a_string_grew(self):
        reader = JsonStream()
        seen = []
        for char in '{"ab": "c\\n", "d":1}':
            reader.feed(char)
            seen.append(reader.grew)
            if reader.grew:
                assert reader.look() == reader.root["ab"]
                assert not reader.grew
        assert seen.count(True) == 2

    @pytest.mark.parametrize("unit", ["a", "é", "\u4e2d", "\U0001f600"])
    def test_never_changes_a_string_that_was_given(self, unit):
        reader, given_ = JsonStream(), []
        reader.feed('{"a": "x')
        for _ in range(200):
            reader.feed(unit)
            reader.look()
            given_.append(reader.root["a"])
        assert given_ == ["x" + unit * count for count in range(1, 201)]


class TestNoJson:
    @given(st.lists(st.text('{}[]:,"\\ \n0123-+.eEutrfalsn😀\ud83d') | st.text()))
    def test_never_raises(self, pieces):
        read(pieces)

    @given(texts(), st.data())
    def test_with_a_slip_never_raises(self, text, data):
        at = data.draw(st.integers(0, len(text) - 1))
        slip = data.draw(st.sampled_from(["", "{", "}", "[", "]", '"', "\\", ",", ":", "1", "t", "\\u", " "]))
        spoiled = text[:at] + slip + text[at + 1 :]
        root = read(singly(spoiled))
        try:
            expected = json.loads(spoiled)
        except ValueError:
            return
        assert strict(root) == strict(expected)

    @pytest.mark.parametrize(
        ("text", "root"),
        [
            ('{"a": 1 "b": 2}', {"a": 1}),
            ('{"a": 1, b: 2}', {"a": 1}),
            ('{"a": 1, }', {"a": 1}),
            ('{"a" 1}', {}),
            ('{"a": [1, ], "b": 2}', {"a": [1]}),
            ('{"a": [1}, "b": 2}', {"a": [1]}),
            ('{"a": {"b": 1], "c": 2}', {"a": {"b": 1}}),
            ('{"a": 01, "b": 2}', {}),
            ('{"a": 1.}', {}),
            ('{"a": nul, "b": 2}', {}),
            ('{"a": True}', {}),
            ('{"a": NaN, "b": 2}', {}),
            ('{"a": -Infinity, "b": 2}', {}),
            ('{"a": Infinity, "b": 2}', {}),
            ('{"a": {"b": ], "c": 2}}', {"a": {}}),
            ('{"a": ' + "9" * 5000 + ', "b": 2}', {}),
            ('{"a": "x\\q", "b": 2}', {"a": "x"}),
            ('{"a": "x\\u12g4", "b": 2}', {"a": "x"}),
            ('{"a": "x\\ud83d\\u12g4", "b": 2}', {"a": "x"}),
            ('{"a": "x\\ud83d\\q", "b": 2}', {"a": "x\ud83d"}),
        ],
    )
    def test_stops_the_reader_for_good(self, text, root):
        assert read(singly(text)) == read([text]) == root
        assert read([*singly(text), ' "z": 1}']) == root

    def test_control_characters_may_stand_in_strings(self):
        text = '{"a\tb": "c\nd\\n"}'
        assert read(singly(text)) == read([text]) == {"a\tb": "c\nd\n"}

    @pytest.mark.parametrize("text", ["", "no object", '["a"]', "{a: 1}", "{'a': 1}", "{", "{\n"])
    def test_no_object_is_an_empty_one(self, text):
        assert read(singly(text)) == read([text]) == {}


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ('{"a": 1', {}),
        ('{"a": 12,', {"a": 12}),
        ('{"a": fals', {}),
        ('{"a": "x', {"a": "x"}),
        ('{"a": "', {"a": ""}),
        ('{"a": "x\\', {"a": "x"}),
        ('{"a": "x\\u00e', {"a": "x"}),
        ('{"a": "x\\ud83d', {"a": "x"}),
        ('{"a": "x\\ud83d\\', {"a": "x"}),
        ('{"a": "x\\ud83d\\ude0', {"a": "x"}),
        ('{"a": "x\\ud83dy', {"a": "x\ud83dy"}),
        ('{"a": [1, 2', {"a": [1]}),
        ('{"a": [', {"a": []}),
        ('{"a": {"b": {', {"a": {"b": {}}}),
        ('{"a": {"b":', {"a": {}}),
        ('{"a": 1, "b', {"a": 1}),
    ],
)
def test_of_a_cut_text_all_is_there_that_is_whole(text, root):
    assert read(singly(text)) == read([text]) == root


def test_who_keeps_what_a_long_string_shows_does_not_have_it_copied_with_each_piece():
    """A megabyte in pieces of 12 bytes: all that is ever shown is some hundred times as long, not 40,000 times."""
    text, reader, shown = "x" * 1_000_000, JsonStream(), [""]
    for at in range(0, len(text), 12):
        reader.feed(('{"a": "' if at == 0 else "") + text[at : at + 12])
        if reader.grew:
            shown.append(reader.look())
            assert text.startswith(shown[-1])
    assert len(shown[-1]) > 0.98 * len(text)
    assert sum(map(len, shown[5_462:])) < 300 * len(text)
    reader.feed('"}')
    assert reader.root == {"a": text}


def test_a_shorter_string_is_shown_with_each_piece():
    reader = JsonStream()
    reader.feed('{"key": "')
    for count in range(1, 2_000):
        reader.feed("abc")
        assert reader.grew
        assert reader.look() == "abc" * count
