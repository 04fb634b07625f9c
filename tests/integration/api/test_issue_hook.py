"""A tracker's webhook: proven, read in the shape of each tracker, kept where it cannot be read, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest

from api.issue_hook import PATH, issue_hook
from api.metrics import PrometheusMetrics
from core.domain.errors import StoreUnavailable
from core.domain.issues import Issue, issue_at
from core.intake import Intake
from core.ports.metrics import Counter
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.api.rig import Rig, serve
from tests.unit.core.counted import CountedMetrics

SECRETS = ("the one of last year", "the one of this year")
AT = 1795453200.0
"""2026-11-23T17:00:00Z"""


class World:
    """A served hub. ``told``: what it passed on; ``away``: its database does not answer."""

    def __init__(self, rig: Rig, store: SqlStore, metrics: PrometheusMetrics) -> None:
        self.rig, self.store, self.metrics = rig, store, metrics
        self.told: list[tuple[Issue, str | None]] = []
        self.away = False

    async def tell(self, news: Issue, delivery: str | None) -> int:
        """One case follows everything."""
        if self.away:
            raise StoreUnavailable("The database does not answer.")
        self.told.append((news, delivery))
        return 1

    async def post(self, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
        """Status and JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **headers}
        async with self.rig.http.post(f"{self.rig.url}{PATH}", data=io.BytesIO(data), headers=given) as response:
            return response.status, await response.json(content_type=None)

    async def signed(
        self, body: Any, secret: str = SECRETS[1], name: str = "X-Hub-Signature-256", sign: str = "sha256=", **more: str
    ) -> tuple[int, Any]:
        """With the body's signature."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        mac = hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
        return await self.post(
            data, {name: sign + mac, **{key.replace("_", "-"): value for key, value in more.items()}}
        )

    async def quarantined(self) -> int:
        """How much is kept for a person."""
        return int((await self.store.counts())["events_quarantined"])


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    await migrate(sqlite_url)
    clock = ManualClock()
    store = SqlStore(sqlite_url, clock)
    await store.open()
    intake = Intake(store, LocalWake(), CountedMetrics(), {})
    made: list[World] = []

    async def tell(news: Issue, delivery: str | None) -> int:
        return await made[0].tell(news, delivery)

    metrics = PrometheusMetrics()
    async with serve(issue_hook(tell, intake, SECRETS, metrics, clock)) as rig:
        made.append(World(rig, store, metrics))
        yield made[0]
    await store.close()


def github(state: str = "closed", action: str = "closed") -> dict[str, Any]:
    """The fields of GitHub's ``issues`` event that matter (docs.github.com, Webhook events and payloads)."""
    return {
        "action": action,
        "issue": {
            "url": "https://api.github.com/repos/acme/app/issues/12",
            "html_url": "https://github.com/acme/app/issues/12",
            "number": 12,
            "title": "Export fails",
            "state": state,
            "state_reason": "completed",
            "updated_at": "2026-11-23T17:00:00Z",
            "closed_at": "2026-11-23T17:00:00Z",
        },
        "repository": {"full_name": "acme/app", "html_url": "https://github.com/acme/app"},
        "sender": {"login": "octocat"},
    }


def gitlab(kind: str = "issue", at: str = "2026-11-23 17:00:00 UTC") -> dict[str, Any]:
    """Of GitLab's issue events (docs.gitlab.com, Webhook events)."""
    return {
        "object_kind": kind,
        "event_type": kind,
        "project": {"id": 1, "web_url": "https://gitlab.example.com/acme/app"},
        "object_attributes": {
            "id": 301,
            "iid": 23,
            "title": "Export fails",
            "state": "closed",
            "action": "close",
            "updated_at": at,
            "url": "https://gitlab.example.com/acme/app/-/issues/23",
        },
    }


def jira(category: str = "done") -> dict[str, Any]:
    """Of Jira's ``jira:issue_updated`` (developer.atlassian.com, Webhooks)."""
    return {
        "timestamp": 1795453200000,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "issue": {
            "id": "10007",
            "self": "https://acme.atlassian.net/rest/api/2/issue/10007",
            "key": "APP-7",
            "fields": {
                "summary": "Export fails",
                "status": {"name": "Done", "statusCategory": {"id": 3, "key": category, "name": "Done"}},
            },
        },
    }


