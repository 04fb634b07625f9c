"""What the Slack channel has to be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.group_modes import MENTIONS_ONLY, Modes
from channels.staff_rule import StaffRule
from core.domain.messages import Audience

HOOK, DESK_HOOK = "/webhooks/slack", "/webhooks/slack/desk"
"""Where Slack sends to the app that customers use, and to one that only the staff have."""
STAFF_CHANNEL = "staff-channel/"
"""Keys in the channel's memory: channels in which cases were shown. Their threads go on when the setting has changed."""
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
    "users:read.email",
)
"""What the bot's token must be allowed; the manifest in the guide asks for the same."""

NEEDED = frozenset({"chat:write", "im:history", "app_mentions:read", "files:read", "files:write", "users:read"})
"""Without one of these something that customers see does not work. The others only make it nicer."""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Secrets are tuples: during a rotation the old one and the new one are both accepted.

    ``bot_tokens``: of the workspace that the app lives in; other workspaces install it through ``client_id`` and
    ``client_secret``. ``app_tokens``: Socket Mode instead of HTTP. ``state_secrets`` sign the way back of an installation, and
    the first of them seals its token; ``former_secrets`` only open what they sealed. ``own_key``: nobody has chosen the key,
    the hub keeps one of its own.
    ``agent_view``: the app's manifest has ``agent_view``, in which each direct message begins a thread of its own.
    ``timeout``: seconds for a call to Slack. ``answer_within``: seconds after which an event that is not stored yet is refused,
    so that Slack, which waits for three, comes again.
    ``feedback``: thumbs are shown under answers.
    ``staff_channels``: ids of channels that belong to the staff, in which nobody is a customer. ``hears``: whose events this
    app takes, where staff and customers have one each. ``hook``: the path of its webhook; only the first has the pages of an
    installation. ``staff_language``: of what staff are told at once. ``staff_tokens``: of the staff's own app, where their
    workspace is another one than that of ``bot_tokens``. ``staff_rule``: who is a colleague in channels. ``modes``: what
    is heard in channels without a mention; ``ask_emoji``: the emoji that asks, where one does. ``case_emoji``: Slack's name of
    the emoji by which staff open a case for a customer's message.
    """

    account: str = "default"
    bot_tokens: tuple[str, ...] = ()
    signing_secrets: tuple[str, ...] = ()
    app_tokens: tuple[str, ...] = ()
    client_id: str | None = None
    client_secret: str | None = None
    state_secrets: tuple[str, ...] = ()
    former_secrets: tuple[str, ...] = ()
    own_key: bool = False
    api_base_url: str = "https://slack.com/api/"
    staff_channels: frozenset[str] = frozenset()
    staff_language: str = "en"
    staff_tokens: tuple[str, ...] = ()
    staff_rule: StaffRule = field(default_factory=StaffRule)
    case_emoji: str = ""
    hears: frozenset[Audience] = frozenset(Audience)
    modes: Modes = MENTIONS_ONLY
    ask_emoji: str = "robot_face"
    hook: str = HOOK
    agent_view: bool = False
    language: str = "en"
    suggested_prompts: tuple[tuple[str, str], ...] = ()
    feedback: bool = True
    timeout: float = 4.0
    answer_within: float = 2.5

    @property
    def installable(self) -> bool:
        """Whether other workspaces can install the app."""
        return bool(self.client_id and self.client_secret and self.state_secrets)
