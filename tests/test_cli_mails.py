"""Mails on the command line, against a simulated service: what is sent is what a person reads."""

import base64
import json
from email.message import EmailMessage

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": ["größte Lücke"], "urgency": 3, "suggested_action": "Refund."}
PDF = b"%PDF-1.4 pretended"


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claude = SimulatedClaude([FEEDBACK] * 9)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        yield claude


@pytest.fixture
def mail(tmp_path):
    message = EmailMessage()
    message["Subject"], message["From"] = "Größe", "Ännchen <a@a.example>"
    message.set_content("Die größte Lücke: it came late.\n\n> It comes tomorrow.\n", cte="base64")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="bill.pdf")
    message.add_attachment("Net größte Lücke".encode(), maintype="text", subtype="plain", filename="note.txt")
    path = tmp_path / "mail.eml"
    path.write_bytes(message.as_bytes())
    return path


def run(*arguments, stdin=None):
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin, catch_exceptions=False)
    return result.exit_code, result.stdout


def sent(claude):
    return [json.dumps(seen.body, ensure_ascii=False) for seen in claude.requests]


def test_what_is_sent_of_a_mail_is_its_text_and_each_value_has_its_place(claude, mail):
    code, output = run("extract", "feedback", mail, "--record")
    assert code == 0
    (request,) = sent(claude)
    assert all(words in request for words in ("Subject: Größe", "Die größte Lücke", "Attachments: bill.pdf, note.txt"))
    assert "base64" not in request
    assert not any(base64.b64encode(data[:9]).decode() in request for data in (PDF, "Die größte".encode()))
    assert "Net" not in request
    assert json.loads(output)["spans"]["/key_issues/0"]["place"] == {"part": "body"}


def test_what_is_attached_is_a_document_where_it_is_asked_for(claude, mail):
    code, output = run("extract", "feedback", mail, "--attachments", "--record", "--model", "claude-haiku-5-5")
    records = {one["document"]["source"]: one for one in map(json.loads, output.splitlines())}
    assert [*records] == [f"{mail}", f"{mail}#bill.pdf", f"{mail}#note.txt"]
    assert records[f"{mail}#note.txt"]["outcome"] == "valid"
    assert records[f"{mail}#bill.pdf"]["error"]["type"] in {"binary_document", "broken_document", "unreadable"}
    assert code == 1


def test_raw_sends_a_mail_as_it_stands(claude, mail):
    assert run("extract", "feedback", mail, "--raw")[0] == 0
    assert base64.b64encode("Die größte".encode()[:9]).decode() in sent(claude)[0]


def test_a_mail_without_a_name_is_told_by_how_it_begins(claude, mail):
    data = mail.read_bytes()
    received = b"Received: from a.example\r\n\tby b.example; Tue, 3 Mar 2026\r\n" * 90
    for begun in (data, b"\xef\xbb\xbf\n" + data, received + b"from: a@a.example\r\nSubject: Gr\r\n\r\nDie gr"):
        (mail.parent / "saved").write_bytes(begun)
        for result in (run("text", "-", stdin=begun), run("text", "saved")):
            assert result[0] == 0
            assert result[1].startswith("Subject: Gr")
            assert "Die gr" in result[1]


def test_what_is_attached_to_a_mail_without_a_name_is_read(claude, mail):
    code, output = run("extract", "feedback", mail.rename("saved"), "--attachments", "--record")
    sources = [json.loads(line)["document"]["source"] for line in output.splitlines()]
    assert (code, sources) == (1, ["saved", "saved#bill.pdf", "saved#note.txt"])


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nSubject: no field of a program's\n\nDear Bob",
        "Content-Type: text/html\nServer: x\n\nFrom: a page",
        "Dear Bob,\n\nFrom: Ann\nReceived: today\n",
        "From a@a.example Tue Mar  3 08:41:17 2026\nFrom: a@a.example\nReceived: here\n\none\n",
        "",
    ],
)
def test_what_does_not_begin_as_a_mail_is_text(claude, text):
    assert run("text", "-", stdin=text)[1].rstrip("\n") == text.rstrip("\n")


def test_what_a_name_tells_is_gone_by(claude, mail):
    for name in ("mail.txt", "mail.md", "1712.part"):
        (mail.parent / name).write_bytes(mail.read_bytes())
        assert run("text", name)[1] == mail.read_text()
