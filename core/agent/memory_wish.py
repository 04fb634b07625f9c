"""What a customer wants of what is remembered of them, without a model: to see it, or to have all of it forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from core.agent.customer_facts import relevant_facts
from core.agent.excerpt import clip
from core.agent.language import packs
from core.agent.phrases import Phrases
from core.agent.routing import asked
from core.agent.texts import Texts
from core.agent.wording import phrase
from core.domain.memory import LONGEST_FACT, MOST_FACTS, Fact, FactKind
from core.domain.messages import MessageKind
from core.ports.memories import Memories
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.ports.tickets import Holder

_LONGEST = 120
_MOST, _LONGEST_REPLY = 40, 1_500
"""Facts that are told at once, and their characters: a text message holds no more."""
_SHOW, _FORGET, _FILLER = Phrases("memory.show"), Phrases("memory.forget"), Phrases("talk.filler", "talk.greeting")


async def memory_reply(memories: Memories, turn: TurnState, texts: Texts) -> Reply | None:
    """The answer to a message that wants nothing else; None to any other. Where others may read it is to be asked in private."""
    said = asked(turn)
    spoken = phrase(said[-1].text) if len(said) == 1 and len(said[0].text) <= _LONGEST else ""
    shows, forgets = (
        one.are_in(spoken) and not _FILLER.removed_from(one.removed_from(spoken)) for one in (_SHOW, _FORGET)
    )
    if not (shows or forgets):
        return None
    if not turn.is_private:
        return _reply(texts.say("memory_private"))
    holder = Holder.of(turn.customer, turn.conversation.id)
    if forgets:
        await memories.forget_facts(holder, None, said[-1].created_at)
        return _reply(texts.say("memory_forgotten"))
    facts = await memories.facts_of(holder)
    known = _listed(relevant_facts(facts, "", said[-1].created_at, MOST_FACTS))
    return _reply(texts.say("memory_told", facts=known) if known else texts.say("memory_none"))


def _listed(facts: Sequence[Fact]) -> str:
    """Line by line, as many as fit; a mark stands for the others."""
    lines = [f"- {_fact_text(one)}" for one in facts[:_MOST]]
    ends = accumulate(len(line) + 1 for line in lines)
    fitting = [line for line, end in zip(lines, ends, strict=True) if end <= _LONGEST_REPLY]
    return "\n".join([*fitting, "…"] if len(fitting) < len(facts) else lines)


def _fact_text(fact: Fact) -> str:
    is_language = fact.kind is FactKind.LANGUAGE and fact.text in packs()
    return packs()[fact.text].name if is_language else clip(" ".join(fact.text.split()), LONGEST_FACT)


def _reply(text: str) -> Reply:
    return Reply(text, MessageKind.SMALL_TALK, confidence=1.0, intent="memory")
