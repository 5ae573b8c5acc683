"""The page of a review in a real browser: every key, editors by the schema, places set by selecting; by keyboard."""

import json
from dataclasses import replace

import pytest
from browsing import axe_violations
from reviewing import INVOICE, TEXT, VALUE, document, served_review, session

from slotfill.extractors.review.decisions import ProposedDecision, ReviewAction
from slotfill.schemas.sources.schema_sources import resolve

SPANS = {
    "/number": {"start": 8, "end": 10, "match": "exact"},
    "/total": {"start": 52, "end": 60, "match": "normalised"},
    "/items/0/name": {"start": 32, "end": 37, "match": "exact"},
}
HOSTILE = "</script><script>document.title='x'</script> \u202eabc <img src=x onerror=alert(1)> data:text/html,x"
PAIR = resolve(
    {
        "title": "pair",
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "not": {"properties": {"a": {"const": 1}, "b": {"const": 1}}},
    }
)
_INCLUDES = "([id, text]) => document.getElementById(id).textContent.includes(text)"
_IS_CHOSEN = "([path, number]) => viewer.current.path === path && viewer.current.number === number"


class Desk:
    """A reviewer at the page."""

    def __init__(self, visit, review, **options):
        self.review = review
        self._serving = served_review(review)
        self.seen = visit(self._serving.__enter__(), **options)
        self.page = self.seen.page
        self.page.wait_for_selector(".field.on .actions", state="attached")

    def close(self):
        self.page.goto("about:blank")  # which asks for nothing any more
        self.stop()

    def stop(self):
        self._serving.__exit__(None, None, None)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text):
        self.page.wait_for_selector("#review-input")
        self.page.keyboard.type(text)

    def chosen(self):
        return self.page.evaluate("viewer.current && viewer.current.path")

    def wait_until(self, path=None, *, note=None):
        """Wait until a field is chosen, or something is said."""
        if path is not None:
            self.page.wait_for_function("path => viewer.current.path === path", arg=path)
        if note is not None:
            self.page.wait_for_function(_INCLUDES, arg=["review-note", note])

    def rows(self):
        self.page.wait_for_function("() => viewer.current.view.fields.every((row) => row.review)")
        return {
            row["path"]: row["review"]["decided"]
            for row in self.page.evaluate("viewer.current.view.fields")
            if row["review"]["decided"]
        }

    def row(self, path):
        return self.page.locator(f'.field[data-path="{path}"]')

    def says(self, text):
        self.page.wait_for_function(
            "text => document.getElementById('review-says').textContent.includes(text)", arg=text
        )

    def select_text(self, words):
        """Select words of the text, as a mouse does."""
        self.page.evaluate(
            """words => {
                const walker = document.createTreeWalker(document.getElementById("text"), NodeFilter.SHOW_TEXT);
                for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                    const at = node.data.indexOf(words);
                    if (at >= 0) document.getSelection().setBaseAndExtent(node, at, node, at + words.length);
                }
            }""",
            words,
        )


@pytest.fixture
def desk(visit):
    desks = []

    def opened(review, **options):
        desks.append(Desk(visit, review, **options))
        return desks[-1]

    yield opened
    for one in desks:
        one.close()


@pytest.fixture
def review(tmp_path):
    return session(tmp_path, [document(spans=SPANS), document(1, text="second", source="b.txt")])


def test_a_field_is_accepted_by_one_key(desk, review):
    ada = desk(review)
    ada.wait_until("/number")
    ada.press("a")
    ada.wait_until("/status")
    assert ada.rows() == {"/number": "accept"}
    assert review.log.rows[0].span.start == 8
    assert ada.seen.requests
    assert all(one.startswith(ada.page.url.split("#")[0]) for one in ada.seen.requests)


@pytest.mark.slow
def test_every_key_does_what_the_help_says(desk, review):
    ada = desk(review)
    ada.press("j", "j", "k")
    ada.wait_until("/status")
    ada.press("k", "k")
    ada.wait_until(note="This is the first field")
    ada.press("x")
    ada.wait_until(note="is required: correct it instead")
    assert ada.rows() == {}
    ada.press("a")
    ada.wait_until("/status")
    ada.press("e")
    ada.page.wait_for_selector("#review-input")
    ada.press("Escape")
    ada.page.wait_for_selector("form.editor", state="detached")
    assert ada.chosen() == "/status"
    ada.press("e")
    ada.page.wait_for_selector("#review-input")
    ada.press("ArrowDown", "Enter")
    ada.wait_until("/total")
    ada.press("e")
    ada.type("12.5")
    ada.press("Enter")
    ada.wait_until("/due")
    ada.press("x")
    ada.wait_until("/urgent")
    assert ada.rows() == {"/number": "accept", "/status": "correct", "/total": "correct", "/due": "reject"}
    assert [row.after for row in review.log.rows] == ["17", "late", 12.5, None]
    ada.press("u")
    ada.wait_until("/due", note="taken back")
    ada.press("u", "u", "u", "u")
    ada.wait_until(note="There is nothing to undo")
    assert ada.rows() == {}
    ada.page.evaluate("viewer.select('/total')")
    ada.press("a")
    ada.wait_until("/due")
    ada.press("u")
    ada.wait_until("/total", note="taken back")
    ada.press("n")
    ada.page.wait_for_function("() => viewer.current.number === 1")
    ada.press("n")
    ada.wait_until(note="This is the last document")
    ada.press("p")
    ada.page.wait_for_function("() => viewer.current.number === 0")
    ada.press("?")
    ada.page.wait_for_selector("#review-help[open]")
    ada.press("a", "?")
    ada.page.wait_for_selector("#review-help:not([open])", state="attached")
    ada.press("?", "Escape")
    ada.page.wait_for_selector("#review-help:not([open])", state="attached")
    assert ada.rows() == {}


