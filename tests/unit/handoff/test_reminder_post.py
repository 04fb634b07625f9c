"""A reminder as Slack shows it: it mentions whom it is for, and nobody whom a name or a text would mention."""

from __future__ import annotations

from typing import Any

from config.simulation.slack_rules import shown_in
from core.domain.keys import ConversationKey
from core.domain.messages import OutboundMessage, StaffAction
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.slack.posts import bodies


def shown(post: NewMessage) -> dict[str, Any]:
    """The one call that shows it."""
    key = ConversationKey("desk", "default", "c.1")
    message = OutboundMessage("m1", key, post.author, post.text, post.kind, meta=post.meta)
    (body,) = bodies(message)
    return body


def test_people_and_groups_are_mentioned() -> None:
    body = shown(posts.reminder("Nobody has taken it.", mentions=("S0NCALL", "U0GRACE"), loud=True))
    assert body["text"] == ":bell: <!subteam^S0NCALL> <@U0GRACE> Nobody has taken it."
    assert shown_in(body["blocks"][0]) == body["text"]
    assert (body["do"], body["loud"]) == ("reply", True)


def test_what_stands_in_the_text_mentions_nobody() -> None:
    body = shown(posts.reminder("Waiting for <!channel> & <@U1>"))
    assert body["text"] == ":bell: Waiting for &lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert shown_in(body["blocks"][0]) == ":bell: Waiting for <!channel> & <@U1>"
    assert [one["type"] for one in body["blocks"][0]["elements"][0]["elements"]] == ["emoji", "text", "text"]
    assert body["loud"] is False


def test_an_offer_has_its_button() -> None:
    body = shown(posts.reminder("Give it back?", buttons=(StaffAction.RELEASE_SILENT,), case_id="c.1"))
    (button,) = body["blocks"][1]["elements"]
    assert (button["action_id"], button["value"]) == ("staff_release_silent", "c.1")
