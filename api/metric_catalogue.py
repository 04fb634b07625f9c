"""Every metric of the hub, with its labels and what it tells an operator. The documentation is generated from here."""

from __future__ import annotations

from dataclasses import dataclass

from core.ports.metrics import Counter, Gauge, Timing

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_WEB = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)


@dataclass(frozen=True, slots=True)
class Description:
    """``help`` is one sentence. ``buckets`` in seconds, for histograms."""

    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


COUNTERS: dict[Counter, Description] = {
    Counter.EVENTS_ACCEPTED: Description("Events committed to the inbox.", ("channel",)),
    Counter.EVENTS_DUPLICATE: Description(
        "Events that a provider delivered again and that were already stored.", ("channel",)
    ),
    Counter.EVENTS_QUARANTINED: Description(
        "Events that could not be parsed and are kept for inspection.", ("channel",)
    ),
    Counter.EVENTS_REFUSED: Description("Events refused before anything was stored.", ("channel", "reason")),
    Counter.BAD_SIGNATURES: Description("Requests that did not prove that they come from the provider.", ("channel",)),
    Counter.TURNS: Description("Turns finished, by what was said.", ("kind",)),
    Counter.TURNS_LOST: Description("Turns thrown away because another worker or a person had the conversation."),
    Counter.TOOL_CALLS: Description("Tools that the agent called.", ("tool", "outcome")),
    Counter.MODEL_TOKENS: Description("Tokens that the model provider reported.", ("direction",)),
    Counter.MODEL_COST: Description(
        "What calls of models cost by MODEL_PRICES, in the currency of those prices.", ("task",)
    ),
    Counter.BUDGETS_USED_UP: Description(
        "Budgets of model tokens or cost that were used up for the day: of one customer or group, or of all.",
        ("budget", "whose"),
    ),
    Counter.MODEL_FAILURES: Description("Turns in which the language model failed for good.", ("reason",)),
    Counter.ESCALATIONS: Description("Conversations handed to the staff queue."),
    Counter.STAFF_ANSWERS: Description(
        "Answers of staff for which there was a target: the first or a next one, in_time or late.",
        ("answer", "outcome"),
    ),
    Counter.DELIVERIES: Description("Deliveries settled.", ("channel", "status")),
    Counter.POSSIBLE_DUPLICATES: Description(
        "Messages sent again after an outcome that could not be known.", ("channel",)
    ),
    Counter.EXTRACTIONS: Description("Files whose text was taken out, or not.", ("outcome",)),
    Counter.FEEDBACK: Description("Ratings given by customers.", ("rating",)),
    Counter.RERANKS: Description("Second looks at what a search found; all but done kept its own order.", ("outcome",)),
    Counter.HTTP_REQUESTS: Description("HTTP requests answered.", ("method", "route", "status")),
    Counter.CONNECTIONS_REFUSED: Description(
        "Connections closed because of a limit: in_all, per_address, silent (no request), slow_body or slow_reader.",
        ("reason",),
    ),
}

TIMINGS: dict[Timing, Description] = {
    Timing.ACCEPT: Description("From the request to the commit of its events.", ("channel",), _FAST),
    Timing.TURN: Description("One turn, from its claim to its commit.", ("channel",), _SLOW),
    Timing.QUEUE_WAIT: Description(
        "How long a message waited before a worker claimed its conversation.", ("channel",), _SLOW
    ),
    Timing.FIRST_ANSWER: Description("From a customer's message to the first text of its answer.", ("channel",), _SLOW),
    Timing.DELIVERY: Description("One send to a provider.", ("channel",), _SLOW),
    Timing.RETRIEVAL: Description("One search of the knowledge base.", (), _FAST),
    Timing.TOOL_CALL: Description("One tool call.", ("tool",), _SLOW),
    Timing.EXTRACTION: Description("Taking the text out of one file, waiting for a free slot included.", (), _SLOW),
    Timing.HTTP_REQUEST: Description("From a request's headers to the end of its answer.", ("method", "route"), _WEB),
}

GAUGES: dict[Gauge, Description] = {
    Gauge.CONNECTIONS: Description("Open connections of this process, WebSockets included."),
    Gauge.OPEN_SOCKETS: Description("WebSocket connections of this process."),
    Gauge.TURNS_IN_PROGRESS: Description("Turns that this process is working on."),
    Gauge.KNOWLEDGE_READY: Description("1 when a search would be answered now."),
    Gauge.CHANNEL_UP: Description("1 while the channel may send, 0 while its credentials are refused.", ("channel",)),
    Gauge.TOOL_SERVER_UP: Description(
        "1 while the tools of a company's server are called, 0 while it is left alone after failures.", ("server",)
    ),
    Gauge.TOOL_SERVER_TOOLS: Description("Tools that a tool server gives; absent until it was reached.", ("server",)),
}

BACKLOG = "switchboard_backlog"
BACKLOG_HELP = "Work that is waiting, counted in the database at each scrape."
STORE_UP = "switchboard_store_up"
STORE_UP_HELP = "1 when the database answered this scrape."


def exported_names() -> dict[str, Description]:
    """Each metric under the name that Prometheus shows, sorted."""
    names = {f"switchboard_{counter}_total": described for counter, described in COUNTERS.items()}
    names |= {f"switchboard_{timing}_seconds": described for timing, described in TIMINGS.items()}
    names |= {f"switchboard_{gauge}": described for gauge, described in GAUGES.items()}
    names[BACKLOG] = Description(BACKLOG_HELP, ("kind",))
    names[STORE_UP] = Description(STORE_UP_HELP)
    return dict(sorted(names.items()))
