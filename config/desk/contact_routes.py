"""The channels on which customers can be written to who have left the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.domain.capabilities import AnswersBy
from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails
from core.domain.keys import ConversationKey
from core.ports.channel import Channel
from core.ports.follow_ups import ContactRoutes, SupportsFollowUp


def make_contact_routes(channels: Mapping[str, Channel]) -> ContactRoutes:
    """From those that are on."""
    found = {name: one for name, one in channels.items() if isinstance(one, SupportsFollowUp)}
    able = [found[name] for name in sorted(found, key=lambda name: _first(channels[name], name))]

    def routes(contact: ContactDetails, home: ConversationKey) -> Sequence[ContactRoute]:
        ways = (one.route_to(contact, home) for one in able)
        return [route for route in ways if route is not None and route.key.channel != home.channel]

    return routes


def answered_by(channels: Mapping[str, Channel]) -> Mapping[str, AnswersBy]:
    """By what an answer is known on each of those that can be written to."""
    return {name: how for name, one in channels.items() if (how := one.capabilities.follow_up) is not None}


def known_by_sender(channels: Mapping[str, Channel]) -> frozenset[str]:
    """Those on which an answer tells nothing but the number that it comes from."""
    return frozenset(name for name, how in answered_by(channels).items() if how is AnswersBy.SENDER)


def _first(channel: Channel, name: str) -> tuple[int, str]:
    """What says which conversation it answers comes first, and costs the customer nothing; channels of others come last."""
    order = {AnswersBy.THREAD: 0, AnswersBy.SENDER: 1}
    how = channel.capabilities.follow_up
    return (order[how] if how is not None else len(order)), name
