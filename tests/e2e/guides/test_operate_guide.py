"""The guide of operation: what it tells to type is typed, and what was backed up comes back."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.e2e.guides.guide import Guide
from tests.e2e.guides.shell import docker_beside, run_commands
from tests.e2e.knowledge_copy import run_command
from tests.e2e.visitor import Visitor, visiting
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.servers.postgres import PostgresServer
from tests.servers.programs import ROOT

OPERATE, DEPLOY = Guide("operate"), Guide("deploy")
FILE = b"what a customer sent\n"


def blocks_after(heading: str) -> list[str]:
    """The blocks of a section."""
    return [block for _, block in OPERATE.section(heading)]


async def a_conversation(visitor: Visitor) -> str:
    """A message with a file; the file's address."""
    file = (await visitor.upload("note.txt", FILE, "text/plain")).body
    assert (await visitor.say("Hello", attachments=[file["id"]])).status in (200, 202)
    return str(file["url"])


async def is_there(visitor: Visitor, file: str, *, also: str = "") -> None:
    history = await visitor.call("GET", f"/api/sessions/{visitor.id}/history")
    assert history.status == 200, history.body
    said = [one["content"] for one in history.body["messages"] if one["author"] == "customer"]
    assert said == ["Hello", *([also] if also else [])]
    assert (await visitor.call("GET", file)).body == FILE


async def test_one_process_is_backed_up_every_night_and_restored(make_hub: MakeHub) -> None:
    backup, restore = blocks_after("Back it up")[:2]
    hub = make_hub()
    (hub.home / ".env").write_text("COMPANY_NAME=Acme\n")
    (hub.home / ".venv").symlink_to(ROOT / ".venv")
    async with visiting(hub) as visitor:
        run_commands(backup, hub.home)
        file = await a_conversation(visitor)
        run_commands(backup, hub.home)
        await visitor.say("Said after the backup", "c2")
        kept = {path.name for path in (hub.home / "backup").iterdir()}
        assert {"switchboard.db", "attachments", "operator_token", "owner_name", ".env"} <= kept
        with sqlite3.connect(hub.home / "backup" / "switchboard.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        token = (hub.data_dir / "operator_token").read_text()
        hub.stop()
        (hub.home / ".env").unlink()
        run_commands(restore, hub.home)
        assert stat.S_IMODE(hub.data_dir.stat().st_mode) == 0o700
        hub.start()
        await is_there(visitor, file)
    assert (hub.data_dir / "operator_token").read_text() == token
    assert (hub.home / ".env").read_text() == "COMPANY_NAME=Acme\n"
    assert not (hub.data_dir / ".env").exists()


def test_a_hub_without_any_settings_file_is_backed_up_too(make_hub: MakeHub) -> None:
    hub = make_hub()
    (hub.home / ".venv").symlink_to(ROOT / ".venv")
    run_commands(blocks_after("Back it up")[0], hub.home)
    assert (hub.home / "backup" / "switchboard.db").exists()


async def test_compose_is_backed_up_and_restored(
    durable_postgres: PostgresServer, make_hub: MakeHub, tmp_path: Path
) -> None:
    backup, restore = blocks_after("Back it up")[2:4]
    await durable_postgres.execute("CREATE ROLE switchboard LOGIN SUPERUSER")
    await durable_postgres.execute("CREATE DATABASE switchboard OWNER switchboard")
    hub = make_hub(database_url=durable_postgres.url("switchboard"))
    environment = {
        "PATH": docker_beside(tmp_path / "bin"),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(durable_postgres.port),
        "WORKER_DATA": str(hub.data_dir),
        "DOCKER_CALLS": str(tmp_path / "calls"),
    }
    async with visiting(hub) as visitor:
        file = await a_conversation(visitor)
        await asyncio.to_thread(run_commands, backup, hub.home, **environment)
        await visitor.say("Said after the backup", "c2")
        await is_there(visitor, file, also="Said after the backup")
        hub.stop()
        run_commands("rm -r var/attachments", hub.home)
        await asyncio.to_thread(run_commands, restore, hub.home, **environment)
        assert (tmp_path / "calls").read_text().splitlines() == ["stop web worker", "up -d"]
        hub.start()
        await is_there(visitor, file)


@pytest.mark.parametrize("guide", [OPERATE, DEPLOY], ids=lambda guide: guide.name)
async def test_an_operator_asks_with_the_token(guide: Guide, make_hub: MakeHub) -> None:
    (asked,) = [block for _, block in guide.blocks if block.startswith("curl")]
    hub: Hub = make_hub()
    answer = await asyncio.to_thread(
        run_commands, asked.replace("curl", "curl -sS").replace("8080", str(hub.port)), hub.home
    )
    assert "switchboard_" in answer or '"parts"' in answer


def test_the_commands_of_the_path_work_beside_a_running_hub(make_hub: MakeHub) -> None:
    hub = make_hub()
    assert OPERATE.commands == [["doctor"], ["dead-letters", "list"]]
    for command in [*OPERATE.commands, ["waiting"]]:
        ran = run_command(hub.data_dir, *command, KNOWLEDGE_SOURCES="none", PORT=str(hub.port))
        assert ran.returncode == 0, ran.stdout + ran.stderr
