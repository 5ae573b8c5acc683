"""Mails: the text that a person reads, what is attached, and which words are the mail's own."""

import base64
import email.policy
import re
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.mails.encoded_words import decode_header
from slotfill.extractors.documents.readers.mails.mail import read
from slotfill.extractors.documents.readers.mails.mail_headers import decode_addresses
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile

HEAD = b"Subject: s\nFrom: a@a.example\n"


def parts_of(mail, **options):
    data = mail if isinstance(mail, bytes) else mail.as_bytes()
    return [*read(data, ReadOptions(**options))]


def body(mail, **options):
    """Return the text below the head."""
    text, *_ = parts_of(mail, **options)
    return text.text.partition("\n\n")[2]


def attachments(mail):
    return parts_of(mail, attachments=True)[1:]


def places(mail):
    (read_text,) = parts_of(mail)
    return [(place["part"], read_text.text[start:end]) for start, end, place in read_text.places.stretches]


def simple(text="Hello.\n", **headers):
    mail = EmailMessage()
    for name, value in {"Subject": "s", "From": "a@a.example", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def refusal(mail):
    with pytest.raises(ReadError) as caught:
        parts_of(mail)
    return caught.value.failure.type.value


def test_a_mail_file_is_read_by_its_reader_and_its_attachments_where_they_are_asked_for(tmp_path):
    mail = simple("See the offer.\n", Subject="An offer", To="b@b.example", Date="Tue, 3 Mar 2026 08:41:17 +0000")
    mail.add_attachment(b"net 5", maintype="text", subtype="plain", filename="offer.txt")
    path = tmp_path / "m.eml"
    path.write_bytes(mail.as_bytes())
    head = "Subject: An offer\nFrom: a@a.example\nTo: b@b.example\nDate: Tue, 03 Mar 2026 08:41:17 +0000\n"
    assert Document.read(path).text == f"{head}Attachments: offer.txt\n\nSee the offer.\n"
    _, attached = Document.read_all(path, attachments=True)
    assert (attached.source, attached.text) == (f"{path}#offer.txt", "net 5")
    assert Document.read(path, raw=True).text == path.read_text()


CHARSETS = {
    "utf-8": "größe Łódź 漢字",
    "iso-8859-1": "größe, naïve café",
    "iso-8859-2": "żółw w Łodzi",
    "windows-1251": "быстрый ёж",
    "koi8-r": "быстрый ёж",
    "shift_jis": "漢字かな",
    "gb18030": "汉字镕",
    "iso-2022-jp": "漢字かな",
    "euc-kr": "한글",
    "big5": "漢字",
}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_text_is_decoded(charset, encoding, kind):
    word = CHARSETS[charset]
    data = (f"<p>{word}</p>" if kind == "html" else word).encode(charset)
    if encoding != "8bit":
        message = EmailMessage()
        message.set_content(data, maintype="application", subtype="x", cte=encoding)
        data = message.as_bytes().partition(b"\n\n")[2]
    fields = f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n"
    assert body(HEAD + fields.encode() + data).strip() == word


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain words", "plain words"),
        ("=?utf-8?q?gr=C3=B6=C3=9Fe?=", "größe"),
        ("=?ISO-8859-1*de?Q?gr=F6=DFe_5?= and =?utf-8?b?xYHDs2TFug==?=", "größe 5 and Łódź"),
        ("=?utf-8?q?gr=C3?= =?utf-8?q?=B6=C3=9Fe?=", "größe"),
        ("=?utf-8?b?Z3LD?=\r\n =?utf-8?b?tsOfZQ==?=", "größe"),
        ("=?utf-8?q?a?= =?iso-8859-1?q?=F6?= b", "aö b"),
        ("=?iso-2022-jp?b?GyRCNEE7ehsoQg==?=", "漢字"),
        ("=?x-unknown?q?gr=F6=DFe?=", "größe"),
        ("=?utf-8?q?with space?=", "with space"),
        ("=?utf-8?b?Z3LDtsOfZQ?=", "größe"),
        ("=?utf-8?b?!!!?=", ""),
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("=?utf-8?z?abc?=", "=?utf-8?z?abc?="),
        ("folded\r\n\tonce\r\n  twice", "folded once twice"),
        ("größe".encode().decode("ascii", "surrogateescape"), "größe"),
        ("größe".encode("latin-1").decode("ascii", "surrogateescape"), "größe"),
        ("a\x1b[31mb\x00", "a[31mb"),
        ("=?utf-8?q?a=1B[31mb=C2=9B?=", "a[31mb"),
        ("=?utf-8?q?Hi=0D=0AFrom:_The_CEO?=", "Hi From: The CEO"),
        ("=?utf-8?q?Hi=0A?=\r\n =?utf-8?q?=0A=0AA_fake_body?=", "Hi A fake body"),
    ],
)
def test_a_header_is_decoded(raw, text):
    assert decode_header(raw) == text


