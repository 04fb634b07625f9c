"""No secret reaches the log, by whatever route."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from api.logging import LogSettings, configure_logging
from api.redact import HIDDEN, Redactor
from core.domain.correlation import acceptable, correlated, correlation_id

_SECRET = "s3cr3t-value-of-a-setting"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The log as JSON lines; the process's own logging comes back afterwards."""
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    stream = io.StringIO()
    configure_logging(LogSettings("debug", "json"), secrets=[_SECRET, "short"], stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"key is {_SECRET}!", _SECRET),
        ("postgresql://hub:hunter22@db/hub", "hunter22"),
        ("cannot read https://ghp_0123456789abcdef@github.com/acme/docs.git", "ghp_0123456789abcdef"),
        ("s3://AKIA:abc%2Fdef@bucket", "abc%2Fdef"),
        ("cannot open amqp://hub:odd?pass#word@queue", "odd?pass#word"),
        ("authorization: basic aHViOnNlY3JldA==", "aHViOnNlY3JldA"),
        ("Authorization: Bearer eyJhbGciOi.abc.def", "eyJhbGciOi"),
        ("GET /api/attachments/1?sig=abcdef123", "abcdef123"),
        ("openai said no to sk-proj-abcdefgh12345", "abcdefgh12345"),
        ("slack xoxb-123456789-abcdef", "123456789-abcdef"),
    ],
)
def test_secrets_in_text_are_hidden(text: str, secret: str) -> None:
    hidden = Redactor([_SECRET]).text(text)
    assert secret not in hidden
    assert HIDDEN in hidden


def test_ordinary_text_stays() -> None:
    text = "GET /api/search took 12 ms, see https://example.com/a?page=2 and mail ada@example.com"
    assert Redactor([_SECRET]).text(text) == text


def test_fields_are_hidden_by_name_at_any_depth() -> None:
    event = {"token": "a", "nested": {"Api-Key": "b", "list": [{"password": "c"}]}, "body": b"bytes", "count": 3}
    hidden = Redactor()(None, "", dict(event))
    assert hidden == {
        "token": HIDDEN,
        "nested": {"Api-Key": HIDDEN, "list": [{"password": HIDDEN}]},
        "body": "<5 bytes>",
        "count": 3,
    }


def test_a_line_is_json_with_the_correlation_id(out: io.StringIO) -> None:
    with correlated("abc123"):
        structlog.get_logger("test").info("message.accepted", channel="web", text="Grüße")
    line = json.loads(out.getvalue())
    assert (line["message"], line["correlation_id"], line["level"], line["text"]) == (
        "message.accepted",
        "abc123",
        "info",
        "Grüße",
    )
    assert line["timestamp"].endswith("Z")


def test_exceptions_are_hidden_too(out: io.StringIO) -> None:
    try:
        raise ValueError(f"cannot connect with {_SECRET}")
    except ValueError:
        structlog.get_logger("test").exception("failed")
    assert "cannot connect" in out.getvalue()
    assert _SECRET not in out.getvalue()


def test_the_standard_library_logs_the_same_way(out: io.StringIO) -> None:
    with correlated("abc123"):
        logging.getLogger("library").warning("connected to %s", "redis://:hunter22@cache", extra={"attempt": 2})
    line = json.loads(out.getvalue())
    assert (line["correlation_id"], line["attempt"]) == ("abc123", 2)
    assert "hunter22" not in line["message"]


def test_each_line_is_one_line(out: io.StringIO) -> None:
    structlog.get_logger("test").info("evil\nmessage", value="a\r\nb")
    assert len(out.getvalue().splitlines()) == 1


def test_people_get_columns() -> None:
    stream = io.StringIO()
    handlers = logging.getLogger().handlers[:]
    configure_logging(LogSettings("info", "console"), stream=stream)
    structlog.get_logger("test").debug("too quiet")
    structlog.get_logger("test").info("server.started", port=8080)
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()
    assert "server.started" in stream.getvalue()
    assert "port=8080" in stream.getvalue()
    assert "too quiet" not in stream.getvalue()


def test_correlation_ids_nest_and_foreign_ones_are_checked() -> None:
    assert correlation_id() is None
    with correlated("outer"), correlated() as inner:
        assert correlation_id() == inner != "outer"
    assert correlation_id() is None
    assert acceptable("req-1:a.b_c") == "req-1:a.b_c"
    for wrong in (None, "", "a b", "a\nb", "x" * 65, "<script>"):
        assert acceptable(wrong) is None
