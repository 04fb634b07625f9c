"""``switchboard dead-letters`` beside a running server, alone, and where there is no database to be had."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from config import parts
from config.cli import main
from config.commands.dead_letters import answers
from config.commands.local import local_commands
from config.commands.store_lines import ask
from config.hub import Hub
from config.processes.data_dir import DataDirLock
from config.processes.local_socket import LocalSocket
from config.settings import Settings, read_settings
from core.clock import SystemClock
from core.domain.delivery import DeliveryStatus
from core.domain.errors import ConfigError
from core.ports.store import Settlement
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, answered


async def _store_with_a_dead_letter(settings: Settings) -> tuple[SqlStore, str]:
    await migrate(settings.effective_database_url)
    store = parts.make_store(settings, SystemClock())
    await store.open()
    await answered(store, "Your\ninvoice")
    (delivery,) = await store.claim_deliveries(CHANNEL, ACCOUNT, 10, 30.0)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.DEAD, error="no such\nuser")])
    return store, delivery.id


async def test_a_running_server_is_asked_through_its_socket(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path)
    owner = DataDirLock(tmp_path)
    owner.require()
    store, delivery_id = await _store_with_a_dead_letter(settings)
    socket = LocalSocket(tmp_path, local_commands(cast(Hub, SimpleNamespace(store=store))))
    await socket.start()
    try:
        (letter,) = await ask(settings, {"command": "dead-letters", "do": "list", "limit": 5}, answers)
        assert (letter["id"], letter["text"], letter["error"]) == (delivery_id, "Your invoice", "no such user")
        assert await ask(settings, {"command": "dead-letters", "do": "retry", "id": delivery_id}, answers) == [
            {"id": delivery_id}
        ]
        assert await ask(settings, {"command": "dead-letters", "do": "retry", "id": delivery_id}, answers) == []
        assert await ask(settings, {"command": "dead-letters", "do": "list", "limit": 5}, answers) == []
    finally:
        await socket.stop()
        await store.close()
        owner.release()


async def test_alone_it_owns_the_directory_while_it_works(tmp_path: Path) -> None:
    settings = read_settings(data_dir=tmp_path)
    store, delivery_id = await _store_with_a_dead_letter(settings)
    await store.close()
    assert [letter["id"] for letter in await ask(settings, {"command": "dead-letters", "do": "list"}, answers)] == [
        delivery_id
    ]
    other = DataDirLock(tmp_path)
    other.require()
    with pytest.raises(ConfigError, match="in use"):
        await ask(settings, {"command": "dead-letters", "do": "list"}, answers)
    other.release()
    assert await ask(settings, {"command": "dead-letters", "do": "retry", "id": delivery_id}, answers) == [
        {"id": delivery_id}
    ]


def test_a_new_directory_has_no_dead_letters(tmp_path: Path) -> None:
    done = _run(tmp_path / "new", "dead-letters", "list")
    assert (done.exit_code, done.output) == (0, "There are no dead letters.\n")
    done = _run(tmp_path / "new", "dead-letters", "retry", "nothing")
    assert (done.exit_code, done.output) == (1, "There is no dead letter nothing.\n")


@pytest.mark.parametrize("database", ["sqlite:////dev/null/hub.db", "sqlite:////dev/null"])
def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path, database: str) -> None:
    done = _run(tmp_path, "dead-letters", "list", DATABASE_URL=database)
    assert done.exit_code == 2
    assert done.output.startswith("switchboard: ")
    assert "Traceback" not in done.output
    assert len(done.output.splitlines()) == 1


def test_a_directory_that_cannot_be_made_is_one_sentence() -> None:
    done = _run(Path("/dev/null/var"), "dead-letters", "list")
    assert done.exit_code == 2
    assert done.output == "switchboard: /dev/null/var: Not a directory\n"


def _run(data_dir: Path, *arguments: str, **env: str) -> Any:
    return CliRunner().invoke(main, arguments, env={"DATA_DIR": str(data_dir), **env})