def test_the_head_names_people_as_they_write_themselves():
    head = (
        b'From: =?utf-8?q?M=C3=BCller=2C_J=C3=BCrgen?= <j@a.example>\nTo: b@b.example,\n  "C, D" <c@b.example>\n'
        b"To: d@b.example\nSUBJECT:\nDate: whenever\nX-Other: no\nReceived: from here\n\nbody"
    )
    assert parts_of(head)[0].text == (
        "From: Müller, Jürgen <j@a.example>\nTo: b@b.example, C, D <c@b.example>, d@b.example\nDate: whenever\n\nbody"
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('"=?iso-8859-1?Q?Andr=E9_L=F6we=2C_Dr=2E?=" <a@x.org>', "André Löwe, Dr. <a@x.org>"),
        ("=?utf-8?q?M=C3=BCller=2C?= Hans <h@x.org>", "Müller, Hans <h@x.org>"),
        ("=?utf-8?q?M=C3=BCller,?=\r\n =?utf-8?q?_Hans?=<h@x.org>,b@x.org", "Müller, Hans <h@x.org>, b@x.org"),
        ('"A, B" <a@x.org>; "C \\"D\\" E"\r\n\t<c@x.org>', 'A, B <a@x.org>; C "D" E <c@x.org>'),
        ('"Größe, Ä" <a@x.org>'.encode().decode("ascii", "surrogateescape"), "Größe, Ä <a@x.org>"),
        ("a@x.org (Ann, at home) , <b@x.org> (Bob)", "a@x.org (Ann, at home), <b@x.org> (Bob)"),
        ('Team: "B, C" <b@x.org>, c@x.org;', "Team: B, C <b@x.org>, c@x.org;"),
        ("undisclosed-recipients:;", "undisclosed-recipients:;"),
        ('"Ann Lee"@x.org, =?utf-8?q?Ann?=', '"Ann Lee"@x.org, Ann'),
        ('"=?utf-8?q?a=0AFrom:_b?=" <a@x.org>', "a From: b <a@x.org>"),
        # Names that would read as another address, and what is left open.
        ('"Boss <boss@x.org>, Bob" <b@y.org>', '"Boss <boss@x.org>, Bob" <b@y.org>'),
        ("=?utf-8?q?boss=40x=2Eorg=2C_=22Bob=22?= <b@y.org>", "\"boss@x.org, 'Bob'\" <b@y.org>"),
        ("=?utf-8?q?ann=40x=2Eorg?= <ann@x.org>", "ann@x.org <ann@x.org>"),
        ('"Ann <a@x.org>, b@x.org', '"Ann <a@x.org>, b@x.org'),
        ("Ann <a@x.org, b@x.org", "Ann <a@x.org, b@x.org"),
        ("", ""),
    ],
)
def test_addresses_are_read_without_the_quotes_of_the_format(raw, text):
    assert decode_addresses(raw) == text


LINE_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
FORGED = st.text(st.sampled_from(f'ab:<>@,;"\\() \t\0{LINE_ENDS}'), max_size=30)


@examples(300)
@given(
    FORGED, st.sampled_from(["Subject", "From", "To", "Cc", "Date"]), st.sampled_from(["{}", '"{}" <a@x>', "{} <a@x>"])
)
def test_no_value_of_the_head_is_more_than_a_line(value, name, form):
    word = f"=?utf-8?b?{base64.b64encode(value.encode()).decode()}?="
    fields = f"{name}: {form.format(word)}\nX-Mailer: x\n"
    inner = f"Subject: {word}\n\nwithin"
    parts = (
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe body.\n--b\nContent-Type: message/rfc822\n\n{inner}"
    )
    text, attached = parts_of(f"{fields}{parts}\n--b--\n".encode(), attachments=True)
    head, _, rest = text.text.partition("\n\n")
    assert rest == "The body."
    lines = head.splitlines()
    assert [line.partition(": ")[0] for line in lines] in ([name, "Attachments"], ["Attachments"])
    assert lines[-1] == f"Attachments: {attached.name}"


