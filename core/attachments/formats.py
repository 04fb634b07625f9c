"""The formats the hub tells apart, as data: signatures, endings, and what each is called to people.

A closed list on purpose. A general detector guesses; a door needs to know.
"""

from __future__ import annotations

_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"
PPTX = f"{_OFFICE}.presentationml.presentation"
PROGRAM = "application/x-executable"
MACROS = "application/vnd.ms-office.macro-enabled"

# (media type, offset, bytes), most specific first.
SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBP"),
    ("image/heic", 4, b"ftypheic"),
    ("image/heic", 4, b"ftypmif1"),
    ("image/avif", 4, b"ftypavif"),
    ("image/bmp", 0, b"BM"),
    ("image/tiff", 0, b"II*\x00"),
    ("image/tiff", 0, b"MM\x00*"),
    *(("audio/mp4", 4, b"ftyp" + brand) for brand in (b"M4A", b"M4B")),
    *(("video/quicktime", 4, atom) for atom in (b"ftypqt", b"moov", b"mdat", b"wide", b"skip")),
    ("video/3gpp", 4, b"ftyp3g"),
    *(("video/mp4", 4, b"ftyp" + brand) for brand in (b"iso", b"mp4", b"avc1", b"M4V", b"MSNV", b"dash", b"mmp4")),
    ("audio/wav", 8, b"WAVE"),
    ("video/x-msvideo", 8, b"AVI "),
    ("video/x-ms-wmv", 0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    ("audio/flac", 0, b"fLaC"),
    ("audio/x-caf", 0, b"caff\x00\x01"),
    ("audio/mpeg", 0, b"ID3"),
    *(("audio/mpeg", 0, b"\xff" + layer) for layer in (b"\xe2", b"\xe3", b"\xf2", b"\xf3", b"\xfa", b"\xfb")),
    *(("audio/aac", 0, b"\xff" + layer) for layer in (b"\xf0", b"\xf1", b"\xf8", b"\xf9")),
    ("audio/ogg", 0, b"OggS"),
    *(("audio/amr", 0, magic) for magic in (b"#!AMR\n", b"#!AMR-WB\n")),
    ("video/webm", 0, b"\x1aE\xdf\xa3"),
    ("application/gzip", 0, b"\x1f\x8b"),
    ("application/x-bzip2", 0, b"BZh"),
    ("application/x-xz", 0, b"\xfd7zXZ\x00"),
    ("application/x-7z-compressed", 0, b"7z\xbc\xaf\x27\x1c"),
    ("application/vnd.rar", 0, b"Rar!\x1a\x07"),
    (PROGRAM, 0, b"MZ"),
    (PROGRAM, 0, b"\x7fELF"),
    (PROGRAM, 0, b"\xfe\xed\xfa\xce"),
    (PROGRAM, 0, b"\xfe\xed\xfa\xcf"),
    (PROGRAM, 0, b"\xcf\xfa\xed\xfe"),
    (PROGRAM, 0, b"\xca\xfe\xba\xbe"),
    (PROGRAM, 0, b"L\x00\x00\x00\x01\x14\x02\x00"),
)

# A member's name that makes a zip file something more specific; the dangerous ones come first.
ZIP_MEMBERS: tuple[tuple[str, bytes], ...] = (
    (MACROS, b"vbaProject.bin"),
    (PROGRAM, b"META-INF/MANIFEST.MF"),
    (DOCX, b"word/document.xml"),
    (XLSX, b"xl/workbook.xml"),
    (PPTX, b"ppt/presentation.xml"),
    ("application/epub+zip", b"META-INF/container.xml"),
)

OLE_STREAMS: tuple[tuple[str, str], ...] = (
    (PROGRAM, "_VBA_PROJECT"),
    ("application/vnd.ms-outlook", "__properties_version1.0"),
    ("application/vnd.ms-excel", "Workbook"),
    ("application/msword", "WordDocument"),
    ("application/vnd.ms-powerpoint", "PowerPoint Document"),
)

SUFFIXES: dict[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
    PPTX: (".pptx",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    "application/vnd.ms-outlook": (".msg",),
    "application/epub+zip": (".epub",),
    "application/zip": (".zip",),
    "application/rtf": (".rtf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/heic": (".heic",),
    "image/avif": (".avif",),
    "image/bmp": (".bmp",),
    "image/tiff": (".tif", ".tiff"),
    "image/svg+xml": (".svg",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a",),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/wav": (".wav",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/webm": (".webm",),
    "audio/3gpp": (".3gp",),
    "audio/flac": (".flac",),
    "audio/x-caf": (".caf",),
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov",),
    "video/webm": (".webm",),
    "video/3gpp": (".3gp", ".3gpp"),
    "video/x-matroska": (".mkv", ".mka"),
    "video/x-msvideo": (".avi",),
    "video/x-ms-wmv": (".wmv", ".wma", ".asf"),
    "text/html": (".html", ".htm"),
    "text/plain": (".txt", ".log", ".eml", ".yaml", ".yml", ".ini", ".toml"),
    "text/markdown": (".md", ".markdown"),
    "text/csv": (".csv", ".tsv"),
    "application/json": (".json",),
    "application/x-ipynb+json": (".ipynb",),
    "application/xml": (".xml", ".rss"),
}

# Formats that are nothing but text, so that only the name says which of them a file is meant to be.
TEXT_SUFFIXES: dict[str, str] = {
    suffix: media_type
    for media_type in ("text/plain", "text/markdown", "text/csv", "application/json", "application/xml")
    for suffix in SUFFIXES[media_type]
} | {".ipynb": "application/x-ipynb+json"}

# Refused by name, whatever is inside: what an operating system runs on a double click.
_PROGRAMS = """
    ade apk app appx bat cmd com cpl dll dmg exe gadget hta iso jar js jse lnk mde msc msi msix msp mst pif ps1
    reg scr sct sh sys vb vbe vbs vhd wsc wsf wsh xll
"""
DANGEROUS_SUFFIXES = frozenset(f".{ending}" for ending in _PROGRAMS.split())

ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "text/xml": "application/xml",
    "application/x-pdf": "application/pdf",
    "application/x-zip-compressed": "application/zip",
    "text/x-markdown": "text/markdown",
    "text/rtf": "application/rtf",
    "audio/x-wav": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-aac": "audio/aac",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/x-flac": "audio/flac",
    "video/x-m4v": "video/mp4",
    "video/avi": "video/x-msvideo",
    "video/x-ms-asf": "video/x-ms-wmv",
}

LABELS = {
    PROGRAM: "a program",
    MACROS: "an Office document with macros",
    DOCX: "a Word document",
    XLSX: "an Excel workbook",
    PPTX: "a PowerPoint presentation",
    "application/pdf": "a PDF document",
    "application/zip": "a zip archive",
    "application/vnd.rar": "a RAR archive",
    "application/x-7z-compressed": "a 7z archive",
    "application/gzip": "a gzip archive",
    "image/svg+xml": "an SVG drawing, which can hold scripts",
    "text/html": "a web page",
    "text/plain": "text",
} | {
    media_type: "an audio recording" if media_type.startswith("audio/") else "a video"
    for media_type in SUFFIXES
    if media_type.startswith(("audio/", "video/"))
}

ACCEPTED = frozenset(SUFFIXES) - {"image/svg+xml"}
