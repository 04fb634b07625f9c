"""A table of wrong settings, each alone: ``switchboard doctor`` names the variable and says what to do."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from config.cli import main
from tests.e2e.knowledge_copy import run_command
from tests.fixtures.right_settings import PUBLIC, SECRETS, Environment, World, made_world
from tests.fixtures.served_here import refusal_of_serve
from tests.fixtures.states_of_files import states_of_files
from tests.fixtures.wrong_settings import SETTINGS, TABLE, Wrong
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.servers.model_fake import MODEL
from tests.servers.process import free_port

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


@pytest.fixture
def used_folder(tmp_path: Path, sqlite_url: str) -> Path:
    """A DATA_DIR with a database."""
    (tmp_path / "var").mkdir(mode=0o700)
    return Path(sqlite_url.partition(":///")[2]).rename(tmp_path / "var/switchboard.db").parent


async def doctor(folder: Path, environment: Environment) -> tuple[int, str]:
    """The command, called in this process: exit code and output."""
    given: dict[str, str | None] = {"DATA_DIR": str(folder / "var"), **environment}
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["doctor"], env=given)
    assert isinstance(ran.exception, SystemExit | None), ran.output
    return ran.exit_code, ran.output


@pytest.mark.parametrize("wrong", TABLE, ids=str)
async def test_doctor_names_what_is_wrong_and_whatever_serve_refuses(
    world: World, wrong: Wrong, tmp_path: Path, used_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with _places(world, tmp_path) as places:
        if wrong.trouble is not None:
            wrong.trouble(world)
        environment = _environment(world, wrong, places)
        before = states_of_files(tmp_path)
        code, shown = await doctor(tmp_path, environment)
        after = states_of_files(tmp_path)
        for name, value in {"DATA_DIR": str(used_folder), **environment}.items():
            monkeypatch.setenv(name, value)
        refusal = await refusal_of_serve()
    assert code == 1, shown
    advice = _advice(shown)
    assert all(word.format(**places) in advice for word in wrong.words), shown
    assert not any(word in advice for word in wrong.never), shown
    assert not any(secret in f"{shown} {refusal}" for secret in SECRETS), (shown, refusal)
    assert after == before
    assert (refusal is None) == wrong.serve_starts, refusal
    if refusal is not None:
        named, advised = _settings_in(refusal), _settings_in(advice)
        assert named & wrong.changes.keys() <= advised, (refusal, shown)
        assert named & advised or (not named and refusal in advice), (refusal, shown)


_AS_A_PROCESS = (
    {"PORT": "{busy}"},
    {"HOST": "nowhere.invalid"},
    {"DATA_DIR": "{folder}/.file"},
    {"TELEGRAM_MODE": "webhook"},
)


@pytest.mark.parametrize("wrong", [one for one in TABLE if one.changes in _AS_A_PROCESS], ids=str)
async def test_serve_refuses_it_as_a_process_too(
    world: World, wrong: Wrong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the event loop and the disk have a part in, and one of a channel."""
    monkeypatch.chdir(tmp_path)
    with _places(world, tmp_path) as places:
        environment = _environment(world, wrong, places)
        ran = await asyncio.to_thread(run_command, tmp_path / "var", "serve", **environment)
        _, shown = await doctor(tmp_path, environment)
    assert ran.returncode == 2, ran.stderr
    [refusal] = [line for line in ran.stderr.partition("switchboard: ")[2:] if line]
    assert _settings_in(refusal) <= _settings_in(_advice(shown)), (refusal, shown)
    assert _settings_in(refusal) or refusal.strip() in shown, (refusal, shown)
    assert "Traceback" not in ran.stderr
    assert not any(secret in ran.stderr + ran.stdout for secret in SECRETS), ran.stderr


def _settings_in(text: str) -> set[str]:
    """Names of settings."""
    return set(re.findall(r"\b[A-Z][A-Z_]+\b", text)) & SETTINGS


@contextmanager
def _places(world: World, folder: Path) -> Iterator[dict[str, object]]:
    """What the table's rows name: a port nobody listens at and one that is taken, a file and a database of a newer version."""
    (folder / ".file").write_text("no folder and no database")
    database = sqlite3.connect(folder / ".newer")
    database.executescript(
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')"
    )
    database.close()
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        yield {"port": free_port(), "busy": port, "model": world.model.origin, "folder": folder}


def _environment(world: World, wrong: Wrong, places: Mapping[str, object]) -> Environment:
    return {"PORT": "0", **world[wrong.part], **{name: value.format(**places) for name, value in wrong.changes.items()}}


