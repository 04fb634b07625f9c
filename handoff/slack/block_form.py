"""The form in which staff block the customer of a case, or unblock them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from channels.slack.wire import View
from core.domain.customer import Block
from core.domain.messages import StaffAction
from handoff.slack.forms import form, text_field
from handoff.slack.rich_text import Moment, one_line, paragraph, phrase, quoted_below, spaced
from handoff.texts import say

_REASON = 500


def block_form(carried: Mapping[str, str], language: str, found: Block | None, by: str | None) -> View:
    """``found``: who blocked them already, by the name ``by``; then it unblocks them."""
    if found is None:
        action, submit, told = StaffAction.BLOCK, "form_block", [paragraph(phrase("form_block_means", language))]
    else:
        action, submit = StaffAction.UNBLOCK, "form_unblock"
        who = phrase("form_blocked_by", language, name=one_line(by or found.by))
        told = [quoted_below(spaced(who, (Moment(found.at.timestamp()),)), one_line(found.reason, _REASON))]
    reason = text_field(action, say("form_block_reason", language), "", "reason", _REASON)
    return form(action, carried, language, [*told, {**reason, "optional": True}], submit)