@pytest.mark.slow
def test_items_are_added_and_taken_out(desk, review):
    ada = desk(review)
    ada.page.evaluate("viewer.select('/items/0/amount')")
    ada.press("X")
    ada.wait_until(note="items \u203a 1 rejected")
    assert "removed" in ada.row("/items/0").get_attribute("class")
    ada.page.evaluate("viewer.select('/items/1/name')")
    ada.press("+")
    ada.wait_until("/items/2/name")
    ada.type("washer")
    ada.press("Enter")
    ada.wait_until("/items/2/amount")
    ada.press("e")
    ada.type("0")
    ada.says("0 is less than the minimum of 1")
    ada.press("Enter")
    ada.wait_until(note="0 is less than the minimum of 1")
    ada.press("Backspace")
    ada.type("4")
    ada.press("Enter")
    ada.wait_until(note="amount corrected")
    ada.page.evaluate("viewer.select('/tags/0')")
    ada.press("x")
    ada.wait_until(note="tags \u203a 1 rejected")
    ada.page.evaluate("viewer.select('/tags')")
    ada.press("+")
    ada.type("late")
    ada.press("Enter")
    ada.wait_until(note="tags \u203a 2 added")
    items = [row.after for row in review.log.rows if row.path.startswith(("/items/2/", "/tags/1"))]
    assert items == ["washer", 4, "late"]
    ada.page.evaluate("viewer.select('/number')")
    ada.press("+")
    ada.wait_until(note="No list is chosen")
    ada.press("X")
    ada.wait_until(note="No item of a list is chosen")


@pytest.mark.slow
def test_selected_text_sets_a_value_and_its_place(desk, review):
    ada = desk(review)
    ada.page.evaluate("viewer.select('/due')")
    ada.select_text("3 March 2026")
    ada.page.wait_for_selector("#review-use:not([hidden])")
    assert "Take “3 March 2026” for due" in ada.page.locator("#review-use").inner_text()
    ada.press("e")
    ada.says('It will stand there as "2026-03-03"')
    ada.press("Enter")
    ada.wait_until("/urgent")
    row = review.log.rows[-1]
    assert (row.path, row.after, TEXT[row.span.start : row.span.end]) == ("/due", "2026-03-03", "3 March 2026")
    ada.page.evaluate("viewer.select('/due')")
    assert ada.page.locator("#text mark.on").all_inner_texts() == ["3 March 2026"]
    ada.page.evaluate("viewer.select('/total')")
    ada.select_text("1,250.50")
    ada.page.click("#review-use")
    ada.press("Enter")
    ada.wait_until(note="total corrected")
    assert review.log.rows[-1].after == 1250.5
    ada.page.evaluate("viewer.select('/status')")
    ada.select_text("to be ")
    ada.press("e")
    ada.page.wait_for_selector("select#review-input")
    ada.press("Enter")
    ada.wait_until(note="status corrected")
    assert review.log.rows[-1].after == "open"
    assert TEXT[review.log.rows[-1].span.start :].startswith("to be ")


@pytest.mark.slow
def test_a_hundred_fields_are_reviewed_by_keyboard_alone(desk, tmp_path):
    schema = resolve(
        {
            "title": "form",
            "type": "object",
            "properties": {f"field_{n}": {"type": "string", "maxLength": 9} for n in range(20)},
            "required": [f"field_{n}" for n in range(20)],
        }
    )
    value = {f"field_{n}": f"v{n}" for n in range(20)}
    documents = [document(n, text=f"text {n}", source=f"{n}.txt", value=value, schema=schema) for n in range(5)]
    ada = desk(session(tmp_path, documents))
    for number in range(100):
        path, of = f"/field_{number % 20}", number // 20
        ada.page.wait_for_function(_IS_CHOSEN, arg=[path, of])
        if number % 10 == 3:
            ada.press("e")
            ada.type(f"new {number}")
            ada.press("Enter")
        else:
            ada.press("a")
    ada.wait_until(note="4.txt is gold.")
    lines = [json.loads(line) for line in ada.review.gold.read_text().splitlines()]
    assert [line["source"] for line in lines] == [f"{n}.txt" for n in range(5)]
    changed = {name: line["value"][name] for line in lines for name in value if line["value"][name] != value[name]}
    assert changed == {"field_3": "new 83", "field_13": "new 93"}
    assert sum(row.action.decides for row in ada.review.log.rows) == 100


