"""Every public route, described once. A test holds this table against the routes that are registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from api import operator_schemas as o
from api import schemas as s

Access = Literal["public", "session", "operator", "signed link"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """In the path when the path names it, otherwise in the query."""

    name: str
    description: str
    type: Literal["string", "integer", "number"] = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """``answers``: status to (what it means, its JSON). ``problems``: statuses that carry a problem document."""

    method: str
    path: str
    summary: str
    tag: str
    access: Access
    answers: Mapping[int, tuple[str, type[BaseModel] | str | None]]
    description: str = ""
    bodies: Mapping[str, type[BaseModel]] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()


_JSON = "application/json"
_FORM = "multipart/form-data"
_ID = Parameter("id", "The session's id.", required=True)
_SESSION_PROBLEMS = (401, 403, 404, 410, 429, 503)
_OPERATOR_PROBLEMS = (401, 403, 429)
_WAIT = Parameter("wait", "Seconds to wait, from 0 to 30; a larger number counts as 30.", "number")
_AFTER = Parameter("after", "Only what has a larger cursor; 0 for everything.", "integer")
_LIMIT = Parameter("limit", "How many at most.", "integer")
_USER = (
    Parameter("id", "The customer's id (`sub`), or the session's id of an anonymous one.", required=True),
    _LIMIT,
)
_OWN = "With the token of that customer's session, or as an operator."

_CHAT = (
    Operation(
        *("POST", "/api/sessions", "Start a session", "Chat", "public"),
        {200: ("The session and its token.", s.SessionCreated)},
        "Without `user_token` the customer is anonymous. A wrong or expired one is refused, never ignored.",
        {_JSON: s.SessionRequest},
        problems=(400, 401, 403, 413, 429),
    ),
    Operation(
        *("GET", "/api/sessions/{id}", "A session's state", "Chat", "session"),
        {200: ("Its state.", s.SessionState)},
        parameters=(_ID,),
        problems=_SESSION_PROBLEMS,
    ),
    Operation(
        *("DELETE", "/api/sessions/{id}", "End a session", "Chat", "session"),
        {204: ("It has ended; later calls on it answer 410.", None)},
        parameters=(_ID,),
        problems=_SESSION_PROBLEMS,
    ),
    Operation(
        *("GET", "/api/sessions/{id}/history", "A session's messages", "Chat", "session"),
        {200: ("Messages, oldest first.", s.History)},
        parameters=(_ID, _AFTER, _LIMIT),
        problems=(400, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("GET", "/api/sessions/{id}/events", "What happens in a session (long poll)", "Chat", "session"),
        {200: ("Frames after the cursor, at once or as soon as there is one.", s.Events)},
        parameters=(_ID, _AFTER, _WAIT),
        problems=(400, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("POST", "/api/sessions/{id}/attachments", "Upload a file", "Chat", "session"),
        {200: ("The stored file; name its id in a message.", s.File)},
        "The type is judged by the content. A file that is not what its name says is refused.",
        {_FORM: s.UploadForm},
        parameters=(_ID,),
        problems=(400, 413, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("POST", "/api/chat/sessions/{id}/messages", "Send a message", "Chat", "session"),
        {
            200: ("The answer.", s.MessageAnswer),
            202: ("Stored; the answer takes longer, or a person will give it.", s.MessageStored),
        },
        "Waits up to 30 seconds for the answer; `wait=0` answers 202 as soon as the message is stored.",
        {_JSON: s.MessageRequest, _FORM: s.MessageForm},
        (_ID, _WAIT),
        (400, 413, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("POST", "/api/sessions/{id}/transcript", "Mail a conversation to its customer", "Chat", "session"),
        {204: ("The mail server has it.", None)},
        bodies={_JSON: s.TranscriptRequest},
        parameters=(_ID,),
        problems=(400, 413, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("POST", "/api/feedback", "Rate an answer", "Chat", "session"),
        {200: ("Recorded; the last rating counts.", s.FeedbackRecorded)},
        bodies={_JSON: s.FeedbackRequest},
        problems=(400, 413, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("GET", "/api/attachments/{id}", "Download a file", "Chat", "signed link"),
        {200: ("The file, to be saved, never to be shown as a page.", "application/octet-stream")},
        parameters=(
            Parameter("id", "The file's id.", required=True),
            Parameter("sig", "The signature in the link.", required=True),
        ),
        problems=(403, 404, 410, 503),
    ),
    Operation(
        *("GET", "/api/users/{id}/history", "A customer's messages over all sessions", "Chat", "session"),
        {200: ("Newest sessions first.", s.UserHistory)},
        _OWN,
        parameters=_USER,
        problems=(400, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("GET", "/api/users/{id}/tickets", "A customer's tickets", "Chat", "session"),
        {200: ("Newest first.", s.UserTickets)},
        f"{_OWN} An anonymous customer has those of the one session.",
        parameters=_USER,
        problems=(400, *_SESSION_PROBLEMS),
    ),
    Operation(
        *("GET", "/ws", "Chat over a WebSocket", "Chat", "session"),
        {101: ("The connection is a WebSocket now. The first frame must be `auth`.", None)},
        "The frames are described in the web protocol (docs/reference/web-protocol.md).",
        problems=(400, 403, 429, 503),
    ),
)

_OPERATE = (
    Operation(
        *("POST", "/api/search", "Search the knowledge base", "Operation", "operator"),
        {200: ("Passages, best first.", o.SearchResults)},
        bodies={_JSON: o.SearchQuery},
        problems=(400, *_OPERATOR_PROBLEMS, 413, 503),
    ),
    Operation(
        *("GET", "/api/gaps", "What is asked and not answered", "Operation", "operator"),
        {200: ("Questions that ask the same, those of most questions first.", o.Gaps)},
        parameters=(
            Parameter("since", "Only what was asked after it: a time (ISO 8601), or a span such as 7d or 12h."),
            Parameter("limit", "How many at most, 100 where it is not said.", "integer"),
            Parameter("closed", "1: also what is done with.", "integer"),
        ),
        problems=(400, *_OPERATOR_PROBLEMS, 503),
    ),
    Operation(
        *("POST", "/api/gaps/{id}/close", "Say that it is answered now", "Operation", "operator"),
        {204: ("Done with, until somebody asks again.", None)},
        bodies={_JSON: o.GapClosing},
        parameters=(Parameter("id", "Of questions that ask the same.", required=True),),
        problems=(400, *_OPERATOR_PROBLEMS, 404, 413, 503),
    ),
    Operation(
        *("GET", "/api/waiting", "Who waits for a person", "Operation", "operator"),
        {200: ("Customers whom nobody of the staff has taken yet, the longest waiting first.", o.Waiting)},
        parameters=(Parameter("limit", "How many at most, 100 where it is not said.", "integer"),),
        problems=(400, *_OPERATOR_PROBLEMS, 503),
    ),
    Operation(
        *("POST", "/api/waiting/{id}/done", "Mark a request for a person as done", "Operation", "operator"),
        {204: ("Done: the agent has the conversation again, and the customer is told nothing.", None)},
        parameters=(Parameter("id", "Of the request, as /api/waiting names it.", required=True),),
        problems=(*_OPERATOR_PROBLEMS, 404, 503),
    ),
    Operation(
        *("GET", "/api/knowledge/status", "How fresh each source is", "Operation", "operator"),
        {200: ("Each source that is configured.", o.KnowledgeStatus)},
        "Runs that are under way, were cut off or failed are shown as such.",
        problems=(*_OPERATOR_PROBLEMS, 503),
    ),
    Operation(
        *("POST", "/api/knowledge/reindex", "Have sources read again", "Operation", "operator"),
        {202: ("It is done as soon as can be, once more after a run that is under way.", o.ReindexAccepted)},
        "One `source`, as it is configured, or all of them where none is named.",
        {_JSON: o.ReindexRequest},
        problems=(400, *_OPERATOR_PROBLEMS, 404, 413, 503),
    ),
    Operation(
        *("GET", "/health", "Whether the hub works", "Operation", "public"),
        {200: ("It works, perhaps with something missing.", o.OverallHealth), 503: ("It does not.", o.OverallHealth)},
    ),
    Operation(
        *("GET", "/health/live", "Whether the process is up", "Operation", "public"),
        {200: ("It is.", o.Liveness)},
    ),
    Operation(
        *("GET", "/health/ready", "Whether new work may be sent here", "Operation", "public"),
        {
            200: ("It may.", o.Readiness),
            503: ("The database does not answer, or the process is stopping.", o.Readiness),
        },
    ),
    Operation(
        *("GET", "/health/{part}", "One part: db, vectors, cache, channels or disk", "Operation", "public"),
        {200: ("It works, or is degraded.", o.PartHealth), 503: ("It is down.", o.PartHealth)},
        parameters=(Parameter("part", "db, vectors, cache, channels or disk.", required=True),),
        problems=(404,),
    ),
    Operation(
        *("GET", "/metrics", "Metrics for Prometheus", "Operation", "operator"),
        {200: ("Prometheus text, or OpenMetrics when asked for.", "text/plain")},
        problems=_OPERATOR_PROBLEMS,
    ),
    Operation(
        *("GET", "/openapi.json", "This description", "Operation", "public"),
        {200: ("OpenAPI 3.1.", _JSON)},
    ),
    Operation(
        *("GET", "/docs", "This description as a page", "Operation", "public"),
        {200: ("HTML.", "text/html")},
    ),
)

OPERATIONS: tuple[Operation, ...] = (*_CHAT, *_OPERATE)
