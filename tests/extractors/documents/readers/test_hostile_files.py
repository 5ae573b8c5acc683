"""Files that are made to do harm: a named failure, in bounded memory, and the next file is read."""

import io
import os
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from office_files import W, archive_of, paragraph, part, word_file, workbook_file

from slotfill.extractors.documents.readers import isolation, worker
from slotfill.extractors.documents.readers.markup.page_text import PARSE_SECONDS
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.work_limit import OVERWORKED
from slotfill.extractors.documents.sources import find_sources

GIGABYTE = 1 << 30

MAIN = "word/document.xml"

SHEET = "xl/worksheets/sheet1.xml"


def failure_of(data, name):
    """Read a file, see that the next one can be read and that memory was bounded, and return the failure."""
    (text,) = read_file(data, name, ReadOptions())
    process = isolation._READERS.processes[0]._process
    if process and sys.platform == "linux":
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) << 10
        assert peak < worker.MEMORY
    (other,) = read_file(word_file(paragraph("next")), "next.docx", ReadOptions())
    assert other.text == "next"
    assert text.failure is not None
    assert text.digest
    return text.failure.type.value, text.failure.message


def swollen(size, block=bytes(1 << 20)):
    """Deflate a block over and over: gigabytes in an instant."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed * (size // len(block)) + packer.flush()


def archive_that_says(name, packed, size, crc=0, times=1):
    """Zip what is deflated already, with any size and checksum in its headers; many entries may share the data."""
    sizes = struct.pack("<LLL", crc, len(packed), min(size, 0xFFFFFFFF))
    start = (
        b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", len(name), 0) + name.encode()
    )
    data = start + packed
    head = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
    names = (name if not number else f"{name}{number}" for number in range(times))
    entries = (head + struct.pack("<HHHHHLL", len(one), 0, 0, 0, 0, 0, 0) + one.encode() for one in names)
    directory = b"".join(entries)
    end = struct.pack("<HHHHLLH", 0, 0, times, times, len(directory), len(data), 0)
    return data + directory + b"PK\x05\x06" + end


@pytest.mark.parametrize(("suffix", "name"), [("docx", MAIN), ("xlsx", SHEET), ("ods", "content.xml")])
def test_what_says_that_it_unpacks_to_too_much_is_not_unpacked(suffix, name):
    size = 3 * GIGABYTE
    kind, message = failure_of(archive_that_says(name, swollen(size), size), f"bomb.{suffix}")
    assert (kind, message) == ("too_large", "unpacks to 3,221 MB, and 537 MB are read at most: split it")


@pytest.mark.parametrize(("suffix", "name"), [("docx", MAIN), ("xlsx", SHEET), ("ods", "content.xml")])
def test_what_lies_about_its_size_gives_no_more_than_it_says(suffix, name):
    packed = swollen(10 * GIGABYTE)
    assert (
        failure_of(archive_that_says(name, packed, 1000, zlib.crc32(bytes(1000))), f"liar.{suffix}")[0]
        == "broken_document"
    )
    assert failure_of(archive_that_says(name, packed, 1000), f"liar.{suffix}")[0] == "broken_document"


def test_files_that_share_their_data_are_counted_each():
    data = archive_that_says(MAIN, swollen(GIGABYTE // 8), GIGABYTE // 8, times=9)
    assert failure_of(data, "quine.docx") == ("too_large", "unpacks to 1,208 MB, and 537 MB are read at most: split it")


def test_more_files_than_any_document_has_are_not_listed():
    data = archive_that_says(MAIN, swollen(1 << 20), 1, times=60_000)
    assert failure_of(data, "many.docx") == ("too_large", "holds more than 10,000 files: no Office file does")


def test_strings_of_a_workbook_that_fill_the_memory_cost_it_alone():
    block = b"<si><t>x</t></si>" * 60_000
    size = len(block) * 500
    packed = swollen(size, block)
    data = archive_that_says("xl/sharedStrings.xml", packed, size)
    assert failure_of(data, "strings.xlsx")[0] in {"broken_document", "too_large", "unreadable"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BILLION_LAUGHS = f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]>'
QUADRATIC = f'<!DOCTYPE d [<!ENTITY q "{"a" * 100_000}">]>'
EXTERNAL = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE d [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'
PARAMETER = '<!DOCTYPE d [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>'
OUTSIDE = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">'

TRAPS = {
    "billion laughs": (BILLION_LAUGHS, "&l11;"),
    "quadratic": (QUADRATIC, "&q;" * 10_000),
    "file": (EXTERNAL, "&x;"),
    "address": (REMOTE, "&x;"),
    "parameter": (PARAMETER, "x"),
    "outside": (OUTSIDE, "x"),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("place", ["text", "attribute", "comments"])
def test_entities_of_a_word_document_are_refused(trap, place):
    doctype, reference = TRAPS[trap]
    if place == "attribute":
        main = doctype + part("document", f'<w:body w:x="{reference if trap not in {"file", "address"} else ""}"/>')
        data = archive_of({MAIN: main})
    elif place == "text":
        data = archive_of({MAIN: doctype + part("document", f"<w:body>{paragraph(reference)}</w:body>")})
    else:
        comment = f'<w:comment w:id="1">{paragraph(reference)}</w:comment>'
        data = word_file(paragraph("x"), {"comments": doctype + part("comments", comment)})
    kind, message = failure_of(data, "trap.docx")
    assert kind == "broken_document"
    assert "defines entities" in message or "no XML that can be read" in message


@pytest.mark.parametrize("trap", TRAPS)
def test_entities_of_a_workbook_are_not_looked_up(trap):
    doctype, reference = TRAPS[trap]
    cell = f'<c r="A1" t="inlineStr"><is><t>{reference}</t></is></c>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'{doctype}<worksheet xmlns="{space}"><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
    (text,) = read_file(replaced(workbook_file({"S": {"A1": "x"}}), SHEET, sheet), "trap.xlsx", ReadOptions())
    assert "root:" not in text.text
    assert "ha" * 5 not in text.text
    assert "aaaa" not in text.text


def replaced(data, name, content):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive_of({**{one: archive.read(one) for one in archive.namelist()}, name: content})


@pytest.mark.parametrize(
    "body",
    [
        "<w:sdt>" * 100_000 + "</w:sdt>" * 100_000,
        "<w:tbl><w:tr><w:tc>" * 30_000 + "</w:tc></w:tr></w:tbl>" * 30_000,
        "<w:p>" + "<w:ins>" * 100_000 + "</w:ins>" * 100_000 + "</w:p>",
        "<w:sdt>" * 1500 + "</w:sdt>" * 1500,
    ],
    ids=["controls", "tables", "insertions", "few enough for the parser"],
)
def test_what_is_nested_without_end_is_refused(body):
    assert failure_of(word_file(body), "deep.docx")[0] == "broken_document"


def test_what_is_nested_as_far_as_anybody_does_is_read():
    body = "<w:tbl><w:tr><w:tc/><w:tc>" * 60 + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * 60
    (text,) = read_file(word_file(body), "deep.docx", ReadOptions())
    assert text.text == "| deep"


@pytest.mark.parametrize(
    "name",
    [
        *("a.docx", "a.xlsx", "a.xls", "a.ods", "a.pdf", "a.eml", "a.html", "a.txt", "a"),
        pytest.param("a.mbox", marks=pytest.mark.slow),  # it is read to its end: mailboxes may be of any size
    ],
)
def test_a_gigabyte_of_nothing_is_not_read(tmp_path, name):
    path = tmp_path / name
    path.touch()
    os.truncate(path, GIGABYTE)
    (document,) = find_sources([path])
    assert document.failure.type.value == "too_large"


def test_two_cells_in_far_corners_cost_their_sheet_alone():
    far = workbook_file({"S": {"A1": 1, "XFD1048576": 2}})
    assert failure_of(far, "far.xlsx") == (
        "too_large",
        "sheet 'S' spans more than 20,000,000 cells: delete what stands far off",
    )


def test_two_cells_in_far_corners_that_a_sheet_denies_cost_its_workbook():
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    sheet = f'<worksheet xmlns="{space}"><dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>'
    kind, message = failure_of(replaced(workbook_file({"S": {"A1": "x"}}), SHEET, sheet), "denied.xlsx")
    assert kind == "unreadable"
    assert "needs more memory" in message


def test_a_sheet_that_says_it_is_full_and_is_empty_is_read_at_once():
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rows = '<row r="2"><c r="B2" t="inlineStr"><is><t>here</t></is></c></row><row r="1048576" ht="12"/>'
    sheet = f'<worksheet xmlns="{space}"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'
    (text,) = read_file(replaced(workbook_file({"S": {"A1": "x"}}), SHEET, sheet), "full.xlsx", ReadOptions())
    assert text.text == "here"


def test_a_style_that_is_based_on_itself_is_no_end():
    styles = f'<w:styles xmlns:w="{W}"><w:style w:styleId="A"><w:basedOn w:val="A"/></w:style></w:styles>'
    (text,) = read_file(word_file(paragraph("x", '<w:pStyle w:val="A"/>'), {"styles": styles}), "a.docx", ReadOptions())
    assert text.text == "x"


ATTRIBUTES = f"<p {' '.join(f'a{number}' for number in range(60_000))}>"
OPTIONS = f"<select>{'<option>' * 50_000}"


@pytest.mark.skipif(OVERWORKED is None, reason="there is no clock of the processor")
@pytest.mark.slow
@pytest.mark.parametrize("page", [ATTRIBUTES, OPTIONS], ids=["attributes", "options"])
def test_a_page_that_holds_up_its_parser_is_ended_after_a_few_seconds(page):
    isolation._READERS.close()
    begun = seconds_of_readers()
    kind, message = failure_of(page.encode(), "page.html")
    isolation._READERS.close()
    assert kind == "unreadable"
    assert message.startswith("its reader was ended: what programs write is parsed in a")
    assert seconds_of_readers() - begun < 2 * PARSE_SECONDS


def seconds_of_readers():
    """Return what ended children of this process have taken of the processor."""
    children = os.times()
    return children.children_user + children.children_system