@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_name_of_an_attachment_is_a_line(end):
    octets = "".join(f"{octet:02X}" for octet in end.encode())
    percents, words = (re.sub("..", rf"{mark}\g<0>", octets) for mark in "%=")
    for form in (f"filename*=utf-8''a{percents}Date%3A b.pdf", f'filename="=?utf-8?q?a{words}Date: b.pdf?="'):
        data = HEAD + f"Content-Type: application/pdf\nContent-Disposition: attachment; {form}\n\nx".encode()
        assert [one.name for one in attachments(data)] == ["a Date: b.pdf"]


@examples(300)
@given(st.binary(max_size=60), st.sampled_from([b"Subject", b"From", b"Content-Type", b"Content-Disposition", b"Date"]))
def test_no_header_whatever_loses_the_mail(value, name):
    value = value.replace(b"\n", b" ").replace(b"\r", b" ")
    text = parts_of(HEAD + name + b": " + value + b"\n\nThe body.")[0].text
    assert "The body." in text or "Attachments:" in text


def test_html_is_read_where_there_is_no_text_alone():
    mail = simple("plain\n")
    mail.add_alternative("<p>rich</p>", subtype="html")
    assert body(mail) == "plain\n"
    mail = simple("<p>rich</p>")
    mail.replace_header("Content-Type", 'text/html; charset="utf-8"')
    assert body(mail) == "rich"
    mail = simple(" \n")
    mail.add_alternative("<p>rich</p>", subtype="html")
    assert body(mail) == "rich"
    mail = simple("Your mail program does not show HTML.\n")
    mail.add_alternative(f"<p>{'rich ' * 100}</p>", subtype="html")
    assert body(mail).startswith("rich rich")


def test_texts_in_a_row_are_read_in_a_row():
    mail = MIMEMultipart("mixed")
    mail["Subject"] = "s"
    mail.attach(MIMEText("one\n"))
    mail.attach(MIMEApplication(b"x", name="x.bin"))
    mail.attach(MIMEText("<p>two", "html"))
    mail.attach(MIMEText("three\n"))
    assert body(mail) == "one\n\ntwo\n\nthree\n"


def test_a_text_that_has_a_name_is_shown_where_nothing_else_is():
    mail = MIMEMultipart("mixed")
    mail["Subject"] = "s"
    text = MIMEText("only\n")
    text.add_header("Content-Disposition", "inline", filename="body.txt")
    mail.attach(text)
    assert body(mail) == "only\n"
    mail.attach(MIMEText("no, this\n"))
    assert body(mail) == "no, this\n"
    assert [one.name for one in attachments(mail)] == ["body.txt"]


def test_flowed_text_is_joined():
    text = "a long \nline\n> quoted \n> on\n>> deeper \n> not\n From here\n-- \nAnn"
    fields = "Content-Type: text/plain; format=flowed\n\n"
    assert body(HEAD + f"{fields}{text}".encode()) == (
        "a long line\n> quoted on\n>> deeper \n> not\nFrom here\n-- \nAnn"
    )
    fields = "Content-Type: text/plain; format=flowed; delsp=yes\n\n"
    assert body(HEAD + f"{fields}Donau \ndampf\nschiff".encode()) == "Donaudampf\nschiff"


def test_a_report_tells_what_became_of_a_mail():
    report = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\n\nNot delivered.\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\n"
        b"Final-Recipient: rfc822; x@a.example\nStatus: 5.1.1\n--b\n"
        b"Content-Type: message/rfc822\n\nSubject: Hi\n\nlost\n--b--\n"
    )
    assert re.findall(r"Not delivered|Reporting-MTA: dns; a.example|Status: 5.1.1|lost", body(HEAD + report)) == [
        "Not delivered", "Reporting-MTA: dns; a.example", "Status: 5.1.1"
    ]  # fmt: skip
    assert attachments(HEAD + report)[0] == NestedFile("Hi.eml", b"Subject: Hi\n\nlost", None, "message/rfc822")


def test_mails_within_mails_are_named_by_their_subjects_and_read(tmp_path):
    mail = simple("innermost fact\n", Subject="Re: =/ deep")
    mail.add_attachment(b"a,b", maintype="text", subtype="csv", filename="t.txt")
    for number in (2, 1):
        outer = simple(f"text {number}\n", Subject=f"level {number}")
        outer.add_attachment(mail)
        mail = outer
    path = tmp_path / "m.eml"
    path.write_bytes(mail.as_bytes())
    documents = [*Document.read_all(path, attachments=True)]
    assert [one.source.removeprefix(f"{path}") for one in documents] == [
        "", "#level 2.eml", "#level 2.eml#Re: =- deep.eml", "#level 2.eml#Re: =- deep.eml#t.txt"
    ]  # fmt: skip
    assert "innermost fact" in documents[2].text
    assert "innermost" not in documents[0].text
    assert "Attachments: level 2.eml" in documents[0].text


