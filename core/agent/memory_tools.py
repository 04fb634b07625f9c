"""The agent's tools for what is remembered of a customer. None of them takes a customer from the model, and what they find is the
customer's own words: it proves nothing of the company.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from core.agent.customer_facts import meant_facts, relevant_facts, told_facts
from core.agent.exact_parts import adds_to
from core.agent.excerpt import clip
from core.agent.history_search import SEARCHED_MESSAGES, search_history
from core.agent.own_words import unquoted
from core.agent.sources import defuse
from core.agent.tool_rules import RunsWhen
from core.agent.tools import Tool, ToolContext, make_tool
from core.agent.wording import content_stems, phrase
from core.domain.errors import ToolError, ToolErrorKind
from core.domain.memory import LONGEST_FACT, LONGEST_SUBJECT, Fact, FactKind
from core.domain.messages import Author
from core.ports.gaps import Likeness
from core.ports.memories import Memories, Said

OWN_WORDS = frozenset({"recall", "search_history"})
"""What these tools find was said, and is not known."""
KEEPS = frozenset({"remember", "forget", "forget_everything"})
_SHOWN = 40
_LONGEST_LIST = 1_000
_WRITTEN, _HELD = 40, 0.5
"""The newest messages, in one of which the customer must have written what is to be remembered; and of its words that share."""
_NOT_HERE = "Nothing is remembered here: others read along."
_NOT_SAID = "This is not remembered: no message of the customer says it. Use their own words."


def memory_tools(memories: Memories, likeness: Likeness | None = None) -> tuple[Tool, ...]:
    """``likeness``: compares what messages mean; without it only their words are compared."""
    mine, needed = _MemoryTools(memories, likeness), RunsWhen.CUSTOMER_NEEDS
    return (
        make_tool(mine.remember, effect=False, runs_when=needed),
        make_tool(mine.forget, effect=False, runs_when=needed),
        make_tool(mine.forget_everything, effect=True),
        make_tool(mine.recall, effect=False),
        make_tool(mine.search_history, effect=False),
    )


class _MemoryTools:
    """The functions behind the tools; their docstrings are what the model reads."""

    def __init__(self, memories: Memories, likeness: Likeness | None) -> None:
        self._memories = memories
        self._likeness = likeness

    async def remember(
        self,
        context: ToolContext,
        kind: Literal["name", "language", "contact", "preference", "fact"],
        text: Annotated[str, Field(min_length=1, max_length=LONGEST_FACT)],
        subject: Annotated[str, Field(max_length=LONGEST_SUBJECT)] = "",
    ) -> str:
        """Remember what this customer says of themselves and wants to be known, also when they correct what was known.

        Args:
            kind: name, language, contact, preference (how they want to be served), or another fact about them.
            text: What they said, in short and in their words.
            subject: What it is about, in one or two words; the same as before to correct it.
        """
        said = context.said
        if said is None or not context.private:
            raise ToolError(_NOT_HERE)
        written = await self._memories.history_of(context.holder, _WRITTEN)
        own = [one for one in written if (one.by, one.conversation_id) == (Author.CUSTOMER, context.conversation_id)]
        newest = Said(said.created_at, said.author, said.text, said.conversation_id, said.id)
        found = await asyncio.to_thread(_holder_of, text, [newest, *own])
        if found is None and kind != "language":  # which is called by its code or in our language as well
            raise ToolError(_NOT_SAID)
        held = found or newest
        fact = Fact(FactKind(kind), subject or kind, text, 4, held.conversation_id, held.message_id, held.at, held.at)
        await self._memories.keep_fact(context.holder, fact)
        return "Remembered."

    async def forget(
        self, context: ToolContext, what: Annotated[str, Field(min_length=1, max_length=LONGEST_FACT)]
    ) -> str:
        """Forget something that is remembered of this customer, because they want it forgotten.

        Args:
            what: The subject, or words, of what is to be forgotten.
        """
        if context.said is None or not context.private:
            raise ToolError(_NOT_HERE)
        facts = await self._memories.facts_of(context.holder)
        meant = await asyncio.to_thread(meant_facts, facts, what)
        if not meant:
            known = clip(defuse(_subjects(facts)), _LONGEST_LIST)
            text = f"Nothing was forgotten: no fact is called that. The subjects are: {known or 'none'}."
            raise ToolError(text, ToolErrorKind.NOT_FOUND)
        await self._memories.forget_facts(context.holder, {one.key for one in meant}, context.said.created_at)
        return f"Forgotten: {clip(_subjects(meant), _LONGEST_LIST)}."

    async def forget_everything(self, context: ToolContext) -> str:
        """Forget all that is remembered of this customer, because they want all of it forgotten. It cannot be undone.

        The messages stay. Who wants everything about them erased is to write “delete my data”: then the hub asks and does it.
        """
        if context.said is None or not context.private:
            raise ToolError(_NOT_HERE)
        await self._memories.forget_facts(context.holder, None, context.said.created_at)
        return "All that was remembered of this customer is forgotten."

    async def recall(self, context: ToolContext, query: Annotated[str, Field(max_length=LONGEST_FACT)] = "") -> str:
        """What is remembered of this customer: for "what do you know about me?", or when an answer depends on it.

        Args:
            query: What it is about; empty for everything.
        """
        facts = await self._memories.facts_of(context.holder)
        now = context.said.created_at if context.said is not None else max((one.used_at for one in facts), default=None)
        if not facts or now is None:
            return "Nothing is remembered of this customer."
        return told_facts(relevant_facts(facts, query, now, _SHOWN))

    async def search_history(
        self, context: ToolContext, query: Annotated[str, Field(min_length=1, max_length=LONGEST_FACT)]
    ) -> dict[str, Any]:
        """Find what this customer wrote, or was told, in earlier messages, by words and by meaning.

        Args:
            query: What to look for.
        """
        said = await self._memories.history_of(context.holder, SEARCHED_MESSAGES)
        found = await search_history(said, query, self._likeness)
        return {
            "messages": [{"at": f"{one.at:%Y-%m-%d %H:%M}", "by": one.by, "text": clip(one.text, 300)} for one in found]
        }


def _holder_of(text: str, said: Sequence[Said]) -> Said | None:
    """The message, of the newest first, that holds most of a fact's words and all its numbers and links, unquoted."""
    wanted, best, most = frozenset(content_stems(text)), None, _HELD
    for one in said:
        own = unquoted(one.text)
        if wanted:
            share = len(wanted.intersection(content_stems(own))) / len(wanted)
        else:
            share = float(phrase(text) in phrase(own).split())
        if (share > most or (share == most and best is None)) and not adds_to(own, text):
            best, most = one, share
    return best


def _subjects(facts: Sequence[Fact]) -> str:
    return ", ".join(dict.fromkeys(one.subject or str(one.kind) for one in facts))


def own_words_of(content: str) -> str:
    """What a customer said themselves, out of a whole result of these tools: without answers to it, and what they quoted."""
    try:
        found = json.loads(content)
    except ValueError:
        return content
    return "\n".join(unquoted(one["text"]) for one in found["messages"] if one["by"] == Author.CUSTOMER)
