"""What bounds the agent and how it speaks. Handed in once; nothing here reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.agent.tool_rules import ToolOverride
from core.domain.knowledge import KnowledgeAudience


class Strictness(StrEnum):
    """What an answer's sentence needs to be shown.

    ``QUOTE``: code proves it. ``VERIFY``: code proves it, or the verifier finds it borne out. ``TRUST``: nothing refutes it.
    """

    QUOTE = "quote"
    VERIFY = "verify"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Bounds of one turn. Tokens are estimates (see ``tokens``), times are seconds, excerpts are characters.

    ``context_tokens`` is what one model call may hold besides its answer; ``turn_tokens`` is what all calls of a turn may
    cost together; ``answer_tokens`` leaves room for the thinking of reasoning models. ``knowledge_wait_seconds`` is how
    long a turn waits for the knowledge process to load its model.

    ``temperature`` and ``reasoning_effort``: None leaves it to the model's endpoint. ``threshold``: the score from which a
    passage may be quoted as an answer; None is the retriever's own.

    ``audience`` STAFF: whoever asks is a colleague. They may read what is kept from customers; everything they say is a
    question, and nobody is brought in for them.
    ``company_rules``: what the company itself tells its agent, as part of the system prompt.
    ``links_identities``: customers can link other addresses of theirs by a code.
    """

    company_name: str = ""
    escalation_keywords: tuple[str, ...] = ()
    passages: int = 5
    max_steps: int = 6
    max_parallel_tools: int = 8
    turn_seconds: float = 90.0
    answer_tokens: int = 4_000
    context_tokens: int = 12_000
    history_tokens: int = 3_000
    file_tokens: int = 3_000
    turn_tokens: int = 60_000
    message_tokens: int = 600
    tool_result_tokens: int = 2_000
    knowledge_wait_seconds: float = 60.0
    knowledge_poll_seconds: float = 0.25
    quote_chars: int = 700
    max_questions: int = 3
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    temperature: float | None = None
    reasoning_effort: str | None = None
    company_rules: str = ""
    threshold: float | None = None
    strictness: Strictness = Strictness.VERIFY
    tool_overrides: Mapping[str, ToolOverride] = field(default_factory=dict)
    links_identities: bool = False

    @property
    def for_staff(self) -> bool:
        """Whether colleagues ask."""
        return self.audience is KnowledgeAudience.STAFF
