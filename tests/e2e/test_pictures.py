"""The README's pictures: the script that makes them runs, and the README shows what it makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts import block_kit, screenshots, slack_look
from tests.e2e.knowledge_copy import copy_of
from tests.servers.programs import ROOT

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.slow
@pytest.mark.soak(small=False)
async def test_the_script_takes_both_pictures(knowledge_template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    await screenshots.run(folder, copy_of(knowledge_template, tmp_path / "hub"))
    for name in screenshots.NAMES:
        picture = (folder / name).read_bytes()
        assert picture.startswith(PNG)
        width = int.from_bytes(picture[16:20])
        assert width == screenshots.WIDTH
        assert len(picture) <= screenshots.LARGEST


@pytest.mark.parametrize("name", screenshots.NAMES)
def test_the_readme_shows_what_is_committed(name: str) -> None:
    picture = screenshots.FOLDER / name
    assert f"]({picture.relative_to(ROOT).as_posix()})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size <= screenshots.LARGEST


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _slanted_ ~gone~ `code`", "<b>bold</b> <i>slanted</i> <s>gone</s> <code>code</code>"),
        ("2 * 3 * 4 and a_b_c at 10:30:45", "2 * 3 * 4 and a_b_c at 10:30:45"),
        ("&lt;b&gt; &amp; <https://a.example/x|the page>", "&lt;b&gt; &amp; <a>the page</a>"),
        ("<!date^1767225600^{date}|1 January> by <@U1|Grace>", 'January 1, 2026 by <a class="mention">@Grace</a>'),
        ("&gt; quoted\nafter", "<q>quoted</q>after"),
    ],
)
def test_slacks_marks_as_html(text: str, html: str) -> None:
    assert block_kit.mrkdwn(text) == html


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a :unheard_of: sign"}},
        {"type": "actions", "elements": [{"type": "datepicker"}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "color"}]}]},
    ],
)
def test_what_cannot_be_drawn_is_no_picture(block: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of type|No sign"):
        slack_look.message({"ts": "1.0", "blocks": [block]}, "Switchboard")
