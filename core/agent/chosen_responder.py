"""Answers each conversation with the responder of its channel or account, or of its customer's arm in an experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.experiments import EXPERIMENT_META, Experiment, arm_for
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class ResponderByChannel:
    """Implements Responder. ``special``: by ``channel`` or ``channel:account``, which comes first; ``usual`` for all others."""

    usual: Responder
    special: Mapping[str, Responder]

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        key = turn.conversation.key
        of_channel = self.special.get(key.channel, self.usual)
        return await self.special.get(f"{key.channel}:{key.account}", of_channel).respond(turn, turn_id, events)


@dataclass(frozen=True, slots=True)
class ResponderByArm:
    """Implements Responder, and notes the arm with the answer. ``arms``: by names of experiment and arm; ``usual`` for
    customers who take part in none.
    """

    usual: Responder
    experiments: Sequence[Experiment]
    arms: Mapping[tuple[str, str], Responder]

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        found = arm_for(self.experiments, turn.customer.id)
        if found is None:
            return await self.usual.respond(turn, turn_id, events)
        reply = await self.arms[found].respond(turn, turn_id, events)
        marked = _marked(reply, *found)
        return marked if reply.besides is None else replace(marked, besides=_marked(reply.besides, *found))


def _marked(reply: Reply, experiment: str, arm: str) -> Reply:
    return replace(reply, meta={**reply.meta, EXPERIMENT_META: {"name": experiment, "arm": arm}})
