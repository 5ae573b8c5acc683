"""Word documents, as a person reads them: written by python-docx, and as XML where that does not write it."""

import io
import zipfile

import docx
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from office_files import W, archive_of, paragraph, part, relations_of, table, word_file

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.office.word import read
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions


def read_one(data):
    (document,) = (one for one in read(data, ReadOptions()) if one)
    return document


def text_of(body, **parts):
    return read_one(word_file(body, parts)).text


def saved(document):
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_paragraphs_lists_and_tables_come_in_order():
    document = docx.Document()
    document.add_heading("Offer 17", 1)
    document.add_paragraph("Dear Ann,\tsee\nbelow")
    for text in ("first", "second"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("dot", style="List Bullet")
    rows = document.add_table(2, 2)
    cells = [cell for row in rows.rows for cell in row.cells]
    for cell, text in zip(cells, ("Item", "Price", "Pump", "12.50"), strict=True):
        cell.text = text
    document.add_paragraph("Regards")
    assert read_one(saved(document)).text == (
        "Offer 17\n\nDear Ann,\tsee\nbelow\n\n1. first\n2. second\n- dot\n\nItem | Price\nPump | 12.50\n\nRegards"
    )


def test_headers_footers_and_comments_have_places_of_their_own():
    document = docx.Document()
    line = document.add_paragraph("We pay in 90 days.")
    document.add_comment(line.runs, text="Too long.", author="Bob")
    document.add_section()
    document.sections[0].header.paragraphs[0].text = "ACME Ltd"
    document.sections[0].footer.paragraphs[0].text = "Confidential"
    read_document = read_one(saved(document))
    text = read_document.text
    assert text == "ACME Ltd\n\nWe pay in 90 days.\n[comment by Bob: Too long.]\n\nConfidential"
    places = {
        word: read_document.places.place_of(text.index(word), text.index(word) + 3)["part"]
        for word in ("ACME", "90", "Too", "Conf")
    }
    assert places == {"ACME": "header", "90": "body", "Too": "comment", "Conf": "footer"}


def test_what_no_page_shows_of_headers_is_left_out():
    sections = (
        '<w:sectPr><w:headerReference w:type="default" r:id="id-header1"/>'
        '<w:headerReference w:type="first" r:id="id-header2"/>'
        '<w:headerReference w:type="even" r:id="id-header3"/>{}</w:sectPr>'
    )
    parts = {f"header{n}": part("hdr", paragraph(f"head {n}")) for n in (1, 2, 3)}
    assert text_of(paragraph("body") + sections.format(""), **parts) == "head 1\n\nbody"
    assert text_of(paragraph("body") + sections.format("<w:titlePg/>"), **parts) == "head 1\n\nhead 2\n\nbody"
    parts["settings"] = part("settings", "<w:evenAndOddHeaders/>")
    assert text_of(paragraph("body") + sections.format(""), **parts) == "head 1\n\nhead 3\n\nbody"


def test_insertions_are_text_and_deletions_are_none():
    body = (
        f"<w:p>{run('We ')}<w:del>{run('gone')}<w:r><w:delText>never</w:delText></w:r></w:del>"
        f"<w:ins>{run('now ')}</w:ins>"
        f"<w:moveFrom>{run('away')}</w:moveFrom><w:moveTo>{run('agree')}</w:moveTo></w:p>"
        f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:del>{run('all gone')}</w:del></w:p>"
    )
    cells = f"<w:tc>{paragraph('old')}</w:tc><w:tc>{paragraph('row')}</w:tc>"
    rows = f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr>{cells}</w:tr></w:tbl>"
    assert text_of(body + rows) == "We now agree"


OFF = '<w:vanish w:val="0"/>'
CHILD = '<w:rStyle w:val="Child"/>'
LOOP = '<w:rStyle w:val="Loop"/>'
HIDDEN = (
    f"<w:p>{run('seen')}{run('hidden', '<w:vanish/>')}{run(' and', OFF)}{run('hidden', CHILD)}"
    f"{run(' read', LOOP)}</w:p>"
    f'<w:p><w:pPr><w:pStyle w:val="Child"/></w:pPr>{run("hidden")}{run("shown", OFF)}</w:p>'
)


def test_hidden_text_is_none_and_what_shows_in_spite_of_its_style_is():
    styles = part(
        "styles",
        '<w:style w:styleId="Ghost"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="Child"><w:basedOn w:val="Ghost"/></w:style>'
        '<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>',
    )
    assert text_of(HIDDEN, styles=styles) == "seen and read\n\nshown"


def test_what_stands_within_something_is_read_where_it_stands():
    body = (
        f"<w:sdt><w:sdtPr><w:alias/></w:sdtPr><w:sdtContent>{paragraph('controlled')}"
        f"{table([paragraph('a'), paragraph('b')])}</w:sdtContent></w:sdt>"
        f"<w:p><w:hyperlink>{run('a link')}</w:hyperlink><w:sdt><w:sdtContent>{run(' inline')}</w:sdtContent></w:sdt>"
        f"<w:smartTag>{run(' tagged')}</w:smartTag></w:p>"
        f"<w:p>{run('beside a box')}<w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>{paragraph('boxed')}"
        f"</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent>"
        f"</w:pict></mc:Fallback></mc:AlternateContent></w:r>{run(' it is')}</w:p>"
    )
    assert text_of(body) == "controlled\n\na | b\n\na link inline tagged\n\nbeside a box it is\n\nboxed"


def test_of_fields_the_result_is_read():
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    code = "<w:r><w:instrText>MERGEFIELD secret</w:instrText></w:r>"
    body = (
        f"<w:p>{run('Due ')}{mark('begin')}{code}"
        f"{mark('begin')}{run('inner')}{mark('separate')}{run('nested')}{mark('end')}"
        f"{mark('separate')}{run('May 1')}{mark('end')}{run('.')}</w:p>"
        f"<w:p><w:fldSimple>{run('simple')}</w:fldSimple>{mark('begin')}{code}</w:p>"
        f"{paragraph('not lost')}"
    )
    assert text_of(body) == "Due May 1.\n\nsimple\n\nnot lost"


def test_form_fields_show_what_is_chosen():
    begin = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{}</w:ffData></w:fldChar></w:r>'.format
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    ticked, empty = ("<w:checkBox><w:checked/></w:checkBox>", '<w:checkBox><w:default w:val="0"/></w:checkBox>')
    choice = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="blue"/></w:ddList>'
    assert text_of(f"<w:p>{begin(ticked)}{end}{begin(empty)}{end}{begin(choice)}{end}</w:p>") == "☒☐blue"


def test_notes_stand_behind_the_text_with_their_marks():
    reference = '<w:r><w:{}Reference w:id="{}"/></w:r>'.format
    body = f"<w:p>{run('one')}{reference('endnote', 2)}{run(' two')}{reference('footnote', 7)}{run(' end')}</w:p>"
    parts = {
        "footnotes": part("footnotes", f'<w:footnote w:id="7">{paragraph("below")}</w:footnote>'),
        "endnotes": part("endnotes", f'<w:endnote w:id="2">{paragraph("at the end")}</w:endnote>'),
    }
    document = read_one(word_file(body, parts))
    assert document.text == "one[1] two[2] end\n\n[1] at the end\n[2] below"
    assert document.places.place_of(document.text.index("below"), len(document.text)) == {"part": "footnote"}


def test_merged_cells_stand_once_and_nested_tables_in_their_row():
    restart = ' w:val="restart"'
    merged = "<w:tc><w:tcPr><w:vMerge{}/></w:tcPr>{}</w:tc>".format
    wide = '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{}</w:tc>'.format
    nested = table([paragraph("x"), paragraph("y")], [paragraph("z"), "<w:p/>"])
    body = (
        f"<w:tbl><w:tr>{wide(paragraph('wide'))}<w:tc>{paragraph('c')}</w:tc></w:tr>"
        f"<w:tr>{merged(restart, paragraph('tall'))}<w:tc>{paragraph('d')}</w:tc></w:tr>"
        f"<w:tr>{merged('', '<w:p/>')}<w:tc>{paragraph('e')}{nested}{paragraph('f')}</w:tc></w:tr></w:tbl>"
    )
    assert text_of(body) == "wide | c\ntall | d\n| e x, y; z f"


def test_a_table_of_one_column_frames_what_stands_in_it():
    inner = table([paragraph("a"), paragraph("b")], [paragraph("c"), paragraph("d")])
    assert text_of(table([paragraph("title") + paragraph("line") + inner])) == "title\n\nline\n\na | b\nc | d"


def test_numbers_of_lists_are_counted_as_word_counts_them():
    level = '<w:lvl w:ilvl="{}"><w:start w:val="{}"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'.format
    numbering = part(
        "numbering",
        f'<w:abstractNum w:abstractNumId="0">{level(0, 1, "decimal", "%1.")}{level(1, 1, "lowerLetter", "%1%2)")}'
        f'{level(2, 3, "upperRoman", "%3")}</w:abstractNum><w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="6"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="8"/></w:lvlOverride></w:num>',
    )
    items = [(5, 0), (5, 1), (5, 1), (5, 2), (5, 0), (5, 1), (6, 0), (6, 0), (0, 0), (99, 0), (5, "9" * 5_000)]
    body = "".join(
        paragraph("x", f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')
        for number, depth in items
    )
    assert [line.strip() for line in text_of(body, numbering=numbering).splitlines() if line] == [
        *("1. x", "1a) x", "1b) x", "III x", "2. x", "2a) x", "8. x", "9. x", "x", "x", "10. x"),
    ]


def test_symbols_and_special_characters_are_what_a_person_sees():
    symbol = '<w:r><w:sym w:font="{}" w:char="{}"/></w:r>'.format
    body = (
        f"<w:p>{symbol('Wingdings', 'F0FE')}{symbol('Symbol', 'F061')}{symbol('Symbol', 'F0B0')}"
        f"{symbol('Arial', '20AC')}"
        f"{symbol('Webdings', 'F021')}{symbol('Arial', 'nonsense')}"
        "<w:r><w:t>e</w:t><w:noBreakHyphen/><w:t>mail</w:t><w:softHyphen/><w:t>ed</w:t><w:tab/><w:t>x</w:t>"
        "<w:br/><w:t>y</w:t></w:r>"
        "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath></w:p>"
    )
    assert text_of(body) == "☑\u03b1°€\ufffd\ufffde-mailed\tx\ny1/2"


def test_documents_that_python_docx_refuses_are_read():
    with zipfile.ZipFile(io.BytesIO(word_file(paragraph("still there")))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    strict = {name: text.replace(W, "http://purl.oclc.org/ooxml/wordprocessingml/main") for name, text in files.items()}
    strange = {name.replace("word/", "Word\\"): text for name, text in files.items()}
    lost = {**files, "word/_rels/document.xml.rels": relations_of({"r1": "header NULL", "r2": "comments ../../x.xml"})}
    bare = {"word/document.xml": files["word/document.xml"]}
    assert [read_one(archive_of(one)).text for one in (strict, strange, lost, bare)] == ["still there"] * 4


FACTS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FFF), min_size=1, max_size=12)
TABLES = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(FACTS, min_size=width, max_size=width), min_size=1))


