"""When a person is needed although nobody asked for one, as the settings say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from config.desk.staffed import is_staffed
from config.settings import Settings
from core.agent.phrases import compile_expressions
from core.domain.conversation import Escalation
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.turn import Rules
from handoff.mood import MoodWords
from handoff.mood.lexicon import lexicons
from handoff.mood.mood import sentiment
from handoff.policy import EscalationRules, last_mood, moods_of, reason_to_escalate

_JUDGED = 20
"""Messages of the history whose mood counts: what was said long ago says little of how somebody feels now."""


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
    rules = escalation_rules(settings)
    by_mood = rules.frustration is not None

    def needed(turn: TurnState, reply: Reply | None) -> Escalation | None:
        judged = replace(turn, history=turn.history[-_JUDGED:])
        moods = moods_of(judged, words) if by_mood and reply is None else ()
        return reason_to_escalate(turn, reply, rules, moods)

    return needed


def compile_language(words: MoodWords | None = None) -> None:
    """Compile the expressions and read the words with which turns understand messages. Takes up to a second."""
    compile_expressions()
    lexicons(words or MoodWords())


def make_sentiment(words: MoodWords | None = None) -> Callable[[TurnState], str | None]:
    """How the customer sounded in what a turn answers."""

    def sounds(turn: TurnState) -> str | None:
        mood = last_mood(replace(turn, history=turn.history[-_JUDGED:]), words)
        return None if mood is None else sentiment(mood)

    return sounds
