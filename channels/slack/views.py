"""The forms (modals) that staff open from a case's card: opened, filled in, and refused before anything is stored.

Slack's rules, after docs.slack.dev/surfaces/modals: a ``trigger_id`` opens one view within 3 seconds of the press, so it is used
right after the press was thanked for and beside every other work; a submission is answered within 3 seconds, with errors
that Slack shows below their fields (the form stays open with all that was typed), or with nothing, which closes it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import structlog

from channels.background import BackgroundTasks
from channels.slack import wire
from channels.slack.place import Place, slack_id, timestamp
from channels.slack.wire import Json
from core.domain.errors import HubError, InvalidInput
from core.ports.channel import WebhookReply

OPENS = "desk_open_"
"""What the ``action_id`` of a button begins with that opens a form; what follows names the form."""
CHOOSES = "desk_choose_"
"""What the ``action_id`` of a menu or a button inside of a form begins with."""
SHORTCUT = "open_case"
"""The ``callback_id`` of the shortcut by which staff open a case (docs/howto/slack.md), and the name of its form."""
NO_STAFF = "no_staff"
"""The form that says that somebody is no staff."""
_JSON = "application/json; charset=utf-8"
_MOST = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that opens a form. ``place``: the thread of the card that it is on; ``value``: the button's own."""

    form: str
    user: str
    trigger: str
    place: Place
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as Slack hands it over. ``values`` by the ``action_id`` of a field, ``blocks``: in which block each of them is."""

    name: str
    view_id: str
    view_hash: str
    user: str
    metadata: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, str] = field(default_factory=dict)


class StaffViews(Protocol):
    """Who knows what the forms are about."""

    async def open(self, press: Press) -> None:
        """Show a form. Whoever pressed is told when that fails."""
        ...

    async def choose(self, form: Form, what: str, value: str) -> None:
        """Something was chosen in an open form: show what follows from it."""
        ...

    async def refuse(self, form: Form) -> Mapping[str, str]:
        """What is wrong with a form that was sent off, by the field's ``action_id``; nothing when it can be, or is, stored.

        Asked before and after it is stored: two that came at once may both have been found right before.
        """
        ...


class StaffHome(Protocol):
    """The app's home tab of staff. Whoever is no staff has the customers' one."""

    async def show(self, user: str) -> bool:
        """Publish it for a staff member. False for everybody else: then nothing was published. Raises ChannelError."""
        ...

    async def is_staff(self, user: str) -> bool:
        """Whether that person has it, and may open cases for what others wrote."""
        ...

    async def pressed(self, form: Form, action: str, value: str) -> None:
        """Something on it was pressed, chosen or filled in, of which what it shows has to follow."""
        ...


Refusal = Callable[[str], Awaitable[str | None]]
"""Why a person, by their id, may do nothing here; None for staff."""


@runtime_checkable
class TakesForms(Protocol):
    """A channel through which staff press. ``account``: its own, in which their threads are conversations."""

    account: str

    def give_forms(self, views: StaffViews, refusal: Refusal | None = None, home: StaffHome | None = None) -> None:
        """``refusal``: why a person can give no command of the staff's. ``home``: None where staff have another app."""
        ...


