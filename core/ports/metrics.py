"""What the hub counts about itself. The core reports here and knows no monitoring library."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Counter(StrEnum):
    """Things that happen. Exported as ``switchboard_<value>_total``; labels are listed in the catalogue (api)."""

    EVENTS_ACCEPTED = "events_accepted"
    EVENTS_DUPLICATE = "events_duplicate"
    EVENTS_QUARANTINED = "events_quarantined"
    EVENTS_REFUSED = "events_refused"
    BAD_SIGNATURES = "bad_signatures"
    TURNS = "turns"
    TURNS_LOST = "turns_lost"
    TOOL_CALLS = "tool_calls"
    MODEL_TOKENS = "model_tokens"
    MODEL_COST = "model_cost"
    BUDGETS_USED_UP = "budgets_used_up"
    MODEL_FAILURES = "model_failures"
    ESCALATIONS = "escalations"
    STAFF_ANSWERS = "staff_answers"
    DELIVERIES = "deliveries"
    POSSIBLE_DUPLICATES = "possible_duplicates"
    EXTRACTIONS = "extractions"
    FEEDBACK = "feedback"
    RERANKS = "reranks"
    HTTP_REQUESTS = "http_requests"
    CONNECTIONS_REFUSED = "connections_refused"


class Timing(StrEnum):
    """Durations in seconds. Exported as the histogram ``switchboard_<value>_seconds``."""

    ACCEPT = "accept"
    TURN = "turn"
    QUEUE_WAIT = "queue_wait"
    FIRST_ANSWER = "first_answer"
    DELIVERY = "delivery"
    RETRIEVAL = "retrieval"
    TOOL_CALL = "tool_call"
    EXTRACTION = "extraction"
    HTTP_REQUEST = "http_request"


class Gauge(StrEnum):
    """Present values. Exported as ``switchboard_<value>``."""

    CONNECTIONS = "connections"
    OPEN_SOCKETS = "open_sockets"
    TURNS_IN_PROGRESS = "turns_in_progress"
    KNOWLEDGE_READY = "knowledge_ready"
    CHANNEL_UP = "channel_up"
    TOOL_SERVER_UP = "tool_server_up"
    TOOL_SERVER_TOOLS = "tool_server_tools"


class Metrics(Protocol):
    """Cheap, never blocking, never an error that matters to the caller. Labels must have few values (no ids)."""

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None: ...

    def observe(self, timing: Timing, seconds: float, **labels: str) -> None: ...

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None: ...


class NoMetrics:
    """Counts nothing: for commands and tests that serve no ``/metrics``."""

    def count(self, *_: object, **__: object) -> None:
        """Forget it."""

    observe = gauge = count
