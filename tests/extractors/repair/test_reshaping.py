"""Lists, maps and objects of another shape: what takes the shape that is asked for, and what is asked again."""

import json

import pytest

from slotfill.extractors.repair.repair import repair
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema


def field(schema, value, mode="safe", *, optional=False, **others):
    """Mend an object of one field, and give the value and the edits of that field."""
    whole = {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    whole["required"] = [] if optional else ["a"]
    mended = repair(json.dumps({"a": value}), Schema(response_model(whole, name="schema")), mode, **others)
    return mended.data.get("a", "left out"), [(edit.kind, edit.risk) for edit in mended.edits]


TEXTS = {"type": "array", "items": {"type": "string"}}
MAP = {"type": "object", "additionalProperties": {"type": "string"}}


class TestNothing:
    @pytest.mark.parametrize(
        "word",
        [
            "None",
            "N/A",
            "n/a.",
            "-",
            "\u2014",
            "",
            " ",
            "null",
            "nil",
            "Not applicable",
            "n.a.",
            "N / A",
            "N. A.",
            "<none>",
        ],
    )
    @pytest.mark.parametrize(("schema", "empty"), [(TEXTS, []), (MAP, {})])
    def test_a_word_for_nothing_is_no_item(self, schema, empty, word):
        assert field(schema, word) == (empty, [("nothing", "low")])

    @pytest.mark.parametrize(
        "word",
        ["unknown", "not stated", "Not  mentioned", "?", "no data", "missing", "Keine Angabe", "k. A.", "TBD", "不明"],
    )
    def test_that_nothing_is_known_is_asked_again(self, word):
        assert field(TEXTS, word) == (word, [])
        assert field(TEXTS, word, "bold") == ([], [("nothing", "high")])

    def test_a_list_that_must_not_be_empty_is_asked_again(self):
        _, edits = field({**TEXTS, "minItems": 1}, "N/A")
        assert edits in ([], [("nothing", "low")])

    @pytest.mark.parametrize(
        "remark",
        [
            *("I could not find any guests in the text.", "No defects were mentioned.", "There are none."),
            *("It isn't said.", "No", "no.", "No issues were mentioned", "none mentioned", "there were no defects"),
            *("keine", "Keine Mängel", "aucun", "ninguno", "нет", "無", "なし", "해당 없음", "n/a (not mentioned)"),
            *("non disponible", "sin especificar", "não há", "niet vermeld", "ej angivet", "nincs", "žádné", "hiçbiri"),
            *("Дефектов не обнаружено", "немає", "δεν υπάρχει", "لا يوجد", "אין", "ไม่มี", "không có", "tidak ada"),
            *("未发现缺陷", "没有问题", "특이사항 없음", "not in text", "not yet mentioned"),
        ],
    )
    def test_a_remark_is_no_item(self, remark):
        assert field(TEXTS, remark) == (remark, [])
        assert field(TEXTS, remark, "bold") == ([remark], [("list", "high")])

    @pytest.mark.parametrize("word", ["…", "???", "TBD", "n.d.", "see above", "entfällt", "bilinmiyor", "not stated"])
    def test_what_is_not_told_may_be_nothing(self, word):
        assert field(TEXTS, word) == (word, [])
        assert field(TEXTS, word, "bold") == ([], [("nothing", "high")])

    def test_a_word_for_nothing_may_be_a_label(self):
        labels = {"type": "array", "items": {"enum": ["red", "none"]}}
        assert field(labels, "none") == ("none", [])
        assert field(labels, "None") == ("None", [])
        assert field(labels, "N/A") == ([], [("nothing", "low")])
        assert field(labels, "(none)") == ([], [("nothing", "low")])

    @pytest.mark.parametrize("several", ["red、blue", "赤\uff0c青", "أحمر، أزرق", "red · blue", "red / blue"])
    def test_several_values_are_no_item(self, several):
        assert field(TEXTS, several) == (several, [])

    @pytest.mark.parametrize(
        "value",
        [
            "red",
            "The strap broke.",
            "cannot log in",
            "Nono",
            "No. 5",
            "No 5",
            "Non-slip",
            "無線",
            "Nadal",
            "there",
            "不锈钢",
            "未来",
        ],
    )
    def test_one_value_is_a_list_of_one(self, value):
        assert field(TEXTS, value) == ([value], [("list", "low")])

    def test_a_sentence_of_the_document_is_a_value(self):
        sentence = "The lamp does not work."
        assert field(TEXTS, sentence, document="Oh: the lamp  does not\nwork.") == ([sentence], [("list", "low")])
        assert field(TEXTS, sentence, document="The lamp is fine.") == (sentence, [])
        assert field(TEXTS, "No hot water", document="No hot water!") == (["No hot water"], [("list", "low")])
        assert field(TEXTS, "No", document="No hot water, now.") == ("No", [])

    def test_a_no_to_a_question_is_no_null(self):
        assert field({"type": ["boolean", "null"]}, "No") == (False, [("boolean", "low")])

    def test_prose_in_place_of_a_list_is_no_list(self):
        rows = Schema(response_model(TEXTS, name="guests"))
        for text in ("Ida and Tom came.", "I could not find any guests in the text.", "Ida", "None"):
            assert repair(text, rows, "bold") is None
        labels = Schema(response_model({"type": "array", "items": {"enum": ["red"]}}, name="colours"))
        assert repair("Red", labels).data == {"value": ["red"]}

    @pytest.mark.parametrize(("schema", "value", "empty"), [(MAP, [], {}), (TEXTS, {}, [])])
    def test_what_is_empty_is_empty_in_any_shape(self, schema, value, empty):
        assert field(schema, value) == (empty, [("empty", "low")])

    def test_null_for_a_list_is_asked_again(self):
        assert field(TEXTS, None, "bold") == (None, [])

    @pytest.mark.parametrize("word", ["N/A", "", "unknown"])
    def test_a_word_for_nothing_leaves_an_optional_field_out(self, word):
        assert field({"type": "number"}, word, optional=True) == ("left out", [("left_out", "low")])
        assert field({"enum": ["a", "b"]}, word, optional=True) == ("left out", [("left_out", "low")])
        assert field({"type": "number"}, word) == (word, [])

    def test_null_leaves_an_optional_field_out(self):
        assert field({"type": "number"}, None, optional=True) == ("left out", [("left_out", "low")])
        assert field({"type": "number"}, None) == (None, [])
        assert field({"type": ["number", "null"]}, None, optional=True) == (None, [])


class TestMaps:
    @pytest.mark.parametrize(
        "pairs",
        [
            [{"key": "color", "value": "red"}, {"key": "size", "value": "L"}],
            [{"value": "red", "name": "color"}, {"name": "size", "value": "L"}],
            [{"Attribute": "color", "Value": "red"}, {"Attribute": "size", "Value": "L"}],
            [{"clave": "color", "valor": "red"}, {"valor": "L", "clave": "size"}],
            [["color", "red"], ["size", "L"]],
            [{"color": "red"}, {"size": "L"}],
            [{"key": "color", "value": "red"}, {"key": "size", "value": "L"}, {"key": "size", "value": "L"}],
        ],
    )
    def test_pairs_are_a_map(self, pairs):
        assert field(MAP, pairs) == ({"color": "red", "size": "L"}, [("map", "low")])

    def test_one_pair_is_one_entry(self):
        assert field(MAP, [{"key": "color", "value": "red"}]) == ({"color": "red"}, [("map", "low")])
        assert field(MAP, [{"feature": "color", "value": "red"}]) == ({"color": "red"}, [("map", "low")])

    def test_a_pair_with_a_remark_is_no_map(self):
        pair = {"key": "color", "value": "red", "note": "faded"}
        assert field(MAP, [pair]) == ([pair], [])

    def test_keys_may_be_numbers(self):
        assert field(MAP, [{"key": 1, "value": "x"}, [2, "y"]]) == ({"1": "x", "2": "y"}, [("map", "low")])

    @pytest.mark.parametrize(
        "rows",
        [
            [{"key": "a", "value": "x"}, {"key": "a", "value": "y"}],
            [{"key": "a", "value": "x"}, "b"],
            [{"key": None, "value": "x"}],
            ["a", "b"],
        ],
    )
    def test_what_would_lose_an_entry_is_asked_again(self, rows):
        assert field(MAP, rows, "bold") == (rows, [])

    def test_an_object_of_known_keys_is_no_map(self):
        known = {"type": "object", "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}
        pair = {"key": "color", "value": "red"}
        assert field(known, [pair]) == (pair, [("list", "low")])


class TestLayers:
    @pytest.mark.parametrize("key", ["items", "list", "a"])
    def test_a_list_under_a_key_that_says_no_more(self, key):
        assert field(TEXTS, {key: ["x"]}) == (["x"], [("unwrapped", "low")])

    def test_a_list_under_a_key_that_items_have_is_one_item(self):
        order = {"type": "object", "properties": {"items": TEXTS}, "required": ["items"], "additionalProperties": False}
        orders = {"type": "array", "items": order}
        assert field(orders, {"items": ["x"]}) == ([{"items": ["x"]}], [("list", "low")])
        mended = repair('{"items": ["x"]}', Schema(response_model(orders, name="orders")))
        assert mended.data == {"value": [{"items": ["x"]}]}

    @pytest.mark.parametrize("value", [{"answer": []}, {"items": ["x"], "total": 1}, {"items": "x"}])
    def test_another_object_is_asked_again(self, value):
        assert field(TEXTS, value, "bold")[0] == value

    @pytest.mark.parametrize("key", ["items", "Values", "guests"])
    def test_a_whole_list_under_a_key(self, key):
        rows = Schema(response_model(TEXTS, name="rows"), instructions="List the guests.")
        mended = repair(json.dumps({key: ["a", "b"]}), rows)
        assert mended.data == {"value": ["a", "b"]}
        assert [(edit.kind, edit.risk) for edit in mended.edits] == [("unwrapped", "low")]

    def test_a_whole_list_under_a_key_that_may_say_more_is_asked_again(self):
        rows = Schema(response_model(TEXTS, name="rows"), instructions="List the guests.")
        assert repair(json.dumps({"missing": ["a", "b"]}), rows).data["value"] != ["a", "b"]

    @pytest.mark.parametrize(
        ("text", "risk"),
        [
            ('["x", "y"]', "low"),
            ('["x", "y"],', "low"),
            ("['x', 'y']", "low"),
            ("('x', 'y')", "low"),
            (" [\"x\", 'y',]\n", "low"),
            ('["x", "y', None),
            ('["x", "y"] and more', None),
        ],
    )
    def test_a_list_in_a_string(self, text, risk):
        value, edits = field(TEXTS, text)
        assert (value, edits) == ((["x", "y"], [("json", risk)]) if risk else (text, []))

    @pytest.mark.parametrize(
        ("items", "value", "after"),
        [
            ({"type": "object", "properties": {"b": {"type": "integer"}}}, {"b": 1}, [{"b": 1}]),
            ({"type": "object", "properties": {"b": {"type": "integer"}}}, {"answer": []}, {"answer": []}),
        ],
    )
    def test_only_what_may_be_an_item_becomes_a_list_of_one(self, items, value, after):
        assert field({"type": "array", "items": items}, value)[0] == after

    @pytest.mark.parametrize("value", [{"s": "b"}, {"s": 'say "x"\n'}, {"s": "b", "t": ["c", {"d": "e"}]}])
    def test_a_reply_that_is_escaped_as_a_whole(self, value):
        schema = Schema(response_model({"type": "object", "properties": {"s": {"type": "string"}}}, name="schema"))
        for text in (json.dumps(value), json.dumps(value, indent=2)):
            escaped = json.dumps(text)[1:-1]
            mended = repair(escaped, schema)
            assert mended.data == value
            assert [(edit.kind, edit.before, edit.after, edit.risk) for edit in mended.edits] == [
                ("escaped", escaped, text, "low")
            ]
