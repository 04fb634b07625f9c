"""``switchboard customers`` prints what is kept of somebody, and erases it with the files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from channels.email.threads import Thread
from config.cli import main
from config.commands.customers import mail_thread_without
from config.commands.event_loop import run_async
from config.parts import make_files
from config.settings import Settings
from config.store import make_store
from core.clock import SystemClock
from core.domain.attachments import Attachment
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import MessageReceived, RawEvent
from core.ports.store import Acceptable
from core.storage.migrate import migrate

PHONE = "+4930123456"
LONG = "Hello " + "x" * 20_000


async def _written(settings: Settings) -> Attachment:
    await migrate(settings.effective_database_url)
    store, files = make_store(settings, SystemClock()), make_files(settings)
    await store.open()
    await files.start()
    key = ConversationKey("sms", "AC1", PHONE)
    sender = Identity("sms", "AC1", PHONE)
    event = MessageReceived(EventKey("sms", "AC1", "s1"), key, sender, LONG, datetime.now(UTC))
    (accepted,) = await store.accept([Acceptable(event)])
    assert not isinstance(accepted, Exception)

    async def content() -> AsyncIterator[bytes]:
        yield b"of theirs"

    file = await files.put(content(), name="note.txt", declared_type="text/plain")
    await store.attach(accepted.conversation_id, accepted.message_id, file)
    await store.close()
    return file


def test_a_customer_is_exported_and_erased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    file = run_async(_written(Settings(_env_file=None, data_dir=tmp_path)))
    run = CliRunner().invoke
    lines = [json.loads(line) for line in run(main, ["customers", "export", PHONE]).stdout.splitlines()]
    assert {line["table"] for line in lines} == {"identity", "customer", "conversation", "message", "attachment"}
    assert [line["text"] for line in lines if line["table"] == "message"] == [LONG]
    refused = run(main, ["customers", "erase", PHONE], input="n\n")
    assert (refused.exit_code, f"sms:AC1:{PHONE}:unverified" in refused.stdout) == (1, True)
    path = tmp_path / "attachments" / file.storage_key
    assert path.read_bytes() == b"of theirs"
    done = run(main, ["customers", "erase", PHONE, "--yes"])
    assert done.exit_code == 0, done.output
    assert "Erased: 1 conversations, 1 messages, 1 files." in done.stdout
    assert "is kept there" in done.stdout
    assert not path.exists()
    again = run(main, ["customers", "erase", PHONE, "--yes"])
    assert (again.exit_code, again.stdout) == (1, "")
    assert run(main, ["customers", "export", PHONE]).exit_code == 1


@pytest.mark.parametrize("note", ["{", "[]", "{}", '{"people": ["a"], "chain": 1}', "7"])
def test_a_note_of_a_thread_that_cannot_be_read_goes(note: str) -> None:
    assert mail_thread_without(note, {PHONE}) is None


def test_a_thread_in_which_nobody_is_left_goes() -> None:
    alone = Thread("ann@example.com", None, "Hello", None, people={"ann@example.com": True})
    assert mail_thread_without(alone.to_json(), {"ann@example.com"}) is None


async def _of_two(settings: Settings) -> None:
    await migrate(settings.effective_database_url)
    store = make_store(settings, SystemClock())
    await store.open()
    for account in ("W1", "W2"):
        key = ConversationKey("slack", account, "D1")
        sender = Identity("slack", account, "U0ABCDEF", verified=True)
        event = MessageReceived(EventKey("slack", account, "e1"), key, sender, "Hello", datetime.now(UTC))
        await store.accept([Acceptable(event)])
    await store.quarantine(RawEvent("slack", "W1", b'{"event": {"user": "U0BOB", "text": "<@U0ABCDEF>"}}', {}), "odd")
    await store.close()


def test_an_id_of_two_people_is_refused_with_the_name_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run_async(_of_two(Settings(_env_file=None, data_dir=tmp_path)))
    run = CliRunner().invoke
    for command in (["export"], ["erase", "--yes"]):
        refused = run(main, ["customers", *command, "U0ABCDEF"])
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "slack:W1:U0ABCDEF:verified\n  slack:W2:U0ABCDEF:verified" in refused.stderr
    done = run(main, ["customers", "erase", "slack:W1:U0ABCDEF", "--yes"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("slack:W1:U0ABCDEF:verified\n")
    assert len(done.stdout.partition("quarantine")[2].splitlines()) == 2
    assert run(main, ["customers", "export", "U0ABCDEF"]).exit_code == 0
