"""``switchboard doctor`` beside every platform: its exit code, and that it names what to change and where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.cli import main
from config.simulation.slack_world import STAFF
from tests.e2e.knowledge_copy import run_command
from tests.fixtures.right_settings import PUBLIC, SECRETS, Environment, World, made_world
from tests.fixtures.wrong_settings import HALVES, Wrong, send_hooks_elsewhere
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.scale import Scale

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """A mail server with all its doors."""
    with post_office() as servers:
        yield servers


@pytest.fixture
async def world(office: PostOffice) -> AsyncIterator[World]:
    """Everything as it should be."""
    async with made_world(office) as made:
        yield made


def all_well(world: World) -> None:
    """Only Telegram keeps a webhook of ours between two runs."""
    send_hooks_elsewhere(world, f"{PUBLIC}/webhooks/telegram")


WAYS = {"slack": "slack", "socket": "slack", "telegram": "telegram", "hook": "telegram", "sms": "sms", "email": "email"}
"""The channel that each part of the table's world is a way to."""


async def doctor(folder: Path, name: str, environment: Environment) -> tuple[int, str]:
    """The command, called in this process: exit code and output."""
    given = {**environment, "DATA_DIR": str(folder / "var")}
    runner = CliRunner()
    ran = await asyncio.to_thread(runner.invoke, main, ["doctor", *([name] if name else [])], env=given)
    shown = safe(ran.output)
    assert isinstance(ran.exception, SystemExit | None), shown
    return ran.exit_code, shown


def safe(output: str) -> str:
    """No secret is shown."""
    assert not any(secret in output for secret in SECRETS), output
    return output


async def test_a_wrong_password_and_a_sender_that_is_not_ours(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    right = world["email"]
    code, shown = await doctor(tmp_path, "email", {**right, **world.mailbox("wrong")})
    assert code == 1, shown
    assert "EMAIL_IMAP_URL" in shown
    assert "EMAIL_SMTP_URL" in shown
    world.office.postman.refusals.mail.append("553 5.7.1 Sender address rejected: not owned by user")
    straight = {"EMAIL_SMTP_URL": f"smtp://127.0.0.1:{world.office.postman.port}"}
    code, shown = await doctor(tmp_path, "email", {**right, **straight})
    assert code == 1
    assert "EMAIL_ADDRESS" in shown


@pytest.mark.soak
@pytest.mark.parametrize("secure", ["STARTTLS", "TLS"])
async def test_refused_logins_leave_nothing_open_behind_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: Scale, secure: str
) -> None:
    """On uvloop a connection that ends later than its loop is an error, now and then."""
    monkeypatch.chdir(tmp_path)
    wrong = {**world["email"], **world.mailbox("wrong")}
    if secure == "TLS":
        port = world.office.dovecot.imaps_port
        wrong["EMAIL_IMAP_URL"] = (
            f"imaps{wrong['EMAIL_IMAP_URL'].removeprefix('imap+starttls').rpartition(':')[0]}:{port}"
        )
    for _ in range(scale.pick(small=5, full=20)):
        code, shown = await doctor(tmp_path, "email", wrong)
        assert code == 1, shown
        told = [line.split()[2] for line in shown.splitlines() if " WRONG " in line]
        assert told == ["imap:", "smtp:"], shown
        assert "busy" not in shown


@pytest.mark.parametrize("way", WAYS)
async def test_all_is_well(world: World, tmp_path: Path, way: str) -> None:
    """As a process of its own, with nothing in its environment but what is needed."""
    if way == "hook":
        all_well(world)
    name = WAYS[way]
    ran = await asyncio.to_thread(run_command, tmp_path / "var", "doctor", name, **world[way])
    shown = safe(ran.stdout + ran.stderr)
    assert ran.returncode == 0, shown
    assert f"{name:<10} ok" in shown
    assert "WRONG" not in shown


async def test_all_channels_at_once_and_one_of_them_is_ill(world: World, tmp_path: Path) -> None:
    ways = ("slack", "telegram", "sms")
    environment = {name: value for way in ways for name, value in world[way].items()}
    environment["TWILIO_AUTH_TOKEN"] = "b" * 32
    ran = await asyncio.to_thread(run_command, tmp_path / "var", "doctor", **environment)
    shown = safe(ran.stdout + ran.stderr)
    assert ran.returncode == 1, shown
    lines = shown.splitlines()
    assert {line.split()[0] for line in lines if " WRONG " in line} == {"sms"}
    assert {line.split()[0] for line in lines if " ok " in line} >= {"slack", "telegram"}
    assert any(line.split()[:2] == ["email", "off"] and "EMAIL_ADDRESS" in line for line in lines)


@pytest.mark.parametrize("half", HALVES, ids=str)
async def test_half_of_a_channel_is_not_taken_for_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: Wrong
) -> None:
    monkeypatch.chdir(tmp_path)
    name, missing = half.name.strip(), half.words[0].removeprefix("Set ")
    for chosen in (name, ""):
        code, shown = await doctor(tmp_path, chosen, half.changes)
        assert code == 1, shown
        [line] = [line for line in shown.splitlines() if line.startswith(name)]
        assert line.split()[1:3] == ["WRONG", f"{missing}:"]
        assert all(given in line for given in half.changes)
    code, shown = await doctor(tmp_path, "email" if name != "email" else "sms", half.changes)
    assert code == 0, shown


@pytest.mark.parametrize("changes", [{"PORT": "eighty"}, {"CHROMA_URL": "chroma:8000"}], ids=str)
async def test_one_wrong_setting_hides_nothing_else(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Environment
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = await doctor(tmp_path, "", {**world["socket"], **changes})
    assert code == 1, shown
    lines = shown.splitlines()
    assert not any(line.startswith("slack ") and " WRONG " in line for line in lines), shown
    assert any(line.startswith("slack ") and " ok " in line for line in lines), shown


async def test_a_staff_channel_without_its_id_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = await doctor(tmp_path, "slack", {"SLACK_STAFF_CHANNEL": "#support"})
    assert code != 0
    assert "SLACK_STAFF_CHANNEL: '#support' is no channel's id" in shown


async def test_the_staff_channel_is_looked_at(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**world["slack"], "SLACK_STAFF_CHANNEL": STAFF}
    code, shown = await doctor(tmp_path, "slack", environment)
    assert code == 0, shown
    assert "cases are shown in #help-desk" in shown
