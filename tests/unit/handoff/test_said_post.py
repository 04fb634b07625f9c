"""What was said, as Slack shows it to staff."""

from __future__ import annotations

from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.slack_cards import bodies
from tests.servers.slack_rules import check_message


def test_a_long_answer_of_the_agent_s_is_shown_to_its_end() -> None:
    sentence = "Parcels that you have opened can be returned & refunded within 30 days. "
    said = NewMessage(Author.AGENT, sentence * 60 + "The end.", MessageKind.ANSWER)
    post = posts.answered(said)
    feed = ConversationKey("desk", "default", "a.1")
    shown = bodies(OutboundMessage("m1", feed, post.author, post.text, post.kind, meta=post.meta))
    words = " ".join(body["blocks"][0]["elements"][0]["text"] for body in shown)
    assert words.count("within 30 days") == 60
    assert words.endswith("The end.")
    for body in shown:
        check_message(body["text"], body["blocks"])
