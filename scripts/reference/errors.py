"""The errors page: the tree below HubError, read from the sources without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TITLE = "Errors"
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("core", "channels", "knowledge", "handoff", "api", "config")
_INTRODUCTION = (
    "Every error that the hub raises on purpose. The code stands in problem documents (`code`), in the WebSocket's "
    "`error` frames and in logs. What happens next depends on the class: see the meaning."
)


@dataclass(frozen=True)
class ErrorClass:
    """One class of the tree as it stands in the sources."""

    name: str
    parent: str
    code: str
    meaning: str


def lines() -> Iterator[str]:
    """The tree as one table, children below their parents."""
    yield from [_INTRODUCTION, "", "| class | code | meaning |", "|---|---|---|"]
    yield from _rows("HubError", error_classes(), 0)


def error_classes() -> dict[str, ErrorClass]:
    """All classes that descend from HubError, by name."""
    found = {item.name: item for path in _sources() for item in _classes(path) if not item.name.startswith("_")}

    def descends(name: str) -> bool:
        return name == "HubError" or (name in found and descends(found[name].parent))

    return {name: item for name, item in found.items() if descends(name)}


def _rows(name: str, tree: dict[str, ErrorClass], depth: int) -> Iterator[str]:
    item = tree[name]
    code = f"`{item.code}`" if item.code else ""
    yield f"| {'&nbsp;&nbsp;' * depth}`{name}` | {code} | {item.meaning} |"
    for child in sorted(other.name for other in tree.values() if other.parent == name):
        yield from _rows(child, tree, depth + 1)


def _sources() -> Iterator[Path]:
    for package in _PACKAGES:
        yield from sorted(path for path in (_ROOT / package).rglob("*.py") if "node_modules" not in path.parts)


def _classes(path: Path) -> Iterator[ErrorClass]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            meaning = " ".join((ast.get_docstring(node) or "").split()).replace("``", "`").replace("|", "\\|")
            yield ErrorClass(node.name, bases[0] if bases else "", _code(node), meaning)


def _code(node: ast.ClassDef) -> str:
    for keyword in node.keywords:
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                return code
    return ""
