"""The world around a responder: turns, a knowledge base of a few passages, a model that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer
from core.domain.errors import KnowledgeUnavailable, LostClaim, StoreUnavailable
from core.domain.keys import ConversationKey
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.domain.messages import Author, Citation, CustomerAction, Message, MessageKind
from core.ports.chat_model import ChatRequest, Finished, TextDelta, ToolCall
from core.ports.journal import JournalEntry
from core.ports.store import Claim, TurnState

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = ConversationKey("web", "default", "s_1")


class SteppingClock:
    """A clock whose sleeps cost nothing and are remembered."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def message(
    text: str,
    *,
    seq: int = 1,
    author: Author = Author.CUSTOMER,
    kind: MessageKind | None = None,
    action: CustomerAction | None = None,
    attachments: Sequence[Attachment] = (),
    meta: Mapping[str, object] | None = None,
) -> Message:
    """One stored message."""
    return Message(
        id=f"m{seq}",
        conversation_id=KEY.conversation_id,
        seq=seq,
        author=author,
        text=text,
        created_at=NOW,
        kind=kind,
        action=action,
        attachments=tuple(attachments),
        meta=meta or {},
    )


def turn_of(
    *pending: Message | str,
    history: Sequence[Message] = (),
    files: Sequence[Attachment] = (),
    locale: str | None = None,
) -> TurnState:
    """A turn on these pending messages."""
    first = len(history) + 1
    stored = tuple(
        item if isinstance(item, Message) else message(item, seq=first + place) for place, item in enumerate(pending)
    )
    conversation = Conversation(
        id=KEY.conversation_id,
        key=KEY,
        customer_id="cu1",
        state=OwnershipState.BOT,
        owner=None,
        epoch=1,
        ownership_epoch=1,
        last_seq=first + len(stored) - 1,
        done_seq=len(history),
        attempts=0,
        created_at=NOW,
        locale=locale,
    )
    return TurnState(
        Claim(conversation.id, 1), conversation, Customer("cu1", "ext1"), stored, tuple(history), tuple(files)
    )


def text_file(text: str | None, *, name: str = "invoice.pdf", file_id: str = "f1") -> Attachment:
    """A customer's file; without text it could not be read."""
    status = ExtractionStatus.READY if text else ExtractionStatus.FAILED
    return Attachment(file_id, name, "application/pdf", 10, "0" * 64, f"key-{file_id}", status, text)


PASSWORD = Passage(
    id="p-password",
    document_id="d1",
    title="Signing in",
    content="How do I reset my password?\n\nClick “Forgot password?” on the sign-in page. The link works for 60 minutes.",
    source="faq.yaml",
    score=0.82,
    section="Passwords",
    question="How do I reset my password?",
    answer="Click “Forgot password?” on the sign-in page. The link works for 60 minutes.",
)
PRICE = Passage(
    id="p-price",
    document_id="d2",
    title="Plans and prices",
    content="The Team plan costs 9 euros per person and month. Annual billing takes 15 percent off.",
    source="plans.pdf",
    score=0.74,
    page=3,
)
STRAY = Passage(
    id="p-stray",
    document_id="d3",
    title="Office hours",
    content="The office in Lisbon is open from nine to five on weekdays.",
    source="about.md",
    score=0.21,
)


REFUNDS = Passage(
    id="p-refunds",
    document_id="d4",
    title="Terms",
    content="Refunds take 5 business days. They go back to the card that you paid with.",
    source="terms.md",
    score=0.41,
    section="Payments > Refunds",
)
RETURNS = Passage(
    id="p-returns",
    document_id="d1",
    title="Signing in",
    content="How do I send something back?\n\nPut it in its box and hand it in at any post office.",
    source="faq.yaml",
    score=0.39,
    question="How do I send something back?",
    answer="Put it in its box and hand it in at any post office.",
)


