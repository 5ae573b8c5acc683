"""The playground in a real browser, before a service and a simulated Claude: the whole way, by keyboard alone."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browsing import Visit, axe_violations

from slotfill.extractors.review.decision_log import log_beside
from slotfill.extractors.testing import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import Clock

Opened = Callable[..., "Player"]

ORDER = {
    "title": "order",
    "description": "Read one order. Only what it says.",
    "type": "object",
    "properties": {
        "customer": {"type": "string"},
        "total": {"type": "number"},
        "number": {"type": "integer"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["customer", "total", "number", "lines"],
    "additionalProperties": False,
}
TEXT = "Order 12345678901234567891 😀 of Ada Lovelace: 2 bolts, 1 nut. Total 1,250.50 EUR."
VALUE = '{"customer": "Ada Lovelace", "total": 1250.50, "number": 12345678901234567891, "lines": ["bolts", "nut"]}'
HOSTILE = (
    "</script><script>document.title='x'</script><img src=x onerror=alert(1)>\u202eabc\u0007 'JSON\nJSON\n${x}`$(x)"
)

COPIED = [
    f'@{TEXT} {HOSTILE} "quoted" \\ \\n \\u0041 $HOME ${{HOME}} `id` !! %s naïve 漢字 \'\'\' """ \' " \\\'',
    f"-d {TEXT}\n\nJSON\n\t\\\n--data @/etc/hosts\r\nend\\",
]
"""What a shell, a language or curl itself would take for something else than text."""


class HeldClock(Clock):
    """A time that stands still in the middle of a slow reply, as long as a test holds it."""

    def __init__(self) -> None:
        self.is_held = True
        self._pauses = 0

    async def asleep(self, seconds: float) -> None:
        self._pauses += 1
        if seconds and self.is_held and self._pauses > 10:
            await asyncio.Event().wait()  # until whoever waits is cancelled


class Player:
    """Somebody at the page, who has a key."""

    def __init__(self, seen: Visit, key: str, url: str, expect: Any) -> None:
        self.seen, self.page, self.key, self.url, self._expect = seen, seen.page, key, url, expect
        self.flags: list[dict[str, Any]] = []
        self.page.route(f"{url}v1/feedback", self._take_feedback)

    def _take_feedback(self, route: Any) -> None:
        self.flags.append(json.loads(route.request.post_data))
        answer = route.fetch()
        assert answer.status == 204, answer.text()
        route.fulfill(response=answer)

    def expect(self, selector: str) -> Any:
        return self._expect(self.page.locator(selector))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, selector: str, key: str = "Tab") -> None:
        """Press Tab until an element has the focus, as somebody without a mouse does."""
        for _ in range(60):
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            self.press(key)
        pytest.fail(f"no key leads to {selector}")

    def fill(self, text: str) -> None:
        self.page.fill("#play-text", text)

    def extract(self) -> None:
        self.page.click("#play-extract")
        self.expect("#play-note").to_contain_text("tokens in")

    def field(self, path: str) -> Any:
        return self.page.locator(f'#fields .field[data-path="{path}"]')

    def flag(self, path: str) -> None:
        self.field(path).locator(".row").click()
        self.field(path).get_by_text("Flag as wrong").click()


@pytest.fixture
def claude() -> SimulatedClaude:
    return SimulatedClaude(lambda _: VALUE)


@pytest.fixture
def held(claude: SimulatedClaude) -> HeldClock:
    claude.clock = HeldClock()
    claude.script(lambda _: VALUE, faults=["slow_body"])
    return claude.clock


@pytest.fixture
def play(visit: Callable[..., Visit], running: Callable[..., Any], tmp_path: Path) -> Iterator[Opened]:
    """Opens the page of a service; both end when the test does."""
    expect = pytest.importorskip("playwright.sync_api").expect
    with ExitStack() as stack:

        def opened(
            key: str | None = None, *, names: tuple[Any, ...] = (ORDER,), allow_schemas: bool = True, **options: Any
        ) -> Player:
            feedback = log_beside(tmp_path / "gold.jsonl")
            service = stack.enter_context(running(*names, allow_schemas=allow_schemas, feedback=feedback))
            url = f"{service.url}/"
            player = Player(visit(url, **options), service.keys.add(), url, expect)
            stack.callback(player.page.goto, "about:blank")  # which asks for nothing any more
            if key != "":
                player.page.goto(f"{url}#key={key or player.key}")
            return player

        yield opened


@pytest.fixture
def ada(play: Opened) -> Player:
    player = play()
    player.expect("#play-extract").to_be_enabled()
    return player


