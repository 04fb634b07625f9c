"""The beginnings of sound and film files as recorders and platforms write them, each made on the spot."""

from __future__ import annotations

import io
import struct
import wave


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def _track(handler: bytes) -> bytes:
    named = _box(b"hdlr", bytes(8), handler, bytes(12), b"Recorder\x00")
    return _box(b"trak", _box(b"tkhd", bytes(84)), _box(b"mdia", _box(b"mdhd", bytes(24)), named))


def iso_media(brand: bytes, *handlers: bytes) -> bytes:
    """MP4, QuickTime or 3GP with one track per handler (``soun``, ``vide``), its index at the end as phones write it."""
    tracks = [_track(handler) for handler in handlers]
    index = _box(b"moov", _box(b"mvhd", bytes(100)), *tracks)
    return _box(b"ftyp", brand, bytes(4), b"isom") + _box(b"mdat", bytes(range(256)) * 4) + index


def matroska(kind: bytes, *codecs: bytes) -> bytes:
    """WebM or Matroska with a track per codec, as a browser's recorder begins it."""
    head = b"\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82" + bytes([0x80 | len(kind)]) + kind
    tracks = b"".join(b"\xae\x90\xd7\x81\x01\x86" + bytes([0x80 | len(codec)]) + codec for codec in codecs)
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(head)]) + head + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + tracks


def ogg_opus() -> bytes:
    """The first page of a voice note of Telegram or WhatsApp."""
    head = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
    return b"OggS\x00\x02" + bytes(8) + struct.pack("<III", 7, 0, 0) + b"\x01" + bytes([len(head)]) + head


def wav() -> bytes:
    """A short silence."""
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return target.getvalue()


def amr(*, wide: bool = False) -> bytes:
    """A voice memo of a telephone, as MMS carries it."""
    return (b"#!AMR-WB\n" if wide else b"#!AMR\n") + (b"\x3c" + b"\x91\x17\x16\xbe\x66" * 6 + b"\x00") * 5


M4A = iso_media(b"M4A ", b"soun")
MP4 = iso_media(b"isom", b"soun", b"vide")
MOV = iso_media(b"qt  ", b"vide", b"soun")
VOICE_3GP = iso_media(b"3gp4", b"soun")
FILM_3GP = iso_media(b"3gp5", b"vide", b"soun")
WEBM_VOICE = matroska(b"webm", b"A_OPUS")
WEBM_FILM = matroska(b"webm", b"V_VP8", b"A_OPUS")
MKV = matroska(b"matroska", b"V_MPEG4/ISO/AVC")
AVI = b"RIFF\x00\x00\x01\x00AVI LIST" + bytes(64)
WMV = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(64)
OLD_MOV = _box(b"wide") + MOV[20:]
FLAC = b"fLaC\x00\x00\x00\x22" + bytes(64)
CAF = b"caff\x00\x01\x00\x00desc" + bytes(64)
MP3 = b"\xff\xfb\x90\x64" + bytes(413)
TAGGED_MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + MP3
AAC = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)
OGG = ogg_opus()
WAV = wav()
AMR = amr()
