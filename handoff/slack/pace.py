"""How fast staff are told: Slack counts each method by itself, and messages by channel.

docs.slack.dev/apis/web-api/rate-limits: one message per second in a channel, with short bursts above it; 50 calls a minute and
more in tier 3 (chat.update, reactions.add), 20 in tier 2 (reactions.remove). So a sign that is taken off late holds up no reply.
"""

from __future__ import annotations

from typing import Final

from core.domain.capabilities import Pace

DESK_PACE: Final = Pace(messages=180, seconds=60.0)
"""Of all calls together: what the kinds leave room for with one channel."""
_KINDS: Final = {
    "update": Pace(messages=50, seconds=60.0),
    "react": Pace(messages=50, seconds=60.0),
    "unreact": Pace(messages=20, seconds=60.0),
}
_POSTS: Final = Pace(messages=60, seconds=60.0)


def counted_with(do: str, channel: str) -> tuple[str, Pace]:
    """What a call is counted with: those of its method, or what is posted in that channel."""
    kind = do.removesuffix("_card")
    return (kind, _KINDS[kind]) if kind in _KINDS else (f"post:{channel}", _POSTS)
