"""Bytes -> text: encodings told apart, and everything that is no text refused with its reason."""

import codecs
import gzip
import hashlib
import io
import random
import zipfile

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.decoding import decode_text, encoding_of, flaw_of
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.read_file import read_file
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

TEXT = "Zoë paid 20 € at the café — “très bien” 😀\nand left.\r\n"
GERMAN = "Für die Gäste gab es süße Brötchen, Käse und heiße Milch, und übrigens auch größere Stücke."
RUSSIAN = "Доставка заняла три недели, коробка пришла мятая и пустая."
UNKNOWN = Failure(
    FailureKind.UNDECODABLE_DOCUMENT,
    "is in an encoding that cannot be told: name it with --encoding, or save it as UTF-8",
)


def kind(data):
    result = decode_text(data)
    assert isinstance(result, Failure)
    return result.type


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_unicode_is_read_and_only_its_bom_dropped(bom, encoding):
    assert decode_text(bom + TEXT.encode(encoding)) == TEXT
    assert decode_text(bom + ("\ufeff" + TEXT).encode(encoding)) == ("\ufeff" if bom else "") + TEXT


@pytest.mark.parametrize("text", ["a\nb\n", "a\r\nb\r\n", "a\rb", "a\u2028b\x85c\n\r", "\n\n a \n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_line_ends_and_white_space_are_untouched(text, encoding):
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("text", [TEXT, GERMAN, RUSSIAN], ids=["signs", "western", "cyrillic"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_bom_where_it_is_plain(text, encoding):
    text = text.replace("😀", "")
    assert decode_text(text.encode(encoding)) == text


def test_utf_32_is_read_with_its_bom():
    assert decode_text(TEXT.encode("utf-32")) == TEXT


def test_latin_1_is_read():
    assert decode_text(GERMAN.encode("latin-1")) == GERMAN
    assert decode_text(b"caf\xe9\r\n") == "café\r\n"
    assert decode_text(b"\xa1Ma\xf1ana!") == "¡Mañana!"
    assert decode_text("ÄÖÜ".encode("latin-1")) == "ÄÖÜ"


def test_windows_1252_is_read_where_it_differs_from_latin_1():
    assert decode_text("“Only 20 € \N{EN DASH} très bien”".encode("cp1252")) == "“Only 20 € \N{EN DASH} très bien”"


def test_a_byte_that_windows_1252_does_not_know_is_refused():
    assert decode_text(b"It was a fine caf\xe9, said \x81 nobody at all that day.") == UNKNOWN


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "iso8859-5", "cp866", "mac_cyrillic"])
def test_another_alphabet_is_read_where_enough_of_it_tells(encoding):
    text = "Order 66:\r\n" + RUSSIAN
    assert decode_text(text.encode(encoding)) == text


def test_another_alphabet_is_refused_with_its_likely_encoding_where_little_of_it_tells():
    assert decode_text("Review: всё отлично".encode("cp1251")) == Failure(
        FailureKind.UNDECODABLE_DOCUMENT,
        "is no UTF-8, and looks like cp1251 (Cyrillic): name it with --encoding cp1251, or save it as UTF-8",
    )


def test_all_of_a_file_decides_and_not_its_first_lines():
    text = "caf\xe9".encode("cp1251", "ignore").decode() + "\n" + "да\n" * 3 + RUSSIAN
    assert decode_text(text.encode("cp1251")) == text
    assert encoding_of(io.BytesIO(b"ok\n" * 100_000 + text.encode("koi8-r"))) == "koi8-r"


WESTERN = {
    "dansk": "Læg bøgerne på øen, før de små æbler dør.",
    "deutsch": GERMAN,
    "español": "¿Qué pasó mañana? ¡Compañía lingüística! El 1º año, 20 °C.",
    "français": "Où est le théâtre\xa0? « Ça coûte 5\xa0€, créée à l’île, cœur brûlé, forêt, père, maïs. »",  # noqa: RUF001 - as it is written
    "italiano": "Il prodotto è rotto, però costa di più perché la città è così.",
    "nederlands": "De reële ideeën van België zijn één voor één naïef.",
    "norsk": "Været i går på fjøset: høy, kjøtt og brød.",
    "português": "Não vi a irmã, você põe açúcar nas ações às três; o avô é ótimo.",
    "suomi": "Hyvää päivää, määrä on öljyä ja yötä.",
    "svenska": "Året på ön är ”långt” och fönstret är öppet.",
    "signs": "5 \N{MULTIPLICATION SIGN} 3 m², ½ l, ±3 µm — “fine”, 10€ or £8, §§ 3–5 © Škoda™",  # noqa: RUF001 - as it is written
}


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_european_text_is_read(text):
    assert decode_text(text.encode("cp1252")) == text


FOREIGN = {
    "cp1251": ["быстрый", "за день", "Спасибо", "iPhone сломан", "Все отлично, но дорого."],  # noqa: RUF001 - as it is written
    "koi8-r": ["быстрый", "Спасибо"],
    "cp1253": ["γρήγορο", "πολύ καλό προϊόν"],
    "cp1254": ["şey", "çok hızlı", "İyi bir ürün, teşekkürler"],  # noqa: RUF001 - as it is written
    "cp1250": ["że był", "żółw", "příliš dlouho", "gyűjtő könyv", "şi în"],
    "cp1257": ["šiandien", "gražus"],
    "cp1255": ["שלום"],
    "cp1256": ["مرحبا"],
    "shift_jis": ["はやい", "電池がすぐ切れる", "スマホ"],
    "euc_jp": ["電池がすぐ切れる", "はやい"],
    "iso2022_jp": ["電池がすぐ切れる"],
    "gbk": ["电池很快就没电了", "很好"],
    "big5": ["電池很快就沒電了"],
    "euc_kr": ["배터리가 빨리 닳아요", "좋아요"],
    "hz": ["电池很快就没电了", "很好"],
    "mac_roman": ["caf\xe9", "größer"],
    "cp850": ["caf\xe9 noir", "K\xe4se"],
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in FOREIGN.items() for text in texts])
@pytest.mark.parametrize("around", ["{}", "The whole review: {} (5 stars)", "ok\n" * 99 + "{}"])
def test_other_text_never_passes_as_western_and_is_read_where_its_encoding_is_named(encoding, text, around):
    text = around.format(text)
    result = decode_text(text.encode(encoding))
    assert isinstance(result, Failure)
    assert result.type == "undecodable_document"
    assert decode_text(text.encode(encoding), encoding) == text


def test_a_list_of_addresses_is_read():
    text = "name;address\r\n" + "José;jose@x.es\r\nZoé;z@a.fr\r\n" * 50
    assert decode_text(text.encode("cp1252")) == text


def test_a_few_odd_words_make_western_text_no_other():
    text = "Der Käse von Señor Łukasz war für größere Gäste süß. " * 50 + "Dvořák, žluť."
    data = text.encode("cp1252", "ignore")
    assert decode_text(data) == data.decode("cp1252")


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN], ids=["western", "cyrillic"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_utf_8_with_a_broken_byte_is_refused_with_its_place(text, bom):
    data = bom + text.encode() + b"\xff and more"
    failure = decode_text(data)
    assert failure.type == "undecodable_document"
    assert f"at byte {data.index(0xFF)} " in failure.message


def test_what_has_the_bom_of_utf_8_is_never_read_as_western():
    assert kind(codecs.BOM_UTF8 + b"caf\xe9") == "undecodable_document"


def test_utf_8_that_is_cut_within_a_character_is_refused():
    assert kind(RUSSIAN.encode() + "€".encode()[:2]) == "undecodable_document"


def test_utf_16_with_half_a_character_is_refused():
    assert kind(TEXT.encode("utf-16")[:-1]) == "undecodable_document"
    assert kind(codecs.BOM_UTF16_LE + b"a\0\x00\xd8b\0") == "undecodable_document"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \t\r\n\n",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xef\xbb\xbf \n",
        " \n".encode("utf-16"),
        b"\xa0\xa0",
        "\u3000".encode(),
    ],
)
def test_what_holds_no_text_is_empty(data):
    assert decode_text(data) == Failure(FailureKind.EMPTY_DOCUMENT, "holds no text")


