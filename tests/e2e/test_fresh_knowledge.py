"""What changes in a source is what the hub answers from: by an operator's wish, by a push, by itself; and after a kill."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.knowledge_copy import LOADED_SECONDS, run_command, started
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

SECRET = "what the forge and we know"
BELL = "How do I polish a brass bell?"


def call(hub: Hub, path: str, body: Any = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Content-Type": "application/json", **hub.operator, **named}
    request = urllib.request.Request(f"{hub.url}{path}", data=data, headers=given)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def source(hub: Hub) -> dict[str, Any]:
    """The only one, as the hub tells of it."""
    (one,) = call(hub, "/api/knowledge/status")["sources"]
    found: dict[str, Any] = one
    return found


def found(hub: Hub, text: str) -> bool:
    """Whether the best passages about bells hold it."""
    return any(text in one["content"] for one in call(hub, "/api/search", {"query": BELL})["results"])


def wait(hub: Hub, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LOADED_SECONDS
    while not holds():
        assert hub.running, hub.log_tail()
        assert time.monotonic() < deadline, f"{source(hub)}\n{hub.log_tail()}"
        time.sleep(0.1)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "bells.md").write_text("# Bells\n\nPolish a brass bell with lemon and salt.\n")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_push_and_an_operator_have_a_repository_read_again(make_hub: MakeHub, documents: Path) -> None:
    for command in (("init",), ("add", "."), ("commit", "-m", "one")):
        git(documents, *command)
    address = documents.as_uri()
    hub = started(make_hub(sources=address, environment={"KNOWLEDGE_WEBHOOK_SECRET": f"the former secret,{SECRET}"}))
    wait(hub, lambda: source(hub)["state"] == "done")
    assert source(hub)["next_run_at"] is not None
    (documents / "bells.md").write_text("# Bells\n\nPolish a brass bell with vinegar.\n")
    git(documents, "commit", "-am", "two")

    push = {"ref": "refs/heads/main", "repository": {"clone_url": address, "default_branch": "main"}}
    mac = hmac.new(SECRET.encode(), json.dumps(push).encode(), hashlib.sha256).hexdigest()
    signed = {"X_Hub_Signature_256": f"sha256={mac}", "X_GitHub_Event": "push", "X_GitHub_Delivery": "72d3162e"}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        call(hub, "/webhooks/knowledge", push)
    assert call(hub, "/webhooks/knowledge", push, **signed) == {"sources": [address], "repeated": False}
    assert call(hub, "/webhooks/knowledge", push, **signed) == {"sources": [], "repeated": True}
    wait(hub, lambda: found(hub, "vinegar"))
    wait(hub, lambda: source(hub)["state"] == "done")

    (documents / "bells.md").write_text("# Bells\n\nPolish a brass bell with sand.\n")
    git(documents, "commit", "-am", "three")
    accepted = call(hub, "/api/knowledge/reindex", {"source": address})
    assert accepted == {"sources": [address], "status": "/api/knowledge/status"}
    wait(hub, lambda: found(hub, "sand"))
    wait(hub, lambda: source(hub)["state"] == "done")
    assert source(hub)["indexed"] == 1
    with pytest.raises(urllib.error.HTTPError, match="404"):
        call(hub, "/api/knowledge/reindex", {"source": "/etc"})

    told = run_command(hub.data_dir, "index", "--status", KNOWLEDGE_SOURCES=address)
    assert told.returncode == 0, told.stderr
    assert f"  {address}\n" in told.stdout
    assert "1 indexed, 0 unchanged, 0 removed" in told.stdout
    shown = json.loads(run_command(hub.data_dir, "index", "--status", "--json").stdout)
    assert (shown["documents"], shown["sources"][0]["state"]) == (1, "done")


def test_files_that_change_are_indexed_by_themselves(make_hub: MakeHub, documents: Path) -> None:
    hub = started(make_hub(sources=str(documents), environment={"KNOWLEDGE_WATCH": "true"}))
    wait(hub, lambda: source(hub)["state"] == "done")
    (documents / "bells.md").write_text("# Bells\n\nPolish a brass bell with vinegar.\n")
    wait(hub, lambda: found(hub, "vinegar"))
    (documents / "new").mkdir()
    (documents / "new" / "rust.md").write_text("# Bells\n\nA rusty brass bell is polished with sand.\n")
    wait(hub, lambda: found(hub, "sand"))
    (documents / "bells.md").unlink()
    wait(hub, lambda: not found(hub, "vinegar"))
    assert found(hub, "sand")


def write_many(documents: Path) -> None:
    """60 documents, which take a while."""
    for number in range(60):
        paragraphs = "\n\n".join(f"Bell {number}.{one} is polished with cloth {one * number}." for one in range(8))
        (documents / f"{number}.md").write_text(f"# Bell {number}\n\n{paragraphs}\n")


def test_a_run_that_was_killed_is_taken_up_and_shown_as_such(make_hub: MakeHub, documents: Path) -> None:
    write_many(documents)
    hub = make_hub(sources=str(documents))

    def under_way() -> bool:
        shown = call(hub, "/api/knowledge/status")["sources"]
        return bool(shown) and shown[0]["state"] == "running" and bool(shown[0]["progress"])

    wait(hub, under_way)
    hub.kill()
    told = run_command(hub.data_dir, "index", "--status")
    assert "its last sign of life was at" in told.stdout or "was cut off about" in told.stdout
    assert "61" in told.stdout, "how far it came"

    started(hub)
    wait(hub, lambda: source(hub)["state"] == "done")
    shown = source(hub)
    assert shown["cut_off_at"] is not None
    assert shown["indexed"] + shown["unchanged"] == 61
    told = run_command(hub.data_dir, "index", "--status")
    assert "taken up from one that was cut off about" in told.stdout
    assert told.returncode == 0, told.stdout
