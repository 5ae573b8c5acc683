"""A tape's lines: what is written can be read again, and what is no tape says where."""

import base64
import hashlib
import json
import os

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.cassettes.tape import CassetteError, RecordedReply, RecordedRequest, dump, head, read_entry

REQUEST = RecordedRequest("POST", "/v1/messages", (), {"json": {"model": "m"}})
LINE = dump(REQUEST, RecordedReply(200, {}, {"json": {}})).decode()
HEAD = '{"cassette": 1}\n'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
bodies = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    json_values.map(lambda value: json.dumps(value).encode()),
    json_values.map(lambda value: json.dumps(value, ensure_ascii=False).encode(errors="replace")),
)


def asked(body=b"", url="http://x.test/v1/messages", headers=()):
    return RecordedRequest.of(httpx2.Request("POST", url, headers=headers, content=body))


def copied(path, request, reply):
    path.write_bytes(head() + dump(request, reply))
    (exchange,) = read_entry(path)
    return exchange


@given(body=bodies)
@example(b"")
@example(b"\n")
@example(b"null")
@example(b"1e999")
@example(b"NaN")
@example(b'"\\ud800"')
@example(b"\xff")
@example("a\u2028b\r\nc\x85".encode())
@example(b"[" * 5_000 + b"]" * 5_000)
def test_a_body_comes_back_as_it_was_or_as_the_same_json(tmp_path_factory, body):
    path = tmp_path_factory.mktemp("t") / "tape"
    request, reply = asked(body), RecordedReply.of(httpx2.Response(200), body)
    exchange = copied(path, request, reply)
    again = b"".join(exchange.reply.chunks())
    assert again == body or json.loads(again) == json.loads(body)
    assert exchange.request == request
    assert exchange.request.key == request.key
    assert exchange.line == 2


@given(value=json_values)
def test_a_json_body_is_readable_json(value):
    said = RecordedReply.of(httpx2.Response(200), json.dumps(value).encode()).to_json()
    assert "json" in said or "\\u" in json.dumps(said["lines"])  # half a surrogate pair


@given(json_values, json_values)
def test_two_requests_have_one_key_when_they_mean_the_same(one, other):
    keys = [asked(json.dumps({"a": value, "b": 1}).encode()).key for value in (one, other)]
    turned = asked(json.dumps({"b": 1, "a": one}, indent=2, ensure_ascii=False).encode(errors="surrogatepass")).key
    assert (keys[0] == keys[1]) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))
    if "\\ud" not in json.dumps(one):
        assert turned == keys[0]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.anthropic.com/v1/messages", "/v1/messages"),
        ("http://gate.test:8080/anthropic/v1/messages?b=2&a=1", "/v1/messages?a=1&b=2"),
        ("http://x.test/v1/models?after_id=a%2Fb&x=", "/v1/models?after_id=a%2Fb&x="),
        ("http://x.test/model/eu.claude-3%3A0/invoke", "/model/eu.claude-3%3A0/invoke"),
    ],
)
def test_of_an_address_its_path_and_query_count(url, kept):
    assert asked(url=url).url == kept


def test_the_head_says_what_the_tape_holds():
    said = json.loads(head())
    assert [*said] == ["cassette", "note", "recorded"]
    assert "holds the texts that were sent" in said["note"]