@pytest.mark.parametrize(
    ("given_names", "names"),
    [
        (["a.png", "a.png", "A.png"], ["a.png", "a-2.png", "A-3.png"]),
        (["../../etc/passwd", "C:\\temp\\b.doc"], ["passwd", "b.doc"]),
        (["x\u202efdp.exe", "..", "größe, neu.pdf"], ["xfdp.exe", "part-3.bin", "größe, neu.pdf"]),
    ],
)
def test_attachments_have_names_of_their_own(given_names, names):
    mail = simple()
    for name in given_names:
        mail.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=name)
    assert [one.name for one in attachments(mail)] == names
    assert parts_of(mail)[0].text.splitlines()[2] == f"Attachments: {', '.join(names)}"


def test_a_name_in_any_form_is_decoded():
    forms = (
        "filename*=utf-8''gr%C3%B6%C3%9Fe.pdf",
        'filename="=?utf-8?q?gr=C3=B6=C3=9Fe.pdf?="',
        'filename="größe.pdf"',
        "filename*0*=utf-8''gr%C3%B6; filename*1*=%C3%9Fe.pdf",
    )
    for form in forms:
        data = HEAD + f"Content-Type: application/pdf\nContent-Disposition: attachment; {form}\n\nx".encode()
        assert [one.name for one in attachments(data)] == ["größe.pdf"], form


