"""What the agent is given in a replayed turn: the conversation so far, passages and tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zlib import crc32

from pydantic import BaseModel, ConfigDict

from config.conversations.transcript import RecordedCall, RecordedTurn, Transcript, without_markers
from core.agent.tool_rules import RunsWhen
from core.agent.tools import Tool
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.domain.messages import Author, Citation, Message, MessageKind
from core.ports.chat_model import ToolSpec
from core.ports.journal import JournalEntry
from core.ports.store import Claim, TurnState

_WHEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_SCORES = (0.62, 0.5, 0.41, 0.36, 0.3)
_THRESHOLD = 0.45


class GivenPassages:
    """Implements Retriever: ``wanted`` among others, some below the threshold; only the transcript's search, if any, finds it."""

    def __init__(self, turn: RecordedTurn, wanted: Sequence[Passage], others: Sequence[Passage]) -> None:
        place = crc32(turn.user.encode())
        others = [one for one in others if one not in wanted]
        self._search = turn.search
        self._others = [others[(place + step * 37) % len(others)] for step in range(len(_SCORES) if others else 0)]
        self._wanted = [*self._others[: place % 2], *wanted]

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """See Retriever.retrieve."""
        found = self._wanted if self._search in ("", query) else []
        scores = _SCORES if found else _SCORES[2:]
        ranked = list(dict.fromkeys([*found, *self._others]))[:limit]
        scored = [replace(one, score=scores[min(at, len(scores) - 1)]) for at, one in enumerate(ranked)]
        return Retrieval(tuple(scored), _THRESHOLD)

    async def ready(self) -> bool:
        """Always."""
        return True


class _AnyArguments(BaseModel):
    model_config = ConfigDict(extra="allow")


def recorded_tool(name: str, calls: Sequence[RecordedCall]) -> Tool:
    """A tool that gives the results of these calls, in their order. They were made, so nothing is held against them again."""
    results = [call.result or "" for call in calls]

    async def next_result(**_: object) -> str:
        return results.pop(0)

    spec = ToolSpec(name, name, {"type": "object"})
    effect = any(call.effect for call in calls)
    return Tool(spec, next_result, _AnyArguments, None, effect, 10.0, 0, RunsWhen.MODEL_CALLS)


class Nowhere:
    """Implements Journal and TurnEvents for turns that are neither resumed nor watched."""

    async def entries(self, turn_id: str) -> Sequence[JournalEntry]:
        """None."""
        return ()

    async def still_held(self, claim: Claim) -> None:
        """Always."""

    async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        """Nothing is kept."""

    async def text(self, sentence: str) -> None:
        """Nothing is shown."""

    def forbid_restart(self) -> None:
        """Nothing is begun anew."""

    async def tool_call(self, name: str, state: str) -> None:
        """Nothing is shown."""

    async def sources(self, citations: Sequence[Citation]) -> None:
        """Nothing is shown."""

    async def discard(self) -> None:
        """Nothing was shown."""


def turn_state(case: Transcript, place: int) -> TurnState:
    """The turn at this place, with those before it as history."""
    said: list[Message] = []
    for turn in case.turns[: place + 1]:
        written = turn.reply or " ".join(part.text for part in turn.parts)
        said += [
            _message(len(said) + 1, Author.CUSTOMER, turn.user, turn),
            _message(len(said) + 2, Author.AGENT, without_markers(written)),
        ]
    *history, pending, _ = said
    conversation = Conversation(
        id="replayed",
        key=ConversationKey("web", "default", "replayed"),
        customer_id="customer",
        state=OwnershipState.BOT,
        owner=None,
        epoch=1,
        ownership_epoch=1,
        last_seq=pending.seq,
        done_seq=pending.seq - 1,
        attempts=0,
        created_at=_WHEN,
        locale=case.locale,
    )
    customer = Customer("customer", "customer")
    return TurnState(Claim("replayed", 1), conversation, customer, (pending,), tuple(history))


def _message(seq: int, author: Author, text: str, turn: RecordedTurn | None = None) -> Message:
    kind = MessageKind.ANSWER if author is Author.AGENT else None
    files = tuple(
        Attachment(
            one.name, one.name, "text/plain", len(one.text), "0" * 64, one.name, ExtractionStatus.READY, one.text
        )
        for one in (turn.files if turn is not None else ())
    )
    return Message(f"m{seq}", "replayed", seq, author, text, _WHEN, kind=kind, attachments=files)