class StaffForms(BackgroundTasks):
    """``views`` is set by the composition root, where there is a desk."""

    def __init__(self) -> None:
        super().__init__()
        self.views: StaffViews | None = None
        self.refusal: Refusal | None = None
        self.home: StaffHome | None = None

    async def refused(self, payload: Json) -> WebhookReply | None:
        """The errors of a form that must not be stored; None for everything else. Raises StoreUnavailable."""
        if self.views is None or payload.get("type") != "view_submission":
            return None
        try:
            form = read_form(payload)
        except InvalidInput:
            return None  # quarantined when it is parsed
        errors = await self.views.refuse(form)
        if not errors:
            return None
        shown = {form.blocks.get(name, name): text for name, text in errors.items()}
        return WebhookReply(
            body=json.dumps({"response_action": "errors", "errors": shown}).encode(), content_type=_JSON
        )

    def begin(self, payload: Json, staff_channels: frozenset[str]) -> None:
        """A press that was acknowledged. Returns at once. Only staff's channels have cards, and only staff their home tab."""
        kinds = ("block_actions", "message_action")
        if self.views is not None and payload.get("type") in kinds and len(self._tasks) < _MOST:
            self._begin(self._act(self.views, payload, staff_channels))

    async def _act(self, views: StaffViews, whole: Json, staff_channels: frozenset[str]) -> None:
        try:
            if whole.get("callback_id") == SHORTCUT and self.home is not None:
                # Slack also shows it to people in whose workspace customers are.
                form = SHORTCUT if await self.home.is_staff(_user(whole)) else NO_STAFF
                await views.open(_press(whole, form, wire.part(whole, "message").get("ts")))
            for action in wire.parts(whole, "actions"):
                name = wire.text(action, "action_id")
                if name.startswith(OPENS):
                    card = wire.part(whole, "message")
                    at, value = card.get("thread_ts") or card.get("ts"), wire.text(action, "value")
                    press = _press(whole, name.removeprefix(OPENS), at, value)
                    if press.place.channel in staff_channels:
                        await views.open(press)
                elif wire.view_type(whole) == "home" and self.home is not None:
                    await self.home.pressed(read_form(whole), name, value_of(action))
                elif name.startswith(CHOOSES) and "view" in whole:
                    await views.choose(read_form(whole), name.removeprefix(CHOOSES), value_of(action))
        except HubError as error:
            _log.warning("slack.view_failed", error=error.detail)
        except Exception:
            _log.exception("slack.view_failed")


def read_form(whole: Json) -> Form:
    """Of a submission, or of a press inside of an open form. Raises InvalidInput."""
    view = wire.part(whole, "view")
    values: dict[str, str] = {}
    blocks: dict[str, str] = {}
    state = view.get("state")
    fields: Any = state.get("values") if isinstance(state, dict) else None
    for block_id, inner in fields.items() if isinstance(fields, dict) else ():
        for action_id, element in inner.items() if isinstance(inner, dict) else ():
            values[action_id] = value_of(element) if isinstance(element, dict) else ""
            blocks[action_id] = block_id
    return Form(
        wire.text(view, "callback_id"),
        wire.named(view, "id"),
        wire.text(view, "hash"),
        _user(whole),
        _metadata(wire.text(view, "private_metadata")),
        values,
        blocks,
    )


def words_of(form: Form) -> str:
    """What is stored of it: the text of its field, or as JSON those fields that are not as they were when it was opened."""
    if form.name in form.values:
        return form.values[form.name]
    changed = {name: value for name, value in form.values.items() if value != form.metadata.get(name, "")}
    return json.dumps(changed, ensure_ascii=False, sort_keys=True) if changed else ""


def view_event(view_id: str) -> str:
    """The id of the event that a form becomes: a view is one, however often it is sent off."""
    return f"v/{view_id}"


def value_of(element: Json) -> str:
    """What was typed, chosen or pressed; empty where nothing was."""
    option = element.get("selected_option")
    if isinstance(option, dict):
        return wire.text(option, "value")
    return wire.text(element, "selected_user") or wire.text(element, "value")


def _metadata(text: str) -> dict[str, str]:
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise InvalidInput(f"The form carries something that is not ours: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput("The form carries something that is not ours.")
    return {str(name): str(value) for name, value in found.items()}


def _user(whole: Json) -> str:
    return slack_id(wire.part(whole, "user").get("id"))


def place_pressed(whole: Json, ts: object) -> Place:
    """A message or thread in the channel in which something was pressed. Raises InvalidInput."""
    team, channel = slack_id(wire.part(whole, "team").get("id")), slack_id(wire.part(whole, "channel").get("id"))
    return Place(team, channel, timestamp(ts))


def _press(whole: Json, form: str, ts: object, value: str = "") -> Press:
    return Press(form, _user(whole), wire.named(whole, "trigger_id"), place_pressed(whole, ts), value)