def test_the_whole_way_by_keyboard_alone(play: Opened) -> None:
    """Key, schema, text, extract, a mark, its value, a flag: no mouse, and the focus is never lost."""
    ada = play("")
    ada.tab_to("#play-key")
    ada.page.keyboard.type(ada.key)
    ada.press("Enter")
    ada.expect("#play-note").to_contain_text("one schema")
    ada.tab_to("#play-schema")
    ada.tab_to("#play-text")
    ada.page.keyboard.type(TEXT)
    ada.tab_to("#play-extract")
    ada.press("Enter")
    ada.expect("#play-note").to_contain_text("tokens in")
    assert ada.page.evaluate("document.activeElement.id") == "play-extract"
    ada.tab_to("#text mark")
    ada.press("Enter")  # to the value that stands there
    assert "12345678901234567891" in ada.page.evaluate("document.activeElement.textContent")
    ada.tab_to("#fields .actions button")
    ada.press("Enter")
    assert ada.page.evaluate("document.activeElement.value") == "12345678901234567891"  # with all its digits
    ada.page.keyboard.type("7")
    ada.tab_to("#play-remark")
    ada.page.keyboard.type("it is an article's")
    ada.tab_to(".flag button[type=submit]")
    ada.press("Enter")
    ada.expect("#play-note").to_contain_text("number is flagged")
    ada.expect('.field[data-path="/number"] .tag').to_have_text("flagged")
    assert ada.page.evaluate("document.activeElement.matches('.field[data-path=\"/number\"] .row')")
    (flag,) = ada.flags
    assert (flag["field"], flag["value"], flag["note"]) == ("/number", 7, "it is an article's")
    assert "text" not in flag
    assert flag["record"]["value"]["number"] == 12345678901234567891


@pytest.mark.slow
def test_a_key_in_the_link_leaves_the_address_and_is_stored_nowhere(play: Opened) -> None:
    ada = play("")
    ada.page.goto("about:blank")
    ada.page.goto(f"{ada.url}#key={ada.key}")
    ada.expect("#play-extract").to_be_enabled()
    assert ada.page.url == ada.url
    assert ada.page.input_value("#play-key") == ada.key
    kept = ada.page.evaluate("[document.cookie, localStorage.length, sessionStorage.length, history.length]")
    assert kept[:3] == ["", 0, 0]
    ada.fill(TEXT)
    ada.extract()
    assert all(ada.key not in request for request in ada.seen.requests)
    ada.page.reload()
    ada.expect("#play-extract").to_be_disabled()
    assert ada.page.input_value("#play-key") == ""


@pytest.mark.slow
def test_values_are_marked_where_they_stand_behind_characters_of_two_units(ada: Player) -> None:
    ada.fill(TEXT)
    ada.extract()
    assert ada.page.locator("#text mark").all_text_contents() == [
        "12345678901234567891",
        "Ada Lovelace",
        "bolts",
        "nut",
        "1,250.50",
    ]
    ada.field("/customer").locator(".row").click()
    assert ada.page.locator("#text mark.on").text_content() == "Ada Lovelace"
    assert "characters 32 to 44" in ada.field("/customer").locator(".details").text_content()
    assert ada.field("/number").locator(".value").text_content() == "12345678901234567891"
    assert ada.page.locator("#fields .block table td").first.text_content() == "ask ✓"
    assert ada.page.locator("#fields .head .outcome").text_content() == "valid"


@pytest.mark.slow
def test_a_value_is_seen_to_grow_and_esc_stops_it(held: HeldClock, ada: Player) -> None:
    ada.fill(TEXT)
    ada.tab_to("#play-extract")
    ada.press("Enter")
    ada.expect('.field[data-path="/customer"] .value').to_have_text("Ada Lovelace")
    ada.expect("#play-stop").to_be_focused()
    ada.press("Escape")
    ada.expect("#play-note").to_have_text("Stopped.")
    ada.expect("#play-extract").to_be_focused()
    ada.expect("#fields .failure").to_contain_text("You have stopped it")
    ada.expect('.field[data-path="/customer"] .value').to_have_text("Ada Lovelace")  # what came stays to be seen
    held.is_held = False
    ada.extract()
    assert ada.page.locator("#rows .entry").count() == 2


@pytest.mark.slow
def test_the_button_stops_it(held: HeldClock, ada: Player) -> None:
    ada.fill(TEXT)
    ada.page.click("#play-extract")
    ada.page.click("#play-stop")
    ada.expect("#play-note").to_have_text("Stopped.")
    ada.expect("#play-stop").to_be_hidden()


