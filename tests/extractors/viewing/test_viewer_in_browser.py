"""The viewer's page in a real browser: every function of it, by what a person sees and does."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from browsing import Visit, axe_violations
from viewed_records import ORDER_TEXT, ORDER_VALUE, record_of

from slotfill.extractors.viewing.record_view import record_view
from slotfill.extractors.viewing.viewer_page import viewer_page

Opened = Callable[..., Visit]

PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)

TEXT = "Please send 12 oak chairs to Hamburg.\n" * 3 + "It was late.\n"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return record_of(ORDER_TEXT, ORDER_VALUE, source="mails/order.txt")


@pytest.fixture
def record(made: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(made)


def view_of(
    record: dict[str, Any], text: str | None, spans: dict[str, tuple[int, int]], **changes: Any
) -> dict[str, Any]:
    """The data of a text with values whose places are given."""
    value: dict[str, Any] = changes.pop("value", None) or {name.removeprefix("/"): f"v{name}" for name in spans}
    placed = {
        path: {"start": start, "end": end, "match": "exact", **changes.pop("place", {})}
        for path, (start, end) in spans.items()
    }
    own = {"value": value, "spans": placed, **changes}
    return record_view({**record, **own}, text, text_note="" if text is not None else "Name it with --documents.")


def page_of(folder: Path, views: Iterable[dict[str, Any]]) -> Path:
    path = folder / "report.html"
    path.write_text("".join(viewer_page(views, "records.jsonl")), encoding="utf-8")
    return path


def lit(page: Any) -> str:
    return "".join(page.locator("#text mark.on").all_text_contents())


def field(page: Any, path: str) -> Any:
    return page.locator(f'#fields .field[data-path="{path}"]')


def rows(page: Any) -> list[str]:
    return [name.rpartition("/")[2] for name in page.locator("#rows .entry .name b").all_text_contents()]


def _style(element: Any, name: str) -> str:
    return element.evaluate("(element, name) => getComputedStyle(element).getPropertyValue(name)", name)


@pytest.fixture
def expect() -> Any:
    return pytest.importorskip("playwright.sync_api").expect


def test_a_page_opens_loads_nothing_and_a_value_leads_to_its_place(
    record: dict[str, Any], tmp_path: Path, visit: Opened
) -> None:
    opened = visit(page_of(tmp_path, [record_view(record, ORDER_TEXT)]))
    page = opened.page
    assert page.title() == "mails/order.txt: records.jsonl"
    assert page.locator("#text").text_content() == ORDER_TEXT
    assert page.locator("#fields h2").first.text_content() == "Stands nowhere in the text 1"
    field(page, "/lines/0/what").locator(".row").click()
    assert lit(page) == "chairs"
    assert page.locator("#views").is_hidden()  # it has no pages
    assert opened.requests == []


@pytest.fixture(scope="module")
def report(made: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of three thousand documents."""
    outcomes = ("valid", "mended", "failed")
    views = []
    for number in range(3_000):
        one = {**made, "document": {**made["document"], "source": f"mails/{number:04}.txt"}}
        one |= {
            "cost_usd": None if number == 11 else f"{number / 100}",
            "outcome": outcomes[number % 3],
            "value": {"customer": f"Firm {number}"},
        }
        one |= {"edits": [_edit("/customer", "high" if number == 7 else "low")] * (number == 7), "spans": {}}
        views.append(record_view(one, f'Text "{number}" of <b>many</b>\\'))
    return page_of(tmp_path_factory.mktemp("list"), views)


@pytest.mark.slow
class TestTheList:
    @pytest.fixture
    def page(self, report: Path, visit: Opened) -> Any:
        return visit(report).page

    def test_draws_the_rows_that_can_be_seen_and_others_as_they_are_scrolled_to(self, page: Any, expect: Any) -> None:
        assert page.locator("#rows .entry").count() < 100
        page.evaluate("document.getElementById('list').scrollTop = 58 * 2000")
        expect(page.locator("#document-2001")).to_be_visible()
        assert page.locator("#rows .entry").count() < 100
        assert page.locator("#summary").text_content() == "3,000 documents, $44984.89"

    def test_keys_move_through_it(self, page: Any, expect: Any) -> None:
        page.locator("#list").focus()
        for key, name in (("ArrowDown", "0001"), ("End", "2999"), ("ArrowUp", "2998"), ("Home", "0000")):
            page.keyboard.press(key)
            expect(page.locator("#name")).to_have_text(f"mails/{name}.txt")
            expect(page.locator("[aria-selected=true]")).to_be_in_viewport()
        page.keyboard.press("PageDown")
        expect(page.locator("#name")).not_to_have_text("mails/0000.txt")
        page.keyboard.press("PageUp")
        expect(page.locator("#name")).to_have_text("mails/0000.txt")
        assert page.locator("#list").get_attribute("aria-activedescendant") == "document-0"
        assert page.locator("[aria-selected=true]").get_attribute("aria-posinset") == "1"

    @pytest.mark.parametrize("words", ["2417.txt", "Firm 2417", '"2417" of <b>', "firm 2417"])
    def test_a_search_looks_at_names_values_and_texts(self, page: Any, expect: Any, words: str) -> None:
        page.keyboard.press("/")
        page.keyboard.type(words)
        expect(page.locator("#count")).to_have_text("1 of 3,000 documents")
        assert rows(page) == ["2417.txt"]
        page.keyboard.press("Escape")
        expect(page.locator("#count")).to_have_text("3,000 documents")

    def test_what_was_sought_is_shown_from_its_beginning(self, page: Any, expect: Any) -> None:
        page.evaluate("document.getElementById('list').scrollTop = 58 * 900")
        expect(page.locator("#document-901")).to_be_visible()
        page.locator("#search").fill("mended")
        expect(page.locator("#document-1")).to_be_in_viewport()

    def test_a_search_for_what_is_not_there_says_so(self, page: Any, expect: Any) -> None:
        page.locator("#search").fill("(*nothing[\\")
        expect(page.locator("#nothing")).to_be_visible()

    def test_filters_and_orders(self, page: Any, expect: Any) -> None:
        page.locator("#outcome").select_option("failed")
        expect(page.locator("#count")).to_have_text("1,000 of 3,000 documents")
        page.locator("#sort").select_option("cost")
        page.locator("#direction").click()
        expect(page.locator("#rows .entry").first).to_contain_text("2999.txt")
        page.locator("#direction").click()
        assert rows(page)[:2] == ["0011.txt", "0002.txt"]  # the price of one is not known
        page.locator("#direction").click()
        page.locator("#outcome").select_option("")
        page.locator("#flag").select_option("risky")
        assert rows(page) == ["0007.txt"]
        page.locator("#flag").select_option("")
        page.locator("#sort").select_option("repairs")
        expect(page.locator("#rows .entry").first).to_contain_text("0007.txt")
        page.locator("#sort").select_option("outcome")
        page.locator("#direction").click()
        assert rows(page)[:2] == ["0002.txt", "0005.txt"]
        page.locator("#sort").select_option("source")
        assert rows(page)[:2] == ["0000.txt", "0001.txt"]

    def test_a_row_opens_its_document_and_the_address_names_it(self, page: Any, expect: Any) -> None:
        expect(page.locator("#document-4 .name")).to_have_text("mails/0004.txt$0.04")
        page.locator("#document-4").click()
        expect(page.locator("#name")).to_have_text("mails/0004.txt")
        assert page.url.endswith("#5")
        page.reload()
        expect(page.locator("#name")).to_have_text("mails/0004.txt")