@pytest.mark.parametrize(
    "data",
    [
        b"a\0b",
        b"one NUL in plain text " * 20 + b"\0",
        b"\0" * 100,
        b"caf\xe9\0",
        "a\0b".encode("utf-16"),
        "包裹到了".encode("utf-16-le") + b"\0a",
        b"name\0\0Smith\0" * 9,
    ],
)
def test_nul_bytes_are_binary(data):
    assert kind(data) == "binary_document"


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_no_text_even_without_nul(seed):
    noise = random.Random(seed).randbytes(2000)
    assert kind(noise) == kind(noise.replace(b"\0", b"")) == "binary_document"


def test_control_characters_are_binary_where_they_are_many():
    assert decode_text(b"\x1b[31mred\x1b[0m alert\x07\n") == "\x1b[31mred\x1b[0m alert\x07\n"
    assert kind(b"\x01\x02\x03 record") == "binary_document"


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        writer.writestr("a.txt", "hello")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\nall of this would pass for text", "PDF"),
        (archive(), "ZIP"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (gzip.compress(b"hello", mtime=0), "gzip"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more", "Office"),
    ],
)
def test_a_known_format_is_named(data, said):
    failure = decode_text(data)
    assert failure.type == "binary_document"
    assert said in failure.message


def document_of(data, name):
    (part,) = read_file(data, name, ReadOptions())
    return Document.of_file(part, name)