def _advice(shown: str) -> str:
    """Lines of what is wrong, with what mends it."""
    return "\n".join(line for line in shown.splitlines() if " WRONG " in line or line.startswith(" " * 18))


@pytest.mark.parametrize("part", ["nothing", "model", "azure", "reranker"])
async def test_nothing_is_wrong_where_nothing_is(
    world: World, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, shown = await doctor(tmp_path, world[part])
    assert code == 0, shown


async def test_a_server_that_lists_no_models_is_no_fault_and_its_key_is_looked_at(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world.model.lists = False
    code, shown = await doctor(tmp_path, world["model"])
    assert code == 0, shown
    code, shown = await doctor(tmp_path, {**world["model"], "OPENAI_API_KEY": "sk-wrong"})
    assert code == 1
    assert "OPENAI_API_KEY" in _advice(shown)


async def test_a_slip_in_our_own_file_is_found_and_names_of_other_programs_are_not_ours(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    foreign = (
        "SLACK_API_TOKEN",
        "SLACK_WEBHOOK_URL",
        "TWILIO_API_KEY",
        "OPENAI_ORG_ID",
        "EMAIL_HOST",
        "SECRET_KEY_BASE",
    )
    code, shown = await doctor(tmp_path, dict.fromkeys((*foreign, "POSTGRES_PASSWORD", "KNOWLEDGE_DIR"), "x"))
    assert code == 0, shown
    (tmp_path / ".env").write_text("PUBLIC_ULR=https://hub.example\nKNOWLEDGE_DIR=/srv/knowledge\n")
    code, shown = await doctor(tmp_path, {})
    assert code == 1
    assert "PUBLIC_ULR: is no setting" in _advice(shown)
    assert "mean PUBLIC_URL?" in _advice(shown)
    assert "KNOWLEDGE_DIR" not in shown


async def test_what_to_paste_at_slack_is_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, shown = await doctor(tmp_path, world["slack"])
    assert f"paste {PUBLIC}/webhooks/slack in Event Subscriptions, in Interactivity" in shown


async def test_what_waits_for_others_waits_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers nobody before all three have asked; asked one after the other, each would be given up."""
    monkeypatch.chdir(tmp_path)
    arrived = asyncio.Barrier(3)

    async def answer(_request: web.Request) -> web.Response:
        await arrived.wait()
        return web.json_response({"data": [{"id": MODEL}]})

    app = web.Application()
    for path in ("/v1/models", "/embed/models", "/api/v2/heartbeat"):
        app.router.add_get(path, answer)
    async with TestServer(app, host="127.0.0.1") as server:
        origin = str(server.make_url("")).rstrip("/")
        asked = {"OPENAI_BASE_URL": f"{origin}/v1", "OPENAI_MODEL": MODEL, "EMBEDDING_BASE_URL": f"{origin}/embed"}
        code, shown = await doctor(tmp_path, {**asked, "CHROMA_URL": origin})
    assert code == 0, shown


async def test_lines_that_set_nothing_are_told_by_number_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "# fine\nCOMPANY_NAME=Acme\nSLACK_BOT_TOKEN xoxb-secret\nOPENAI_API_KEY\n\nPORT=8080\n"
    )
    code, shown = await doctor(tmp_path, {})
    assert code == 1
    assert "line 3 sets nothing" in _advice(shown)
    assert "line 4 sets nothing" in _advice(shown)
    assert "Write NAME=value" in _advice(shown)
    assert "xoxb-secret" not in shown


async def test_lines_that_a_later_one_sets_again_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("COMPANY_NAME=Acme\nPORT=8080\n\nCOMPANY_NAME='Acme-secret'\n" + "HOST=::1\n" * 8)
    code, shown = await doctor(tmp_path, {"HOST": "127.0.0.1", "PORT": "0"})
    assert code == 1
    advice = _advice(shown)
    assert ".env: line 4 sets COMPANY_NAME again and wins, so there is no effect of line 1" in advice
    assert ".env: line 12 sets HOST again and wins, so there is no effect of line 5, 6, 7, 8, 9 and others" in advice
    assert "Keep one line that sets COMPANY_NAME." in advice
    assert "PORT" not in advice
    assert "Acme" not in shown


async def test_a_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"COMPANY_NAME=\xff\xfe\n")
    code, shown = await doctor(tmp_path, {})
    assert code == 2
    assert ".env is no text in UTF-8" in shown
    assert "Traceback" not in shown
