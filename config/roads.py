"""The channels on which customers can be written to who have left the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.settings import Settings
from core.domain.customer import ContactDetails
from core.domain.keys import ConversationKey
from core.domain.road import Road
from core.ports.channel import Channel
from core.ports.follow_ups import Roads, SupportsFollowUp

_ORDER = ("email", "sms")
"""What costs the customer nothing comes first; channels of others come last."""


def has_roads(settings: Settings) -> bool:
    """Whether there is anything to follow up by; without it nobody has to hear that a customer has left."""
    return settings.email_address is not None or settings.twilio_account_sid is not None


def make_roads(channels: Mapping[str, Channel]) -> Roads:
    """From those that are on."""
    found = {name: one for name, one in channels.items() if isinstance(one, SupportsFollowUp)}
    first = [found[name] for name in _ORDER if name in found]
    able = [*first, *(one for name, one in sorted(found.items()) if name not in _ORDER)]

    def roads(contact: ContactDetails, home: ConversationKey) -> Sequence[Road]:
        ways = (one.road_to(contact, home) for one in able)
        return [road for road in ways if road is not None and road.key.channel != home.channel]

    return roads
