"""The service behind the page: for who knows the address, on this machine; errors are JSON, and tell no traceback."""

import asyncio
import json
from dataclasses import replace

import httpx2
import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from reviewing import TEXT, document, session

from slotfill.extractors.review.decisions import ReviewAction
from slotfill.extractors.review.serving.review_app import MOST_BYTES, new_token, review_app
from slotfill.extractors.review.serving.review_page import utf16_span
from slotfill.schemas.sources.schema_sources import resolve

HOST = "127.0.0.1:8000"
TOKEN = "secret-token"


class Page:
    """Asks as the page does."""

    def __init__(self, review):
        app = review_app(review, token=TOKEN, hosts=[HOST], title="A review")
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=f"http://{HOST}")

    async def get(self, path="", **headers):
        return await self.client.get(f"/{TOKEN}/{path}", headers=headers)

    async def post(self, path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json", **headers}
        return await self.client.post(f"/{TOKEN}/{path}", content=content, headers=headers)

    async def decide(self, action, path, **others):
        return await self.post("decisions", {"document": 0, "action": action, "path": path} | others)


@pytest.fixture
def review(tmp_path):
    spans = {"/number": {"start": None, "end": None, "match": "absent"}}
    return session(tmp_path, [document(spans=spans), document(1, text="b", source="b.txt")])


@pytest.fixture
def page(review):
    return Page(review)


def row_at(answer, path):
    return next(row for row in answer.json()["view"]["fields"] if row["path"] == path)


async def test_the_page_holds_the_documents_and_may_ask_its_own_service_alone(page):
    answer = await page.get()
    assert answer.status_code == 200
    assert "connect-src &#39;self&#39;" in answer.text or "connect-src 'self'" in answer.text
    assert "default-src" in answer.text
    assert "invoices/17.txt" in answer.text
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


def test_the_address_of_each_review_is_a_secret_of_its_own():
    tokens = {new_token() for _ in range(9)}
    assert len(tokens) == 9
    assert min(map(len, tokens)) >= 32


async def test_decisions_are_taken_checked_and_taken_back(page, review):
    answer = await page.get("documents/0")
    assert answer.json()["view"]["fields"][0]["path"] == "/number"  # the neediest
    assert row_at(answer, "/number")["review"]["reasons"] == ["stands nowhere in the text"]
    accepted = await page.decide("accept", "/number")
    assert accepted.json()["row"]["who"] == "ada"
    assert row_at(accepted, "/number")["review"]["decided"] == "accept"
    checked = await page.post("validate", {"document": 0, "path": "/due", "typed": "3 March 2026"})
    assert checked.json() == {"value": "2026-03-03", "errors": []}
    checked = await page.post("validate", {"document": 0, "path": "/total", "typed": "-2"})
    assert checked.json()["errors"] == [{"path": "/total", "message": "-2 is less than the minimum of 0"}]
    refused = await page.decide("correct", "/total", typed="-2")
    assert refused.json()["refused"] == "-2 is less than the minimum of 0"
    undone = await page.post("undo", {})
    assert row_at(undone, "/number")["review"]["open"]
    assert (await page.post("undo", {})).json()["row"] is None
    assert [row.action.value for row in review.log.rows] == ["accept", "undo"]


async def test_spans_are_counted_as_scripts_count_and_kept_as_records_do(page, review):
    start = TEXT.encode("utf-16-le").index("3 March 2026".encode("utf-16-le")) // 2
    answer = await page.decide("correct", "/due", typed="3 March 2026", span=[start, start + 12])
    assert row_at(answer, "/due")["span"] == [start, start + 12]
    assert row_at(answer, "/due")["points"] == [16, 28]
    assert review.log.rows[-1].span.start == 16
    for span in ([5, 5], [9, 3], [0, 1000]):
        assert (await page.decide("correct", "/due", typed="3 March 2026", span=span)).status_code == 400


def test_half_an_emoji_is_a_whole_one():
    assert utf16_span("a😀b", [2, 3]) == utf16_span("a😀b", [1, 3])
    assert utf16_span("a😀b", [1, 4]).end == 3


async def test_numbers_keep_all_their_digits(page, review):
    body = b'{"document": 0, "action": "correct", "path": "/total", "value": 12345678901234567890.12}'
    answer = await page.post("decisions", body)
    assert row_at(answer, "/total")["digits"] == "12345678901234567890.12"
    assert row_at(answer, "/total")["review"]["typed"] == "12345678901234567890.12"
    assert '"after": 12345678901234567890.12' in review.log.path.read_text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_what_another_page_sends_is_refused(page, review, headers, status):
    answer = await page.post("decisions", {"document": 0, "action": "accept", "path": "/number"}, **headers)
    assert answer.status_code == status
    assert review.log.rows == []


async def test_who_does_not_know_the_address_gets_nothing(page):
    for path in ("/", "/wrong/", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", "/wrong/documents/0", "/\u00e9/"):
        answer = await page.client.get(path)
        assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing at this address"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"document": NaN}',
        b"[" * 100_000,
        b'{"document": 0, "action": "accept"}',
        b'{"document": -1, "action": "accept", "path": ""}',
        b'{"document": 9, "action": "accept", "path": ""}',
        b'{"document": true, "action": "accept", "path": ""}',
        b'{"document": 0, "action": "undo", "path": "/number"}',
        b'{"document": 0, "action": "burn", "path": "/number"}',
        b'{"document": 0, "action": "correct", "path": "/number", "typed": 3}',
        b'{"document": 0, "action": "correct", "path": "/number", "value": "\\ud800"}',
        b'{"document": 0, "action": "correct", "path": "/number", "typed": "x", "span": [-1, 3]}',
        b'{"document": 0, "action": "correct", "path": "/total", "value": 1e999}',
    ],
)
async def test_what_no_page_sends_is_an_error_and_no_traceback(page, review, body):
    answer = await page.post("decisions", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert (await page.post("validate", body)).status_code in (200, 400)
    assert review.log.rows == []


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("accept", "/a/b/c"),
        ("accept", "/unknown"),
        ("reject", "/unknown"),
        ("reject", "/items/99"),
        ("add", "/number"),
        ("correct", "/number/x"),
        ("accept", "x"),
        ("flag", "x"),
        ("add", "/items/~9"),
    ],
)
async def test_paths_that_lead_nowhere_are_refused(page, review, action, path):
    answer = await page.decide(action, path, value=1)
    assert answer.status_code == 400
    assert repr(path) in answer.json()["error"]
    assert review.log.rows == []