def test_pictures_in_the_text_are_attachments_and_seals_are_not():
    mail = simple("plain")
    mail.add_alternative("<p>rich <img src='cid:1'>", subtype="html")
    mail.get_payload()[1].add_related(b"x", maintype="image", subtype="png", cid="<1>")
    mail.add_attachment(b"x", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert [one.name for one in attachments(mail)] == ["part-3.png"]


def test_an_attached_text_tells_what_it_is_in():
    mail = simple()
    mail.add_attachment("быстрый".encode("koi8-r"), maintype="text", subtype="plain", filename="a.txt")
    mail.get_payload()[1].set_param("charset", "koi8-r")
    mail.add_attachment("größe".encode("latin-1"), maintype="text", subtype="plain", filename="b.txt")
    mail.get_payload()[2].set_param("charset", "utf-8")
    assert [(one.data.decode(one.encoding or "latin-1")) for one in attachments(mail)] == ["быстрый", "größe"]


def test_what_only_outlook_reads_is_named():
    mail = EmailMessage()
    mail["Subject"] = "s"
    mail.set_content(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert parts_of(mail)[0].text == (
        "Subject: s\nAttachments: winmail.dat (a format of Outlook's own, which is not opened)"
    )
    mail = simple("Hello.\n")
    mail.add_attachment(b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert parts_of(mail)[0].text.endswith("Attachments: winmail.dat\n\nHello.\n")


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/octet-stream\n\nxxx\n--b--\n",
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nMIAG",
        b"Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
    ],
)
def test_an_encrypted_mail_says_so(mail):
    assert refusal(HEAD + mail) == "encrypted_document"


def test_a_mail_within_its_own_signature_says_so():
    assert refusal(HEAD + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nMIAG") == "unreadable"


@pytest.mark.parametrize("logo_first", [True, False])
def test_an_envelope_among_other_parts_is_told_where_no_text_is_shown(logo_first):
    envelope = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIAG\n"
    logo = b"Content-Type: image/png\nContent-Disposition: inline; filename=logo.png\n\niVBO\n"
    parts = (logo, envelope) if logo_first else (envelope, logo)
    mail = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"".join(b"--x\n" + part for part in parts) + b"--x--\n"
    assert refusal(HEAD + mail) == "encrypted_document"


@pytest.mark.parametrize(
    "mail",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nThe body.\n",
        b"Content-Type: multipart/mixed\n\n--b\nContent-Type: text/plain\n\nThe body.\n--b--\n",
        b"Content-Type: multipart/mixed; boundary=other\n\n--b\nContent-Type: text/plain\n\nThe body.\n--b--\n",
        b"Content-Type: multipart/alternative; boundary=b\n\nThe body.\n",
        b"Content-Type: text/plain; charset=x-unknown\n\nThe body.\n",
        b"Content-Type: nonsense\n\nThe body.\n",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(b"The body.....")[:-3],
        b"Content-Type: text/plain\nContent-Transfer-Encoding: nonsense\n\nThe body.\n",
        b"no field at all\n\nThe body.\n",
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\nThe body.",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes(mail):
    assert "The body." in parts_of(HEAD + mail)[0].text
    assert "Attachments" not in parts_of(HEAD + mail)[0].text


def test_a_lost_boundary_is_found_around_bytes_that_nothing_reads():
    mail = b"Content-Type: multipart/mixed\n\nGr\xf6\xdfe\n--b\nContent-Type: text/plain\n\nThe gr\xf6\xdfe.\n--b--\n"
    assert body(HEAD + mail) == "The größe."


def test_many_files_of_one_name_have_names_of_their_own():
    parts = b"--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n" * 3000
    mail = b"Content-Type: multipart/mixed; boundary=b\n\n" + parts
    assert len({one.name for one in attachments(HEAD + mail)}) == 3000


def test_a_text_in_bytes_beyond_its_charset_is_no_mojibake():
    for charset in ("us-ascii", "unknown-8bit", "utf-8"):
        fields = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
        assert body(HEAD + fields.encode() + "größe".encode("latin-1")) == "größe"
    cyrillic = HEAD + b"Content-Type: text/plain\n\n" + "быстрый ёж бежит".encode("cp866")
    assert refusal(cyrillic) == "undecodable_document"
    assert body(cyrillic, encoding="cp866") == "быстрый ёж бежит"


@pytest.mark.parametrize("text", ["Just words.\n", "Note: this is no mail\n\nbut a text\n", "\n\nwords"])
def test_what_is_no_mail_is_text(text):
    (part,) = parts_of(text.encode())
    assert (part.text, part.places.stretches) == (text, ())


def test_mails_as_programs_save_them():
    assert body(b"\xef\xbb\xbf\r\n" + HEAD + b"\r\nThe body.\r\nTwo.\r\n") == "The body.\nTwo.\n"
    assert body((HEAD + "\nThe größe.".encode()).decode().encode("utf-16")) == "The größe."
    assert body(b"From a@a.example Tue Mar  3 08:41:17 2026\n" + HEAD + b"\nThe body.") == "The body."


def test_a_mail_without_words_is_its_head():
    (part,) = parts_of(HEAD + b"\n \n\n")
    assert part.text == "Subject: s\nFrom: a@a.example"


def test_parts_without_end_are_a_named_failure():
    data = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    assert refusal(HEAD + data) == "broken_document"


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Yes.\n\nOn Mon, 3 Mar 2026 at 10:02, Ann <ann@a.example> wrote:\n> Is it?\n>\n> So?", 3),
        ("Yes.\n\nOn Mon, 3 Mar 2026 at 10:02, Ann Lee\n<ann@a.example> wrote:\n\n> Is it?", 3),
        ("Ja.\n\nAm 03.03.2026 um 10:02 schrieb Ann Lee <ann@a.example>:\n> Ist es so?", 3),
        ("Oui.\n\nLe lun. 3 mars 2026 à 10:02, Ann <ann@a.example> a écrit :\n\nEst-ce vrai ?", 3),
        ("Sí.\n\nEl lun, 3 mar 2026 a las 10:02, Ann (<ann@a.example>) escribió:\n\n¿Es así?", 3),
        ("Yes.\n\nAnn Lee wrote:\n> Is it?", 3),
        ("Yes.\n\n-----Original Message-----\nFrom: Ann\n\nIs it?", 3),
        ("Ja.\n\n-----Ursprüngliche Nachricht-----\nVon: Ann\n\nIst es so?", 3),
        ("See.\n\n---------- Forwarded message ---------\nFrom: Ann\n\nIs it?", 3),
        ("Yes.\n\n________________________________\nFrom: Ann\nSent: Monday\nTo: B\nSubject: x\n\nIs it?", 3),
        ("Ja.\n\nVon: Ann Lee\nGesendet: Montag\nAn: B\nBetreff: x\n\nIst es so?", 3),
        ("Oui.\n\nDe : Ann Lee\nEnvoyé : lundi\nÀ : B\nObjet : x\n\nEst-ce vrai ?", 3),
        ("Sí.\n\n*De:* Ann Lee\n*Enviado:* lunes\n*Para:* B\n*Asunto:* x\n\n¿Es así?", 3),
    ],
)
def test_earlier_mails_are_told_apart(text, quote):
    lines = text.split("\n")
    found = places(HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + text.encode())
    assert found[1:] == [("body", lines[0]), ("quote", "\n".join(lines[quote - 1 :]))]


def test_an_answer_between_quoted_lines_is_the_mails_own():
    found = places(HEAD + b"\nOn Monday Ann Lee wrote:\n> one?\nYes.\n> two?\nNo.\n-- \nBob\nAcme")
    assert [part for part, _ in found] == ["head", "quote", "body", "quote", "body", "signature"]
    assert found[-1][1] == "-- \nBob\nAcme"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello.\n\nSent from my iPhone\n", ["body", "signature"]),
        ("Hallo.\n\nVon meinem iPhone gesendet\n\n> alt", ["body", "signature", "quote"]),
        ("Hello.\n--\nBob", ["body", "signature"]),
        ("Hello.\n--\n" + "more\n" * 20, ["body"]),
        ("I wrote:\nnothing.\nFrom: here\nyou go.", ["body"]),
        ("On the whole, what she wrote: well done.", ["body"]),
    ],
)
def test_a_signature_is_told_apart_and_text_that_looks_like_it_is_not(text, parts):
    assert [part for part, _ in places(HEAD + b"\n" + text.encode())][1:] == parts


