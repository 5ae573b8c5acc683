"""The kind of a file: by its name, by the media type that its sender says, by its first bytes, in this order."""

from email.message import EmailMessage

import pytest
from planted_plugins import packages_from, plant_example

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.kinds import KINDS, READERS, file_kind, known_suffix, most_bytes
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("name", "media_type", "suffix"),
    [
        ("page.html", "", ".html"),
        ("blob", "text/html", ".html"),
        ("blob", "Text/HTML; charset=utf-8", ".html"),
        ("blob", "application/octet-stream", ""),
        ("blob.part", "application/pdf", ".pdf"),
        ("blob.part", "", ".part"),
        ("notes.txt", "text/html", ".txt"),
        ("rows.csv", "application/vnd.ms-excel", ".csv"),
        ("page.HTML", "application/pdf", ".html"),
        ("blob", "text/csv", ".csv"),
        ("blob", "text/x-reversed", ""),
    ],
)
def test_what_a_name_does_not_tell_its_media_type_does(name, media_type, suffix):
    assert known_suffix(name, media_type) == suffix


@pytest.mark.parametrize(
    ("data", "name", "media_type", "kind"),
    [
        (b"%PDF-1.7", "blob", "", "a PDF"),
        (b"%PDF-1.7", "blob", "text/plain", "a PDF"),
        (b"%PDF-1.7", "blob", "text/html", "an HTML page"),
        (b"From: a\nReceived: b\n", "blob", "text/plain", "a mail"),
        (b"From: a\nReceived: b\n", "blob.txt", "message/rfc822", None),
        (b"<p>", "blob", "text/plain", None),
    ],
)
def test_a_media_type_goes_before_the_first_bytes(data, name, media_type, kind):
    found = file_kind(name, data, media_type)
    assert (found and found.name) == kind


def test_a_file_may_be_as_large_as_its_media_type_allows():
    assert most_bytes("blob", XLSX) == most_bytes("a.xlsx") > most_bytes("blob")


def test_each_kind_has_a_media_type_which_no_plug_in_takes():
    of_types = {reader for name, reader in READERS.built_ins.items() if "/" in name}
    assert of_types == {reader for name, reader in READERS.built_ins.items() if "/" not in name}
    assert {f"{kind.module}:read" for kind in KINDS} < of_types


@pytest.fixture
def _acme(tmp_path, monkeypatch):
    with packages_from(tmp_path, monkeypatch) as site:
        plant_example(site)
        yield


@pytest.mark.usefixtures("_acme")
def test_a_plug_in_reads_what_is_of_its_media_type_and_in_a_mail_too():
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ada@a.example", "A note"
    mail.set_content("Below.")
    mail.add_attachment(b"ecalevoL adA", maintype="text", subtype="x-reversed", filename="note")
    parts = [*read_file(bytes(mail), "mail.eml", ReadOptions(attachments=True))]
    assert [(part.name, part.text) for part in parts[1:]] == [("note", "Ada Lovelace")]
    (part,) = read_file(b"ecalevoL adA", "blob", ReadOptions(), media_type="text/x-reversed")
    assert Document.of_file(part, "blob").text == "Ada Lovelace"
    (part,) = read_file(b"ecalevoL adA", "blob.txt", ReadOptions(), media_type="text/x-reversed")
    assert part.text == "ecalevoL adA"
