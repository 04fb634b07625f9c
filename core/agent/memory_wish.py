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
from core.domain.messages import Message, MessageKind
from core.ports.memories import Memories
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.ports.tickets import Holder

_LONGEST = 120
_MOST, _LONGEST_REPLY = 40, 1_500
"""Facts that are told at once, and their characters: a text message holds no more."""
_SHOW, _FORGET, _FILLER = Phrases("memory.show"), Phrases("memory.forget"), Phrases("talk.filler", "talk.greeting")


async def memory_reply(memories: Memories, turn: TurnState, texts: Texts) -> tuple[Reply, tuple[Message, ...]] | None:
    """The answer to messages that want nothing else, and the turn's other messages; None where there is no such message.

    Where others may read it is to be asked in private.
    """
    said = asked(turn)
    forgets = [one for one in said if _only_wants(_FORGET, one)]
    wishes = [*forgets, *(one for one in said if _only_wants(_SHOW, one))]
    if not wishes:
        return None
    rest = tuple(one for one in said if one not in wishes)
    if not turn.is_private:
        return _reply(texts.say("memory_private")), rest
    holder, now = Holder.of(turn.customer, turn.conversation.id), wishes[-1].created_at
    if forgets:
        await memories.forget_facts(holder, None, forgets[-1].created_at)
        return _reply(texts.say("memory_forgotten")), rest
    known = _listed(relevant_facts(await memories.facts_of(holder), "", now, MOST_FACTS))
    return _reply(texts.say("memory_told", facts=known) if known else texts.say("memory_none")), rest


def _only_wants(wish: Phrases, message: Message) -> bool:
    spoken = phrase(message.text) if len(message.text) <= _LONGEST else ""
    return wish.are_in(spoken) and not _FILLER.removed_from(wish.removed_from(spoken))


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
