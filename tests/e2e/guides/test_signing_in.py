"""The programs of the widget's guide that sign a customer in, run as they stand there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from tests.e2e.guides.places import WEB
from tests.fixtures.hub import MakeHub

SECRET = "what-the-site-and-the-hub-share-0123456789"


def by_python(folder: Path, secret: str) -> str:
    known: dict[str, Callable[[object], str]] = {}
    exec(WEB.block("python"), known)
    os.environ["WIDGET_IDENTITY_SECRET"] = secret
    return known["user_token"](SimpleNamespace(id=7, name="Ada", email="ada@example.com"))


def by_node(folder: Path, secret: str) -> str:
    (program,) = [block for kind, block in WEB.blocks if kind == "js" and "userToken" in block]
    call = 'console.log(userToken({ id: 7, name: "Ada", email: "ada@example.com" }));'
    (folder / "sign.mjs").write_text(f"{program}\n{call}\n", encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "WIDGET_IDENTITY_SECRET": secret}
    ran = subprocess.run(["node", "sign.mjs"], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("sign", [by_python, by_node])
async def test_a_program_of_the_page_signs_a_customer_in(
    sign: Callable[[Path, str], str], make_hub: MakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIDGET_IDENTITY_SECRET", SECRET)  # and taken away again
    hub = make_hub(environment={"WIDGET_IDENTITY_SECRET": SECRET})
    async with aiohttp.ClientSession() as http:
        for secret, status in ((SECRET, 200), ("another-secret-that-the-hub-does-not-know-1", 401)):
            token = sign(tmp_path, secret)
            async with http.post(f"{hub.url}/api/sessions", json={"user_token": token}) as answer:
                assert answer.status == status, await answer.text()
