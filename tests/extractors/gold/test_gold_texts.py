"""Texts that gold names by their source: found, read, and no others."""

import pytest

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import InputError
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.gold.gold_texts import with_texts


def of(source, **more):
    return GoldDocument.of(1, source=source, **more)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    (tmp_path / "gold" / "mails").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "work" / "a.txt").write_text("of work", "utf-8")
    (tmp_path / "gold" / "mails" / "b#1.txt").write_text("of mails", "utf-8")
    (tmp_path / "gold" / "rows.jsonl").write_text('{"t": "first"}\n{"t": "second"}\n', "utf-8")
    (tmp_path / "secret.txt").write_text("secret", "utf-8")
    return tmp_path / "gold"


def test_texts_are_read_from_beside_the_gold_and_from_here(folder):
    sources = ["a.txt", "mails/b#1.txt", "rows.jsonl#2", "rows.jsonl#1", None]
    documents = [*map(of, sources[:-1]), GoldDocument.of(1, text="known")]
    read = with_texts(documents, folder, text_field="t")
    assert [one.text for one in read] == ["of work", "of mails", "second", "first", "known"]
    assert [one.id for one in read] == [Document.of(one.text).id for one in read]
    assert [one.source for one in read] == sources


@pytest.mark.parametrize("source", ["none.txt", "../secret.txt", "/etc/passwd", "a\0", "mails", "", "#", "a.txt#7"])
def test_no_source_leads_elsewhere(folder, source):
    with pytest.raises(InputError, match=r"is no regular file below|cannot be read from|there is no"):
        with_texts([of(source)], folder)


def test_a_link_leads_nowhere_else(folder):
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    with pytest.raises(InputError, match="no regular file below"):
        with_texts([of("link.txt")], folder)


def test_a_text_that_has_changed_is_told(folder):
    with pytest.raises(InputError, match=r"'a\.txt' is not the text that the gold is of"):
        with_texts([of("a.txt", document_id=Document.of("as it was").id)], folder)


def test_one_that_is_no_text_is_told(folder):
    (folder / "c.txt").write_bytes(b"")
    with pytest.raises(InputError, match=r"'c\.txt' cannot be read from .*: "):
        with_texts([of("c.txt")], folder)