def test_a_document_keeps_its_source_and_is_named_by_its_text():
    latin, unicode = document_of(b"caf\xe9", "a.txt"), document_of("\ufeffcafé".encode(), "b.txt")
    assert (latin.text, latin.source, latin.failure) == ("café", "a.txt", None)
    assert latin.id == unicode.id == hashlib.sha256("café".encode()).hexdigest()


def test_a_document_that_is_no_text_is_named_by_its_bytes():
    document = document_of(b"a\0b", "a.bin")
    assert (document.text, document.source, document.failure.type) == ("", "a.bin", "binary_document")
    assert document.id == hashlib.sha256(b"a\0b").hexdigest()


@given(st.text(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example("\ufeffa", "utf-8-sig")
@example("aÿþ", "utf-8")
@example("\ufffe", "utf-16")
def test_text_comes_back_as_it_was(text, encoding):
    data = text.encode(encoding)
    assume(flaw_of(text) is None)
    assume(encoding != "utf-8" or not text.startswith("\ufeff"))
    assume(encoding != "utf-8" or not text.startswith(("%PDF-", "PK\x03\x04", "GIF8", "\x7fELF")))
    assert decode_text(data) == text


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=31))
def test_short_western_text_is_never_misread(text):
    """It may look like UTF-8, in which case it is read as that or refused; any other reading would be wrong."""
    data = text.encode("latin-1")
    assume(not data.startswith((b"%PDF-", b"GIF8", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\xff\xd8\xff")))
    result = decode_text(data)
    try:
        wanted = data.decode()
    except UnicodeDecodeError:
        wanted = text
    assert isinstance(result, Failure) or result == wanted.removeprefix("\ufeff")


@given(
    st.binary()
    | st.binary().map(lambda data: codecs.BOM_UTF16_LE + data)
    | st.binary().map(lambda data: b"text " + data)
)
@example(b"\xff\xfe\x00\xd8")
@example(b"\xef\xbb\xbf\xff")
@example(b"\x81")
def test_any_bytes_give_text_or_the_reason_why_not(data):
    result = decode_text(data)
    if isinstance(result, Failure):
        assert result.type in {"empty_document", "binary_document", "undecodable_document"}
        assert result.message
    else:
        assert flaw_of(result) is None
        assert result.encode()