def _edit(path: str, risk: str) -> dict[str, Any]:
    return {"path": path, "kind": "number", "before": "320,50", "after": 320.5, "risk": risk}


_CLASSES = "(all) => all.map((one) => one.className)"


@pytest.mark.slow
class TestMarks:
    def test_crossing_and_nested_values_are_each_within_reach(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        spans = {"/outer": (0, 20), "/inner": (5, 9), "/crossing": (15, 25)}
        page = visit(page_of(tmp_path, [view_of(record, "abcdefghijklmnopqrstuvwxyz", spans)])).page
        assert page.locator("#text mark").all_text_contents() == ["abcde", "fghi", "jklmno", "pqrst", "uvwxy"]
        inner = page.locator("#text mark", has_text="fghi")
        colours = {path: field(page, path).get_attribute("class").split()[-1] for path in spans}
        marks = [name.split()[0] for name in page.locator("#text mark").evaluate_all(_CLASSES)]
        assert marks == [colours[path] for path in ("/outer", "/inner", "/outer", "/crossing", "/crossing")]
        inner.click()
        expect(field(page, "/inner").locator(".details")).to_be_visible()
        assert lit(page) == "fghi"
        inner.click()
        expect(field(page, "/outer").locator(".details")).to_be_visible()
        assert lit(page) == "abcdefghijklmnopqrst"
        expect(field(page, "/inner").locator(".details")).to_have_count(0)
        page.locator("#text mark", has_text="pqrst").click()
        assert page.locator("#here button").all_text_contents() == ["crossing", "outer"]
        assert page.locator("#here span").text_content() == "2 values here:"
        assert [name.split()[0] for name in page.locator("#here button").evaluate_all(_CLASSES)] == [
            colours[path] for path in ("/crossing", "/outer")
        ]
        expect(page.locator("#here button[aria-pressed=true]")).to_have_text("crossing")
        page.locator("#here button", has_text="outer").click()
        expect(page.locator("#here button[aria-pressed=true]")).to_have_text("outer")
        page.locator("#here button", has_text="crossing").click()
        assert lit(page) == "pqrstuvwxy"
        page.locator("#text mark", has_text="uvwxy").click()
        expect(page.locator("#here")).to_be_hidden()
        page.locator("#text mark", has_text="pqrst").click()
        expect(page.locator("#here")).to_be_visible()
        page.evaluate("viewer.open(0)")
        expect(page.locator("#here")).to_be_hidden()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_a_mark_has_the_colour_of_its_field(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, scheme: str
    ) -> None:
        spans = {f"/f{number}": (2 * number, 2 * number + 1) for number in range(8)}
        evidence = {"/f0": [{"text": "z", "start": 20, "end": 21, "match": "exact"}]}
        view = view_of(record, "abcdefghijklmnopqrstuvwxyz", {**spans, "/over": (20, 24)}, evidence=evidence)
        page = visit(page_of(tmp_path, [view]), color_scheme=scheme).page
        fills, edges = [], []
        for path in spans:
            mark, row = page.locator("#text mark").nth(len(fills)), field(page, path)
            fills.append(_style(mark, "background-color"))
            assert fills[-1] == _style(row, "border-left-color")
            assert _style(mark, "color") == _style(page.locator("body"), "color")
            page.evaluate("(path) => viewer.select(path)", path)
            edges.append(_style(mark, "background-color"))
            assert edges[-1] == _style(row, "border-left-color")
            assert _style(mark, "color") == _style(page.locator(".right"), "background-color")
        assert len({*fills, *edges}) == 16
        several, alone = page.locator("#text mark").nth(8), page.locator("#text mark").nth(9)
        assert (_style(alone, "box-shadow"), _style(several, "box-shadow")[:4]) == ("none", "rgb(")
        page.evaluate("viewer.select('/f0')")
        assert _style(several, "box-shadow").startswith(edges[0])

    def test_a_passage_of_evidence_alone_is_underlined(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened
    ) -> None:
        evidence = {"/a": [{"text": "xyz", "start": 23, "end": 26, "match": "exact"}]}
        view = view_of(record, "abcdefghijklmnopqrstuvwxyz", {"/a": (0, 1)}, evidence=evidence)
        mark = visit(page_of(tmp_path, [view])).page.locator("#text mark").last
        assert _style(mark, "background-color") == "rgba(0, 0, 0, 0)"
        assert _style(mark, "box-shadow").startswith("rgb(207, 230, 226)")

    def test_another_document_is_shown_from_its_beginning(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        page = visit(page_of(tmp_path, [view_of(record, f"{word}\n" * 2_000, {}) for word in ("one", "two")])).page
        assert page.evaluate("document.getElementById('text').scrollTop = 9000") == 9_000
        page.evaluate("viewer.open(1)")
        expect(page.locator("#text")).to_contain_text("two")
        assert page.evaluate("document.getElementById('text').scrollTop") == 0

    def test_to_select_what_is_marked_chooses_no_field(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened
    ) -> None:
        page = visit(page_of(tmp_path, [view_of(record, "abcdefghijklmnopqrstuvwxyz", {"/a": (0, 26)})])).page
        mark = page.locator("#text mark").bounding_box()
        page.mouse.move(mark["x"] + 30, mark["y"] + 8)
        page.mouse.down()
        page.mouse.move(mark["x"] + 90, mark["y"] + 8)
        page.mouse.up()
        assert page.evaluate("viewer.selectedSpan()") is not None
        assert lit(page) == ""
        page.locator("#text mark").click()
        assert lit(page) != ""

    def test_a_value_far_down_is_scrolled_to(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        text = "line\n" * 2_000 + "needle\n" + "line\n" * 2_000
        at = text.index("needle")
        page = visit(page_of(tmp_path, [view_of(record, text, {"/what": (at, at + 6)})])).page
        expect(page.locator("mark")).not_to_be_in_viewport()
        field(page, "/what").locator(".row").click()
        expect(page.locator("mark.on")).to_be_in_viewport()
        page.keyboard.press("Escape")
        expect(page.locator("mark.on")).to_have_count(0)
        expect(field(page, "/what").locator(".details")).to_have_count(0)

    def test_offsets_are_right_in_any_script(self, record: dict[str, Any], tmp_path: Path, visit: Opened) -> None:
        words = [
            "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "cafe\u0301",
            "\u05e9\u05dc\u05d5\u05dd",
            "\u0645\u0631\u062d\u0628\u0627",
            "\U00020000\u4e2d",
            "a\u202eb",
            "z\x00\x1b",
        ]
        text, spans = "", {}
        for number, word in enumerate(words):
            text += f"\U0001f9ff {number}:\r\n"
            spans[f"/w{number}"] = (len(text), len(text) + len(word))
            text += f"{word}\r\n\t\u0301"
        page = visit(page_of(tmp_path, [view_of(record, text, spans)])).page
        for path, (start, end) in spans.items():
            field(page, path).locator(".row").click()
            assert lit(page) == re.sub("[\x00\x1b\u202e]", "\ufffd", text[start:end])
            assert page.evaluate(_SELECT_LIT) == [len(text[:at].encode("utf-16-le")) // 2 for at in (start, end)]

    def test_keys_lead_from_mark_to_mark_and_to_the_field_and_back(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        spans = {"/outer": (0, 20), "/inner": (5, 9), "/far": (1_000, 1_003)}
        views = [view_of(record, "abcdefghijklmnopqrstuvwxyz" + " line\n" * 500, spans)]
        page = visit(page_of(tmp_path, views)).page
        page.locator("#text").focus()
        page.keyboard.press("Tab")
        now = page.locator("#text mark:focus")
        expect(page.get_by_role("button", name="abcde", exact=True)).to_be_focused()
        for key, text in (
            ("ArrowRight", "fghi"),
            ("ArrowDown", "jklmnopqrst"),
            ("ArrowLeft", "fghi"),
            ("ArrowRight", "jklmnopqrst"),
            ("Home", "abcde"),
        ):
            page.keyboard.press(key)
            expect(now).to_have_text(text)
        page.keyboard.press("ArrowUp")
        expect(now).to_have_text("abcde")
        expect(now).to_have_css("outline-color", "rgb(28, 30, 33)")  # on a mark of any colour
        page.keyboard.press("End")
        expect(now).to_be_in_viewport()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(now).to_have_attribute("title", "inner, outer")
        for path in ("/inner", "/outer", "/inner"):
            page.keyboard.press("Space")
            expect(field(page, path).locator(".details")).to_be_visible()
            expect(page.locator("#chosen")).to_have_text(path[1:])
        expect(now).to_have_text("fghi")
        page.keyboard.press("Enter")
        expect(field(page, "/inner").locator(".row")).to_be_focused()
        page.keyboard.press("Escape")
        expect(now).to_have_text("fghi")
        expect(page.locator("#fields .details")).to_have_count(0)
        page.keyboard.press("Enter")
        field(page, "/far").locator(".row").press("Enter")
        page.keyboard.press("Escape")
        expect(field(page, "/far").locator(".row")).to_be_focused()
        page.locator("#text").focus()
        page.keyboard.press("Tab")
        expect(now).to_have_attribute("title", "far")
        page.locator("#text mark", has_text="jklm").click()
        page.locator("#text").focus()
        page.keyboard.press("Tab")
        expect(now).to_have_text("jklmnopqrst")

    def test_two_thousand_marks_are_one_stop_of_the_tab_key(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        spans = {f"/f{number}": (2 * number, 2 * number + 1) for number in range(2_000)}
        page = visit(page_of(tmp_path, [view_of(record, "xy" * 2_000, spans)])).page
        page.locator("#text").focus()
        page.keyboard.press("Tab")
        expect(page.locator("#text mark").first).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("#fields")).to_be_focused()

    def test_who_scrolls_on_at_once_is_not_taken_back_to_what_was_chosen(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        spans = {f"/f{number}": (number, number + 50) for number in range(2_000)}
        page = visit(page_of(tmp_path, [view_of(record, "x" * 3_000, spans)])).page
        page.evaluate("""() => {
          const pane = document.getElementById("fields");
          viewer.select("/f1999");
          pane.dispatchEvent(new WheelEvent("wheel", { bubbles: true }));
          pane.scrollTop = 0;
        }""")
        page.wait_for_timeout(300)
        expect(field(page, "/f0")).to_be_in_viewport()

    def test_thousands_of_fields_are_drawn_as_they_are_scrolled_to(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        text = "x" * 30_000
        spans = {f"/f{number}": (number, number + 50) for number in range(20_000)}
        path = page_of(tmp_path, [view_of(record, text, spans)])
        narrow = visit(path, viewport={"width": 390, "height": 844}).page
        assert narrow.locator("#fields .field").count() == 0  # another pane is shown
        page = visit(path).page
        drawn = page.locator("#fields .field")
        assert drawn.count() < 100
        page.evaluate("viewer.select('/f19999')")
        expect(field(page, "/f19999").locator(".details")).to_be_in_viewport()
        assert len(lit(page)) == 50
        page.locator("#fields").press("Home")  # the pane may still be on its way to what was chosen
        expect(field(page, "/f0")).to_be_in_viewport()
        expect(field(page, "/f19999").locator(".details")).to_have_count(1)  # what is open stays
        page.evaluate("document.getElementById('fields').scrollTop = 32 * 10000")
        expect(field(page, "/f0")).to_have_count(0)
        expect(field(page, "/f9999")).to_be_in_viewport()
        assert drawn.count() < 120
        for top in range(200_000, 200_700, 60):
            assert page.evaluate(_ROWS_SEEN, top) >= page.locator("#fields").bounding_box()["height"] // 34 - 1
        height = page.evaluate("document.querySelector('#fields .rows').offsetHeight")
        assert height == pytest.approx(20_001 * 34, rel=0.1)


_ROWS_SEEN = """async (top) => {
  const pane = document.getElementById("fields");
  pane.scrollTop = top;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const frame = pane.getBoundingClientRect();
  const boxes = [...pane.querySelectorAll(".field")].map((field) => field.getBoundingClientRect());
  return boxes.filter((box) => box.bottom > frame.top && box.top < frame.bottom).length;
}"""

_SELECT_LIT = """() => {
  const marks = document.querySelectorAll("#text mark.on");
  const range = document.createRange();
  range.setStartBefore(marks[0]);
  range.setEndAfter(marks[marks.length - 1]);
  document.getSelection().removeAllRanges();
  document.getSelection().addRange(range);
  return viewer.selectedSpan();
}"""


@pytest.fixture
def rich(record: dict[str, Any]) -> dict[str, Any]:
    """A record with something to say of everything."""
    at = TEXT.index("oak chairs")
    span = {"start": at, "end": at + 10, "match": "exact"}
    usage = {
        "input_tokens": 1_200,
        "output_tokens": 34,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "thinking_tokens": 0,
    }
    attempt = {**record["attempts"][0], "usage": usage, "chunk": 0}
    batch = {"id": "msgbatch_1", "custom_id": "sf-1"}
    error = {"path": "/lines/0/count", "kind": "int_type", "message": "Input should be a valid integer"}
    return {
        **record,
        "outcome": "patched",
        "value": {
            "what": "oak chairs",
            "price": 320.5,
            "city": "Haifa",
            "sure": 0.6,
            "notes": [],
            "large": 2**53 + 1,
            "none": None,
            "blank": "",
            "long": "z" * 900,
        },
        "spans": {
            "/what": {**span, "place": {"sheet": "Q1", "cell": "B7"}},
            "/city": {"start": None, "end": None, "match": "absent", "reason": "may stand on page 3"},
        },
        "confidence": {"/sure": "stated"},
        "agreement": {"/what": 0.6667},
        "probability": {"/price": 0.9},
        "found_in": {"/what": [1, 2]},
        "evidence": {
            "/price": [{"text": "Please send 12 oak chairs", "start": 0, "end": 25, "match": "exact"}],
            "/gone": [{"text": "Hamburg", "start": 29, "end": 36, "match": "exact"}],
        },
        "edits": [_edit("/price", "high"), {**_edit("", "none"), "kind": "unfenced"}],
        "conflicts": [
            {"path": "/city", "policy": "majority", "kept": "Haifa", "others": [{"value": "Hamburg", "reading": 2}]}
        ],
        "attempts": [{**attempt, "ok": False, "errors": [error]}, {**attempt, "rung": "patch", "batch": batch}],
        "chunks": [
            {
                "chunk": 0,
                "start": 0,
                "end": 30,
                "number": 1,
                "fields": ["what"],
                "outcome": "valid",
                "error": None,
                "invalid": None,
            }
        ],
        "history": [{"value": {}, "correction": "it is Haifa"}],
        "invalid": 0,
        "taken_over": {"fields": ["what"], "model": "a model"},
        "document": {**record["document"], "columns": {"team": "north"}},
    }


@pytest.mark.slow
class TestTheForm:
    @pytest.fixture
    def page(self, rich: dict[str, Any], tmp_path: Path, visit: Opened) -> Any:
        return visit(page_of(tmp_path, [record_view(rich, TEXT)])).page

    def test_what_stands_nowhere_comes_first(self, page: Any) -> None:
        assert page.locator("#fields .field").first.get_attribute("data-path") == "/city"
        assert page.locator("#fields h2").all_text_contents()[0] == "Stands nowhere in the text 1"

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            (
                "/what",
                [
                    "path/what",
                    "letter for letter",
                    "characters 15 to 25",
                    "sheet Q1, cell B7",
                    "67 % of the readings",
                    "1, 2",
                ],
            ),
            ("/city", ["nowhere in the text", "may stand on page 3", "kept Haifa by majority", "Hamburg", "reading 2"]),
            ("/price", ["320,50 → 320.5", "number, risk high", "right with 90 %", "Please send 12 oak chairs"]),
            ("/sure", ["0.6, stated", "not looked for in the text"]),
            ("/large", ["9007199254740993"]),
            ("/none", ["null"]),
            ("/blank", ["empty text"]),
            ("/notes", ["0 items"]),
            ("/long", ["z" * 900]),
        ],
    )
    def test_a_field_tells_all_that_is_known_of_it(self, page: Any, expect: Any, path: str, told: list[str]) -> None:
        row = field(page, path)
        row.locator(".row").click()
        for words in told:
            expect(row).to_contain_text(words)
        row.locator(".row").click()
        expect(row.locator(".details")).to_have_count(0)

    def test_a_long_value_is_cut_in_its_row(self, page: Any, expect: Any) -> None:
        expect(field(page, "/long").locator(".row .value")).to_have_text("z" * 239 + "\u2026")

    def test_a_risky_edit_is_not_told_twice(self, page: Any, expect: Any) -> None:
        expect(field(page, "/price").locator(".tag")).to_have_text(["risky edit"])

    def test_a_passage_of_evidence_leads_to_its_place(self, page: Any) -> None:
        field(page, "/price").locator(".row").click()
        page.locator(".field .passage").click()
        assert lit(page) == "Please send 12 oak chairs"
        page.locator(".strays .passage").click()  # evidence of what no row has
        assert lit(page) == "Hamburg"

    def test_what_a_value_rests_on_is_underlined_where_it_stands_itself(
        self, rich: dict[str, Any], tmp_path: Path, visit: Opened
    ) -> None:
        rich["spans"]["/price"] = {"start": 30, "end": 33, "match": "exact"}
        page = visit(page_of(tmp_path, [record_view(rich, TEXT)])).page
        field(page, "/price").locator(".row").click()
        assert lit(page) == TEXT[30:33]
        near = page.locator("#text mark.near")
        assert "".join(near.all_text_contents()) == "Please send 12 oak chairs"
        edge = _style(field(page, "/price"), "border-left-color")
        assert all(_style(mark, "box-shadow").startswith(edge) for mark in near.all())

    def test_attempts_chunks_and_the_rest_stand_below(self, page: Any, expect: Any) -> None:
        form = page.locator("#fields")
        for words in (
            "1,200",
            "34",
            "ask, chunk 1 ✗",
            "patch, chunk 1, in a batch ✓",
            "/lines/0/count: Input should be a valid integer",
        ):
            expect(form).to_contain_text(words)
        for title, words in (("Chunks", "0 to 30"), ("Corrections", "it is Haifa"), ("About", "north")):
            page.locator("summary", has_text=title).click()
            expect(page.locator("details", has_text=title).last).to_contain_text(words)
        expect(page.locator(".strays")).to_contain_text("unfenced, risk none")
        expect(page.locator(".strays")).to_contain_text("not valid0")
        expect(page.locator("details", has_text="About").last).to_contain_text("taken overwhat, of a model")

    def test_what_is_not_valid_stays_within_its_pane(self, rich: dict[str, Any], tmp_path: Path, visit: Opened) -> None:
        page = visit(page_of(tmp_path, [record_view({**rich, "invalid": "z" * 900}, TEXT)])).page
        pane, value = (page.locator(name).bounding_box() for name in ("#fields", ".strays > .value"))
        assert (value["x"], value["width"]) == (
            pane["x"],
            page.evaluate("document.getElementById('fields').clientWidth"),
        )
        assert page.evaluate("document.getElementById('fields').scrollWidth") == value["width"]

    def test_the_list_tells_the_worst_flags_and_how_many_more(self, page: Any, expect: Any) -> None:
        expect(page.locator("#document-0 .tag")).to_have_text(["1 nowhere", "1 risky", "+2"])

    def test_on_paper_fields_are_there_that_nobody_scrolled_to(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        value = {f"f{number}": number for number in range(400)}
        page = visit(page_of(tmp_path, [view_of(record, "text", {}, value=value)])).page
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("#fields .details")).to_have_count(400)
        expect(page.locator(".on-paper")).to_have_count(0)

    def test_paper_holds_a_thousand_rows_and_says_how_many_there_are(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        value = {f"f{number}": number for number in range(20_000)}
        page = visit(page_of(tmp_path, [view_of(record, "text", {}, value=value)])).page
        page.evaluate("viewer.select('/f9000')")
        expect(page.locator(".on-paper")).to_be_hidden()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#fields .field").count() < 1_200
        page.emulate_media(media="print")
        expect(page.locator(".on-paper")).to_have_text("The first 999 of 20,000 fields are printed.")
        expect(page.locator(".on-paper")).to_be_visible()
        expect(page.locator("#fields .details:visible")).to_have_count(999)
        expect(page.locator("#fields .details")).to_have_count(1_000)  # the chosen one's, too
        expect(field(page, "/f998").locator(".details")).to_be_visible()
        expect(field(page, "/f9000")).to_be_hidden()
        below = page.locator(".on-paper").bounding_box()["y"] - field(page, "/f998").bounding_box()["y"]
        assert below < 200  # the rows that are left out leave no room

    def test_what_no_table_holds_is_told_where_it_would_stand(
        self, rich: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        bare = {**rich, "attempts": [], "edits": [], "conflicts": [], "schema": {"name": "Order", "id": ""}}
        page = visit(page_of(tmp_path, [record_view(bare, text_note="It is gone."), record_view(rich, TEXT)])).page
        block = page.locator("details", has_text="Attempts")
        expect(block).to_have_text(re.compile("^Attempts.*edits and conflicts are not known"))
        expect(page.locator("details", has_text="About")).not_to_contain_text("characters")
        page.evaluate("viewer.open(1)")
        expect(block).not_to_contain_text("not known")

    def test_items_are_counted_from_one(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        record["value"] = {**ORDER_VALUE, "a/b~c": {"0": "x"}, "notes": ["n"]}
        record["spans"] = {"/lines/1/what": record["spans"]["/lines/1/what"]}
        page = visit(page_of(tmp_path, [record_view(record, ORDER_TEXT)])).page
        assert page.locator("#fields .rows h3").all_text_contents() == ["lines \u203a 1", "lines \u203a 2", "a/b~c"]
        names = {
            "/lines/1/what": "lines \u203a 2 \u203a what",
            "/lines/0/what": "what",
            "/notes/0": "1",
            "/a~1b~0c/0": "0",
        }
        for path, name in names.items():
            expect(field(page, path).locator(".key")).to_have_text(name)

    def test_rows_drawn_anew_stand_where_they_stood(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        value = {f"f{number}": "long " * (number % 40) for number in range(400)}
        page = visit(page_of(tmp_path, [view_of(record, "text", {}, value=value)])).page
        for top in range(0, 16_000, 500):
            page.evaluate(f"document.getElementById('fields').scrollTop = {top}")
            page.wait_for_function(
                "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
            )
        row = field(page, page.locator("#fields .field").last.get_attribute("data-path"))
        before = row.bounding_box()
        page.evaluate("""() => {
          const pane = document.getElementById("fields");
          const top = pane.scrollTop;
          viewer.redrawFields();
          pane.scrollTop = top;
        }""")
        expect(row).to_have_count(1)
        assert row.bounding_box() == before

    def test_arrows_move_from_field_to_field(self, page: Any, expect: Any) -> None:
        field(page, "/city").locator(".row").focus()
        page.keyboard.press("ArrowDown")
        expect(field(page, "/what").locator(".row")).to_be_focused()
        page.keyboard.press("Enter")
        expect(field(page, "/what").locator(".row")).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("ArrowUp")
        expect(field(page, "/city").locator(".row")).to_be_focused()

    def test_on_paper_all_details_are_there(self, page: Any, expect: Any) -> None:
        page.evaluate("viewer.select('/city')")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(page.locator("#fields .details")).to_have_count(9)
        expect(page.locator("#list")).to_be_hidden()
        expect(page.locator("summary", has_text="Attempts")).to_be_visible()
        expect(page.locator("summary", has_text="About")).to_be_hidden()  # as it is closed
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(page.locator("#fields .details")).to_have_count(1)

    def test_paper_is_white_and_holds_all_that_scrolls_on_a_screen(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        views = [
            view_of(record, "needle\n" * 2_000, {f"/f{number}": (7 * number, 7 * number + 6) for number in range(60)})
        ]
        page = visit(page_of(tmp_path, views), color_scheme="dark").page
        expect(page.locator("body")).to_have_css("background-color", "rgb(19, 21, 23)")
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        expect(page.locator("body")).to_have_css("color", "rgb(0, 0, 0)")
        mark = page.locator("#text mark").first
        expect(mark).to_have_css("background-color", "rgb(207, 230, 226)")
        expect(mark).to_have_css("print-color-adjust", "exact")
        page.evaluate("viewer.select('/f0')")
        expect(mark).to_have_css("color", "rgb(0, 0, 0)")
        text, fields = (page.locator(name).bounding_box() for name in ("#text", "#fields"))
        assert text["height"] > 2_000 * 20
        assert text["width"] == fields["width"] > 1_300
        assert fields["y"] == pytest.approx(text["y"] + text["height"], abs=1)
        assert page.evaluate("document.documentElement.scrollHeight") >= fields["y"] + fields["height"]
        expect(page.locator("#text .stretch").first).to_have_css("content-visibility", "visible")
        for name in ("#text", "#fields"):
            expect(page.locator(name)).to_have_css("overflow", "visible")  # what scrolls is not parted into sheets

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1440, 900, 390])
    def test_nobody_is_shut_out(
        self, rich: dict[str, Any], tmp_path: Path, visit: Opened, scheme: str, width: int
    ) -> None:
        views = [record_view(rich, TEXT), *_paged_views(rich), record_view(rich, text_note="It is gone.")]
        page = visit(page_of(tmp_path, views), color_scheme=scheme, viewport={"width": width, "height": 800}).page
        for number, path in ((0, "/what"), (1, "/what"), (2, "/city")):
            page.evaluate(f"viewer.open({number}); viewer.select({json.dumps(path)})")
            for pane in ("left", "middle", "right") if width < 760 else ("middle",):
                page.evaluate(f"document.body.dataset.pane = {json.dumps(pane)}")
                assert axe_violations(page) == []


def _paged_views(record: dict[str, Any]) -> list[dict[str, Any]]:
    at = TEXT.index("oak chairs")
    place = {"page": 3, "box": [100.0, 50.0, 200.0, 70.0]}
    lines = {
        "page": 5,
        "box": [10.0, 10.0, 200.0, 60.0],
        "boxes": [[10.0, 10.0, 80.0, 40.0], [10.0, 30.0, 200.0, 60.0]],
    }
    around = {"page": 3, "box": [80.0, 40.0, 300.0, 90.0]}
    spans = {
        "/what": {"start": at, "end": at + 10, "match": "exact", "place": place},
        "/all": {"start": 0, "end": 25, "match": "exact", "place": around},
        "/lines": {"start": 40, "end": 60, "match": "exact", "place": lines},
    }
    evidence = {
        "/lines": [
            {"text": "12", "start": 12, "end": 14, "match": "exact", "place": {"page": 3, "box": [8.0, 8.0, 9.0, 9.0]}}
        ]
    }
    pages = [{"number": number, "width": 400.0, "height": 200.0, "picture": PICTURE} for number in (3, 5)]
    value = {"what": "oak chairs", "all": "Please send", "lines": "of two"}
    return [record_view({**record, "value": value, "spans": spans, "evidence": evidence}, TEXT, pages=pages)]


_PATHS = "(boxes) => boxes.map((box) => box.dataset.path)"


@pytest.mark.slow
class TestPages:
    def test_values_are_drawn_where_they_stand(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        page = visit(page_of(tmp_path, _paged_views(record))).page
        page.locator("#show-pages").click()
        expect(page.locator("#text")).to_be_hidden()
        sheet, box = (page.locator(name).first.bounding_box() for name in (".sheet", '.box[data-path="/what"]'))
        scale = (sheet["width"] - 2) / 400
        assert box["x"] - sheet["x"] == pytest.approx(98 * scale, abs=3)
        assert box["width"] == pytest.approx(104 * scale, abs=3)
        assert box["y"] - sheet["y"] == pytest.approx(sheet["height"] * 48 / 200, abs=3)
        assert box["height"] == pytest.approx(sheet["height"] * 24 / 200, abs=3)
        assert page.locator("figcaption").all_text_contents() == ["page 3", "page 5"]
        placed = [figure.locator(".box").evaluate_all(_PATHS) for figure in page.locator("figure").all()]
        assert placed == [["/what", "/all", "/lines"], ["/lines", "/lines"]]
        box = page.get_by_role("button", name="what: page 3", exact=True)
        expect(box).to_have_attribute("title", "what: page 3")
        colour = _style(box, "border-left-color")
        field(page, "/what").locator(".row").click()
        assert _style(field(page, "/what"), "border-left-color") == colour

    def test_a_value_on_another_page_is_scrolled_to_and_offered_once(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        page = visit(page_of(tmp_path, _paged_views(record))).page
        page.locator("#show-pages").click()
        box = page.locator("figure").last.locator(".box").last
        expect(box).not_to_be_in_viewport()
        page.locator("#show-text").click()
        field(page, "/lines").locator(".row").click()
        page.evaluate("async () => { for (let n = 0; n < 9; n++) await new Promise(requestAnimationFrame); }")
        page.locator("#show-pages").click()
        expect(box).to_be_in_viewport()
        field(page, "/what").locator(".row").click()
        expect(box).not_to_be_in_viewport()
        field(page, "/lines").locator(".row").click()
        expect(box).to_be_in_viewport()
        expect(page.locator(".box.on")).to_have_count(3)
        box.click(force=True, position={"x": 5, "y": 5})  # where its first line reaches into it
        expect(page.locator("#here")).to_be_hidden()

    def test_a_box_leads_to_its_field_and_a_field_to_its_box(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        page = visit(page_of(tmp_path, _paged_views(record))).page
        page.locator("#show-pages").click()
        page.locator('.box[data-path="/what"]').click(force=True)
        expect(field(page, "/what").locator(".details")).to_contain_text("page 3")
        assert page.locator("#here button").all_text_contents() == ["what", "all"]
        page.locator('.box[data-path="/what"]').click(force=True)
        expect(page.locator(".box.on")).to_have_attribute("data-path", "/all")
        field(page, "/what").locator(".row").click()
        expect(page.locator(".box.on")).to_have_attribute("data-path", "/what")
        page.locator('.box[data-path="/all"]').focus()
        page.keyboard.press("Enter")
        expect(page.locator(".box.on")).to_have_attribute("data-path", "/all")
        page.locator("#show-text").click()
        assert lit(page) == "Please send 12 oak chairs"


@pytest.mark.slow
class TestAnyDocument:
    def test_one_that_is_made_to_do_harm_is_text(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        evil = (
            "</script><script>alert(1)</script><!--<script>\u2028<img src=x onerror=alert(2)>"
            "\x00\x1b[31m\u202eexe.gpj\u202cdata:text/html,<script>alert(3)</script> </noscript>"
            "<svg onload=alert(4)> <a href='javascript:alert(5)'>x</a>"
        )
        text = evil + "<b>" * 100_000
        value = {"</script><b>": evil, "__proto__": "x", "constructor": evil * 300}
        spans = {"/<~1script><b>": {"start": 0, "end": 20, "match": "exact"}}
        evil_record = {
            **record,
            "value": value,
            "spans": spans,
            "document": {**record["document"], "source": f"mails/{evil}"},
            "edits": [{"path": "", "kind": evil, "before": evil, "after": [evil], "risk": "high"}],
            "outcome": "failed",
            "error": {"type": "refusal", "message": evil},
            "invalid": evil,
            "history": [{"value": {}, "correction": evil}],
        }
        path = page_of(tmp_path, [record_view(evil_record, text), record_view(record, text_note=evil)])
        opened = visit(path)
        page = opened.page
        clean = re.sub("[\x00\x1b\u202c\u202e\u2028]", "\ufffd", text)
        assert page.locator("#text").text_content() == clean
        for number, name in enumerate(("U+2028", "U+0000", "U+001B")):
            expect(page.locator("#text .control").nth(number)).to_have_attribute("data-number", name)
        assert "U+2028" in page.locator("#text .control").first.evaluate(
            "(one) => getComputedStyle(one, '::after').content"
        )
        assert _style(page.locator("#text .control").first, "font-size") == "0px"
        assert "[U+2028]" in page.title()
        field(page, "/<~1script><b>").locator(".row").click()
        assert lit(page) == clean[:20]
        field(page, "/constructor").locator(".row").click()
        assert page.locator("img, svg, a, #text b, #fields b script").count() == 0
        assert page.locator("script").count() == 3
        page.evaluate("viewer.open(1)")
        expect(page.locator("#text")).to_contain_text("The text is not at hand")
        assert page.locator("img, svg, a").count() == 0
        assert opened.requests == []

    def test_one_of_nothing_but_controls_opens(self, record: dict[str, Any], tmp_path: Path, visit: Opened) -> None:
        page = visit(page_of(tmp_path, [view_of(record, "a\x01" * 50_000, {"/x": (90_000, 90_004)})])).page
        field(page, "/x").locator(".row").click()
        assert lit(page) == "a\ufffda\ufffd"
        assert page.locator("#text .control").count() == 5_000

    def test_a_name_of_thousands_of_characters_leaves_room_for_the_text(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened
    ) -> None:
        document = {**record["document"], "source": "long/" * 2_000}
        page = visit(page_of(tmp_path, [view_of(record, "text", {"/a": (0, 3)}, document=document)])).page
        assert page.locator("#text").bounding_box()["y"] < 300

    def test_without_its_text_the_page_says_how_to_give_it(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        views = [view_of(record, "abcdef", {"/a": (0, 3)}), view_of(record, None, {"/a": (0, 3)})]
        page = visit(page_of(tmp_path, views)).page
        page.evaluate("viewer.select('/a'); viewer.open(1)")
        page.locator(".no-text b").select_text()
        assert page.evaluate("viewer.selectedSpan()") is None
        expect(page.locator("#text")).to_contain_text("Name it with --documents.")
        field(page, "/a").locator(".row").click()
        expect(field(page, "/a")).to_contain_text("characters 0 to 3")

    def test_one_that_failed_says_why(self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any) -> None:
        failed = {
            "outcome": "refused",
            "value": None,
            "spans": {},
            "error": {"type": "rate_limit", "message": "too many"},
        }
        page = visit(page_of(tmp_path, [record_view({**record, **failed, "cost_usd": None}, ORDER_TEXT)])).page
        expect(page.locator(".failure")).to_have_text("rate limit: too many")
        expect(page.locator(".head")).to_contain_text("price unknown")

    def test_without_scripts_a_plain_table_is_there(
        self, rich: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        page = visit(page_of(tmp_path, [record_view(rich, TEXT)]), java_script_enabled=False).page
        expect(page.locator("main.plain")).to_be_visible()
        expect(page.locator("main.needs-script")).to_be_hidden()
        cells = page.locator("tr", has_text="/what").locator("td").all_text_contents()
        assert cells == ["/what", "oak chairs", "exact", "characters 15 to 25, sheet Q1, cell B7", "unsure"]
        cells = page.locator("tr", has_text="/city").locator("td").all_text_contents()
        assert cells == ["/city", "Haifa", "nowhere", "", "absent, conflict"]

    def test_on_a_phone_one_pane_is_shown_at_a_time(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        path = page_of(tmp_path, [record_view(record, ORDER_TEXT)])
        page = visit(path, viewport={"width": 390, "height": 844}).page
        for name, shown in (("Values", "#fields"), ("Documents", "#list"), ("Text", "#text")):
            page.locator("#panes button", has_text=name).click()
            for other in ("#fields", "#list", "#text"):
                expect(page.locator(other)).to_be_visible(visible=other == shown)
            if shown != "#text":
                expect(page.locator(f"{shown} .entry, {shown} .row").first).to_be_visible()
            assert page.locator(shown).bounding_box()["width"] == 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
class TestHooks:
    def test_another_script_can_work_on_the_page(
        self, record: dict[str, Any], tmp_path: Path, visit: Opened, expect: Any
    ) -> None:
        views = [view_of(record, "abcdef", {"/a": (0, 2), "/b": (3, 5)}), view_of(record, "xyz", {"/x": (0, 1)})]
        page = visit(page_of(tmp_path, views)).page
        page.evaluate("""() => {
          window.seen = [];
          viewer.on("open", (view) => seen.push(["open", view.text]));
          viewer.on("select", (path) => seen.push(["select", path]));
          viewer.on("row", (element, row) => element.append(`[${row.path}]`));
          viewer.on("entry", (element, number) => element.append(`no. ${number}`));
          viewer.redrawList();
          viewer.redrawFields();
        }""")
        expect(field(page, "/b")).to_contain_text("[/b]")
        expect(page.locator("#document-1")).to_contain_text("no. 1")
        page.evaluate(
            "() => { viewer.select('/b'); viewer.current.view.fields[1].value = 'changed'; viewer.redrawField('/b'); }"
        )
        expect(field(page, "/b").locator(".row .value")).to_have_text("changed")
        field(page, "/b").locator(".row").focus()
        page.evaluate(
            "() => { const all = viewer.current.view.fields; all[1] = {...all[1], value: 'replaced'}; "
            "viewer.redrawField('/b'); }"
        )
        expect(field(page, "/b").locator(".row .value")).to_have_text("replaced")
        expect(field(page, "/b").locator(".row")).to_be_focused()
        expect(field(page, "/b").locator(".details")).to_be_visible()
        page.evaluate(
            "() => { viewer.current.view.fields[1].span = [1, 4]; viewer.redrawText(); viewer.select('/b'); }"
        )
        assert lit(page) == "bcd"
        assert page.evaluate("viewer.neighbour(1)") == 1
        assert page.evaluate("viewer.neighbour(-1)") == -1
        page.evaluate("viewer.open(1)")
        assert page.evaluate("seen") == [["select", "/b"], ["select", "/b"], ["open", "xyz"]]
        page.evaluate("() => viewer.replace(1, {...viewer.current.view, text: 'new text'})")
        expect(page.locator("#text")).to_have_text("new text")
        assert page.evaluate("viewer.fieldElement('/x').dataset.path") == "/x"
        assert page.evaluate("viewer.selectedSpan()") is None