def linear(state: str = "completed") -> dict[str, Any]:
    """Of Linear's data change events (linear.app/developers/webhooks)."""
    return {
        "action": "update",
        "type": "Issue",
        "createdAt": "2026-11-23T17:00:00.000Z",
        "data": {
            "id": "2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9",
            "number": 7,
            "title": "Export fails",
            "updatedAt": "2026-11-23T17:00:00.000Z",
            "state": {"id": "s1", "name": "Done", "type": state},
            "team": {"key": "APP"},
        },
        "updatedFrom": {"stateId": "s0"},
        "url": "https://linear.app/acme/issue/APP-7/export-fails",
        "webhookTimestamp": 1795453200123,
    }


def gitea(event: str = "issues", pull_request: Any = None) -> dict[str, Any]:
    """Of Gitea's and Forgejo's ``issues`` and ``issue_comment`` events. Every issue names ``pull_request``: null for none."""
    page = "https://gitea.example.com/acme/app/" + ("pulls/12" if pull_request else "issues/12")
    return {
        "action": "created" if event == "issue_comment" else "closed",
        "number": 12,
        "issue": {
            "id": 41,
            "url": "https://gitea.example.com/api/v1/repos/acme/app/issues/12",
            "html_url": page,
            "number": 12,
            "user": {"id": 2, "login": "linus", "email": "linus@noreply.gitea.example.com"},
            "original_author": "",
            "original_author_id": 0,
            "title": "Export fails",
            "body": "",
            "ref": "",
            "assets": [],
            "labels": [],
            "milestone": None,
            "assignee": None,
            "assignees": None,
            "state": "closed",
            "is_locked": False,
            "comments": 0,
            "created_at": "2026-11-20T09:00:00Z",
            "updated_at": "2026-11-23T18:00:00+01:00",
            "closed_at": "2026-11-23T18:00:00+01:00",
            "due_date": None,
            "pull_request": pull_request,
            "repository": {"id": 3, "name": "app", "owner": "acme", "full_name": "acme/app"},
            "pin_order": 0,
        },
        "repository": {"id": 3, "full_name": "acme/app", "html_url": "https://gitea.example.com/acme/app"},
        "sender": {"id": 2, "login": "linus"},
        "commit_id": "",
    }


def _closed(url: str) -> Issue:
    return issue_at(url, title="Export fails", is_open=False, at=AT)


async def test_github_says_that_an_issue_is_closed(world: World) -> None:
    assert await world.signed(github(), X_GitHub_Delivery="d1", X_GitHub_Event="issues") == (202, {"cases": 1})
    assert world.told == [(_closed("https://github.com/acme/app/issues/12"), "d1")]
    form = urlencode({"payload": json.dumps(github("open", "reopened"))}).encode()
    assert (await world.signed(form, Content_Type="application/x-www-form-urlencoded"))[0] == 202
    assert [one.is_open for one, _ in world.told] == [False, True]


@pytest.mark.parametrize("event", ["issues", "issue_comment"])
async def test_gitea_and_forgejo_say_it(world: World, event: str) -> None:
    names = {"X_Gitea_Delivery": "d5", "X_GitHub_Delivery": "d5", "X_Gitea_Event": event, "X_GitHub_Event": event}
    assert await world.signed(gitea(event), **names) == (202, {"cases": 1})
    assert world.told == [(_closed("https://gitea.example.com/acme/app/issues/12"), "d5")]


@pytest.mark.parametrize("kind", ["issue", "work_item"])
@pytest.mark.parametrize("at", ["2026-11-23 17:00:00 UTC", "2026-11-23T17:00:00Z", "2026-11-23T18:00:00.000+01:00"])
async def test_gitlab_says_it(world: World, kind: str, at: str) -> None:
    token = {"X-Gitlab-Token": SECRETS[0], "X-Gitlab-Event": "Issue Hook", "Idempotency-Key": "d2"}
    assert (await world.post(gitlab(kind, at), token))[0] == 202
    assert world.told == [(_closed("https://gitlab.example.com/acme/app/-/issues/23"), "d2")]


async def test_jira_says_it(world: World) -> None:
    assert (await world.signed(jira(), name="X-Hub-Signature", X_Atlassian_Webhook_Identifier="d3"))[0] == 202
    assert world.told == [(_closed("https://acme.atlassian.net/browse/APP-7"), "d3")]
    await world.signed(jira("indeterminate"), name="X-Hub-Signature")
    assert world.told[-1][0].is_open


