"""Text in pictures, by Tesseract's library where it is installed (tesseract-ocr). It is called in the confined child only.

The library and not the program: a confined process may start none. The template process imports it, so that it begins no threads.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

from core.attachments.archive import ExtractionLimits
from core.domain.errors import ExtractionFailed

_NAMES = ("libtesseract.so.5", "libtesseract.so.4", "/opt/homebrew/lib/libtesseract.5.dylib")
_MODELS = ("usr/share/tesseract-ocr/*/tessdata", "usr/share/tessdata", "usr/share/tesseract/tessdata")
_LEAST_CONFIDENCE = 50
"""Percent, as a mean of all words: of photos without text it makes some words up, with 10 to 40."""
_RESOLUTION = 200
"""Dots per inch, where the picture does not say."""


def _load() -> ctypes.CDLL | None:
    for name in _NAMES:
        with suppress(OSError):
            library = ctypes.CDLL(name)
            for made in ("TessBaseAPICreate", "TessBaseAPIGetUTF8Text", "TessMonitorCreate"):
                getattr(library, made).restype = ctypes.c_void_p
            return library
    return None


_LIBRARY = _load()
_ASKS_WHETHER_TO_STOP = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_int)
_FOLDER = next((found for pattern in _MODELS for found in sorted(Path("/").glob(pattern), reverse=True)), None)


INSTALLED = _LIBRARY is not None and _FOLDER is not None


class Tesseract:
    """Reads grey pictures in these languages (the names of its models), as far as they are installed; otherwise in English."""

    def __init__(self, limits: ExtractionLimits) -> None:
        self._limits = limits
        self._stops = _ASKS_WHETHER_TO_STOP(lambda _this, _words: limits.is_late)

    @cached_property
    def _handle(self) -> ctypes.c_void_p | None:
        """Its models in memory, which takes half a second; None where it is not installed."""
        if _LIBRARY is None or _FOLDER is None:
            return None
        known = [one for one in self._limits.languages if (_FOLDER / f"{one}.traineddata").is_file()] or ["eng"]
        handle = ctypes.c_void_p(_LIBRARY.TessBaseAPICreate())
        begun = _LIBRARY.TessBaseAPIInit3(handle, str(_FOLDER).encode(), "+".join(known).encode()) == 0
        return handle if begun else None

    def read(self, grey: bytes, width: int, height: int) -> str:
        """``grey``: a byte for each dot, by lines. Empty where it finds no text, or is not installed.

        Raises ExtractionFailed when it gets late meanwhile, which is asked before each word.
        """
        if self._handle is None or _LIBRARY is None:
            return ""
        monitor = ctypes.c_void_p(_LIBRARY.TessMonitorCreate())
        _LIBRARY.TessMonitorSetCancelFunc(monitor, self._stops)
        _LIBRARY.TessBaseAPISetImage(self._handle, grey, width, height, 1, width)
        _LIBRARY.TessBaseAPISetSourceResolution(self._handle, _RESOLUTION)
        failed = _LIBRARY.TessBaseAPIRecognize(self._handle, monitor)
        _LIBRARY.TessMonitorDelete(monitor)
        if failed and self._limits.is_late:
            raise ExtractionFailed("Reading it took too much processor time.")
        if _LIBRARY.TessBaseAPIMeanTextConf(self._handle) < _LEAST_CONFIDENCE:
            return ""
        found = ctypes.c_void_p(_LIBRARY.TessBaseAPIGetUTF8Text(self._handle))
        text = ctypes.string_at(found) if found.value else b""
        _LIBRARY.TessDeleteText(found)
        return text.decode("utf-8", "replace").strip()


reader_for = cache(Tesseract)
"""One for each process, which reads one file: each holds 20 MB and more, and is never freed."""
