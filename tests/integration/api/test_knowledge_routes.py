"""Operators see how fresh each source is, and have it read again; forges do so with a webhook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from api.knowledge_hook import PATH, knowledge_hook
from api.metrics import PrometheusMetrics
from config.knowledge.freshness import SourceFreshness
from config.knowledge.source_jobs import ScheduledSource
from core.domain.jobs import JobState, PlannedJob
from core.domain.knowledge import IndexProgress, SourceReport
from core.ports.metrics import Counter
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from knowledge.sources import SourceOptions, identity_of
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.api.rig import Rig, serve

BERLIN = ZoneInfo("Europe/Berlin")
SECRETS = ("the one of last year", "the one of this year")
FOLDER, SITE = "/srv/docs", "https://help.example.com/"
REPOSITORY, BRANCH = "https://x:ghp_token@github.com/Acme/Docs.git", "git@gitlab.example.com:acme/handbook.git"
SOURCES = [
    SourceOptions(FOLDER),
    SourceOptions(SITE),
    SourceOptions(REPOSITORY),
    SourceOptions(BRANCH, branch="stable"),
]


class World:
    """A served hub whose sources nobody reads meanwhile."""

    def __init__(self, rig: Rig, store: SqlStore, clock: ManualClock, metrics: PrometheusMetrics) -> None:
        self.rig, self.store, self.clock, self.metrics = rig, store, clock, metrics
        self.nudges = 0

    async def plan(self) -> None:
        """As a worker does at its start."""
        at = self.clock.now().timestamp() + 60
        planned = [
            PlannedJob(identity_of(one.root), one.root.replace("x:ghp_token@", ""), "1 * * * *", at) for one in SOURCES
        ]
        await self.store.plan_jobs("", planned)

    async def waiting(self) -> set[str]:
        """The sources that somebody has asked for, and that from now on nobody has."""
        asked = [job for job in await self.store.jobs() if job.asked_at is not None]
        for job in asked:
            run = await self.store.claim_job(job, "p", 30, next_run_at=job.next_run_at)
            assert run is not None
            await self.store.end_job(run, JobState.DONE, SourceReport(job.id))
        return {job.source for job in asked}

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        async with self.rig.http.post(f"{self.rig.url}{path}", data=io.BytesIO(data), headers=given) as response:
            return response.status, await response.json(content_type=None)

    async def hook(self, body: Any, secret: str = SECRETS[1], **headers: str) -> tuple[int, Any]:
        """As GitHub sends it."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = f"sha256={hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.post(PATH, data, {"X-Hub-Signature-256": signed, **named})


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    await migrate(sqlite_url)
    clock = ManualClock()
    store = SqlStore(sqlite_url, clock)
    await store.open()
    metrics = PrometheusMetrics()
    sources = [ScheduledSource(one, one.root) for one in SOURCES]
    freshness = SourceFreshness(store, sources, BERLIN)
    async with serve(knowledge_hook(freshness, SECRETS, metrics), freshness=freshness) as rig:
        yield World(rig, store, clock, metrics)
    await store.close()


async def test_the_status_says_what_was_done_what_goes_on_and_what_comes(world: World) -> None:
    await world.plan()
    jobs = {job.source: job for job in await world.store.jobs()}
    now = world.clock.now().timestamp()
    done = await world.store.claim_job(jobs[FOLDER], "p", 30, next_run_at=now + 3600, due=False)
    under_way = await world.store.claim_job(jobs[SITE], "p", 30, next_run_at=None, due=False)
    assert done is not None
    assert under_way is not None
    await world.store.end_job(done, JobState.DONE, SourceReport(done.id, 3, 4, 1, (("docs/a.pdf", "is encrypted"),)))
    await world.store.keep_job(under_way, 30, IndexProgress(2, 7, "help/b", "fetch"))

    async with world.rig.http.get(f"{world.rig.url}/api/knowledge/status") as response:
        assert response.status == 200
        shown = await response.json()
    assert shown["time_zone"] == "Europe/Berlin"
    by_name = {one["source"]: one for one in shown["sources"]}
    assert len(by_name) == len(SOURCES)
    assert "ghp_token" not in json.dumps(shown)
    folder, site = by_name[FOLDER], by_name[SITE]
    assert (folder["state"], folder["indexed"], folder["unchanged"], folder["removed"]) == ("done", 3, 4, 1)
    assert folder["failures"] == [{"document": "docs/a.pdf", "reason": "is encrypted"}]
    assert folder["next_run_at"] == "2026-11-21T11:00:00+01:00"
    assert folder["ended_at"] == "2026-11-21T10:00:00+01:00"
    assert (site["state"], site["ended_at"]) == ("running", None)
    assert site["progress"] == {"done": 2, "total": 7, "document": "help/b", "stage": "fetch", "together": False}

    world.clock.move(31)
    async with world.rig.http.get(f"{world.rig.url}/api/knowledge/status") as response:
        cut = {one["source"]: one["state"] for one in (await response.json())["sources"]}
    assert cut[SITE] == "interrupted", "whoever did it gives no sign of life"


async def test_operators_have_one_source_read_or_all(world: World) -> None:
    await world.plan()
    status, answer = await world.post("/api/knowledge/reindex", {"source": FOLDER})
    assert (status, answer) == (202, {"sources": [FOLDER], "status": "/api/knowledge/status"})
    assert await world.waiting() == {FOLDER}
    status, answer = await world.post("/api/knowledge/reindex", {})
    assert (status, len(answer["sources"])) == (202, len(SOURCES))
    assert "ghp_token" not in json.dumps(answer)
    assert len(await world.waiting()) == len(SOURCES)
    status, answer = await world.post("/api/knowledge/reindex", {"source": "https://github.com/Acme/Docs.git"})
    assert status == 202, "by the name that the status shows"
    assert (await world.post("/api/knowledge/reindex", {"source": "/srv/../srv/docs/"}))[1]["sources"] == [FOLDER]


async def test_a_source_that_is_not_configured_and_a_body_that_is_none(world: World) -> None:
    await world.plan()
    assert (await world.post("/api/knowledge/reindex", {"source": "/etc"}))[0] == 404
    assert (await world.post("/api/knowledge/reindex", {"sauce": "x"}))[0] == 400
    assert (await world.post("/api/knowledge/reindex", b"[]"))[0] == 400
    assert await world.waiting() == set()


async def test_before_a_worker_has_started_it_is_asked_for_again_later(world: World) -> None:
    status, problem = await world.post("/api/knowledge/reindex", {})
    assert (status, problem["code"]) == (503, "unavailable")


async def test_nobody_else_sees_or_does_it(world: World) -> None:
    await world.plan()
    for method, path in (("GET", "/api/knowledge/status"), ("POST", "/api/knowledge/reindex")):
        headers = {"X-Forwarded-For": "203.0.113.9"}
        async with world.rig.http.request(method, f"{world.rig.url}{path}", headers=headers, json={}) as response:
            assert response.status == 403
    assert await world.waiting() == set()


def github(ref: str = "refs/heads/main", name: str = "acme/docs") -> dict[str, Any]:
    """The fields of a push that matter, as in GitHub's documentation of its webhook events."""
    return {
        "ref": ref,
        "before": "0" * 40,
        "after": "1" * 40,
        "repository": {
            "full_name": name,
            "html_url": f"https://github.com/{name}",
            "clone_url": f"https://github.com/{name}.git",
            "git_url": f"git://github.com/{name}.git",
            "ssh_url": f"git@github.com:{name}.git",
            "default_branch": "main",
        },
        "commits": [],
    }


def gitlab(ref: str) -> dict[str, Any]:
    """The fields of a push that matter, as in GitLab's documentation of its webhook events."""
    return {
        "object_kind": "push",
        "ref": ref,
        "project": {
            "path_with_namespace": "acme/handbook",
            "web_url": "https://gitlab.example.com/acme/handbook",
            "git_ssh_url": "git@gitlab.example.com:acme/handbook.git",
            "git_http_url": "https://gitlab.example.com/acme/handbook.git",
            "default_branch": "main",
        },
        "repository": {"url": "git@gitlab.example.com:acme/handbook.git"},
    }


async def test_a_push_has_its_repository_read_and_nothing_else(world: World) -> None:
    await world.plan()
    status, answer = await world.hook(github(), X_GitHub_Event="push", X_GitHub_Delivery="d-1")
    assert (status, answer) == (202, {"sources": ["https://github.com/Acme/Docs.git"], "repeated": False})
    assert await world.waiting() == {"https://github.com/Acme/Docs.git"}
    assert (await world.hook(github("refs/heads/feature")))[1]["sources"] == [], "not the branch that is read"
    assert (await world.hook(github(name="acme/else")))[1]["sources"] == []
    assert (await world.hook({"zen": "Keep it logically awesome.", "hook_id": 1}))[1]["sources"] == [], "the first ping"
    assert await world.waiting() == set()


async def test_the_same_delivery_does_nothing_twice(world: World) -> None:
    await world.plan()
    await world.hook(github(), X_GitHub_Delivery="d-1")
    assert len(await world.waiting()) == 1
    status, answer = await world.hook(github(), X_GitHub_Delivery="d-1")
    assert (status, answer) == (202, {"sources": [], "repeated": True})
    assert await world.waiting() == set()
    await world.hook(github(), X_GitHub_Delivery="d-2")
    assert len(await world.waiting()) == 1


async def test_gitlab_shows_its_token_and_a_branch_is_a_source_of_its_own(world: World) -> None:
    await world.plan()
    token = {"X-Gitlab-Token": SECRETS[0], "X-Gitlab-Event": "Push Hook"}
    assert (await world.post(PATH, gitlab("refs/heads/main"), token))[1]["sources"] == []
    status, answer = await world.post(PATH, gitlab("refs/heads/stable"), {**token, "Idempotency-Key": "g-1"})
    assert (status, answer["sources"]) == (202, [f"{BRANCH}@stable"])
    assert len(await world.waiting()) == 1


async def test_a_form_and_a_build_that_names_its_source(world: World) -> None:
    await world.plan()
    form = urlencode({"payload": json.dumps(github())}).encode()
    status, answer = await world.hook(form, Content_Type="application/x-www-form-urlencoded")
    assert (status, len(answer["sources"])) == (202, 1)
    assert (await world.hook({"source": SITE}))[1]["sources"] == [SITE]
    assert (await world.hook({"source": "https://elsewhere.example.com"}))[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": "ümlaut"},
        {"X-Hub-Signature": "sha1=abc"},
        {"X-Gitlab-Token": "guessed"},
        {"X-Gitlab-Token": ""},
    ],
)
async def test_what_proves_nothing_is_counted_and_not_read(world: World, headers: dict[str, str]) -> None:
    await world.plan()
    before = bad_signatures(world.metrics)
    status, problem = await world.post(PATH, b"\xff{", headers)
    assert (status, problem["code"]) == (401, "bad_signature")
    assert bad_signatures(world.metrics) == before + 1
    assert await world.waiting() == set()


