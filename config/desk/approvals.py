"""Runs the tool calls that staff have approved: once each, for the customer whom they were approved for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from config.shared_tools import SharedTools
from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.tool_rules import RunsWhen
from core.agent.tool_runner import ToolRunner
from core.agent.tool_use import has_evidence
from core.agent.tools import Tool, ToolContext
from core.agent.turn_journal import FINISHED, STARTED, UNKNOWN, TurnJournal
from core.domain.approvals import Approval, ApprovalState
from core.domain.conversation import Conversation, Sharing
from core.domain.customer import ContactDetails, Evidence, KnownIdentity
from core.domain.errors import NotYet
from core.ports.case_files import ApprovedCall
from core.ports.chat_model import ToolCall
from core.ports.clock import Clock
from core.ports.store import TurnState
from core.storage.store import SqlStore
from handoff.thread.silent_events import SilentTurnEvents

_PATIENCE = timedelta(minutes=2)
"""How long a press waits for the server of its tool, which is reached in the background after a start."""
_AGAIN = 2.0
_STATES = {FINISHED: ApprovalState.DONE, UNKNOWN: ApprovalState.UNKNOWN}


class CompanyCalls:
    """Implements core.ports.case_files.ApprovedCalls.

    The journal of an approved call has one name, however often it is pressed: what it holds is not run again.
    """

    def __init__(self, store: SqlStore, tools: SharedTools, clock: Clock) -> None:
        self._store = store
        self._tools = tools
        self._clock = clock
        self._begun = clock.now()

    async def has_begun(self, approval: Approval) -> bool:
        """See ApprovedCalls.has_begun."""
        return any(one.call_id == approval.call_id for one in await self._store.entries(_journal_name(approval)))

    async def run(self, turn: TurnState, approval: Approval, home: Conversation) -> ApprovedCall | None:
        """See ApprovedCalls.run."""
        journal = await TurnJournal.open(self._store, turn.claim, _journal_name(approval))
        known = journal.call(approval.call_id)
        tools = dict(self._tools.now())
        tool = tools.get(approval.tool)
        if known is None or known.status == STARTED:
            missing = tool is None or (tool.checked_by and tool.checked_by not in tools)
            since = max(self._begun, turn.pending[0].created_at)
            if missing and self._clock.now() - since < _PATIENCE:
                raise NotYet(f"The tool {approval.tool} is not there.", seconds=_AGAIN)
        if known is None and tool is None:
            return None
        context = await self._context(approval, home)
        if known is None and (context is None or (tool is not None and not has_evidence(tool, context))):
            return ApprovedCall(ApprovalState.OVER, changed=True)
        if context is None:
            return ApprovedCall(ApprovalState.UNKNOWN)
        if tool is not None:
            tools[tool.name] = _without_conditions(tool)
        runner = ToolRunner(tools, journal, SilentTurnEvents(), context, 1, Consent(turn, Sources()), self._tools.use)
        (ended,) = await runner.run(1, [ToolCall(approval.call_id, approval.tool, approval.arguments)])
        state = _STATES.get(ended.status, ApprovalState.FAILED)
        return ApprovedCall(state, ended.result.content, ended.result.for_customer if ended.ok else "")

    async def _context(self, approval: Approval, home: Conversation) -> ToolContext | None:
        """Whom the call serves, by what is proven of them now. None where anything is not proven any more that was then."""
        customer = await self._store.customer(home.id, customer_id=approval.customer_id)
        if customer is None:
            return None
        private = approval.private and home.shared is Sharing.NEVER
        customer = customer if private else replace(customer, contact=ContactDetails())
        context = ToolContext(home.id, customer, approval.turn_id, "", home.locale, private)
        found = await self._store.identities(context.holder)
        proven = [one for one in found if one.evidence > Evidence.CLAIMED]
        then = [one for one in proven if (one.channel, one.address) in approval.proven]
        if len({(one.channel, one.address) for one in then}) < len(set(approval.proven)) or private != approval.private:
            return None

        async def identities() -> Sequence[KnownIdentity]:
            """Return the identities that staff read of; leave out those that were linked since."""
            return then

        return replace(context, identities=identities)


def _without_conditions(tool: Tool) -> Tool:
    """Return the tool without its consent and its rates: the approval stands for them."""
    return replace(tool, runs_when=RunsWhen.MODEL_CALLS, rate="", rate_in_all="")


def _journal_name(approval: Approval) -> str:
    return f"approved/{approval.turn_id}"
