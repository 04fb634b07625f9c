"""The methods of the fake's Web API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.simulation.slack_rules import Refusal, check_home, check_message
from config.simulation.slack_world import DIRECT, HISTORY, Json, Workspace

if TYPE_CHECKING:
    from config.simulation.slack_fake import SlackFake

_PAGE = 200
Handler = Callable[["SlackFake", Json, Workspace], Awaitable[Json]]


@dataclass(frozen=True)
class Spec:
    """How a method is called. ``json``: whether it reads JSON bodies."""

    handler: Handler
    scope: str = ""
    json: bool = False


METHODS: dict[str, Spec] = {}


def method(name: str, scope: str = "", *, json_too: bool = False) -> Callable[[Handler], Handler]:
    """Registers a method of the Web API."""

    def register(handler: Handler) -> Handler:
        METHODS[name] = Spec(handler, scope, json_too)
        return handler

    return register


@method("auth.test")
async def auth_test(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    known = {"team_id": workspace.team, "team": "Example", "user_id": workspace.bot, "bot_id": "B0BOT0001"}
    return {"url": "https://example.slack.com/", **known}


@method("chat.postMessage", "chat:write", json_too=True)
async def post_message(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    check_message(str(args.get("text") or ""), args.get("blocks") or [])
    channel, message = fake.post(args, workspace)
    return {"channel": channel, "ts": message["ts"], "message": message}


@method("chat.update", "chat:write", json_too=True)
async def update(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    check_message(str(args.get("text") or ""), args.get("blocks") or [])
    message = fake.message(args)
    if message.get("streaming_state") == "in_progress":
        raise Refusal("streaming_state_conflict")
    message |= {name: args[name] for name in ("text", "blocks", "metadata") if name in args}
    message.pop("markdown", None)
    return {"channel": args["channel"], "ts": args["ts"], "message": message}


@method("chat.delete", "chat:write", json_too=True)
async def delete(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    fake.place(args["channel"]).messages.remove(fake.message(args))
    return {"channel": args["channel"], "ts": args["ts"]}


@method("reactions.add", "reactions:write", json_too=True)
async def add_reaction(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    message = fake.message({"channel": args["channel"], "ts": args["timestamp"]}, own=False)
    signs = message.setdefault("reactions", [])
    if args["name"] in signs:
        raise Refusal("already_reacted")
    signs.append(args["name"])
    return {}


@method("reactions.remove", "reactions:write", json_too=True)
async def remove_reaction(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    signs = fake.message({"channel": args["channel"], "ts": args["timestamp"]}, own=False).get("reactions", [])
    if args["name"] not in signs:
        raise Refusal("no_reaction")
    signs.remove(args["name"])
    return {}


@method("chat.getPermalink")
async def permalink(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    known = [one for one in fake.place(args["channel"]).messages if one["ts"] == args["message_ts"]]
    if not known:
        raise Refusal("message_not_found")
    place = f"{args['channel']}/p{args['message_ts'].replace('.', '')}"
    return {"permalink": f"https://example.slack.com/archives/{place}"}


@method("chat.startStream", "chat:write", json_too=True)
async def start_stream(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if not args.get("thread_ts"):
        raise Refusal("invalid_thread_ts")
    if args["channel"][0] != "D" and not (args.get("recipient_user_id") and args.get("recipient_team_id")):
        raise Refusal("missing_recipient_user_id")
    words = args.get("markdown_text") or ""
    if len(words) > 12_000:
        raise Refusal("msg_too_long")
    channel, message = fake.post(args, workspace, streaming_state="in_progress", markdown=words)
    return {"channel": channel, "ts": message["ts"]}


@method("chat.appendStream", "chat:write", json_too=True)
async def append_stream(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    message = _streaming(fake, args)
    if not 0 < len(args["markdown_text"]) <= 12_000:
        raise Refusal("msg_too_long")
    message["markdown"] += args["markdown_text"]
    return {"channel": args["channel"], "ts": args["ts"]}


@method("chat.stopStream", "chat:write", json_too=True)
async def stop_stream(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    message = _streaming(fake, args)
    message["streaming_state"] = "completed"
    message["markdown"] += args.get("markdown_text") or ""
    if "metadata" in args:
        message["metadata"] = args["metadata"]
    if "blocks" in args:
        check_message(message["markdown"], args["blocks"])
        message["text"] = message.pop("markdown")
        words = {"type": "section", "text": {"type": "mrkdwn", "text": message["text"]}}
        message["blocks"] = [words, *args["blocks"]]
    return {"channel": args["channel"], "ts": args["ts"]}


def _in_range(message: Json, args: Json) -> bool:
    oldest, latest = args.get("oldest", "0"), args.get("latest", "9")
    inside: bool = oldest < message["ts"] < latest
    return inside or (bool(args.get("inclusive")) and message["ts"] in (oldest, latest))


@method("conversations.history")
async def history(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    _may_read(args["channel"], workspace)
    messages = fake.place(args["channel"], writes=False).messages
    top = [one for one in messages if one.get("thread_ts") in (None, one["ts"]) and _in_range(one, args)]
    return _page(sorted(top, key=_ts, reverse=True), args)


@method("conversations.replies")
async def replies(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    _may_read(args["channel"], workspace)
    messages = fake.place(args["channel"], writes=False).messages
    root = [one for one in messages if one["ts"] == args["ts"]]
    if not root:
        raise Refusal("thread_not_found")
    later = [one for one in messages if one.get("thread_ts") == args["ts"] and _in_range(one, args)]
    return _page(root + sorted((one for one in later if one not in root), key=_ts), args)


@method("conversations.open", "im:write")
async def open_direct(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["users"] not in fake.users:
        raise Refusal("user_not_found")
    return {"channel": {"id": DIRECT}}


@method("conversations.info", "channels:read")
async def channel_info(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["channel"] not in fake.channels:
        raise Refusal("channel_not_found")
    found = fake.channels[args["channel"]]
    known = {"id": args["channel"], "name": "help-desk", "is_member": found.member, "is_archived": found.archived}
    return {"channel": {**known, "is_ext_shared": found.outside}}


@method("users.info", "users:read")
async def user_info(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["user"] not in fake.users:
        raise Refusal("user_not_found")
    user: Json = {"team_id": workspace.team} | fake.users[args["user"]]
    if "users:read.email" not in workspace.scopes:
        user = user | {"profile": {name: value for name, value in user["profile"].items() if name != "email"}}
    return {"user": user}


@method("users.getPresence", "users:read")
async def presence(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["user"] not in fake.users:
        raise Refusal("user_not_found")
    return {"presence": fake.users[args["user"]].get("presence", "active")}


@method("users.lookupByEmail", "users:read.email")
async def by_email(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    """Slack names nobody whose account is closed."""
    for user in fake.users.values():
        if user["profile"].get("email", "").lower() == args["email"].lower() and not user.get("deleted"):
            return {"user": user}
    raise Refusal("users_not_found")


@method("files.info", "files:read")
async def file_info(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args["file"] not in fake.files:
        raise Refusal("file_not_found")
    return {"file": fake.files[args["file"]]}


@method("files.getUploadURLExternal", "files:write")
async def upload_url(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if not args["filename"] or int(args["length"]) < 1:
        raise Refusal("invalid_arguments")
    file = fake.file(args["filename"], b"", "application/octet-stream")
    file["size"] = int(args["length"])
    del fake.bytes[file["id"]]
    return {"upload_url": f"{fake.origin}/upload/{file['id']}", "file_id": file["id"]}


@method("files.completeUploadExternal", "files:write", json_too=True)
async def complete_upload(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    (given,) = args["files"]
    if given["id"] not in fake.bytes:
        raise Refusal("file_not_found")
    file = fake.files[given["id"]]
    file["title"] = given["title"]
    channel, message = fake.post({**args, "channel": args["channel_id"]}, workspace, files=[file])
    file["shares"] = {"private": {channel: [{"ts": message["ts"]}]}}
    return {"files": [file]}


@method("views.publish", json_too=True)
async def publish(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    check_home(args["view"])
    fake.homes[args["user_id"]] = args["view"]
    return {"view": args["view"]}


@method("assistant.threads.setStatus", "chat:write", json_too=True)
async def set_status(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    fake.place(args["channel_id"])
    fake.statuses.append(args)
    return {}


@method("assistant.threads.setSuggestedPrompts", "assistant:write", json_too=True)
async def suggest(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if not 1 <= len(args["prompts"]) <= 4:
        raise Refusal("invalid_arguments")
    fake.prompts.append(args)
    return {}


@method("apps.connections.open")
async def connections_open(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    return {"url": fake.origin.replace("http://", "ws://") + "/socket?ticket=1"}


@method("oauth.v2.access")
async def access(fake: SlackFake, args: Json, workspace: Workspace) -> Json:
    if args.get("credentials") != "id.1:client-secret":
        raise Refusal("bad_client_secret")
    if args.get("code") not in fake.codes:
        raise Refusal("invalid_code")
    given: Json = fake.codes.pop(args["code"])
    fake.workspaces.setdefault(
        given["access_token"], Workspace(team=given["team"]["id"])
    )  # its token works from now on
    return given


def _streaming(fake: SlackFake, args: Json) -> Json:
    message = fake.message(args)
    if message.get("streaming_state") != "in_progress":
        raise Refusal("message_not_in_streaming_state")
    return message


def _may_read(channel: str, workspace: Workspace) -> None:
    needed = HISTORY.get(channel[:1], "channels:history")
    if needed not in workspace.scopes:
        raise Refusal("missing_scope", needed=needed)


def _page(messages: Iterable[Json], args: Json) -> Json:
    found = list(messages)
    start, size = int(args.get("cursor") or 0), min(int(args.get("limit") or 100), _PAGE)
    page = [_listed(one, with_metadata=args.get("include_all_metadata") == "1") for one in found[start : start + size]]
    following = str(start + size) if start + size < len(found) else ""
    return {"messages": page, "has_more": bool(following), "response_metadata": {"next_cursor": following}}


def _listed(message: Json, *, with_metadata: bool) -> Json:
    copy: Json = json.loads(json.dumps(message))
    copy["text"] = copy.get("text") or copy.pop("markdown", "")  # what a stream has shown is its text
    if not with_metadata:
        copy.pop("metadata", None)
    return copy


def _ts(message: Json) -> Any:
    return message["ts"]
