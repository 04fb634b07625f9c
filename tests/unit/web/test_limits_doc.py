"""The limits that the protocol's page states are the ones that the code keeps."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from channels.web.sessions import LONGEST_POLL, MOST
from channels.web.settings import Rate, WebLimits
from config.groups.limits import LimitsGroup

ROOT = Path(__file__).resolve().parents[3]
LIMITS = WebLimits()


def _size(count: int) -> str:
    return f"{count // 1024**2} MB" if count % 1024**2 == 0 else f"{count // 1024} kB"


def _rate(rate: Rate) -> str:
    return f"{rate.amount:,} in {rate.seconds:g} seconds"


def _set(rate: Rate, what: str) -> str:
    return f"{_rate(rate)} (`{what}_PER_ADDRESS`)"


STATED = {
    "message_chars": ("text of a message", f"{LIMITS.message_chars:,} characters"),
    "attachments": ("files of a message", f"{LIMITS.attachments}"),
    "attachment_bytes": ("one file", f"{_size(LIMITS.attachment_bytes)} (`MAX_ATTACHMENT_BYTES`)"),
    "frame_bytes": ("a frame, a JSON body, a field of a form", _size(LIMITS.frame_bytes)),
    "frame_bytes_hard": ("a frame that can still be refused", _size(LIMITS.frame_bytes_hard)),
    "auth_seconds": ("time for `auth`", f"{LIMITS.auth_seconds:g} seconds"),
    "frames_per_socket": ("frames on a connection", _rate(LIMITS.frames_per_socket)),
    "refused_frames": ("frames over that rate", f"{LIMITS.refused_frames:,} in 60 s"),
    "send_buffer_bytes": ("what waits for a slow client", _size(LIMITS.send_buffer_bytes)),
    "heartbeat_seconds": ("pings of the server", f"every {LIMITS.heartbeat_seconds:g} seconds"),
    "sockets_per_address": ("connections of an address", f"{LIMITS.sockets_per_address:,} in each process"),
    "sessions_per_address": ("sessions opened by an address", _set(LIMITS.sessions_per_address, "SESSIONS")),
    "sessions_in_all": ("sessions in all", _rate(LIMITS.sessions_in_all)),
    "messages_per_address": ("messages of an address", _set(LIMITS.messages_per_address, "MESSAGES")),
    "messages_in_all": ("messages in all", _rate(LIMITS.messages_in_all)),
    "uploads_per_address": ("uploads of an address", _set(LIMITS.uploads_per_address, "UPLOADS")),
    "uploads_in_all": ("uploads in all", _rate(LIMITS.uploads_in_all)),
    "unsent_bytes_per_address": ("uploaded and unsent files of an address", _size(LIMITS.unsent_bytes_per_address)),
    "unsent_bytes_in_all": ("uploaded and unsent files in all", _size(LIMITS.unsent_bytes_in_all)),
    "file_bytes_per_address": ("files of an address in a day", _size(LIMITS.file_bytes_per_address)),
    "file_bytes_in_all": ("files in all in a day", _size(LIMITS.file_bytes_in_all)),
    "messages_per_session": ("messages of a session", _rate(LIMITS.messages_per_session)),
    "uploads_per_session": ("uploads of a session", _rate(LIMITS.uploads_per_session)),
    "reads_per_session": ("reads and polls of a session", _rate(LIMITS.reads_per_session)),
    "transcripts_per_session": (
        "conversations sent by e-mail, of a session",
        f"{LIMITS.transcripts_per_session} in a day",
    ),
    "transcripts_per_recipient": ("… to an e-mail address", f"{LIMITS.transcripts_per_recipient} in a day"),
    "transcripts_per_client": ("… by an address", f"{LIMITS.transcripts_per_client} in a day"),
    "transcripts_altogether": ("… in all", f"{LIMITS.transcripts_altogether} in a day"),
    "wait_seconds": ("`wait` of a POST for its answer", f"{LIMITS.wait_seconds:g} seconds"),
}
BESIDE = {"`wait` of a poll": f"{LONGEST_POLL:g} seconds", "`limit` of a history": f"{MOST}"}


def _table() -> dict[str, str]:
    text = (ROOT / "docs" / "reference" / "web-protocol.md").read_text(encoding="utf-8")
    section = text.split("\n## Limits\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \|$", section, re.MULTILINE)
    return dict(rows[1:])


def test_every_limit_of_the_channel_is_stated() -> None:
    assert set(STATED) == {field.name for field in dataclasses.fields(WebLimits)}


def test_the_stated_numbers_are_the_real_ones() -> None:
    assert _table() == {**dict(STATED.values()), **BESIDE}


def test_the_channel_and_the_settings_have_the_same_defaults() -> None:
    fields = {name: field.default for name, field in LimitsGroup.model_fields.items()}
    shared = [field.name for field in dataclasses.fields(WebLimits) if field.name.endswith(("_per_address", "_in_all"))]
    for name in set(shared) - {"sockets_per_address"}:
        limit = getattr(LIMITS, name)
        assert fields[name] == (limit.amount if isinstance(limit, Rate) else limit), name


def test_the_size_of_a_file_is_that_of_the_setting() -> None:
    defaults = tomllib.loads((ROOT / "config" / "default.toml").read_text(encoding="utf-8"))
    assert defaults["max_attachment_bytes"] == LIMITS.attachment_bytes


@pytest.mark.parametrize("page", ["howto/web.md", "howto/operate.md", "howto/deploy.md", "reference/web-protocol.md"])
def test_no_page_states_another_number_of_files_or_characters(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert set(re.findall(r"[Uu]p to (\d+) for a message", text)) <= {str(LIMITS.attachments)}
    assert set(re.findall(r"A frame over (\d+ kB)", text)) <= {_size(LIMITS.frame_bytes)}
