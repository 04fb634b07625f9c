"""Files that cost their reader more than they cost their sender. All are small, and made for the test."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DEPTH = 3_000


def hostile_files() -> dict[str, bytes]:
    """By name. Their endings are those that the hub takes."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "bomb.docx": _docx("<w:p>" + " " * 30_000_000 + "</w:p>"),
        "entities.docx": _docx("<w:p>&l9;</w:p>", head=f'<!DOCTYPE d [<!ENTITY l0 "lol">{laughs}]>'),
        "deep.docx": _docx("<w:p>" * _DEPTH + "</w:p>" * _DEPTH),
        "many.docx": _zip({"word/document.xml": b"<a/>"} | {f"word/{n}.xml": b"" for n in range(5_000)}),
        "broken.docx": _docx("<w:p>cut")[:-40],
        "empty.docx": _zip({"word/document.xml": b""}),
        "wide.xlsx": _sheet(),
        "nested.pptx": _nested(),
        "recursive.pdf": _recursive_pdf(),
        "bomb.pdf": _pdf_bomb(),
        "deep.json": b"[" * 100_000 + b"]" * 100_000,
        "wide.csv": b"," * 1_000_000,
        "lines.csv": b'"\n' * 500_000,
        "stops.txt": b"a. " * 300_000,
        "brackets.md": b"[" * 200_000,
        "quotes.md": b"> " * 200_000,
        "names.json": json.dumps({f"k{n}" * 20: "[" * 50 for n in range(2_000)}).encode(),
    }


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _docx(body: str, *, head: str = "") -> bytes:
    document = f'<?xml version="1.0"?>{head}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    members = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": document}
    return _zip({name: text.encode() for name, text in members.items()})


def _sheet() -> bytes:
    """One cell in the last column of the last row."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<worksheet xmlns="{main}"><dimension ref="A1:XFD1048576"/><sheetData><row r="1048576">'
    book = f'<workbook xmlns="{main}"><sheets><sheet name="s" sheetId="1"/></sheets></workbook>'
    return _zip({"xl/workbook.xml": book.encode(), "xl/worksheets/sheet1.xml": (sheet + "</row>").encode()})


def _nested() -> bytes:
    """An archive in an archive in an archive, which grows a thousandfold at each step."""
    content = bytes(1_000_000)
    for level in range(8):
        content = _zip({f"ppt/{level}.zip": content, "ppt/presentation.xml": b"<p/>"})
    return content


def _pdf(objects: list[bytes]) -> bytes:
    """A PDF without a table of its objects, which readers look for then."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def _recursive_pdf() -> bytes:
    """Pages whose child is their parent, and a form that draws itself."""
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 4 0 R>>>>/Length 5>>stream\n/F Do\nendstream"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</F 4 0 R>>>>>>"
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 99999>>", page, form])


def _pdf_bomb() -> bytes:
    """A page of 50 MB, twice packed."""
    packed = zlib.compress(zlib.compress(b"BT (a) Tj ET " * 4_000_000, 9), 9)
    stream = b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream])
