"""The form in which staff block a customer who wrote in a case, or unblock them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from channels.slack.views import CHOOSES
from channels.slack.wire import View
from core.domain.customer import Block, Writer
from core.domain.messages import StaffAction
from handoff.slack.forms import form, select, text_field
from handoff.slack.rich_text import Block as FormBlock
from handoff.slack.rich_text import Moment, cut, one_line, paragraph, phrase, quoted_below, spaced
from handoff.texts import say

CHOICE: Final = "writer"
"""The name of the menu of writers, which the form has where several wrote."""
WRITER: Final = f"{CHOOSES}{CHOICE}"
REASON: Final = "reason"
"""The fields of a form with that menu. A form without it has one field, which is named as its action."""
_LONGEST_REASON = 500
_NAME, _ADDRESS = 36, 36
"""Characters; a menu of Slack's has 75 for both. A long name must not push the address out."""


def block_form(
    carried: Mapping[str, str],
    language: str,
    found: Block | None,
    by: str | None,
    writers: Sequence[Writer] = (),
    chosen: Writer | None = None,
) -> View:
    """``found``: the block in force, after which the form unblocks; ``by``: the name of who made it.

    ``writers``: the menu, empty where one alone wrote. ``chosen``: the one of them whom the form is about now, or None.
    """
    blocks = [_menu(writers, chosen, language)] if chosen is not None else []
    if found is None:
        action, submit = StaffAction.BLOCK, "form_block"
        means = "form_block_means" if chosen is None else "form_block_means_writer"
        blocks.append(paragraph(phrase(means, language)))
    else:
        action, submit = StaffAction.UNBLOCK, "form_unblock"
        who = phrase("form_blocked_by", language, name=one_line(by or found.by))
        told = quoted_below(spaced(who, (Moment(found.at.timestamp()),)), one_line(found.reason, _LONGEST_REASON))
        blocks.append(told)
    name = str(action) if chosen is None else REASON
    reason = text_field(name, say("form_block_reason", language), "", "reason", _LONGEST_REASON)
    return form(action, carried, language, [*blocks, {**reason, "optional": True}], submit)


def writer_label(writer: Writer) -> str:
    """The name that a writer gave themselves, and their address, which tells them from others."""
    name = cut(writer.name or "", _NAME)
    return f"{name} ({cut(writer.address, _ADDRESS)})" if name else cut(writer.address, _NAME + _ADDRESS)


def _menu(writers: Sequence[Writer], chosen: Writer, language: str) -> FormBlock:
    """Slack reports each choice at once, and the form changes: a writer who is blocked can only be unblocked."""
    labels = {one.customer_ids[0]: writer_label(one) for one in writers}
    menu = select(WRITER, "writer", say("form_block_who", language), labels, chosen.customer_ids[0])
    return {**menu, "dispatch_action": True}