@pytest.mark.parametrize(
    ("state", "is_open"), [("completed", False), ("canceled", False), ("duplicate", False), ("started", True)]
)
async def test_linear_says_it(world: World, state: str, is_open: bool) -> None:
    assert (await world.signed(linear(state), name="Linear-Signature", sign="", Linear_Delivery="d4"))[0] == 202
    ((news, delivery),) = world.told
    assert (news.is_open, news.at, news.title, delivery) == (is_open, AT, "Export fails", "d4")
    assert news.ref == issue_at("https://linear.app/acme/issue/APP-7").ref


async def test_anything_else_says_it_in_one_plain_shape(world: World) -> None:
    url = "https://tracker.example.com/show?id=7"
    for state in ("closed", "open"):
        assert await world.signed({"url": url, "state": state}) == (202, {"cases": 1})
    await world.signed({"url": url, "state": "closed", "title": "Export fails", "at": "2026-11-23T18:00:00+01:00"})
    assert [(one.is_open, one.at) for one, _ in world.told] == [(False, 0.0), (True, 0.0), (False, AT)]


@pytest.mark.parametrize(
    "body",
    [
        {"zen": "Keep it logically awesome.", "hook_id": 1},
        {"ref": "refs/heads/main", "repository": {"url": "https://github.com/acme/app"}},
        {"action": "closed", "pull_request": {"html_url": "https://github.com/acme/app/pull/1", "state": "closed"}},
        {"action": "created", "issue": {"html_url": "https://github.com/acme/app/pull/1", "pull_request": {}}},
        gitea("issue_comment", {"draft": False, "merged": False, "merged_at": None}),
        {"type": "Comment", "data": {"id": "1"}, "url": "https://linear.app/acme/issue/APP-7#comment-1"},
        {"object_kind": "note", "object_attributes": {"url": "https://gitlab.com/acme/app/-/issues/1#note_1"}},
        {"issue": None, "data": [], "object_attributes": 5},
    ],
)
async def test_what_is_about_no_issue_is_thanked_for_and_nothing_comes_of_it(world: World, body: Any) -> None:
    assert await world.signed(body) == (202, {"cases": 0})
    assert world.told == []
    assert await world.quarantined() == 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"closed", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5_000),
        *(
            {"url": 5, "state": "closed"},
            {"url": "APP-7", "state": "closed"},
            {"url": "https://e.com/1", "state": "gone"},
        ),
        *({"url": "https://e.com/1", "state": "closed", "at": at} for at in ("yesterday", 1e300, [], "9" * 50)),
        {"issue": {"html_url": None}},
        {"object_kind": "issue"},
        {"issue": {"self": [], "key": {}, "fields": {"status": 5}}},
    ],
)
async def test_what_is_signed_and_cannot_be_read_is_kept_for_a_person(world: World, body: Any) -> None:
    status, problem = await world.signed(body)
    assert (status, problem["status"]) == (400, 400)
    assert world.told == []
    assert await world.quarantined() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature": "sha1=" + "0" * 40},
        {"Linear-Signature": "0" * 64},
        {"X-Gitlab-Token": "the one of this yeaR"},
        {"X-Gitlab-Token": "é"},
    ],
)
async def test_what_is_not_proven_is_refused_and_nothing_is_stored(world: World, headers: dict[str, str]) -> None:
    for body in (github(), b"not JSON"):
        assert (await world.post(body, headers))[0] == 401
    assert world.told == []
    assert await world.quarantined() == 0
    name = f"switchboard_{Counter.BAD_SIGNATURES}_total"
    assert world.metrics.registry.get_sample_value(name, {"channel": "issues"}) == 2


async def test_a_body_of_more_than_a_megabyte_is_refused(world: World) -> None:
    padded = {**github(), "padding": "x" * (1024 * 1024)}
    assert (await world.signed(padded))[0] == 413
    assert (await world.signed({**github(), "padding": "x" * (1024 * 1024 - 2_000)}))[0] == 202
    assert len(world.told) == 1


async def test_while_the_database_is_away_the_tracker_is_asked_to_come_again(world: World) -> None:
    world.away = True
    assert (await world.signed(github()))[0] == 503
    world.away = False
    assert (await world.signed(github()))[0] == 202


async def test_a_name_of_a_delivery_that_is_none(world: World) -> None:
    assert (await world.signed(github(), X_GitHub_Delivery="d" * 201))[0] == 400
    assert world.told == []
