"""Mailboxes: one document a mail, whatever its size, and each named by its number."""

import io
import mailbox
import re
from email.message import EmailMessage

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.decoding import MOST_BYTES
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.mails.mbox import mails_of
from slotfill.extractors.documents.sources import find_sources


def mails(data):
    return [*mails_of(io.BytesIO(data))]


def mail(number, text="words\n"):
    message = EmailMessage()
    message["Subject"], message["From"] = f"mail {number}", "a@a.example"
    message.set_content(text)
    return message


@pytest.fixture
def inbox(tmp_path):
    """A mailbox of three mails, written by the standard library; the second one has an attachment."""
    path = tmp_path / "inbox.mbox"
    box = mailbox.mbox(path, create=True)
    for number in (1, 2, 3):
        message = mail(number, f"fact {number}\n\nFrom here on more.\n")
        if number == 2:
            message.add_attachment(b"net 5", maintype="text", subtype="plain", filename="offer.txt")
        box.add(message)
    box.close()
    return path


def test_each_mail_is_a_document(inbox):
    documents = [*find_sources([inbox])]
    assert [one.source for one in documents] == [f"{inbox}#{number}" for number in (1, 2, 3)]
    assert all(f"fact {number}\n\nFrom here on more.\n" in one.text for number, one in enumerate(documents, 1))
    assert documents[0].places.stretches[0].place == {"part": "head"}
    assert [*Document.read_all(inbox)] == documents


def test_what_is_attached_to_one_is_read_where_that_is_asked_for(inbox, tmp_path):
    assert [one.source.removeprefix(str(inbox)) for one in find_sources([inbox], attachments=True)] == [
        "#1", "#2", "#2#offer.txt", "#3"
    ]  # fmt: skip
    outer = mail(0)
    outer.add_attachment(inbox.read_bytes(), maintype="application", subtype="mbox", filename="old.mbox")
    path = tmp_path / "outer.eml"
    path.write_bytes(outer.as_bytes())
    documents = [*find_sources([path], attachments=True)]
    assert [one.source.removeprefix(str(path)) for one in documents] == [
        "", "#old.mbox#1", "#old.mbox#2", "#old.mbox#2#offer.txt", "#old.mbox#3"
    ]  # fmt: skip


def test_how_many_there_are_is_known_once_they_have_been_read(inbox, tmp_path):
    path = tmp_path / "m.eml"
    path.write_bytes(mail(1).as_bytes())
    for sources in (find_sources([inbox]), find_sources([path], attachments=True)):
        assert (sources.several, sources.count) == (True, None)
    for sources in (
        find_sources([path]),
        find_sources([inbox], raw=True),
        find_sources([path], attachments=True, raw=True),
    ):
        assert (sources.several, sources.count) == (False, 1)


def test_a_mailbox_of_nothing_is_an_empty_document(tmp_path):
    path = tmp_path / "empty.mbox"
    path.write_bytes(b"\n")
    (document,) = find_sources([path])
    assert document.failure.type == "empty_document"


def test_a_mail_that_cannot_be_read_fails_alone(tmp_path):
    path = tmp_path / "a.mbox"
    separator = b"From a@a.example Tue Mar  3 08:41:17 2026\n"
    large = b"Subject: large\n\n" + b"x" * 99 + b"\n" + b"y" * MOST_BYTES
    encrypted = b"Subject: s\nContent-Type: application/pkcs7-mime\n\nMIAG\n"
    path.write_bytes(b"\n".join(separator + one for one in (large, encrypted, b"Subject: last\n\nwords\n")))
    documents = [*find_sources([path])]
    assert [one.failure and one.failure.type for one in documents] == ["too_large", "encrypted_document", None]
    assert documents[2].text == "Subject: last\n\nwords\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"From a@b Tue Mar  3 08:41:17 2026\nS: 1\n\nx\n\nFrom - Tue\nS: 2\n\ny\n", [b"S: 1\n\nx\n", b"S: 2\n\ny\n"]),
        (b"From a@b 2026\nS: 1\n\nx\nFrom a@b 2026\nsame\n", [b"S: 1\n\nx\nFrom a@b 2026\nsame\n"]),
        (b"From a@b 2026\nS: 1\n\nx\n\nFrom here on\n", [b"S: 1\n\nx\n\nFrom here on\n"]),
        (b"From a@b 2026\nS: 1\n\n>From x\n>>From y\n> From z\n", [b"S: 1\n\nFrom x\n>From y\n> From z\n"]),
        (b"From a@b 2026\r\nS: 1\r\n\r\nx\r\n\r\nFrom a@b 2026\r\nS: 2\r\n", [b"S: 1\r\n\r\nx\r\n", b"S: 2\r\n"]),
        (
            b"From a@b 2026\nContent-Length: 999\n\nx\n\nFrom a@b 2026\nS: 2\n",
            [b"Content-Length: 999\n\nx\n", b"S: 2\n"],
        ),
        (b"S: 1\n\nno separator\n", [b"S: 1\n\nno separator\n"]),
        (b"", []),
    ],
)
def test_mails_end_where_the_next_one_begins(data, expected):
    assert mails(data) == expected


LINES = st.sampled_from(["", "From x 2026", ">From y", "words", "S: 1"])


def quoted(text):
    """Quote as mailboxes do (mboxrd)."""
    return re.sub(r"^(?=>*From )", ">", text, flags=re.MULTILINE)


@examples(100)
@given(st.lists(st.lists(LINES, max_size=6), max_size=4))
def test_whatever_a_mail_says_it_is_one_mail(bodies):
    written = ["\n".join(["S: 1", "", *lines, "end", ""]) for lines in bodies]
    data = "".join(f"From a@a.example Tue Mar  3 08:41:17 2026\n{quoted(one)}\n" for one in written)
    assert mails(data.encode()) == [one.encode() for one in written]


def test_a_mailbox_is_not_read_at_once():
    class Endless(io.RawIOBase):
        """A mailbox without end."""

        lines = iter(lambda: b"From a@a.example Tue Mar  3 08:41:17 2026\nS: 1\n\nwords\n\n", None)

        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(self.lines)
            buffer[: len(line)] = line
            return len(line)

    stream = mails_of(io.BufferedReader(Endless()))
    assert [next(stream) for _ in range(3)] == [b"S: 1\n\nwords\n"] * 3
