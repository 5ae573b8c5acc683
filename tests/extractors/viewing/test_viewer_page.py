"""The file of a page: what it weighs, and that no document ends a block of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from viewed_records import ORDER_TEXT, ORDER_VALUE, record_of

from slotfill.extractors.viewing.page_assets import viewer_frame, viewer_script, viewer_style
from slotfill.extractors.viewing.record_view import record_view
from slotfill.extractors.viewing.viewer_page import data_blocks, viewer_page

MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def view() -> dict[str, Any]:
    return record_view(record_of(ORDER_TEXT, ORDER_VALUE, source="order.txt"), ORDER_TEXT)


def blocks(markup: str) -> list[str]:
    return re.findall(r'<script type="application/json" id="\w+">(.*?)</script>', markup, re.DOTALL)


def test_without_data_it_weighs_little() -> None:
    markup = "".join(viewer_page([], ""))
    assert markup.startswith("<!doctype html>")
    assert len(markup.encode()) < MOST_BYTES
    assert "\n//" not in viewer_script()


def test_a_document_is_a_line_and_an_entry_of_the_index(view: dict[str, Any]) -> None:
    documents, index = blocks("".join(data_blocks([view, view])))
    assert [json.loads(line) for line in documents.strip().split("\n")] == [view, view]
    assert [entry["source"] for entry in json.loads(index)] == ["order.txt", "order.txt"]


@given(st.text(st.sampled_from("<>!-/scriptCDATA[]\r\n\u2028\x00&\"'\\")))
@example("</script><!--<script>")
@example("\r\n\u2028\u2029")
@examples(60)
def test_whatever_a_document_holds_it_ends_no_block(view: dict[str, Any], text: str) -> None:
    hostile = {**view, "text": text, "source": text}
    markup = "".join(viewer_page([hostile], text))
    documents, index = blocks(markup)
    assert "<" not in documents + index
    assert json.loads(documents) == hostile
    # The page's own: two blocks of data, its script; a title and a table hold none of the document's.
    assert len(re.findall(r"<script", markup)) == len(re.findall(r"</script>", markup)) == 3


def test_a_title_is_text(view: dict[str, Any]) -> None:
    assert '<h1 id="title">&lt;b&gt;</h1>' in viewer_frame("<b>")


def test_it_runs_its_own_script_alone(view: dict[str, Any]) -> None:
    markup = "".join(viewer_page([view], "records"))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', markup)
    assert re.sub("sha256-[^']+", "hash", policy) == (
        "default-src 'none'; style-src 'hash'; script-src 'hash'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"https?://|@import|url\(", viewer_style() + viewer_script())
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", viewer_script())


def test_documents_are_taken_one_at_a_time(view: dict[str, Any]) -> None:
    taken: list[int] = []

    def views() -> Any:
        for number in range(3):
            taken.append(number)
            yield view

    parts = data_blocks(views())
    next(parts)
    next(parts)
    assert taken == [0]