@pytest.mark.slow
def test_what_is_hostile_is_text(play: Opened, claude: SimulatedClaude) -> None:
    """A text, a schema's names and a model's values: all show as they are, and nothing of them runs."""
    schema = {
        "title": HOSTILE[:40],
        "type": "object",
        "properties": {HOSTILE: {"type": "string"}},
        "required": [HOSTILE],
    }
    claude.script(lambda _: json.dumps({HOSTILE: HOSTILE}))
    ada = play()
    ada.expect("#play-extract").to_be_enabled()
    ada.page.select_option("#play-schema", "own")
    ada.page.fill("#play-written", json.dumps(schema, indent=1))
    ada.fill(HOSTILE)
    ada.extract()
    assert ada.page.locator("#text script, #fields script, #text img, #fields img, #list img").count() == 0
    assert ada.page.title().startswith("</script><script>")
    assert ada.page.locator("#fields .control").count() > 0  # controls are shown by their numbers
    row = ada.page.locator("#fields .row").first
    row.click()
    assert "onerror=alert(1)" in row.locator(".value").text_content()
    assert ada.page.get_by_text("Flag as wrong").count() == 0  # the service would not know the schema again
    ada.page.click("#play-copy")
    assert "\u202e" not in ada.page.text_content("dialog pre")
    assert all(request.startswith(f"{ada.url}v1/") for request in ada.seen.requests)


@pytest.mark.slow
def test_a_parameter_has_a_field_by_keyboard_alone(play: Opened, claude: SimulatedClaude) -> None:
    claude.script(lambda _: json.dumps({"quotes": ["2 bolts"], "answer": "Two."}))
    ada = play(names=("answer", "summary", ORDER))
    ada.expect("#play-extract").to_be_enabled()
    ada.fill(TEXT)
    ada.page.click("#play-extract")
    ada.expect("#play-problem").to_contain_text("needs its parameter question")
    ada.page.focus("#play-schema")
    ada.tab_to("#play-param-question")
    ada.page.keyboard.type('How many "bolts"?')
    assert axe_violations(ada.page) == []
    ada.tab_to("#play-extract")
    ada.press("Enter")
    ada.expect("#play-note").to_contain_text("tokens in")
    ada.expect('.field[data-path="/answer"] .value').to_have_text("Two.")
    ada.page.click("#play-copy")
    for language in ("curl", "Python", "Python, without this service", "TypeScript"):
        ada.page.get_by_role("button", name=language, exact=True).click()
        assert "bolts" in (ada.page.text_content("dialog pre") or "")
        assert "question" in (ada.page.text_content("dialog pre") or "")
    ada.press("Escape")
    ada.page.select_option("#play-schema", "1")
    ada.expect("#play-param-sentences").to_have_value("3")
    ada.page.fill("#play-param-sentences", "two")
    ada.page.click("#play-extract")
    ada.expect("#play-problem").to_contain_text("sentences is no JSON")
    ada.page.select_option("#play-schema", "2")
    ada.expect("#play-params").to_be_hidden()


@pytest.mark.slow
def test_errors_are_told_as_the_service_tells_them(play: Opened) -> None:
    ada = play("sf_none")
    ada.expect("#play-problem").to_contain_text("key is not valid")
    ada.expect("#play-extract").to_be_disabled()
    assert "401" in ada.seen.errors.pop()  # the browser's own line
    ada.page.fill("#play-key", ada.key)
    ada.press("Enter")
    ada.expect("#play-extract").to_be_enabled()
    ada.expect("#play-problem").to_be_empty()
    ada.page.click("#play-extract")
    ada.expect("#play-problem").to_contain_text("There is no text")
    ada.page.select_option("#play-schema", "own")
    ada.page.fill("#play-written", "{")
    ada.fill("a text")
    ada.page.click("#play-extract")
    ada.expect("#play-problem").to_contain_text("Your schema is no JSON")
    ada.page.fill("#play-written", '{"type": "objct"}')
    ada.page.click("#play-extract")
    ada.expect("#play-problem").to_contain_text("objct")
    assert "422" in ada.seen.errors.pop()


@pytest.mark.slow
def test_a_key_that_may_bring_no_schema_is_offered_none(play: Opened) -> None:
    ada = play(allow_schemas=False)
    ada.expect("#play-schema option").to_have_text(["order"])
    ada.expect("#play-schema-about").to_have_text("Read one order.")


