"""The folders that a confined process may read: libraries and tables, no data of the hub or its users."""

from __future__ import annotations

import mimetypes
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds our packages. In a checkout it may hold DATA_DIR and .env too, so it is never opened as a whole."""

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo")
_HARMLESS = ("/dev/null", "/dev/urandom", "/etc/localtime")
_MODELS = ("/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/share/tesseract")


def readable() -> list[Path]:
    """Python's library, installed packages, our own packages, the system's libraries, tables of time zones and types, models."""
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    shared = sysconfig.get_config_var("LIBDIR")
    base, known = f"{sys.base_prefix}/lib", (*_SYSTEM, *_HARMLESS, *_MODELS, *mimetypes.knownfiles)
    names = [*known, *sorted(installed), base, *([shared] if shared else [])]
    ours = [path.parent for path in ROOT.glob("*/__init__.py")]
    return list(dict.fromkeys([*(Path(name).resolve() for name in names), *ours]))