LONG = "an integer of 5,000 digits"


def json_bytes(body):
    return json.dumps(body).replace(f'"{LONG}"', "9" * 5000).encode()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(LONG) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["n", "a/~", ""]), inner, max_size=2),
    max_leaves=5,
)
PATHS = st.sampled_from(
    ["", "/number", "/n/0", "/n", "/due", "/items", "/items/0", "/items/1/name", "/tags/0", "/x~1y"]
)
DECISIONS = st.fixed_dictionaries(
    {
        "document": st.sampled_from([0, 1, 2, LONG, -1, 0.0]),
        "action": st.sampled_from([*ReviewAction, "burn"]),
        "path": PATHS | st.text(alphabet="/~01n", max_size=6),
    },
    optional={
        "typed": st.text(max_size=5) | st.sampled_from(["9" * 5000, "[" * 5000, "1e9999", "NaN"]),
        "value": JSON_VALUES,
        "span": st.tuples(st.integers(), st.integers()) | JSON_VALUES,
        "note": st.text(max_size=5) | JSON_VALUES,
    },
)
BODIES = st.binary(max_size=20) | (DECISIONS | JSON_VALUES).map(json_bytes)
PLACES = st.sampled_from(
    [
        "",
        "documents/0",
        f"documents/{'9' * 5000}",
        "documents/٣",
        "decisions",
        "validate",
        "undo",
        "status",
        "agreement",
    ]
) | st.text(max_size=8).map(lambda text: f"documents/{text}")


async def raw(app, method, path, body, headers=()):
    """Ask an application as a server does, whatever a client sends; give the status and the body of the answer."""
    own = {b"host": HOST.encode(), b"content-type": b"application/json", b"content-length": b"%d" % len(body)}
    scope = {"type": "http", "method": method, "path": path, "raw_path": b"", "query_string": b"", "root_path": ""}
    asked = [{"type": "http.request", "body": body}]
    answer = []

    async def receive():
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message):
        answer.append(message)

    await app({**scope, "headers": [*{**own, **dict(headers)}.items()]}, receive, send)
    return answer[0]["status"], b"".join(part.get("body", b"") for part in answer[1:])


DEEP = resolve({"title": "deep", "type": "object", "properties": {"n": {}}, "additionalProperties": True})


@examples(300)
@given(st.sampled_from(["GET", "POST", "PUT"]), PLACES, BODIES)
@example("GET", f"documents/{'9' * 5000}", b"")
@example(
    "POST",
    "decisions",
    ('{"document": 0, "action": "correct", "path": "/n", "value": %s}' % ("[" * 199 + "]" * 199)).encode(),
)
@example("POST", "decisions", b'{"document": 0, "action": "correct", "path": "/n", "value": "\\ud800"}')
def test_whatever_is_sent_is_answered_and_is_never_a_failure(tmp_path_factory, method, place, body):
    review = session(
        tmp_path_factory.mktemp("any"), [document(), document(1, value={}, schema=DEEP, source="deep.txt")]
    )
    app = review_app(review, token=TOKEN, hosts=[HOST])
    status, answer = asyncio.run(raw(app, method, f"/{TOKEN}/{place}", body))
    assert status in (200, 400, 404), answer
    if place:
        assert isinstance(json.loads(answer), dict)
    assert session(review.gold.parent, review.documents).log.rows == review.log.rows


