"""The buttons under an answer, as they are sent and as they come back."""

from __future__ import annotations

from channels.slack.words import Words

PERSON = "switchboard_person"
FEEDBACK = "switchboard_feedback"
RATINGS = {"up": "👍", "down": "👎"}
"""What a press is worth: the same as that emoji on the message, which is a rating of it (core.domain.thumbs)."""

Element = dict[str, object]


def feedback(thread: str, words: Words) -> Element:
    """Slack's own pair of thumbs (a context_actions block, in messages only)."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": FEEDBACK,
                "positive_button": _thumb(words.helpful, f"up {thread}"),
                "negative_button": _thumb(words.unhelpful, f"down {thread}"),
            }
        ],
    }


def person(thread: str, words: Words) -> Element:
    """Talk to a person."""
    button = {"type": "button", "action_id": PERSON, "text": _label(words.person), "value": thread}
    return {"type": "actions", "elements": [button]}


def _thumb(label: str, value: str) -> Element:
    return {"text": _label(label), "accessibility_label": label, "value": value}


def _label(text: str) -> Element:
    return {"type": "plain_text", "text": text, "emoji": True}
