"""A page of docs/howto as a newcomer takes it: its path of five lines, the settings that it shows, and the commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.servers.programs import ROOT

_PATH = re.compile(r"^## In five lines\n\n(.*?)(?=\n\n|^## )", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*[A-Z0-9])=(.*)")
_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+")


@dataclass(frozen=True)
class Guide:
    """``name``: of the file, without its ending."""

    name: str

    @property
    def text(self) -> str:
        """The page."""
        return (ROOT / "docs" / "howto" / f"{self.name}.md").read_text(encoding="utf-8")

    @property
    def path(self) -> list[str]:
        """What stands behind the numbers, one line each."""
        found = _PATH.search(self.text)
        assert found, f"{self.name}.md does not begin with a path"
        lines = found[1].splitlines()
        assert [line.partition(" ")[0] for line in lines] == ["1.", "2.", "3.", "4.", "5."], lines
        return [line.partition(" ")[2] for line in lines]

    @property
    def settings(self) -> dict[str, str]:
        """What the path tells to write into ``.env``; of a setting that it only names, the value that the page shows first,
        or "…"."""
        told = _CODE.findall("\n".join(self.path))
        given = {found[1]: found[2] for one in told if (found := _SETTING.fullmatch(one))}
        shown = dict(reversed(self.shown))
        return given | {one: shown.get(one, "…") for one in told if _NAME.fullmatch(one) and one not in given}

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Every setting with a value in the page's blocks, in its order."""
        return _in_blocks(self.blocks)

    def part(self, begins: str) -> dict[str, str]:
        """The settings of a part of the page, which begins with these words and ends before the next heading.

        Both those in blocks and those in the text; one that is only named has "…" for a value.
        """
        text = re.split(r"^##", self.text.split(begins, 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
        told = _CODE.findall(_BLOCK.sub("", text))
        named = {one: "…" for one in told if _NAME.fullmatch(one)}
        given = {found[1]: found[2] for one in told if (found := _SETTING.fullmatch(one))}
        return named | dict(_in_blocks(_BLOCK.findall(text))) | given

    @property
    def commands(self) -> list[list[str]]:
        """What the path tells to type, in its order, without the program's name."""
        found = (one.split() for one in _CODE.findall("\n".join(self.path)))
        return [words[1:] for words in found if words[0] == "switchboard"]

    def block(self, language: str) -> str:
        """The first one of that language."""
        return next(block for kind, block in self.blocks if kind == language)

    def section(self, heading: str) -> list[tuple[str, str]]:
        """Language and content of each block below a heading of the second level."""
        (text,) = [part for part in self.text.split("\n## ")[1:] if part.partition("\n")[0] == heading]
        return _BLOCK.findall(text)

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Language and content of each block of code."""
        return _BLOCK.findall(self.text)


def _in_blocks(blocks: list[tuple[str, str]]) -> list[tuple[str, str]]:
    lines = [line for _, block in blocks for line in block.splitlines()]
    return [(found[1], found[2].partition("    #")[0]) for line in lines if (found := _SETTING.match(line))]