@pytest.mark.parametrize("length", [b"9" * 5000, "²".encode("latin-1"), b"-1", b""])
async def test_a_length_that_is_none_is_refused(review, length):
    app = review_app(review, token=TOKEN, hosts=[HOST])
    status, _ = await raw(app, "POST", f"/{TOKEN}/undo", b"{}", {b"content-length": length}.items())
    assert status in (411, 413)


async def test_too_long_a_body_is_refused_unread(page):
    answer = await page.post("decisions", b"{}", **{"content-length": str(MOST_BYTES + 1)})
    assert answer.status_code == 413


async def test_what_is_not_there_says_so(page):
    for path in ("documents/x", "documents/-1", "documents/01", "documents/2", f"documents/{'9' * 5000}"):
        answer = await page.get(path)
        assert answer.status_code == 400
        assert answer.json() == {"error": "there is no such document: they have the numbers 0 to 1"}
    for path in ("nothing", "decisions", "documents/", "documents/0/1"):
        assert (await page.get(path)).status_code == 404


async def test_a_failure_tells_no_secret_of_the_program(page, review, monkeypatch):
    review.gold.mkdir()
    failed = await page.decide("flag", "/number", note="look")
    assert failed.status_code == 200  # a flag changes no gold
    monkeypatch.setattr(review, "undo", lambda: 1 / 0)
    answer = await page.post("undo", {})
    assert answer.status_code == 500
    assert answer.json() == {"error": "it failed (ZeroDivisionError): what was decided before is in the log"}


async def test_the_pages_of_a_pdf_come_with_the_document_when_it_is_opened(tmp_path):
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    pytest.importorskip("pypdfium2")
    drawn = canvas.Canvas(str(tmp_path / "offer.pdf"), pagesize=(300, 200))
    drawn.drawString(100, 150, "17")
    drawn.save()
    place = {"page": 1, "box": [100.0, 40.0, 120.0, 52.0]}
    one = document(spans={"/number": {"start": 8, "end": 10, "match": "exact", "place": place}})
    page = Page(session(tmp_path, [replace(one, file=str(tmp_path / "offer.pdf"))]))
    view = (await page.get("documents/0")).json()["view"]
    assert [(one["number"], one["width"]) for one in view["pages"]] == [(1, 300)]
    assert row_at(await page.decide("accept", "/number"), "/number")["place"] == place
    assert "pages" not in (await page.post("undo", {})).json()["view"]


async def test_a_log_that_is_damaged_meanwhile_is_told_with_its_line(page, review):
    review.log.path.write_text("no decision\n")
    for answer in (await page.get("documents/0"), await page.decide("accept", "/number"), await page.get("status")):
        assert answer.status_code == 500
        assert "line 1: it is no decision" in answer.json()["error"]
    assert (await page.get()).status_code == 200
    review.log.path.unlink()
    assert (await page.decide("accept", "/number")).json()["row"]["after"] == "17"


async def test_gold_that_is_broken_meanwhile_is_told_until_it_is_mended(page, review):
    review.gold.write_text("no gold\n")
    for row in (await page.get("documents/0")).json()["view"]["fields"]:
        if row["review"]["open"]:
            answer = await page.decide("accept", row["path"])
    for told in (answer, await page.get("documents/1"), await page.get("status")):
        assert told.status_code == 200
        assert "gold.jsonl', line 1: " in told.json()["status"]["problem"]
    review.gold.unlink()
    assert (await page.get("status")).json()["status"]["problem"] == ""
    assert len(review.gold.read_text().splitlines()) == 1


async def test_how_reviewers_agree_is_told(page, review, tmp_path):
    other = Page(session(tmp_path, [*review.documents], who="bob"))
    await page.decide("correct", "/number", typed="18")
    answer = await other.decide("accept", "/number")
    await page.decide("accept", "/number", document=1)
    told = (await page.get("status")).json()["status"]
    assert told["agreement"] == {"pairs": 1, "share": 0.0}
    assert told["progress"] == {number: {"decided": 1, "is_gold": False} for number in ("0", "1")}
    assert (told["decided"], told["documents"], told["gold"], told["who"]) == (2, 2, 0, "ada")
    assert [*(await page.get("documents/1")).json()["status"]["progress"]] == ["1"]
    agreement = (await page.get("agreement")).json()["agreement"]
    assert agreement["whole"] == {"path": "", "pairs": 1, "equal": 0}
    assert agreement["disagreements"][0]["values"] == {"ada": "18", "bob": "17"}
    assert agreement["lines"][0] == "reviewers agree on 0 of 1 decisions (0%)"
    await page.decide("accept", "/total")
    await other.decide("accept", "/total")  # of which the page has asked nothing since
    assert (await page.get("agreement")).json()["agreement"]["whole"]["pairs"] == 2
    others = row_at(answer, "/number")["review"]["others"]
    assert others == [{"who": "ada", "action": "correct", "differs": True, "value": "18"}]
