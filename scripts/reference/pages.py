"""Which pages are made from the code, and how each begins."""

from __future__ import annotations

from pathlib import Path

from scripts.reference import commands, errors, metrics, ownership, settings

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
_MAKERS = {"settings": settings, "commands": commands, "metrics": metrics, "errors": errors, "ownership": ownership}
_MADE = "Made from the code by `make docs`; edit it there."


def page_paths() -> list[Path]:
    """The pages that exist, or should."""
    return [FOLDER / f"{name}.md" for name in _MAKERS]


def page_text(path: Path) -> str:
    """What the page has to say now."""
    maker = _MAKERS[path.stem]
    return "\n".join([f"# {maker.TITLE}", "", _MADE, "", *maker.lines(), ""])
