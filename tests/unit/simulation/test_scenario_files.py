"""What a file of scenarios may say, and what becomes of it before it is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.conversations.scenario import read_scenarios
from core.domain.errors import ConfigError


def _file(folder: Path, conversation: str) -> Path:
    file = folder / "talk.yaml"
    file.write_text(f"conversations:\n  - {{id: first, turns: [{{user: Hi, says: Hi}}]}}\n  - {conversation}\n")
    return file


def test_a_conversation_is_played_on_each_of_its_channels(tmp_path: Path) -> None:
    talk = "{id: reset, channels: [web, sms, email], turns: [{user: Hello, says: Hello}]}"
    read = read_scenarios(_file(tmp_path, talk)).conversations
    assert [(one.id, one.channel, one.line) for one in read] == [
        ("first", "web", 2),
        ("reset-web", "web", 3),
        ("reset-sms", "sms", 3),
        ("reset-email", "email", 3),
    ]


def test_a_file_is_sent_as_it_stands_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "note.ogg").write_bytes(b"OggS\x00\xff")
    talk = (
        "{id: one, turns: [{files: [{name: a.ogg, path: note.ogg, text: Hello}, {name: b.txt, text: Bye}], says: Hi}]}"
    )
    sent = read_scenarios(_file(tmp_path, talk)).conversations[1].turns[0].files
    assert [(one.name, one.text, one.content) for one in sent] == [
        ("a.ogg", "Hello", b"OggS\x00\xff"),
        ("b.txt", "Bye", b"Bye"),
    ]


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname", "missing.txt", "link.txt", "."])
def test_no_file_from_outside_the_folder_is_sent(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    talk = f"{{id: one, turns: [{{files: [{{name: a.txt, path: {path}}}], says: Hi}}]}}"
    with pytest.raises(ConfigError, match=r"line 3: .*there is no file"):
        read_scenarios(_file(folder, talk))


@pytest.mark.parametrize(
    "turn",
    [
        "{files: [{name: a.txt}], says: Hi}",
        "{user: Hi, files: [{name: a.txt, text: a, sais: b}]}",
        "{says: Hi}",
        "{user: Hi, staff: [claim]}",
    ],
)
def test_what_makes_no_turn_is_refused_with_its_line(tmp_path: Path, turn: str) -> None:
    with pytest.raises(ConfigError, match="line 3"):
        read_scenarios(_file(tmp_path, f"{{id: one, turns: [{turn}]}}"))


def test_a_ticket_that_was_named_stands_in_the_turn(tmp_path: Path) -> None:
    talk = (
        "{id: one, turns: [{user: 'Close {ticket}', calls: [[{name: t, args: {n: '{ticket}'}}]], false: [x], "
        "says: '{ticket}', state: bot}, {staff: [claim, {reply: 'See {ticket}', by: Linus}]}]}"
    )
    asked, staff = read_scenarios(_file(tmp_path, talk)).conversations[1].turns
    assert asked.with_ticket("") == asked
    filled = asked.with_ticket("TKT-20261124-0007")
    assert (filled.user, filled.says) == ("Close TKT-20261124-0007", ("TKT-20261124-0007",))
    assert filled.calls[0][0].args == {"n": "TKT-20261124-0007"}
    assert (filled.refused, filled.state, filled.sources) == (("x",), "bot", None)
    step = staff.with_ticket("TKT-1").staff[1]
    assert (step.text, step.by) == ("See TKT-1", "Linus")


def test_several_customers_have_their_own_history_but_not_in_a_group(tmp_path: Path) -> None:
    turns = "[{user: a, author: Anna, says: a}, {user: b, author: Eve}, {user: c, author: Anna}]"
    private = read_scenarios(_file(tmp_path, f"{{id: one, turns: {turns}}}")).conversations[1]
    assert [one.user for one in private.earlier(2)] == ["a"]
    group = read_scenarios(_file(tmp_path, f"{{id: one, channel: telegram-group, turns: {turns}}}")).conversations[1]
    assert [one.user for one in group.earlier(2)] == ["a", "b"]


@pytest.mark.parametrize(
    ("clock", "first", "second"),
    [
        ("", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("clock: 2026-11-22T11:00:00Z", "2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("clock: 2026-11-21T11:00:00Z", "2026-11-24T10:00:00Z", "2026-11-23T10:00:00Z"),
        ("clock: 2026-11-21T11:00:00Z", "2026-11-24T10:00:00", "2026-11-25T10:00:00Z"),
    ],
)
def test_time_needs_a_beginning_and_a_zone_and_goes_on(tmp_path: Path, clock: str, first: str, second: str) -> None:
    file = tmp_path / "talk.yaml"
    turns = [
        f"  - {{id: c{at}, turns: [{{user: Hi, says: Hi, clock: {time}}}]}}\n"
        for at, time in enumerate((first, second))
    ]
    file.write_text(f"{clock}\nconversations:\n{''.join(turns)}")
    with pytest.raises(ConfigError, match=r"clock|timezone"):
        read_scenarios(file)