@pytest.mark.slow
def test_a_file_is_read_whether_dropped_or_chosen(ada: Player, tmp_path: Any) -> None:
    ada.page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "order.html", { type: "text/html" }));
            for (const kind of ["dragover", "drop"]) {
                const about = { dataTransfer: data, bubbles: true, cancelable: true };
                document.body.dispatchEvent(new DragEvent(kind, about));
            }
        }""",
        f"<html><body><p>{TEXT}</p></body></html>",
    )
    ada.expect("#play-note").to_contain_text("order.html is read")
    assert ada.page.input_value("#play-text").strip() == TEXT
    ada.extract()
    assert ada.page.locator("#rows .entry b").text_content() == "order.html"
    other = tmp_path / "other.txt"
    other.write_text("Another text.", encoding="utf-8")
    ada.page.set_input_files("#play-file", other)
    ada.expect("#play-text").to_have_value("Another text.")


@pytest.mark.slow
def test_a_file_that_is_too_large_is_told(ada: Player, tmp_path: Any) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"It came late. " * 200_000)
    ada.page.set_input_files("#play-file", large)
    ada.expect("#play-problem").to_contain_text("a body may have")
    ada.seen.errors.clear()  # the browser's own line


@pytest.mark.slow
def test_a_record_is_shown_though_nobody_can_mark_it(ada: Player) -> None:
    """It is paid for. Record and text together may be larger than what a request may hold."""
    ada.page.route(f"{ada.url}v1/view", lambda route: route.fulfill(status=413, json={"detail": "too large"}))
    ada.fill(TEXT)
    ada.extract()
    ada.expect("#fields .failure").to_have_text("not marked: too large")
    ada.expect('.field[data-path="/lines/1"] .value').to_have_text("nut")
    ada.expect("#fields .head .outcome").to_have_text("valid")
    ada.seen.errors.clear()  # the browser's own line


@pytest.mark.slow
def test_the_page_says_that_a_model_may_be_wrong_and_what_is_kept(ada: Player) -> None:
    notice = ada.page.text_content(".notice")
    assert "A model made the values on this page, and it may be wrong" in notice
    assert "the service keeps" in notice


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": {"width": 320, "height": 640}}])
def test_nobody_is_shut_out(play: Opened, options: dict[str, Any]) -> None:
    ada = play(**options)
    ada.expect("#play-extract").to_be_enabled()
    assert axe_violations(ada.page) == []
    ada.fill(TEXT)
    ada.extract()
    ada.flag("/total")
    assert axe_violations(ada.page) == []
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= ada.page.viewport_size["width"]
    ada.press("Escape")
    ada.page.evaluate("document.getElementById('play-copy').click()")
    assert axe_violations(ada.page) == []
    assert ada.page.locator("#play-code").bounding_box()["width"] <= ada.page.viewport_size["width"]


@pytest.mark.slow
def test_a_lists_value_is_flagged_as_json_with_the_text_if_one_wants(ada: Player) -> None:
    ada.fill(TEXT)
    ada.extract()
    ada.flag("/lines")
    assert ada.page.input_value("#play-right") == '["bolts","nut"]'
    ada.page.fill("#play-right", "bolts")
    ada.page.click(".flag button[type=submit]")
    ada.expect("#play-problem").to_contain_text("no JSON")
    ada.page.fill("#play-right", '["bolts"]')
    ada.page.get_by_text("Send the text along").click()
    ada.page.click(".flag button[type=submit]")
    ada.expect("#play-note").to_contain_text("lines is flagged")
    (flag,) = ada.flags
    assert (flag["value"], flag["text"]) == (["bolts"], TEXT)


def code_of(ada: Player, language: str) -> str:
    ada.page.click("#play-copy")
    ada.page.locator("#play-code").get_by_role("button", name=language, exact=True).click()
    ada.page.get_by_role("button", name="Copy", exact=True).click()
    ada.expect("#play-code .says").to_have_text("Copied.")
    copied: str = ada.page.evaluate("navigator.clipboard.readText()")
    assert ada.key not in copied
    ada.press("Escape")
    return copied


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "command"),
    [
        ("curl", ["bash", "-c"]),
        ("Python", [sys.executable, "-c"]),
        ("Python, without this service", [sys.executable, "-c"]),
        ("TypeScript", ["node", "--input-type=module", "-e"]),
    ],
)
def test_copied_code_runs_as_it_stands(
    play: Opened, claude: SimulatedClaude, language: str, command: list[str]
) -> None:
    if shutil.which(command[0]) is None or (language == "curl" and shutil.which("curl") is None):
        pytest.skip(f"{command[0]} is not installed")
    ada = play(permissions=["clipboard-read", "clipboard-write"])
    ada.expect("#play-extract").to_be_enabled()
    for text in COPIED:
        ada.fill(text)
        ran = subprocess.run(
            [*command, code_of(ada, language)],
            env={**os.environ, "SLOTFILL_KEY": ada.key},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        assert "Ada Lovelace" in ran.stdout
        assert claude.requests.pop().document == text.replace("\r\n", "\n")  # as a field of a page has it