class Docs:
    """A retriever over passages that are found by a word in the question."""

    def __init__(
        self,
        passages: Mapping[str, Passage] | None = None,
        *,
        threshold: float = 0.45,
        doubt: float | None = None,
    ) -> None:
        self.passages = passages if passages is not None else {"password": PASSWORD, "plan": PRICE}
        self.threshold = threshold
        self.doubt = doubt
        self.queries: list[str] = []
        self.loading = 0
        self.broken: Exception | None = None

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        self.queries.append(query)
        if self.broken is not None:
            raise self.broken
        if self.loading > 0:
            self.loading -= 1
            raise KnowledgeUnavailable("The embedding model is still loading.")
        found = [passage for word, passage in self.passages.items() if word in query.lower()]
        ranked = sorted([*found, STRAY], key=lambda passage: -passage.score)
        return Retrieval(tuple(ranked[:limit]), self.threshold, self.doubt)

    async def ready(self) -> bool:
        return self.loading == 0


@dataclass
class Watcher:
    """TurnEvents that remember; ``lost_at`` raises LostClaim at that event."""

    shown: list[str] = field(default_factory=list)
    tools: list[tuple[str, str]] = field(default_factory=list)
    cited: list[tuple[Citation, ...]] = field(default_factory=list)
    discards: int = 0
    lost_at: str | None = None

    def _check(self, event: str) -> None:
        if event == self.lost_at:
            raise LostClaim("somebody else has it")

    async def text(self, sentence: str) -> None:
        self._check("text")
        self.shown.append(sentence)

    def forbid_restart(self) -> None:
        self.is_bound = True

    async def tool_call(self, name: str, state: str) -> None:
        self._check("tool_call")
        self.tools.append((name, state))

    async def sources(self, citations: Sequence[Citation]) -> None:
        self._check("sources")
        self.cited.append(tuple(citations))

    async def discard(self) -> None:
        self._check("discard")
        self.discards += 1
        self.shown.clear()

    @property
    def text_shown(self) -> str:
        return "".join(self.shown)


class MemoryJournal:
    """The Journal protocol in memory. ``crash_after`` writes, the process "dies": the write counts, then it raises."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], JournalEntry] = {}
        self.crash_after: int | None = None
        self.lost = False
        self.away = False

    async def entries(self, turn_id: str) -> Sequence[JournalEntry]:
        found = [entry for (owner, _), entry in self.rows.items() if owner == turn_id]
        return sorted(found, key=lambda entry: (entry.step, entry.call_id))

    async def still_held(self, claim: Claim) -> None:
        if self.lost:
            raise LostClaim("the fence moved")

    async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
        if self.lost:
            raise LostClaim("the fence moved")
        if self.away:
            raise StoreUnavailable("the database is away")
        self.rows[turn_id, entry.call_id] = entry
        if self.crash_after is not None:
            self.crash_after -= 1
            if self.crash_after <= 0:
                raise Crash


class Crash(BaseException):
    """The process dies here; nothing in it may catch that."""


Step = str | Finished | Exception | Sequence[TextDelta | Finished | Exception | Callable[[], object]]


def say(text: str, *, size: int = 7, reason: str = "stop") -> list[TextDelta | Finished]:
    """A complete streamed answer in small pieces."""
    pieces: list[TextDelta | Finished] = [TextDelta(text[i : i + size]) for i in range(0, len(text), size)]
    return [*pieces, Finished(reason, usage={"total_tokens": 100})]


def call(
    name: str, arguments: str = "{}", *, text: str = "", more: Sequence[ToolCall] = ()
) -> list[TextDelta | Finished]:
    """A step that asks for tools."""
    calls = (ToolCall("call_0", name, arguments), *more)
    lead: list[TextDelta | Finished] = [TextDelta(text)] if text else []
    return [*lead, Finished("tool_calls", calls, {"total_tokens": 100})]


class ScriptedModel:
    """A ChatModel that plays one script per request and keeps the requests. ``None`` in a script never comes back."""

    name = "scripted"

    def __init__(self, *scripts: Sequence[object]) -> None:
        self.scripts = list(scripts)
        self.requests: list[ChatRequest] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        self.requests.append(request)
        assert self.scripts, f"the model was asked {len(self.requests)} times, its script is shorter"
        for item in self.scripts.pop(0):
            if item is None:
                await asyncio.Event().wait()
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, TextDelta | Finished):
                yield item


def recording(name: str = "voice.ogg", media_type: str = "audio/ogg", *, file_id: str = "r1") -> Attachment:
    """Sound or film of a customer's, which is stored and has no text."""
    return Attachment(file_id, name, media_type, 10, "0" * 64, f"key-{file_id}", ExtractionStatus.EMPTY)
