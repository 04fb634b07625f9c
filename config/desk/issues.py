"""A company's issue tracker: the tool that creates issues in it, and the webhook by which it says how they stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from aiohttp import web

from api.issue_hook import issue_hook
from channels.slack.place import CHANNEL
from config.company_tools import named_tool
from config.desk.app import ACCOUNT, has_own_app
from config.desk.staffed import desk_account
from config.settings import Settings, secrets_of
from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.tool_rules import Needs, RunsWhen
from core.agent.tool_runner import ToolRunner
from core.agent.tools import Tool, ToolContext
from core.agent.turn_journal import UNKNOWN, TurnJournal
from core.domain.case import DESK, side_thread
from core.domain.conversation import OwnershipEvent
from core.domain.customer import Customer, Identity
from core.domain.errors import ConfigError, InvalidInput
from core.domain.issues import ISSUES, TEXT, TITLE, URL, Issue, issue_at
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Message, MessageReceived, StaffAction
from core.ports.case_files import NoIssue
from core.ports.channel import InboundSink
from core.ports.chat_model import ToolCall
from core.ports.clock import Clock
from core.ports.metrics import Metrics
from core.ports.store import TurnState
from core.storage.ids import new_id
from core.storage.store import SqlStore
from handoff.thread.silent_events import SilentTurnEvents

_HEARD = "issue/"
"""``issue/<which>``: how it stands by all that its tracker said, for an issue that cases follow."""
_FOLLOWS = "issue/{}/"
"""``issue/<which>/<case>``: the case follows it. What was told there last: see _issue_state."""
_MOST_CASES = 10_000
_FIELDS = {"title", "text"}
_LONGEST_TEXT, _LONGEST_REASON = 3_500, 500
_TRACKER = "tracker"


def tracks_issues(settings: Settings) -> bool:
    """Whether staff have forms for issues: in Slack, with a tool or a webhook."""
    connected = settings.desk_issue_tool or settings.desk_issue_webhook_secret
    return settings.slack_staff_channel is not None and bool(connected)


def issue_tool(settings: Settings) -> Tool | None:
    """The tool of DESK_ISSUE_TOOL. Raises ConfigError for one that is missing, only reads, or takes other arguments."""
    tool = named_tool(settings, "DESK_ISSUE_TOOL")
    if tool is None:
        return None
    fields = tool.arguments.model_fields
    needed = {field for field, one in fields.items() if one.is_required()}
    if not tool.effect or not needed <= _FIELDS <= set(fields):
        raise ConfigError(
            f"DESK_ISSUE_TOOL: {tool.name} must have an effect, and take a title and a text, and need nothing else."
        )
    return replace(tool, runs_when=RunsWhen.MODEL_CALLS, needs=Needs.ANYONE)  # staff ask for it, not the customer


class TrackedIssues:
    """Implements core.ports.case_files.CaseIssues. ``account``: the desk's."""

    def __init__(self, store: SqlStore, account: str, tool: Tool | None) -> None:
        self._store = store
        self._account = account
        self._tool = tool

    async def issues(self, case_id: str) -> Sequence[Issue]:
        """See CaseIssues.issues."""
        return await self._store.issues(self._account, case_id)

    async def create_or_link(self, turn: TurnState, order: Message, case_id: str, *, room: bool) -> Issue | NoIssue:
        """See CaseIssues.create_or_link. It is followed before it is shown: what its tracker says meanwhile waits for it."""
        given = json.loads(order.text or "{}")
        url, title, text = (str(given.get(one, "")).strip() for one in (URL, TITLE, TEXT))
        written = "\n".join(filter(None, (url, title, text)))[:_LONGEST_TEXT]
        if not room:
            return NoIssue("many", written)
        try:
            linked = issue_at(url) if url else None
            found = linked or await self._created(turn, order.id, title, text, written)
        except InvalidInput as error:
            return NoIssue("failed", written, error.detail)
        if isinstance(found, Issue):
            follows = _FOLLOWS.format(found.ref) + case_id
            await self._store.replace(
                DESK, self._account, follows, None, _issue_state(found)
            )  # it may follow it already
        return found

    async def followers(self, issue: Issue, most: int = _MOST_CASES) -> Mapping[str, str]:
        """The cases that follow it, each with what was told there last. Raises StoreUnavailable."""
        prefix = _FOLLOWS.format(issue.ref)
        found = await self._store.recall_all(DESK, self._account, prefix, most)
        return {key.removeprefix(prefix): told for key, told in found.items()}

    async def record(self, news: Issue) -> Issue:
        """Keep it, and return how the issue stands by all that was heard of it. Raises StoreUnavailable."""
        key = f"{_HEARD}{news.ref}"
        while True:
            kept = await self._store.recall(DESK, self._account, key)
            now = Issue(**json.loads(kept)).after(news) if kept else news
            text = json.dumps(asdict(now))
            if text == kept or await self._store.replace(DESK, self._account, key, kept, text):
                return now

    async def latest(self, news: Issue, case_id: str) -> Issue:
        """See CaseIssues.latest.

        The webhook keeps what it hears, and then looks what was told; here it is the other way round. So whatever is heard at
        the same time, one of them sees the other.
        """
        told = None
        while True:
            kept = await self._store.recall(DESK, self._account, f"{_HEARD}{news.ref}")
            now = Issue(**json.loads(kept)) if kept else news
            if _issue_state(now) == told:
                return now
            told = _issue_state(now)
            await self._store.remember(DESK, self._account, _FOLLOWS.format(news.ref) + case_id, told)

    async def last_owner(self, case_id: str) -> str | None:
        """See CaseIssues.last_owner."""
        changes = reversed(await self._store.case_log(case_id))
        who = (one.actor if one.what == OwnershipEvent.RESOLVE else one.owner for one in changes)
        return next(filter(None, who), None)

    async def _created(self, turn: TurnState, order: str, title: str, text: str, written: str) -> Issue | NoIssue:
        """The tool is told of the customer only what stands in the form. Raises InvalidInput, LostClaim."""
        if self._tool is None or not title:
            raise InvalidInput("DESK_ISSUE_TOOL is not set, or the issue has no title.")
        tool, home = self._tool, turn.conversation
        turn_id = f"{home.id}:{home.done_seq + 1}"
        journal = await TurnJournal.open(self._store, turn.claim, turn_id)
        context = ToolContext(home.id, Customer("", ""), turn_id, order, private=False)
        runner = ToolRunner({tool.name: tool}, journal, SilentTurnEvents(), context, 1, Consent(turn, Sources()))
        call = ToolCall(order, tool.name, json.dumps({"title": title, "text": text}, ensure_ascii=False))
        (ended,) = await runner.run(1, [call])
        said = ended.result.content[:_LONGEST_REASON]
        if not ended.ok:
            return NoIssue("unknown", written) if ended.status == UNKNOWN else NoIssue("failed", written, said)
        try:
            made = ended.result.data
            return issue_at(str(made["url"]), key=str(made.get("key") or ""), title=title, is_open=True)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, InvalidInput):
            return NoIssue("unknown", written, said)


