"""The agent's tools for tickets and for what the hub knows of the customer. None of them takes a customer from the model.

They change the hub's own database only, under the call's idempotency key, so unlike what changes something outside they may
be run again after a crash: the same call finds the ticket that it made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from core.agent.tool_rules import RunsWhen
from core.agent.tools import Tool, ToolContext, make_tool
from core.domain.errors import ToolError, ToolErrorKind
from core.domain.ticket import Ticket, TicketPriority, TicketStatus, numbers_in
from core.ports.tickets import NewTicket, TicketChange, Tickets

TICKET_TOOLS = ("create_ticket", "get_ticket_status", "update_ticket", "list_tickets", "lookup_account")
MAKES_TICKETS = frozenset({"create_ticket", "update_ticket"})
_AGENT = "agent"
_MOST = 20
_MOST_SAID = 10
_NOT_THERE = "This customer has no ticket of that number."
_NOT_FROM_HERE = "This customer has no ticket of that number that can be changed from this conversation."
_NOTHING = "Say what is to be changed: status, priority, category or note."

Short = Annotated[str, Field(min_length=1, max_length=200)]
Long = Annotated[str, Field(min_length=1, max_length=4000)]
Priority = Literal["low", "normal", "high"]


def ticket_tools(tickets: Tickets, others: Iterable[Tool] = ()) -> tuple[Tool, ...]:
    """All five. A company's own tool of the same name, one of ``others``, takes the place of ours."""
    taken = {tool.name for tool in others}
    mine, needed = _TicketTools(tickets), RunsWhen.CUSTOMER_NEEDS
    ours = (
        make_tool(mine.create_ticket, effect=False, runs_when=needed),
        make_tool(mine.get_ticket_status, effect=False),
        make_tool(mine.update_ticket, effect=False, runs_when=needed),
        make_tool(mine.list_tickets, effect=False),
        make_tool(mine.lookup_account, effect=False),
    )
    return tuple(tool for tool in ours if tool.name not in taken)


class _TicketTools:
    """The functions behind the tools; their docstrings are what the model reads."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def create_ticket(
        self,
        context: ToolContext,
        subject: Short,
        description: Long,
        category: Short | None = None,
        priority: Priority = "normal",
    ) -> dict[str, Any]:
        """Open a ticket for this customer, for something that cannot be settled in this conversation.

        It calls nobody: use escalate_to_human when a person is needed now. Tell the customer the number.

        Args:
            subject: What it is about, in a few words of the customer's language.
            description: What is to be known about it.
            category: What kind of matter it is, in one word.
            priority: How soon somebody has to look at it.
        """
        new = NewTicket(subject, TicketPriority(priority), category, description)
        return _for_model(
            await self._tickets.create_ticket(context.holder, new, actor=_AGENT, origin=context.idempotency_key)
        )

    async def get_ticket_status(self, context: ToolContext, number: Short) -> dict[str, Any]:
        """Where a ticket of this customer stands, and what was done about it.

        Args:
            number: The ticket's number, like TKT-20260131-0001.
        """
        found = await self._tickets.ticket(context.holder, _number(number))
        if found is None:
            raise ToolError(_NOT_THERE, ToolErrorKind.NOT_FOUND)
        return _for_model(found)

    async def update_ticket(
        self,
        context: ToolContext,
        number: Short,
        status: Literal["open", "closed"] | None = None,
        priority: Priority | None = None,
        category: Short | None = None,
        note: Long | None = None,
    ) -> dict[str, Any]:
        """Change a ticket of this customer, or add what they have to say about it.

        Args:
            number: The ticket's number, like TKT-20260131-0001.
            status: closed when the customer says that it is settled, open when it is not after all.
            priority: How soon somebody has to look at it.
            category: What kind of matter it is, in one word.
            note: What is to be known about it.
        """
        state = TicketStatus(status) if status else None
        change = TicketChange(state, TicketPriority(priority) if priority else None, category, note)
        if change == TicketChange():
            raise ToolError(_NOTHING, ToolErrorKind.INVALID)
        holder = context.holder
        found = await self._tickets.update_ticket(
            holder, _number(number), change, actor=_AGENT, origin=context.idempotency_key
        )
        if found is None:
            raise ToolError(_NOT_FROM_HERE, ToolErrorKind.NOT_FOUND)
        return _for_model(found)

    async def list_tickets(
        self, context: ToolContext, status: Literal["open", "pending", "on_hold", "resolved", "closed"] | None = None
    ) -> dict[str, Any]:
        """The newest tickets of this customer.

        Args:
            status: Only those that stand so.
        """
        found = await self._tickets.tickets(context.holder, _MOST)
        return {"tickets": [_line(one) for one in found if status in (None, one.status)]}

    async def lookup_account(self, context: ToolContext) -> dict[str, Any]:
        """What is known of this customer: how well it is proven who they are, how to reach them, their tickets, and what they
        wrote elsewhere as the same person.
        """
        customer = context.customer
        holder = context.holder
        found = await self._tickets.tickets(holder, _MOST)
        known = {
            "name": customer.display_name,
            "email": customer.contact.email,
            "phone": customer.contact.phone,
            "language": context.locale or customer.locale,
        }
        return {
            "verified": customer.verified,
            **{name: value for name, value in known.items() if value},
            "identities": [
                {"channel": one.channel, "address": one.address, "evidence": one.evidence.name.lower()}
                for one in (await self._tickets.identities(holder) if context.private else ())
            ],
            "said_elsewhere": await self._tickets.said_elsewhere(holder, _MOST_SAID),
            "conversations": await self._tickets.conversations_of(holder),
            "tickets": [_line(one) for one in found],
        }


def _number(text: str) -> str:
    """As it is written properly; what is no number at all is nobody's ticket."""
    return next(iter(numbers_in(text)), text)


def _line(ticket: Ticket) -> dict[str, Any]:
    line = {"number": ticket.number, "status": ticket.status, "priority": ticket.priority, "subject": ticket.subject}
    return line | ({"category": ticket.category} if ticket.category else {})


def _for_model(ticket: Ticket) -> dict[str, Any]:
    seen = ticket.for_customer()
    history = [
        {"at": one.at.isoformat(timespec="minutes"), "by": one.actor, "what": one.kind, "text": one.text}
        for one in seen.history
    ]
    return {**_line(seen), "opened": seen.created_at.isoformat(timespec="minutes"), "history": history}
