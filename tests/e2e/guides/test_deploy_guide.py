"""The guide of deployment: its path from a checkout to a customer who is answered, with Compose's services as processes."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.guides.guide import Guide
from tests.e2e.guides.places import ANSWER, QUESTION, at_telegram
from tests.e2e.guides.shell import run_commands
from tests.e2e.knowledge_copy import copy_talk, run_command, started
from tests.fixtures.hub import MakeHub
from tests.integration.knowledge.test_chroma_server import chroma_server
from tests.servers.caddy import Caddy
from tests.servers.compose_file import rendered
from tests.servers.hub import Hub
from tests.servers.process import free_port
from tests.servers.programs import ROOT
from tests.servers.redis import RedisServer

DEPLOY = Guide("deploy")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
UP = "docker compose --env-file .env -f deploy/compose.yaml up -d --build"
DOCTOR = "docker compose --env-file .env -f deploy/compose.yaml exec worker switchboard doctor"


def typed(line: int) -> list[str]:
    """What stands in a line of the path between backticks."""
    return re.findall(r"`([^`]+)`", DEPLOY.path[line - 1])


def written_by_a_newcomer(folder: Path, public_url: str) -> str:
    """The .env after the path's first two lines."""
    shutil.copy(ROOT / ".env.example", folder)
    copied, _, address = typed(1)
    run_commands(copied, folder)
    text = (folder / ".env").read_text("utf-8")
    *names, key, _ = typed(2)
    for name, value in [
        (address.partition("=")[0], public_url),
        *((one, run_commands(key, folder).strip()) for one in names),
    ]:
        text, found = re.subn(rf"^#{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert found == 1, f"{name} is to be set, and .env.example does not have it"
    return text


@pytest.mark.slow
async def test_the_path_leads_to_a_customer_who_is_answered(
    postgres_url: str, redis_server: RedisServer, make_hub: MakeHub, knowledge_template: Path, tmp_path: Path
) -> None:
    """On the web through the proxy, and on Telegram, as its guide says. Only the places of servers are others."""
    web_port, chroma_port = free_port(), free_port()
    proxy = Caddy(tmp_path / "caddy", web_port)
    async with at_telegram() as telegram:
        lines = {**telegram.env(), **telegram.loopback, "TRUSTED_PROXIES": "127.0.0.1/32"}
        env = written_by_a_newcomer(tmp_path, proxy.url) + "".join(f"{name}={value}\n" for name, value in lines.items())
        assert typed(4) == [UP]
        services = rendered(env)
        places = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_server.url, "HOST": "127.0.0.1"}
        places |= {"CHROMA_URL": f"http://127.0.0.1:{chroma_port}", "DATA_DIR": str(tmp_path / "data")}

        def service(role: str, port: int) -> Hub:
            _, command, option, name = services[role]["command"]
            assert (command, option) == ("serve", "--role")
            environment = services[role]["environment"] | places | {"PORT": str(port)}
            hub = make_hub(role=name, port=port, environment=environment, bare=True, start=False)
            hub.data_dir = tmp_path / "data"
            return hub

        copy_talk(knowledge_template, tmp_path / "data")
        with chroma_server(tmp_path / "chroma", chroma_port):
            web, worker = service("web", web_port), service("worker", free_port())
            web.start()
            await asyncio.to_thread(started, worker)
            proxy.start()
            try:
                assert ANSWER in await _answer_through(proxy)
                await telegram.speak(worker, None)  # type: ignore[arg-type]  # no page
            finally:
                proxy.stop()
            assert typed(5) == [DOCTOR]
            examined = await asyncio.to_thread(run_command, tmp_path / "elsewhere", "doctor", **worker.environment)
            assert examined.returncode == 0, examined.stdout + examined.stderr


async def _answer_through(proxy: Caddy) -> str:
    """Of a customer in a browser, over TLS."""
    async with proxy.client() as http:
        async with http.post(f"{proxy.url}/api/sessions", json={}) as opened:
            session = await opened.json()
        http.headers["Authorization"] = f"Bearer {session['token']}"
        route = f"{proxy.url}/api/chat/sessions/{session['session_id']}/messages"
        async with http.post(route, json={"message": QUESTION, "client_id": "c1"}) as answer:
            return str((await answer.json())["message"])


def test_the_images_command_and_environment_start_a_hub_that_its_health_check_finds_well(
    make_hub: MakeHub, tmp_path: Path
) -> None:
    """One container, as a process: what the last stage of the Dockerfile says, in a folder in place of the volume."""
    stage = DOCKERFILE[DOCKERFILE.index(" AS runtime") :]
    given = dict(part.split("=", 1) for part in re.findall(r"^ENV (.+)$", stage, re.MULTILINE)[0].split())
    program, *arguments = re.findall(r'"([^"]+)"', re.findall(r"^CMD (.+)$", stage, re.MULTILINE)[-1])
    assert (program, arguments) == ("switchboard", ["serve"])
    mounted = shlex.split(next(block for _, block in DEPLOY.blocks if block.startswith("docker build")).splitlines()[1])
    assert mounted[mounted.index("-v") + 1] == f"switchboard:{given['DATA_DIR']}"
    assert mounted[mounted.index("-p") + 1] == f"127.0.0.1:8080:{given['PORT']}"
    own = {"PATH": "", "HOST": "127.0.0.1", "PORT": str(free_port()), "DATA_DIR": str(tmp_path / "data")}
    inside = {name: own.get(name, value) for name, value in given.items() if name != "PATH"}
    hub = make_hub(port=int(inside["PORT"]), bare=True, environment=inside | {"KNOWLEDGE_SOURCES": "none"})
    assert (tmp_path / "data" / "operator_token").exists()
    check = re.findall(r'"([^"]+)"', stage.partition("HEALTHCHECK")[2].splitlines()[1])
    check = [sys.executable, *(part.replace("/app", str(ROOT)) for part in check[1:])]
    run_commands(shlex.join(check), tmp_path, PORT=str(hub.port))
