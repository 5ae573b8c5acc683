"""The texts that records are of: found by their sources, known by their hashes; or why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.viewing import document_texts
from slotfill.extractors.viewing.document_texts import DocumentTexts


def record_of(text: str, source: str | None, model: str = "claude-haiku-5-5") -> dict[str, Any]:
    return {"model": model, "document": {"id": Document.of(text).id, "source": source, "chars": len(text)}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "mails").mkdir(parents=True)
    (home / "mails" / "a.txt").write_text("a mail", encoding="utf-8")
    (tmp_path / "working" / "notes").mkdir(parents=True)
    (tmp_path / "working" / "notes" / "b.txt").write_text("a note", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("a secret", encoding="utf-8")
    rows = "".join(json.dumps({"text": f"row {number}"}) + "\n" for number in range(5))
    (home / "rows.jsonl").write_text(rows, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "working")
    return home


def test_a_file_is_read_from_the_folder_of_the_records(folder: Path) -> None:
    found = DocumentTexts(folder).find(record_of("a mail", "mails/a.txt"))
    assert (found.text, found.note, found.file) == ("a mail", "", str(folder / "mails" / "a.txt"))


def test_a_file_is_read_from_the_working_folder_where_its_extraction_stood(folder: Path) -> None:
    found = DocumentTexts(folder).find(record_of("a note", "notes/b.txt"))
    assert (found.text, found.file) == ("a note", str(folder.parent / "working" / "notes" / "b.txt"))


def test_rows_are_found_by_their_hash_and_a_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    monkeypatch.setattr(document_texts, "find_sources", lambda *a, **k: read.append(a) or find_sources(*a, **k))
    texts = DocumentTexts(folder)
    assert [texts.find(record_of(f"row {n}", f"rows.jsonl#{n + 1}")).text for n in range(5)] == [
        f"row {n}" for n in range(5)
    ]
    assert len(read) == 1


@pytest.mark.parametrize(
    "source",
    [
        "../secret.txt",
        "notes/../../secret.txt",
        "/etc/passwd",
        "mails",
        "mails/gone.txt",
        "a\0b",
        "https://x.example/a",
    ],
)
def test_a_source_leads_to_no_file_outside(folder: Path, source: str) -> None:
    found = DocumentTexts(folder).find(record_of("a secret", source))
    assert found.text is None
    assert f"no regular file below {str(folder)!r} or the working folder. Name" in found.note
    assert "--documents FOLDER" in found.note


def test_the_working_folder_is_not_told_twice(folder: Path) -> None:
    note = DocumentTexts(Path()).find(record_of("a mail", "gone.txt")).note
    assert note.startswith("'gone.txt' is no regular file below the working folder. Name")


def test_a_link_leads_to_no_file_outside(folder: Path) -> None:
    for home in (folder, folder.parent / "working"):
        (home / "link.txt").symlink_to(folder.parent / "secret.txt")
        assert DocumentTexts(folder).find(record_of("a secret", "link.txt")).text is None
        (home / "link.txt").unlink()


def test_another_folder_can_be_named(folder: Path) -> None:
    assert DocumentTexts(folder.parent).find(record_of("a secret", "secret.txt")).text == "a secret"


def test_a_text_that_has_changed_is_none(folder: Path) -> None:
    found = DocumentTexts(folder).find(record_of("another mail", "mails/a.txt"))
    assert found.text is None
    assert "has changed since" in found.note


@pytest.mark.parametrize("source", [None, "-", ""])
def test_what_has_no_source_may_be_in_a_ledger(folder: Path, source: str | None) -> None:
    assert "--retention all" in DocumentTexts(folder).find(record_of("a mail", source)).note


def test_rows_without_the_field_say_which_there_are(folder: Path) -> None:
    note = DocumentTexts(folder, text_field="body").find(record_of("row 1", "rows.jsonl#2")).note
    assert "body" in note


def test_an_attachment_is_read_from_its_mail(folder: Path) -> None:
    mail = (
        "From: a@x.example\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\n"
        "Content-Type: text/plain\n\nthe mail\n--B\nContent-Type: text/plain; name=offer.txt\n"
        "Content-Disposition: attachment; filename=offer.txt\n\nthe offer\n--B--\n"
    )
    (folder / "m.eml").write_text(mail, encoding="utf-8")
    (offer,) = (one for one in Document.read_all(folder / "m.eml", attachments=True) if "offer" in (one.source or ""))
    found = DocumentTexts(folder).find(record_of(offer.text, "m.eml#offer.txt"))
    assert found.text == offer.text


def test_a_file_is_read_as_it_was_for_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan is sent as a page to a model that looks at pages, and has another hash then."""
    looked: list[bool] = []

    def for_model(self: Any, *, takes_pages: bool) -> Any:
        looked.append(takes_pages)
        return self

    monkeypatch.setattr("slotfill.extractors.documents.sources.Sources.for_model", for_model)
    for model in ("local", "claude-haiku-5-5"):
        DocumentTexts(folder).find(record_of("a mail", "mails/a.txt", model))
    assert looked == [False, True]