@given(st.lists(st.one_of(FACTS, TABLES), min_size=1, max_size=8))
@examples(100)
def test_each_fact_is_read_once_and_in_its_place(contents):
    body, expected = "", []
    for content in contents:
        if isinstance(content, str):
            body += paragraph(content)
            expected.append(content)
        else:
            body += table(*([paragraph(fact) for fact in row] for row in content))
            expected += [" | ".join(row) for row in content]
    assert [line for line in text_of(body).split("\n") if line] == expected


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", "empty_document", "holds no text"),
        (b"plain text, called .docx", "broken_document", "cannot be unpacked"),
        (archive_of({"a.txt": "a"}), "broken_document", "no Word document"),
        (archive_of({"word/document.xml": "<broken"}), "broken_document", "word/document.xml is no XML"),
        (word_file(paragraph("x" * 100))[:-60], "broken_document", "cannot be unpacked"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "binary_document", "an old Office file"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted_document",
            "without one",
        ),
    ],
)
def test_what_cannot_be_read_is_named(data, kind, message):
    with pytest.raises(ReadError, match=message) as caught:
        [*read(data, ReadOptions())]
    assert caught.value.failure.type == kind


def test_a_document_is_read_through_its_process_and_known_without_its_name(tmp_path):
    for name in ("offer.docx", "offer.DOCM", "offer"):
        (tmp_path / name).write_bytes(word_file(paragraph("Pump: 12")))
        document = Document.read(tmp_path / name)
        assert (document.text, document.failure) == ("Pump: 12", None)
        assert document.places.place_of(0, 4) == {"part": "body"}