def test_a_line_is_for_people_to_read():
    reply = RecordedReply(200, {}, {"json": {"b": "é", "a": 1}})
    assert dump(RecordedRequest("POST", "/v1/messages", ("x",), {"json": {"a": 1}}), reply).decode() == (
        '{"request": {"method": "POST", "url": "/v1/messages", "beta": ["x"], "json": {"a": 1}}, '
        '"reply": {"status": 200, "headers": {}, "json": {"b": "é", "a": 1}}}\n'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: this is no tape"),
        ("hello\n", "line 1: this is no tape"),
        ("[]\n", "line 1: this is no tape"),
        ('{"a": 1}\n', "line 1: this is no tape"),
        ('{"cassette": 2}\n', "line 1: a tape of version 2, not 1; delete the file"),
        (HEAD + LINE + LINE[:40], "line 3: cut off; delete the line"),
        (HEAD + "\n" + LINE, "line 2: no exchange"),
        (HEAD + LINE[:40] + "\n" + LINE, "line 2: no exchange"),
        (HEAD + "[]\n", "line 2: no exchange"),
        (HEAD + '{"request": {}, "reply": {}}\n', "line 2: no exchange ('method')"),
        (HEAD + LINE.replace("200", '"200"'), "line 2: no exchange (a reply needs a status or an error)"),
        (HEAD + LINE.replace('"status": 200, ', ""), "line 2: no exchange (a reply needs a status or an error)"),
        (HEAD + LINE.replace('"json": {}', '"lines": []'), "line 2: no exchange (lines are strings"),
        (HEAD + LINE.replace('"json": {}', '"lines": [3]'), "line 2: no exchange (lines are strings"),
        (HEAD + LINE.replace('"json": {}', '"base64": "?"'), "line 2: no exchange"),
        (HEAD + LINE.replace('"json": {}', '"json": {}, "lines": ["a"]'), "line 2: no exchange (a body in two forms"),
        (HEAD + LINE.replace('"json": {}', '"error": {"type": "os", "message": ""}'), "no error of a transport: 'os'"),
        (HEAD + LINE.replace('"json": {}', '"error": {"type": "ReadError", "message": 3}'), "3 is no string"),
        (HEAD + "[" * 100_000 + "\n", "line 2: no exchange"),
    ],
)
def test_what_is_no_tape_says_where(tmp_path, text, said):
    path = tmp_path / "tape.jsonl"
    path.write_text(text)
    with pytest.raises(CassetteError) as caught:
        read_entry(path)
    assert said in str(caught.value)
    assert repr(str(path)) in str(caught.value)


def test_a_last_line_without_its_end_is_whole_if_it_reads(tmp_path):
    (tmp_path / "tape").write_text(HEAD + LINE.rstrip("\n"))
    assert len(read_entry(tmp_path / "tape")) == 1


def test_a_tape_that_came_through_windows_is_read(tmp_path):
    (tmp_path / "tape").write_bytes((HEAD + LINE).replace("\n", "\r\n").encode())
    assert len(read_entry(tmp_path / "tape")) == 1


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    os.symlink(tmp_path / "nowhere", tmp_path / "link")
    for name, said in (("", "Is a directory"), ("bytes", "utf-8"), ("link", "No such file")):
        with pytest.raises(CassetteError, match=f"cannot be read: .*{said}"):
            read_entry(tmp_path / name)


def with_pdf(data):
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    content = [{"type": "document", "source": source}, {"type": "text", "text": "x"}]
    return {"model": "m", "messages": [{"role": "user", "content": content}]}


def test_a_pdf_is_known_by_its_hash():
    data = b"%PDF-" + bytes(range(256)) * 1000
    written = base64.b64encode(data).decode()
    request = asked(json.dumps(with_pdf(written)).encode())
    assert len(request.key) < 500
    assert f'"sha256:{hashlib.sha256(data).hexdigest()}"' in request.key
    assert asked(json.dumps(with_pdf(written[:-8])).encode()).key != request.key
    assert asked(json.dumps(with_pdf("no base64")).encode()).key != request.key
    assert asked(b'{"application/pdf": ').body == {"lines": ['{"application/pdf": ']}


def test_a_tape_that_holds_a_pdf_whole_is_replayed(tmp_path):
    written = base64.b64encode(b"%PDF-1").decode()
    old = RecordedRequest("POST", "/v1/messages", (), {"json": with_pdf(written)})
    exchange = copied(tmp_path / "tape", old, RecordedReply(200, {}, {"json": {}}))
    assert exchange.request.key == asked(json.dumps(with_pdf(written)).encode()).key
