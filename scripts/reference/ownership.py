"""The page of the ownership state machine: every state with every event, as the code decides it, as tables and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.conversation import IllegalTransition, OwnershipEvent, OwnershipState, next_state

TITLE = "Who speaks: the ownership of a conversation"
_INTRODUCTION = (
    "A conversation has exactly one owner. Storage, turns and the desk ask the same table, `core/domain/conversation.py`, under "
    "the lock of the conversation's row. [The state machines](state-machines.md) says what else each change brings with it."
)


@dataclass(frozen=True)
class _Explained:
    """Of an event: who brings it about, what must hold besides the state, and what the same commit does."""

    cause: str
    guard: str
    effects: str


_STATES = {
    OwnershipState.BOT: "the agent answers",
    OwnershipState.QUEUED: "a person was asked for; the agent is silent and staff are told everything, or, where no staff are "
    "connected, the agent goes on answering",
    OwnershipState.STAFF: "the person in `owner` answers, and nobody else",
    OwnershipState.RESOLVED: "closed; the next message opens it",
}
_EVENTS = {
    OwnershipEvent.ESCALATE: _Explained(
        "the customer asks for a person, the agent cannot go on, a rule of the settings wants one, or staff open a case",
        "the turn that decides it still has its claim",
        "a case, its ticket and its card; the transfer is said to the customer; the timers of an unclaimed case",
    ),
    OwnershipEvent.CLAIM: _Explained(
        "staff press *Claim* or *Take over*",
        "no message of the agent's is being sent; nobody changed the owner since it was read",
        "on the web, Slack and Telegram the customer reads who joined; an "
        "agent's turn under way loses its claim; what the agent has not begun to say is withheld",
    ),
    OwnershipEvent.WITHDRAW: _Explained(
        "the customer needs nobody any more",
        "the turn still has its claim, so nobody has claimed the conversation meanwhile",
        "the case and its ticket are closed; the agent answers what else was asked",
    ),
    OwnershipEvent.RELEASE: _Explained(
        "the owner gives it up, or anybody whose owner stays silent too long is offered it; or the owner splits the case",
        "the owner pressed it; of a silent one, the offer still stands; of a split, the customer has written nothing since it "
        "was decided",
        "the timers of an unclaimed case begin anew; of a split, the case is closed and the next one opened, with its ticket and "
        "its card, and the customer reads its number",
    ),
    OwnershipEvent.HAND_BACK: _Explained(
        "staff press *Hand back*",
        "the owner pressed it, or nobody owns it",
        "the case is closed; the customer reads that the agent answers again",
    ),
    OwnershipEvent.RESOLVE: _Explained(
        "staff press *Resolve*, or merge the case into another; or the customer rates a case that was resolved, or only says "
        "thanks",
        "the owner pressed it, or nobody owns it; of a merge, nobody changed the owner of the other case since it was read; of a "
        "rating, the turn still has its claim",
        "the case is closed; the customer is told, and asked for a rating; of a merge, they are not asked, and both tickets, "
        "cards and threads name the other case",
    ),
    OwnershipEvent.REOPEN_FOR_BOT: _Explained(
        "the customer writes again",
        "it is the first message since",
        "the agent answers",
    ),
}


_AFTER_A_RESOLVE = """\
After a resolve the agent answers whatever the customer writes; thanks and ratings leave the conversation resolved. Within
`DESK_REOPEN_HOURS` after a person resolved it, `escalate` opens the same case again, in its thread, with its ticket. Later, for
another author's wish, and after *Hand back* it opens a new case. Within that time two more reasons bring in a person:

- The agent has no answer, fails, or would offer a person in place of an answer.
- The customer says that it is not solved ("it still does not work"), and the agent's reply rests on no source that the
  conversation has not shown before. An answer is said before the transfer.

A case that was merged comes back likewise, in its own thread. The thread of the case that goes on gets a line that leads
there. A case that was split does not come back: the conversation's last case does."""


def lines() -> Iterator[str]:
    """The picture, then states, events, and all pairs."""
    yield from [_INTRODUCTION, "", *_picture(), "", "## States", "", "| state | meaning |", "|---|---|"]
    for state in OwnershipState:
        yield f"| `{state}` | {_STATES[state]} |"
    yield from [
        "",
        "## Events",
        "",
        "| event | comes about when | guard | effects, in the same commit |",
        "|---|---|---|---|",
    ]
    for event in OwnershipEvent:
        told = _EVENTS[event]
        yield f"| `{event}` | {told.cause} | {told.guard} | {told.effects} |"
    yield from [
        "",
        "Every change raises the ownership epoch by one, is noted in `ownership_change`, and ends the turn under way.",
    ]
    yield from ["", "## After a resolve", "", _AFTER_A_RESOLVE]
    yield from ["", "## Every state with every event", ""]
    yield from _pairs()
    yield from ["", "A dash: refused with `illegal_transition`, and nothing changes."]


def _picture() -> Iterator[str]:
    yield from ["```mermaid", "stateDiagram-v2", f"    [*] --> {OwnershipState.BOT}"]
    for state in OwnershipState:
        for event in OwnershipEvent:
            target = _target(state, event)
            if target is not None:
                yield f"    {state} --> {target}: {event}"
    yield "```"


def _pairs() -> Iterator[str]:
    states = list(OwnershipState)
    yield f"| event | {' | '.join(f'in `{state}`' for state in states)} |"
    yield f"|---|{'---|' * len(states)}"
    for event in OwnershipEvent:
        targets = [_target(state, event) for state in states]
        yield f"| `{event}` | {' | '.join(f'`{one}`' if one else '–' for one in targets)} |"


def _target(state: OwnershipState, event: OwnershipEvent) -> OwnershipState | None:
    try:
        return next_state(state, event)
    except IllegalTransition:
        return None
