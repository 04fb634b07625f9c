"""The docs' pictures of the desk: the script that makes them runs, the pages show what it makes, and nothing stays undrawn."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import block_kit, desk_pictures, slack_look
from scripts.slack_signs import sign
from tests.e2e.knowledge_copy import copy_of
from tests.servers.programs import ROOT

PNG = b"\x89PNG\r\n\x1a\n"
DESK = ROOT / "handoff"
VIEWS = {"home", "modal"}
"""These hold blocks."""
PAGES = (ROOT / "docs/howto/desk.md", ROOT / "docs/reference/desk-compared.md")


@pytest.mark.slow
@pytest.mark.soak(small=False)
async def test_the_script_takes_all_pictures(knowledge_template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    await desk_pictures.run(folder, copy_of(knowledge_template, tmp_path / "hub"))
    for name in desk_pictures.NAMES:
        picture = (folder / name).read_bytes()
        assert picture.startswith(PNG)
        assert len(picture) <= desk_pictures.LARGEST


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_show_each_picture_that_is_made_with_words_for_it(page: Path) -> None:
    shown = dict(re.findall(r"!\[([^\]]*)\]\(\S*/images/([\w.-]+)\)", page.read_text(encoding="utf-8")))
    assert sorted(shown.values()) == sorted(desk_pictures.NAMES)
    assert all(len(words) > 20 for words in shown), shown


@pytest.mark.parametrize("name", desk_pictures.NAMES)
def test_each_picture_is_committed_and_small(name: str) -> None:
    picture = desk_pictures.FOLDER / name
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size <= desk_pictures.LARGEST


def types_in(source: str) -> Iterator[str]:
    """What stands behind ``"type":`` in the dictionaries of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "type":
                    assert isinstance(value, ast.Constant), ast.unparse(node)
                    yield str(value.value)


def test_every_type_of_block_that_the_desk_sends_is_drawn() -> None:
    sent = {kind for path in (DESK / "slack").rglob("*.py") for kind in types_in(path.read_text(encoding="utf-8"))}
    assert {"input", "rich_text_quote", "static_select", "header"} <= sent
    assert sent - VIEWS - block_kit.DRAWN == set()


def test_every_sign_of_the_desk_is_drawn() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in DESK.rglob("*.py"))
    texts = "\n".join(path.read_text(encoding="utf-8") for path in DESK.glob("*texts.json"))
    names = {*re.findall(r'Emoji\("(\w+)"\)', code), *re.findall(r":([a-z][a-z_]+):", texts)}
    assert {"lock", "large_green_circle"} <= names
    assert [name for name in names if "<svg" not in sign(name)] == []


def test_a_form_a_home_tab_and_what_people_react_with() -> None:
    def plain(text: str) -> dict[str, Any]:
        return {"type": "plain_text", "text": text}

    menu = {"type": "static_select", "options": [], "initial_option": {"text": plain("high"), "value": "high"}}
    line = {"type": "input", "label": plain("Priority"), "optional": True, "element": menu}
    view = {"title": plain("Ticket"), "close": plain("Close"), "submit": plain("Save"), "blocks": [line]}
    form = slack_look.modal(view)
    assert [form.index(words) for words in ("Ticket", "Priority", "(optional)", "high", "Close", "Save")]
    who = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]}],
    }
    assert "@Grace &amp; co<" in slack_look.page(slack_look.home({"blocks": [who]}), {"U1": "Grace & co"})
    said = slack_look.message({"ts": "1.0", "text": "Hello", "reactions": ["eyes"]}, "Grace")
    assert 'aria-label="eyes"' in said