@pytest.mark.slow
def test_keys_that_are_faster_than_the_service_are_done_one_after_the_other(desk, review):
    ada = desk(review)
    ada.wait_until("/number")
    ada.press(*"aaaaaaaaaaa")  # eleven fields
    ada.page.wait_for_function("() => viewer.current.number === 1")
    assert [row.path for row in review.log.rows if row.action.decides] == [
        row["path"] for row in review.state(0)["fields"] if not row["by_parts"]
    ]
    assert review.gold_count == 1


@pytest.mark.slow
def test_two_reviewers_work_side_by_side_and_are_told_how_they_agree(desk, review, tmp_path):
    ada = desk(review)
    bob = desk(session(tmp_path, [*review.documents], who="bob"))
    ada.press("a", "a")
    ada.wait_until("/total")
    bob.press("e")
    bob.type("18")
    bob.press("Enter")
    bob.wait_until("/status")
    assert "others differ" in bob.row("/number").inner_text()
    assert "others" not in bob.row("/status").inner_text()
    bob.press("a")
    bob.wait_until("/total")
    bob.press("k", "k")
    bob.wait_until("/number")
    assert 'ada accepted: "17"' in bob.row("/number").inner_text()
    bob.press("?")
    bob.page.wait_for_selector("#review-help[open]")
    bob.page.wait_for_selector("#review-agreement table")
    told = bob.page.locator("#review-help").inner_text()
    assert "reviewers agree on 1 of 2 decisions (50%)" in told
    assert 'invoices/17.txt /number: ada "17", bob "18"' in told
    rows = [json.loads(line) for line in review.log.path.read_text().splitlines()]
    assert sorted((row["who"], row["path"]) for row in rows) == [
        ("ada", "/number"),
        ("ada", "/status"),
        ("bob", "/number"),
        ("bob", "/status"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_nobody_is_shut_out(desk, review, options):
    ada = desk(review, **options)
    if "viewport" in options:
        ada.page.click("[data-pane=right]")
    ada.press("a")
    ada.wait_until("/status")
    ada.press("a", "e")
    ada.page.wait_for_selector("#review-input")
    assert axe_violations(ada.page) == []
    ada.press("Escape", "?")
    ada.page.wait_for_selector("#review-help[open]")
    assert axe_violations(ada.page) == []
    assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.slow
def test_values_of_a_pdf_are_drawn_on_its_pages(desk, tmp_path):
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    pytest.importorskip("pypdfium2")
    drawn = canvas.Canvas(str(tmp_path / "offer.pdf"), pagesize=(300, 200))
    drawn.drawString(100, 150, "17")
    drawn.save()
    spans = {"/number": {**SPANS["/number"], "place": {"page": 1, "box": [100.0, 40.0, 120.0, 52.0]}}}
    one = replace(document(spans=spans), file=str(tmp_path / "offer.pdf"))
    ada = desk(session(tmp_path, [one]))
    ada.wait_until("/number")
    ada.page.click("#show-pages")
    ada.press("a")
    ada.wait_until("/status")
    ada.press("k")
    ada.wait_until("/number")
    ada.page.wait_for_selector("#pages .box.on")
    assert ada.rows() == {"/number": "accept"}


@pytest.mark.slow
def test_on_a_narrow_window_what_is_selected_is_taken_in_the_form(desk, review):
    ada = desk(review, viewport={"width": 390, "height": 844})
    ada.page.evaluate("viewer.select('/due')")
    ada.select_text("3 March 2026")
    ada.page.click("#review-use")
    ada.page.wait_for_selector("#review-input", state="visible")
    ada.press("Enter")
    ada.wait_until(note="due corrected")
    assert review.log.rows[-1].after == "2026-03-03"


@pytest.mark.slow
def test_what_documents_and_reviewers_hold_is_text(desk, tmp_path):
    value = {**VALUE, "number": HOSTILE, "tags": [HOSTILE]}
    one = document(text=HOSTILE, source=f"{HOSTILE}.txt", value=value)
    bob = session(tmp_path, [one], who=HOSTILE[:90])
    ada = desk(session(tmp_path, [one]))
    ada.press("e")
    ada.page.wait_for_selector("#review-input")
    assert ada.page.input_value("#review-input") == HOSTILE
    ada.press("Enter")
    ada.wait_until("/status")
    other = desk(bob)
    other.press("e")
    other.type(HOSTILE)
    other.press("Enter")
    other.wait_until("/status")
    other.press("?", "Escape", "k")
    other.wait_until("/number")
    for desk_of in (ada, other):
        assert desk_of.page.title() != "x"
        assert desk_of.page.locator("#text img, #fields img, .review-bar img, dialog img").count() == 0
        assert desk_of.page.locator("script").count() == 3  # two blocks of data, and the page's own


@pytest.mark.slow
def test_a_value_that_is_decided_and_refused_is_told(desk, tmp_path):
    ada = desk(session(tmp_path, [document(value={"a": 1, "b": 2}, schema=PAIR)]))
    ada.press("a", "e")
    ada.type("1")
    ada.press("Enter")
    ada.wait_until(note="the schema refuses the value")
    assert "Not gold yet" in ada.page.locator("#review-problems").inner_text()
    assert not ada.review.gold.exists()


@pytest.mark.slow
def test_a_choice_may_be_nothing_and_is_described(desk, tmp_path):
    urgent = {"type": ["boolean", "null"], "description": "Whether it cannot wait."}
    parts = {"urgent": urgent, "end": {"const": None}}
    schema = resolve({"title": "call", "type": "object", "properties": parts, "required": [*parts]})
    ada = desk(session(tmp_path, [document(value={"urgent": True, "end": None}, schema=schema)]))
    ada.press("e")
    ada.page.wait_for_selector("#review-input")
    assert ada.page.locator("#review-about").inner_text() == urgent["description"]
    ada.page.select_option("#review-input", label="nothing (null)")
    ada.press("Enter")
    ada.wait_until("/end")
    ada.press("e")
    ada.page.wait_for_selector("#review-input")
    ada.press("Enter")
    ada.wait_until(note="is gold")
    assert ada.review.log.rows[0].after is None


@pytest.mark.slow
def test_gold_that_is_broken_by_hand_is_told_until_it_is_mended(desk, tmp_path):
    ada = desk(session(tmp_path, [document(n, value={"a": 1, "b": 2}, schema=PAIR, source=f"{n}") for n in range(3)]))
    ada.review.gold.write_text("no gold\n")
    ada.press("a", "a")
    ada.page.wait_for_function(_IS_CHOSEN, arg=["/a", 1])
    assert "gold.jsonl', line 1: " in ada.page.locator("#review-problems .bad").inner_text()
    ada.review.gold.write_text("")
    ada.press("a")
    ada.wait_until("/b")
    assert ada.page.locator("#review-problems .bad").count() == 0
    assert len(ada.review.gold.read_text().splitlines()) == 1
    assert ada.page.locator(".entry .tag").all_inner_texts() == ["gold", "1 decided"]


@pytest.mark.slow
def test_the_list_tells_how_far_each_document_is(desk, tmp_path):
    review = session(tmp_path, [document(n, value={"a": 1, "b": 2}, schema=PAIR, source=f"{n}") for n in range(3)])
    for number, path in ((1, "/a"), (1, "/b"), (2, "/a")):
        review.decide(number, ProposedDecision(action=ReviewAction.ACCEPT, path=path))
    ada = desk(review)
    ada.page.wait_for_function("() => document.querySelectorAll('.entry .tag').length === 2")
    assert ada.page.locator(".entry .tag").all_inner_texts() == ["gold", "1 decided"]
    ada.press("a")
    ada.wait_until("/b")
    assert ada.page.locator(".entry .tag").all_inner_texts() == ["1 decided", "gold", "1 decided"]
    ada.press("a")
    ada.page.wait_for_function(_IS_CHOSEN, arg=["/b", 2])
    ada.press("a")
    ada.wait_until(note="No later document has open fields")
    ada.press("p", "p")
    ada.page.wait_for_function("() => viewer.current.number === 0")
    ada.page.evaluate("viewer.select('/a')")
    ada.press("x")
    ada.wait_until(note="correct it instead")
    ada.press("a")
    ada.wait_until(note="0 is gold. No later document has open fields")
    assert ada.page.evaluate("viewer.current.number") == 0


@pytest.mark.slow
def test_a_review_that_has_ended_is_told(desk, review):
    ada = desk(review)
    ada.stop()
    ada.press("a")
    ada.wait_until(note="slotfill review has ended")
    ada.seen.errors.clear()  # the browser tells of the refused connection
    assert review.log.rows == []


def test_the_page_needs_no_more_than_its_weight():
    from slotfill.extractors.review.serving.review_page import _file

    assert len(_file("review.js").encode()) + len(_file("review.css").encode()) < 40_000
    assert INVOICE.name == "invoice"
