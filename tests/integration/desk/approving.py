"""A customer whose refund staff have to approve: the agent over a scripted model, a shop, and the desk, over a real store."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from config.desk.approvals import CompanyCalls
from config.settings import Settings, read_settings
from config.shared_tools import SharedTools
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import Tool, ToolContext, make_tool
from core.budgets import BudgetLedger
from core.domain.approvals import APPROVALS, Approval
from core.domain.case import feed, side_thread
from core.domain.customer import Identity
from core.domain.errors import ToolError, ToolErrorKind
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Message, MessageReceived, StaffAction
from core.domain.timers import TimerKind
from core.ports.metrics import NoMetrics
from core.storage.store import SqlStore
from core.timers import TimerLoop, TimerSettings
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from handoff.thread.approvals import ApprovalDesk, ApprovalPosts, ApprovalTimers
from handoff.thread.staff_only import StaffOnlyDesk
from handoff.waits.timers import DeskTimers
from tests.contract.responders.world import Docs, ScriptedModel, call, say
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, LEASE, FakeDeskChannel, OfficeHours
from tests.integration.desk.test_guests import Members
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

WISH = "Please refund order A-4711."
ACTION = "refund order (order: A-4711)"
__all__ = ["ACTION", "APPROVE", "CASE", "DECLINE", "WISH", "Office", "Shop", "TimerKind", "feed"]
APPROVE, DECLINE = StaffAction.APPROVE, StaffAction.DECLINE


class Shop:
    """``does``: what happens when a refund is asked for; ``keys``: of the refunds that took place, by whom they are known."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.seen: list[ToolContext] = []
        self.does: Callable[[], Any] = lambda: "Refund R-1 is on its way."

    async def refund_order(self, order: str, context: ToolContext) -> Any:
        """Refund an order of this customer."""
        self.seen.append(context)
        self.keys.append(context.idempotency_key)
        return self.does()

    async def find_refund(self, idempotency_key: str) -> str:
        """Say whether a refund took place."""
        if idempotency_key not in self.keys:
            raise ToolError("There is none.", ToolErrorKind.NOT_FOUND)
        return "Refund R-1 is on its way."

    def tools(self, **rules: Any) -> list[Tool]:
        """What the company has written."""
        refund = make_tool(self.refund_order, effect=True, **{"runs_when": "staff_approves", **rules})
        return [refund, make_tool(self.find_refund, effect=False)]


def desk_settings(**given: Any) -> Settings:
    """Of a company whose staff are in Slack."""
    slack = {"slack_staff_channel": "C0STAFF01", "slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}
    return read_settings(**slack, **given)


class Office(OfficeHours):
    """``process``: of several over one database."""

    def __init__(
        self, store: SqlStore, clock: ManualClock, shop: Shop, monkeypatch: pytest.MonkeyPatch, **rules: Any
    ) -> None:
        super().__init__(store, clock, SETTINGS)
        self.shop = shop
        monkeypatch.setattr("config.company_tools.installed_tools", lambda: shop.tools(**rules))
        budgets = BudgetLedger(clock, store)
        self.tools = SharedTools(desk_settings(), clock, NoMetrics(), AsyncExitStack(), budgets)
        self.script: list[Any] = []
        self.members = Members()
        parts = self.parts(store)
        posts = ApprovalPosts(parts, store, "en")
        desk = ApprovalDesk(SlackDesk(parts, SETTINGS), posts, CompanyCalls(store, self.tools, clock), SETTINGS)
        self.desk = StaffOnlyDesk(desk, FakeDeskChannel(), self.members, clock, "en")
        self.turn = Turn(self, self.desk, {}, CountedMetrics(), sorry)
        decide = ApprovalTimers(DeskTimers(parts, SETTINGS).decide, posts).decide
        self.loop = TimerLoop(store, decide, self.wake, TimerSettings(lease=LEASE))

    async def respond(self, *turn: Any) -> Any:
        """See Responder: the agent with whatever the model says next."""
        loop = AgentLoop(
            ScriptedModel(*self.script),
            Docs(),
            self.store,
            AgentSettings(company_name="Tidepool"),
            self.clock,
            list(self.tools.local.values()),
            self.store,
            use=self.tools.use,
        )
        return await loop.respond(*turn)

    async def wishes(self, text: str = WISH, *orders: str) -> None:
        """The customer asks, and the agent calls the tool."""
        arguments = [json.dumps({"order": order}) for order in orders or ("A-4711",)]
        self.script = [*(call("refund_order", one) for one in arguments), say("I can pay it back.")]
        await self.customer(text)

    def pressed(self, action: StaffAction, approval: str, user: str = "grace", text: str = "") -> MessageReceived:
        """A press on a button of a post, or its form."""
        self.events += 1
        thread = ConversationKey("slack", "main", side_thread(APPROVALS, self.case))
        who, key = Identity("slack", "main", user, verified=True), EventKey("slack", "main", f"a/{user}/{self.events}")
        return MessageReceived(
            key, thread, who, text, self.clock.now(), action=action, reply_to=approval, audience=Audience.STAFF
        )

    async def presses(self, action: StaffAction, user: str = "grace", number: int = 0, text: str = "") -> None:
        """And the turn is done."""
        await self._accept(self.pressed(action, (await self.approvals())[number].id, user, text))

    async def approvals(self) -> Sequence[Approval]:
        """As they stand."""
        return await self.store.approvals("main", self.case)

    async def states(self) -> list[str]:
        """How they stand."""
        return [str(one.state) for one in await self.approvals()]

    async def verdicts(self) -> list[str]:
        """What stands on the posts in place of the buttons."""
        return [one.meta["verdict"] for one in await self.posts("decided")]

    async def survives(self) -> None:
        """Another process goes on, as soon as the lease of the one that died has ended."""
        assert await self.store.claim(10, 5.0, history=60) == []
        self.clock.move(6.0)
        await self.works()

    async def cards(self) -> list[Message]:
        """As the card was shown again."""
        return await self.posts("card_now")
