"""The buttons under an answer, as they are sent and as they come back."""

from __future__ import annotations

from collections.abc import Sequence

from channels.slack.words import Words

PERSON = "switchboard_person"
CHOICE = "switchboard_choice_"
"""How the names of buttons below a question back begin: what stands on one is what is said. Each needs a name of its own."""
RATING = "switchboard_rating_"
"""How the names of the buttons begin that ask one customer in private how a case went; the score is the rest."""
FEEDBACK = "switchboard_feedback"
RATINGS = {"up": "👍", "down": "👎"}
"""What a press is worth: the same as that emoji on the message, which is a rating of it (core.domain.thumbs)."""

_ON_A_BUTTON = 75

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


def choices(thread: str, labels: Sequence[str]) -> Element:
    """What may be meant; Slack takes 75 characters on a button, and gives them back with its own names for emoji: so the value
    holds them too.
    """
    buttons = [
        {
            "type": "button",
            "action_id": f"{CHOICE}{number}",
            "text": _label(label[:_ON_A_BUTTON]),
            "value": f"{thread} {label}",
        }
        for number, label in enumerate(labels, 1)
    ]
    return {"type": "actions", "elements": buttons}


def scores(thread: str, case_id: str) -> Element:
    """From 1 to 5, for a case."""
    buttons = [
        {"type": "button", "action_id": f"{RATING}{score}", "text": _label(str(score)), "value": f"{thread} {case_id}"}
        for score in range(1, 6)
    ]
    return {"type": "actions", "elements": buttons}


def _thumb(label: str, value: str) -> Element:
    return {"text": _label(label), "accessibility_label": label, "value": value}


def _label(text: str) -> Element:
    return {"type": "plain_text", "text": text, "emoji": True}
