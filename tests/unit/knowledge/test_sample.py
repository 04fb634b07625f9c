"""The sample knowledge is what a demo needs, and its office files are what the committed texts make them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from knowledge.convert.converter import Converter
from knowledge.open import SAMPLE


def test_the_office_files_are_those_that_the_script_writes(tmp_path: Path) -> None:
    script = Path(__file__).parents[3] / "scripts" / "build_sample.py"
    subprocess.run([sys.executable, str(script), "--into", str(tmp_path)], check=True, timeout=100)

    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(written) == 3
    converter = Converter()
    for name in written:
        assert converter.convert(tmp_path / name) == converter.convert(SAMPLE / name)


def test_the_sample_has_what_a_demo_needs() -> None:
    entries: list[dict[str, Any]] = yaml.safe_load((SAMPLE / "faq.yaml").read_text("utf-8"))

    assert len(entries) >= 36
    assert len({entry["category"] for entry in entries}) == 8
    assert len({entry["question"] for entry in entries}) == len(entries)
    assert {path.suffix for path in SAMPLE.rglob("*") if path.is_file()} >= {".pdf", ".docx", ".xlsx", ".md", ".html"}
