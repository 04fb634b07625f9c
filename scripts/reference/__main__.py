"""``python -m scripts.reference``: write the pages again. ``make check`` fails while they are stale."""

from __future__ import annotations

from scripts.reference.pages import ROOT, page_paths, page_text


def main() -> None:
    """Write each page that differs, and say which."""
    for path in page_paths():
        text = page_text(path)
        old = path.read_text(encoding="utf-8") if path.exists() else None
        if old != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
