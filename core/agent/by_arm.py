"""Answers the customers of an experiment with the responder of their arm, and notes the arm with the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.experiments import EXPERIMENT_META, Experiment, arm_for
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState


@dataclass(frozen=True, slots=True)
class ResponderByArm:
    """Implements Responder. ``arms``: by names of experiment and arm; ``usual`` for customers who take part in none."""

    usual: Responder
    experiments: Sequence[Experiment]
    arms: Mapping[tuple[str, str], Responder]

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        found = arm_for(self.experiments, turn.customer.id)
        if found is None:
            return await self.usual.respond(turn, turn_id, events)
        reply = await self.arms[found].respond(turn, turn_id, events)
        marked = _marked(reply, *found)
        return marked if reply.besides is None else replace(marked, besides=_marked(reply.besides, *found))


def _marked(reply: Reply, experiment: str, arm: str) -> Reply:
    return replace(reply, meta={**reply.meta, EXPERIMENT_META: {"name": experiment, "arm": arm}})
