"""A file is what its bytes say; a name that says otherwise is refused."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.attachments.file_name import clean
from core.attachments.formats import ACCEPTED, DOCX, LABELS, SUFFIXES, XLSX
from core.attachments.media_type import AttachmentPolicy, identify
from core.attachments.plain_text import decode, markup_of
from core.domain.errors import InvalidInput
from tests import recordings
from tests.recordings import amr, iso_media
from tests.unit.attachments.files import PNG, PROGRAM, pdf, written, zipped

_POLICY = AttachmentPolicy()


def _type(folder: Path, name: str, content: bytes, declared: str | None = None) -> str:
    return identify(written(folder, "upload", content), name=name, declared_type=declared, policy=_POLICY)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.pdf", pdf(), "application/pdf"),
        ("no-suffix", pdf(), "application/pdf"),
        ("photo.jpg", PNG, "image/png"),
        ("notes.txt", b"plain words", "text/plain"),
        ("cars.txt", b"BMW and MZ are makers of vehicles", "text/plain"),
        ("radio.txt", b"On FM: WAVE 105 and ftyp", "text/plain"),
        ("table.csv", b"a,b\n1,2\n", "text/csv"),
        ("legacy.csv", "名前,年齢\n佐藤,30\n".encode("cp932"), "text/csv"),
        ("wide.txt", "wide text".encode("utf-16"), "text/plain"),
        ("data.json", b'{"a": 1}', "application/json"),
        ("page.html", b"<!-- hi --><!DOCTYPE html><html></html>", "text/html"),
        ("d.docx", zipped({"[Content_Types].xml": b"x", "word/document.xml": b"x"}), DOCX),
        ("s.xlsx", zipped({"xl/workbook.xml": b"x"}), XLSX),
        ("files.zip", zipped({"readme.txt": b"hi"}), "application/zip"),
    ],
)
def test_honest_files_are_recognised(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    assert _type(tmp_path, name, content) == expected


@pytest.mark.parametrize(
    ("name", "content", "declared", "expected"),
    [
        ("voice-112.ogg", recordings.OGG, "audio/ogg", "audio/ogg"),
        ("voice", recordings.OGG, "audio/ogg; codecs=opus", "audio/ogg"),
        ("voice", recordings.OGG, "audio/opus", "audio/ogg"),
        ("song.mp3", recordings.MP3, "audio/mpeg", "audio/mpeg"),
        ("song.mp3", recordings.TAGGED_MP3, None, "audio/mpeg"),
        ("memo.m4a", recordings.M4A, "audio/x-m4a", "audio/mp4"),
        ("recorded.m4a", iso_media(b"mp42", b"soun"), "audio/mp4", "audio/mp4"),
        ("WhatsApp Audio.mp4", iso_media(b"isom", b"soun"), None, "audio/mp4"),
        ("talk.aac", recordings.AAC, "audio/aac", "audio/aac"),
        ("note.wav", recordings.WAV, "audio/x-wav", "audio/wav"),
        ("recording.webm", recordings.WEBM_VOICE, "audio/webm", "audio/webm"),
        ("recording.webm", recordings.WEBM_FILM, "video/webm", "video/webm"),
        ("film.mp4", recordings.MP4, "video/mp4", "video/mp4"),
        ("broken.mp4", recordings.MP4[:40], "video/mp4", "video/mp4"),
        ("IMG_0001.MOV", recordings.MOV, "video/quicktime", "video/quicktime"),
        ("IMG_0001.mp4", recordings.MOV, None, "video/quicktime"),
        ("clip.3gp", recordings.FILM_3GP, "video/3gpp", "video/3gpp"),
        ("voice.3gp", recordings.VOICE_3GP, "audio/3gpp", "audio/3gpp"),
        ("MMS.amr", recordings.AMR, "audio/amr", "audio/amr"),
        ("film.mkv", recordings.MKV, "video/x-matroska", "video/x-matroska"),
        ("film.avi", recordings.AVI, "video/avi", "video/x-msvideo"),
        ("film.wmv", recordings.WMV, "video/x-ms-wmv", "video/x-ms-wmv"),
        ("song.wma", recordings.WMV, "audio/x-ms-wma", "video/x-ms-wmv"),
        ("old.mov", recordings.OLD_MOV, "video/quicktime", "video/quicktime"),
        ("song.flac", recordings.FLAC, "audio/x-flac", "audio/flac"),
        ("memo.caf", recordings.CAF, "audio/x-caf", "audio/x-caf"),
        ("MMS", amr(wide=True), "audio/amr-wb", "audio/amr"),
        ("silence.amr", b"#!AMR\n<<<<<<<<", "audio/amr", "audio/amr"),
    ],
)
def test_recordings_are_told_apart_by_what_is_in_them(
    tmp_path: Path, name: str, content: bytes, declared: str | None, expected: str
) -> None:
    assert _type(tmp_path, name, content, declared) == expected


_CODES = {
    "not what its name says": "file_mismatch",
    "program or a script": "file_program",
    "a program": "file_program",
    "SVG": "file_svg",
    "empty": "empty_file",
}


@pytest.mark.parametrize(
    ("name", "content", "declared", "says"),
    [
        ("invoice.pdf", PROGRAM, None, "not what its name says"),
        ("invoice.pdf", b"just text", None, "not what its name says"),
        ("photo.png", pdf(), None, "not what its name says"),
        ("photo.png", b"<html><script>alert(1)</script></html>", None, "not what its name says"),
        ("notes.txt", b"<script>alert(1)</script>", None, "not what its name says"),
        ("report.docx", zipped({"readme.txt": b"hi"}), None, "not what its name says"),
        ("files.zip", zipped({"META-INF/MANIFEST.MF": b"x"}), None, "not what its name says"),
        ("invoice", PNG, "application/pdf", "not what its name says"),
        ("setup.exe", PROGRAM, None, "program or a script"),
        ("setup.PS1", b"Get-Item", None, "program or a script"),
        ("tool", PROGRAM, None, "a program"),
        ("tool", b"\x7fELF" + b"\x00" * 60, None, "a program"),
        ("macros.xlsm", zipped({"xl/workbook.xml": b"x", "xl/vbaProject.bin": b"x"}), None, "macros"),
        ("drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', None, "SVG"),
        ("random.bin", bytes(range(256)) * 4, None, "not known"),
        ("empty.txt", b"", None, "empty"),
        ("invoice.pdf", recordings.OGG, None, "not what its name says"),
        ("voice.ogg", pdf(), None, "not what its name says"),
        ("voice.mp3", PROGRAM, None, "not what its name says"),
        ("film.mp4", zipped({"readme.txt": b"hi"}), None, "not what its name says"),
        ("film.mp4", b"<html></html>", None, "not what its name says"),
        ("voice.amr", b"only words", None, "not what its name says"),
        ("film.mkv", PROGRAM, None, "not what its name says"),
        ("report.pdf", recordings.WMV, None, "not what its name says"),
        ("photo", iso_media(b"heix"), None, "not known"),
    ],
)
def test_lies_and_dangers_are_refused(
    tmp_path: Path, name: str, content: bytes, declared: str | None, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        _type(tmp_path, name, content, declared)
    assert refused.value.code == _CODES.get(says, "file_type")


def test_a_declared_type_that_is_only_generic_is_no_lie(tmp_path: Path) -> None:
    assert _type(tmp_path, "x.pdf", pdf(), "application/octet-stream") == "application/pdf"
    assert _type(tmp_path, "notes", b"words", "application/octet-stream") == "text/plain"


def test_markup_is_recognised_in_linear_time() -> None:
    hostile = b"<!---->" * 9000 + b"<p>"
    started = time.process_time()
    assert markup_of(hostile) is None
    assert markup_of(b"<?xml " * 10_000) is None
    assert time.process_time() - started < 1


def test_every_accepted_type_can_be_offered_in_a_file_chooser() -> None:
    assert all(SUFFIXES[media_type] for media_type in ACCEPTED)
    assert {".pdf", ".docx", ".png", ".txt", ".ogg", ".m4a", ".mp4", ".mov", ".amr"} <= set(_POLICY.suffixes())
    assert ".svg" not in _POLICY.suffixes()
    assert all(label[0].islower() for label in LABELS.values())


@given(st.binary(max_size=400))
def test_any_bytes_are_typed_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = _type(Path(folder), "file", content)
        except InvalidInput:
            return
        assert found in ACCEPTED


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\report.pdf", "report.pdf"),
        ("C:report.pdf", "report.pdf"),
        ("\\\\server\\share\\report.pdf", "report.pdf"),
        ("..\\..\\report.pdf", "report.pdf"),
        ("a: b.txt", "a: b.txt"),
        ("A\x1f:0", "0"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("", "file"),
        ("...", "file"),
        ("/", "file"),
        ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
    ],
)
def test_names_are_made_harmless(sent: str, kept: str) -> None:
    assert clean(sent) == kept


@given(st.text(max_size=400))
def test_any_name_becomes_a_short_visible_one(name: str) -> None:
    kept = clean(name)
    assert 0 < len(kept) <= 150
    assert "/" not in kept
    assert "\\" not in kept
    assert clean(kept) == kept


def test_text_is_decoded_whatever_its_encoding() -> None:
    text = "Größe: 10 Stück, überprüft am Mittwoch. " * 5
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert decode(text.encode(encoding)) == text
