"""The tools that need no store: searching the knowledge base, asking for a person, and linking an address of the customer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.agent.lookup import Lookup
from core.agent.sources import from_retrieval
from core.agent.tool_rules import RunsWhen
from core.agent.tools import Tool, ToolResult, make_tool
from core.domain.conversation import Escalation
from core.domain.errors import KnowledgeUnavailable, ToolError, ToolErrorKind

SEARCH = "search_knowledge"
ESCALATE = "escalate_to_human"
LINK = "link_identity"


def search_tool(lookup: Lookup) -> Tool:
    """``search_knowledge`` over this knowledge base."""

    async def search_knowledge(
        query: Annotated[str, Field(min_length=1, max_length=500)], category: str | None = None
    ) -> ToolResult:
        """Search the company's documents for more sources. Use words that the documents would use.

        Args:
            query: What to look for, as a short self-contained question.
            category: Only look in this category, when a source named it before.
        """
        try:
            found = await lookup.find(query, category=category, wait=False)
        except KnowledgeUnavailable:
            raise ToolError("The documents cannot be searched at the moment.", ToolErrorKind.UNAVAILABLE) from None
        if not found.passages:
            return ToolResult("Nothing was found.")
        note = "" if found.supported else "None of these fits well; they may not answer the question."
        return ToolResult(note, sources=from_retrieval(found))

    return make_tool(search_knowledge, effect=False, timeout=15.0, retries=1)


def escalation_tool() -> Tool:
    """``escalate_to_human``: only records the wish; the transition happens when the turn commits, so it may be repeated."""

    def escalate_to_human(
        reason: Annotated[str, Field(min_length=1, max_length=500)],
        urgency: Literal["low", "normal", "high"] = "normal",
    ) -> ToolResult:
        """Hand the conversation to a person. Say nothing to the customer about it: they are told when it is true.

        Args:
            reason: Why a person is needed and what they need to know, for the colleague who takes over.
            urgency: How soon somebody has to look at it.
        """
        return ToolResult("Recorded.", escalation=Escalation(reason, requested_by="agent", urgency=urgency))

    return make_tool(escalate_to_human, effect=False, timeout=5.0, retries=0, runs_when=RunsWhen.CUSTOMER_NEEDS)


def link_tool() -> Tool:
    """``link_identity``: only records the wish; the hub sends a code when the turn commits, so it may be repeated."""

    def link_identity(address: Annotated[str, Field(min_length=3, max_length=300)]) -> ToolResult:
        """Link another address with this customer: they say that they also write from it, or that it is theirs.

        The hub sends a one-time code there and tells the customer what to do, below your answer. Say nothing of it yourself, and
        answer what else was asked. An address that a customer only names is not proven to be theirs.

        Args:
            address: The e-mail address, or the phone number with its country code, as the customer wrote it.
        """
        return ToolResult("Recorded.", link=address)

    return make_tool(link_identity, effect=False, timeout=5.0, retries=0, runs_when=RunsWhen.CUSTOMER_ASKS)
