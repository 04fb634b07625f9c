"""Modals in the fake Slack: opened by a trigger that lives three seconds and works once, updated by hash, and checked.

After docs.slack.dev/reference/views/modal-views and docs.slack.dev/reference/methods/views.open.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from config.simulation.slack_methods import method
from config.simulation.slack_rules import Refusal, check_blocks
from config.simulation.slack_world import BOT, STAFF, Json, Workspace

if TYPE_CHECKING:
    from config.simulation.slack_fake import SlackFake

_LIVES = 3.0
_MODAL = {"rich_text", "section", "context", "actions", "divider", "header", "image", "input"}
_IDS = itertools.count(1)


@dataclass
class Modals:
    """What people have open, and by which ``triggers``. ``late``: these are too old when they are used."""

    open: dict[str, Json] = field(default_factory=dict)
    opened_by: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, float] = field(default_factory=dict)
    whispers: list[Json] = field(default_factory=list)
    late: bool = False

    def trigger(self, now: float) -> str:
        """As it comes with a press."""
        made = f"{next(_IDS)}.{int(now)}.abc"
        self.triggers[made] = now
        return made


@method("views.open", json_too=True)
async def open_view(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    issued = fake.modals.triggers.pop(args.get("trigger_id", ""), None)
    if issued is None:
        raise Refusal("invalid_trigger_id" if "trigger_id" in args else "invalid_arguments")
    if fake.modals.late or fake.now() - issued > _LIVES:
        raise Refusal("expired_trigger_id")
    check_modal(args["view"])
    view_id = f"V{next(_IDS):08d}"
    fake.modals.open[view_id] = {**args["view"], "id": view_id, "hash": f"h{next(_IDS)}", "team_id": workspace.team}
    fake.modals.opened_by[args["trigger_id"]] = view_id
    return {"view": fake.modals.open[view_id]}


@method("views.update", json_too=True)
async def update_view(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    known = fake.modals.open.get(args.get("view_id", ""))
    if known is None:
        raise Refusal("not_found")
    if "hash" in args and args["hash"] != known["hash"]:
        raise Refusal("hash_conflict")
    check_modal(args["view"])
    kept = {name: known[name] for name in ("id", "team_id")}
    fake.modals.open[known["id"]] = {**args["view"], **kept, "hash": f"h{next(_IDS)}"}
    return {"view": fake.modals.open[known["id"]]}


@method("chat.postEphemeral", "chat:write", json_too=True)
async def whisper(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    fake.place(args["channel"])
    if args.get("user") not in fake.users:
        raise Refusal("user_not_in_channel")
    if not args.get("text"):
        raise Refusal("no_text")
    fake.modals.whispers.append(args)
    return {"message_ts": fake.ts()}


@method("conversations.members", "channels:read")
async def members(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["channel"] not in fake.channels:
        raise Refusal("channel_not_found")
    known = [*sorted(fake.users), BOT] if args["channel"] != STAFF else [*sorted(fake.staff), BOT]
    known = [one for one in known if one not in fake.channels[args["channel"]].absent]
    return {"members": known, "response_metadata": {"next_cursor": ""}}


def check_modal(view: Json) -> None:
    """As views.open and views.update do."""
    _demand(view.get("type") == "modal")
    _plain(view.get("title"), 24)
    for name in ("close", "submit"):
        if name in view:
            _plain(view[name], 24)
    _demand(len(view.get("private_metadata", "")) <= 3000 and len(view.get("callback_id", "")) <= 255)
    blocks = view.get("blocks", [])
    check_blocks(blocks, _MODAL, most=100)
    inputs = [block for block in blocks if block["type"] == "input"]
    _demand(not inputs or "submit" in view)
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _demand(len(ids) == len(set(ids)) and all(len(one) <= 255 for one in ids))
    for block in inputs:
        _plain(block.get("label"), 2000)
        if "hint" in block:
            _plain(block["hint"], 2000)
        _input(block["element"])
    _demand(len(json.dumps(view)) <= 250_000)


def _input(element: Json) -> None:
    match element.get("type"):
        case "plain_text_input":
            longest = element.get("max_length", 3000)
            _demand(1 <= longest <= 3000 and len(element.get("initial_value", "")) <= longest)
        case "static_select":
            _demand(1 <= len(element.get("options", ())) <= 100)
        case kind:
            _demand(kind in ("users_select", "url_text_input"))


def _plain(found: Any, limit: int) -> None:
    _demand(isinstance(found, dict) and found.get("type") == "plain_text" and 0 < len(found["text"]) <= limit)


def _demand(condition: bool) -> None:
    if not condition:
        raise Refusal("invalid_arguments")
