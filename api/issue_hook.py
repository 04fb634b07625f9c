"""``POST /webhooks/issues``: a tracker says how an issue stands. GitHub, GitLab, Jira, Linear, and one plain shape.

Whatever such an event is about, it says whether its issue is open, and since when: only that is read. So it does not matter
which of an issue's events are sent, nor whether one was missed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from api.signed_hook import SignedHook, delivery_of, payload_of
from core.domain.errors import InvalidInput
from core.domain.issues import Issue, issue_at
from core.domain.messages import RawEvent
from core.ports.channel import InboundSink
from core.ports.clock import Clock
from core.ports.metrics import Metrics

PATH = "/webhooks/issues"
_NAME = "issues"
_STATES = {"open": True, "opened": True, "reopened": True, "closed": False}
_LINEAR_OVER = frozenset({"completed", "canceled", "duplicate"})
_JIRA_OVER = "done"

Tell = Callable[[Issue, str | None], Awaitable[int]]
"""Notify the issue's cases, once per delivery id; return their number."""


def issue_hook(
    tell: Tell, sink: InboundSink, secrets: Sequence[str], metrics: Metrics, clock: Clock
) -> list[web.RouteDef]:
    """What is signed and cannot be read is kept with its body, for a person."""
    hook = SignedHook(_NAME, "DESK_ISSUE_WEBHOOK_SECRET", secrets, metrics)

    async def take(request: web.Request) -> web.Response:
        headers, body = await hook.read(request)
        try:
            news, delivery = news_of(payload_of(headers, body)), delivery_of(headers)
        except InvalidInput as error:
            kept = {name: headers[name] for name in ("content-type",) if name in headers}
            await sink.quarantine(RawEvent(_NAME, "default", body, kept, clock.now()), error.detail)
            raise
        cases = await tell(news, delivery) if news is not None else 0
        return web.json_response({"cases": cases}, status=202)

    return [web.post(PATH, take)]


def news_of(payload: Mapping[str, Any]) -> Issue | None:
    """Read the issue and its state from a webhook payload; None if it is about no issue. Raises InvalidInput."""
    issue, attributes, data = (_part(payload, name) for name in ("issue", "object_attributes", "data"))
    if isinstance(payload.get("state"), str) and "url" in payload:
        return _news(payload["url"], payload.get("title"), payload["state"], payload.get("at"))
    if "html_url" in issue and issue.get("pull_request") is None:  # Gitea names it in every issue
        return _news(issue["html_url"], issue.get("title"), issue.get("state"), issue.get("updated_at"))
    if payload.get("object_kind") in ("issue", "work_item"):
        given = attributes.get("title"), attributes.get("state"), attributes.get("updated_at")
        return _news(attributes.get("url"), *given)
    if "self" in issue and "key" in issue:
        fields = _part(issue, "fields")
        over = _part(_part(fields, "status"), "statusCategory").get("key") == _JIRA_OVER
        site = str(issue["self"]).partition("/rest/")[0]
        url, state = f"{site}/browse/{issue['key']}", "closed" if over else "open"
        return _news(url, fields.get("summary"), state, payload.get("timestamp"))
    if payload.get("type") == "Issue" and isinstance(payload.get("url"), str):
        state = "closed" if _part(data, "state").get("type") in _LINEAR_OVER else "open"
        return _news(payload["url"], data.get("title"), state, data.get("updatedAt"))
    return None


def _news(url: object, title: object, state: object, at: object) -> Issue:
    if not isinstance(url, str) or not isinstance(state, str) or state not in _STATES:
        raise InvalidInput("An issue has a url, and a state: open or closed.")
    return issue_at(url, title=title if isinstance(title, str) else "", is_open=_STATES[state], at=_seconds(at))


def _seconds(at: object) -> float:
    """Of a time as trackers write it: ISO 8601, milliseconds (Jira), or GitLab's with UTC at its end. 0 for none."""
    if at is None:
        return 0.0
    try:
        if isinstance(at, int | float):
            return datetime.fromtimestamp(at / 1000, UTC).timestamp()
        moment = datetime.fromisoformat(str(at)[:40].replace(" UTC", "Z"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("That is no time, such as 2026-11-23T17:00:00Z.") from None


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}