def _issue_state(issue: Issue) -> str:
    """What a case shows of how an issue stands. Whatever else its tracker says of it is no news for the case."""
    return json.dumps([issue.is_open, issue.title])


class IssueNews:
    """Passes on what a tracker says to the cases that follow the issue: once each, and only where something has changed.

    ``heard_by``: the account of the Slack channel through which the staff's doings come.
    """

    def __init__(self, tracked: TrackedIssues, sink: InboundSink, heard_by: str, clock: Clock) -> None:
        self._tracked = tracked
        self._sink = sink
        self._heard_by = heard_by
        self._clock = clock

    async def tell(self, news: Issue, delivery: str | None) -> int:
        """How many cases follow the issue. ``delivery``: the tracker's name for it. Raises StoreUnavailable, Overloaded.

        What has neither a name nor a time counts as new whenever it comes. A label or an assignment changes nothing that a case
        shows: it is no turn of any case.
        """
        if not await self._tracked.followers(news, 1):
            return 0
        which, now = delivery or (str(news.at) if news.at else new_id()), await self._tracked.record(news)
        cases = await self._tracked.followers(news)
        behind = [case_id for case_id, told in cases.items() if told != _issue_state(now)]
        await self._sink.accept([self._event(now, which, case_id) for case_id in behind])
        return len(cases)

    def _event(self, news: Issue, which: str, case_id: str) -> MessageReceived:
        return MessageReceived(
            key=EventKey(CHANNEL, self._heard_by, f"i/{which}/{news.ref}/{news.is_open}/{case_id}"),
            conversation=ConversationKey(CHANNEL, self._heard_by, side_thread(ISSUES, case_id)),
            sender=Identity(CHANNEL, self._heard_by, _TRACKER),
            text=json.dumps(asdict(news), ensure_ascii=False),
            sent_at=self._clock.now(),
            action=StaffAction.ISSUE_NEWS,
            audience=Audience.STAFF,
        )


def issue_routes(
    settings: Settings, store: SqlStore, sink: InboundSink, metrics: Metrics, clock: Clock
) -> list[web.RouteDef]:
    """The webhook, where it has a secret and there are staff in Slack."""
    account, secrets = desk_account(settings), secrets_of(settings.desk_issue_webhook_secret)
    if account is None or not secrets or not tracks_issues(settings):
        return []
    heard_by = ACCOUNT if has_own_app(settings) else "default"
    news = IssueNews(TrackedIssues(store, account, None), sink, heard_by, clock)
    return issue_hook(news.tell, sink, secrets, metrics, clock)
