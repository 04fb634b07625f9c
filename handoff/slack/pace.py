"""How fast staff are told: Slack counts each method by itself, and messages by channel.

docs.slack.dev/apis/web-api/rate-limits: one message per second in a channel, with short bursts above it; 50 calls a minute and
more in tier 3 (chat.update, reactions.add), 20 in tier 2 (reactions.remove). So a sign that is taken off late holds up no reply.
"""

from __future__ import annotations

from typing import Final

from core.domain.capabilities import Pace

DESK_PACE: Final = Pace(messages=180, seconds=60.0)
"""Of all calls together."""
_KINDS: Final = {"react": Pace(messages=8, seconds=12.0), "unreact": Pace(messages=3, seconds=12.0)}
"""A burst and a rate. Edits are counted with those of customers' answers (see DeskEdits)."""
_POSTS: Final = Pace(messages=3, seconds=3.0)


def counted_with(do: str, channel: str) -> tuple[str, Pace] | None:
    """What a call is counted with: those of its method, or what is posted in that channel."""
    if do in ("update", "update_card"):
        return None
    if do in _KINDS:
        return do, _KINDS[do]
    return f"post:{channel}", _POSTS
