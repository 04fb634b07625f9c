"""When a person is needed although nobody asked for one, as the settings say it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from config.desk.staffed import is_staffed
from config.settings import Settings
from core.agent.phrases import compile_expressions
from core.ports.store import TurnState
from core.turn import Rules
from handoff.mood import MoodWords
from handoff.mood.lexicon import lexicons
from handoff.policy import EscalationRules, decide, sentiment_of


def escalation_rules(settings: Settings) -> EscalationRules:
    """Where there are no staff, only what is set on purpose: a transfer to nobody helps nobody.

    The responders look for ESCALATION_KEYWORDS themselves, together with the other ways to ask for a person.
    """
    staffed = is_staffed(settings)

    def wanted(name: str) -> bool:
        return staffed or name in settings.model_fields_set

    moods = wanted("desk_frustration") and settings.desk_frustration > 0
    return EscalationRules(
        frustration=settings.desk_frustration if moods else None,
        frustrated_messages=3 if moods else 0,
        decline=0.1 if moods else None,
        unanswered=settings.desk_escalate_unknowns if wanted("desk_escalate_unknowns") else 0,
        model_failed=staffed,
        tool_failed=staffed,
        vip=settings.desk_vip,
    )


def make_rules(settings: Settings, words: MoodWords | None = None) -> Rules:
    """Moods and names are looked at before the agent is asked, its replies afterwards. ``words``: the company's own."""
    return partial(decide, rules=escalation_rules(settings), words=words)


def compile_language(words: MoodWords | None = None) -> None:
    """Compile the expressions and read the words with which turns understand messages. Takes up to a second."""
    compile_expressions()
    lexicons(words or MoodWords())


def make_sentiment(words: MoodWords | None = None) -> Callable[[TurnState], str | None]:
    """How the customer sounded in what a turn answers."""

    return partial(sentiment_of, words=words)