def bad_signatures(metrics: PrometheusMetrics) -> float:
    name = f"switchboard_{Counter.BAD_SIGNATURES}_total"
    return metrics.registry.get_sample_value(name, {"channel": "knowledge"}) or 0.0


async def test_what_is_signed_and_no_json_is_refused(world: World) -> None:
    for body in (b"\xff", b"[1]", b"", b"[" * 100_000):
        assert (await world.hook(body))[0] == 400
    assert (await world.hook(github(), X_GitHub_Delivery="x" * 300))[0] == 400
    assert (await world.hook(b" " * (1024 * 1024 + 1)))[0] == 413


@pytest.mark.parametrize("headers", [{}, {"X-Hub-Signature-256": "sha256=0"}, {"X-Hub-Signature": "sha1=0"}])
async def test_what_cannot_be_proved_is_not_read(world: World, headers: dict[str, str]) -> None:
    """The body would never end."""

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with world.rig.http.post(f"{world.rig.url}{PATH}", data=endless(), headers=headers) as response:
        assert response.status == 401
    assert bad_signatures(world.metrics) == 1


async def test_without_a_secret_there_is_no_such_webhook(world: World) -> None:
    assert knowledge_hook(SourceFreshness(world.store, [], BERLIN), (), world.metrics) == []