def test_quotations_of_html_are_told_apart():
    page = "<div>Yes.</div><div class=gmail_quote>On Mon, Ann wrote:<blockquote>Is it?<p>So?</blockquote></div><p>Bye"
    found = places(HEAD + b"Content-Type: text/html\n\n" + page.encode())
    assert found[1:] == [("body", "Yes."), ("quote", "On Mon, Ann wrote:\n\nIs it?\n\nSo?"), ("body", "Bye")]


WORDS = st.sampled_from(["größe", "fact", "Łódź", "漢字", "5 €", "x=y", "it's", "быстрый"])
TEXTS = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
CTES = st.sampled_from(["quoted-printable", "base64", "8bit"])
FILES = st.tuples(st.sampled_from(["a.pdf", "b.txt", "größe.png", "a.pdf"]), st.binary(max_size=30))


@st.composite
def mails(draw, depth=2):
    """Return a mail, the texts that are seen of it, those that are not, and the number of its attachments."""
    # A long subject loses a space where the standard library folds it between two encoded words.
    subject, text, cte = draw(TEXTS)[:12].strip(), f"{draw(TEXTS)} {depth}", draw(CTES)
    mail = EmailMessage(policy=email.policy.default.clone(cte_type="8bit"))
    mail["Subject"], mail["From"] = subject, "a@a.example"
    way, hidden = draw(st.sampled_from(["plain", "html", "both"])), []
    if way == "html":
        mail.set_content(f"<p>{text}</p>", subtype="html", cte=cte)
    else:
        mail.set_content(text + "\n", cte=cte)
    if way == "both":
        mail.add_alternative("<p>unseen HTML</p>", subtype="html", cte=cte)
        hidden.append("unseen HTML")
    files = draw(st.lists(FILES, max_size=3))
    for name, data in files:
        kind = name.rpartition(".")[2]
        mail.add_attachment(data, maintype="application", subtype=kind, filename=name)
    inner = draw(st.lists(mails(depth - 1), max_size=1)) if depth else []
    for attached, seen, *_ in inner:
        mail.add_attachment(attached)
        hidden.append(f"\n\n{seen[1]}")
    return mail, (subject, text), hidden, [data for _, data in files], len(inner)


@examples(200)
@given(mails())
def test_every_mail_reads_as_it_was_written(drawn):
    check_mail(drawn)


@pytest.mark.slow
@examples(1000)
@given(mails())
def test_a_thousand_mails_read_as_they_were_written(drawn):
    check_mail(drawn)


def check_mail(drawn):
    mail, (subject, text), hidden, files, inner = drawn
    data = mail.as_bytes()
    (alone,) = parts_of(data)
    assert alone.text.startswith(f"Subject: {subject}\nFrom: a@a.example")
    assert alone.text.partition("\n\n")[2].strip() == text
    assert not any(one in alone.text for one in hidden)
    (again, *attached) = parts_of(data, attachments=True)
    assert again == alone
    assert [one.data for one in attached[: len(files)]] == files
    assert len(attached) == len(files) + inner == len({one.name for one in attached})
    assert ("Attachments: " in alone.text) is bool(attached)
