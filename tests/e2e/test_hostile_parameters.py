"""Whatever stands in a path, a query or a header, the answer is never an error of ours: every route is asked, found by itself."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

import pytest

from api.operations import OPERATIONS
from config.hub import Hub as Product
from config.settings import read_settings
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub
from tests.patience import PATIENCE
from tests.scale import Scale
from tests.servers.hub import SECRET_KEY, Hub

_CONFIGURED = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "slack-signing-secret",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "slack-client-secret",
    "SLACK_API_BASE_URL": "http://127.0.0.1:9/api/",
    "TELEGRAM_BOT_TOKEN": "1:telegram",
    "TELEGRAM_MODE": "webhook",
    "TELEGRAM_WEBHOOK_SECRET": "telegram-webhook-secret",
    "TELEGRAM_API_BASE_URL": "http://127.0.0.1:9",
    "TWILIO_ACCOUNT_SID": f"AC{32 * '1'}",
    "TWILIO_AUTH_TOKEN": "twilio-auth-token",
    "TWILIO_FROM": "+4930123456",
    "TWILIO_API_BASE_URL": "http://127.0.0.1:9",
    "KNOWLEDGE_WEBHOOK_SECRET": "knowledge-webhook-secret",
    "PUBLIC_URL": "https://chat.example.com",
    "TRUSTED_PROXIES": "127.0.0.0/8",
}
_VALUES = (
    b"",
    b"x" * 6_000,
    b"9" * 6_000,
    b"f" * 6_000 + b".x",
    b"f" * 6_000,
    b"-1",
    b"-" + b"f" * 6_000 + b".x",
    b"18446744073709551616",
    b"9223372036854775808",
    b"1e999",
    b"nan",
    b"-inf",
    b"0x10",
    b"1_0",
    b"\x00",
    b"a\x00b\r\n",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "٣".encode(),
    "٣.x".encode(),
    "²".encode(),
    "\u202e💩\ufeff".encode(),
    b"../../etc/passwd",
    b"' OR 1=1 --",
    b"%00%zz",
    b"[::1",
    b"null",
)
_IN_HEADERS = (
    b"",
    b"x" * 6_000,
    b"9" * 6_000,
    b"-1",
    b"1e999",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "٣".encode(),
    b"[::1",
    b"null",
)
_SIGNED = ("Authorization", "X-Hub-Signature-256", "X-Slack-Signature")
_BY_NO_DESCRIPTION = ("code", "state", "error", "bodySHA256", "q")
_HEADERS = (
    *("Authorization", "Host", "Origin", "Referer", "Cookie", "Accept", "Accept-Encoding", "Accept-Language"),
    *("Content-Type", "Content-Encoding", "Expect", "Forwarded", "If-None-Match", "If-Modified-Since", "Range"),
    *("Idempotency-Key", "User-Agent", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("X-Request-ID", "Traceparent", "Access-Control-Request-Method", "Access-Control-Request-Headers"),
    *("X-Slack-Signature", "X-Slack-Request-Timestamp", "X-Slack-Retry-Num", "X-Telegram-Bot-Api-Secret-Token"),
    *("X-Twilio-Signature", "X-Twilio-Signature-256", "I-Twilio-Idempotency-Token", "X-Hub-Signature-256"),
    *("X-Gitlab-Token", "X-GitHub-Delivery", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"),
    *("Sec-WebSocket-Extensions", "Upgrade", "Connection", "Last-Event-ID"),
)
_PLACES = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_AT_ONCE = 8


def routes(hub: Hub) -> list[tuple[str, str]]:
    """Method and path of every route of a hub with every channel that has routes."""
    settings = {name.lower(): value for name, value in _CONFIGURED.items()}
    app = Product(read_settings(data_dir=hub.home / "other", secret_key=SECRET_KEY, **settings)).make_app()
    found = [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method not in ("HEAD", "OPTIONS")
    ]
    assert len(found) > 30, found
    assert {"/webhooks/slack", "/webhooks/telegram", "/webhooks/twilio", "/webhooks/knowledge", "/slack/install"} <= {
        path for _, path in found
    }
    return found


def in_the_address(method: str, path: str, known: dict[str, str], token: str) -> list[bytes]:
    """Each place of the path and each parameter with each value; the rest as it should be."""
    good, places = filled(path, known), _PLACES.findall(path)
    described = {
        each.name for one in OPERATIONS if filled(one.path, {}) == filled(path, {}) for each in one.parameters
    } | {*_BY_NO_DESCRIPTION}
    targets = [filled(path, {**known, name: quote(value, safe="")}) for name in places for value in _VALUES]
    targets += [f"{good}?{name}={quote(value, safe='')}" for name in sorted(described) for value in _VALUES]
    targets += [f"{good}?{name}=1&{name}=2" for name in sorted(described)]
    targets += [f"{good}?{'&'.join(f'p{number}=1' for number in range(900))}", f"{good}?%zz=%", f"{good}?&&=&;"]
    return [head(method, one, _bearer(token)) for one in targets]


def in_headers(method: str, good: str) -> list[bytes]:
    """Each header with each value."""
    made = []
    for name in _HEADERS:
        for value in _IN_HEADERS:
            forms = (value, b"Bearer " + value, b"sha256=" + value, b"v0=" + value) if name in _SIGNED else (value,)
            made += [head(method, good, [(name.encode(), one)]) for one in forms]
        made.append(head(method, good, [(name.encode(), b"1"), (name.encode(), b"2")]))
    return made


def _bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"Authorization", b"Bearer " + token.encode())]


def filled(path: str, known: dict[str, str]) -> str:
    """The path with its places filled."""
    return _PLACES.sub(lambda match: known.get(match.group(1), "x"), path)


def head(method: str, target: str, headers: list[tuple[bytes, bytes]]) -> bytes:
    """A request with an empty object."""
    given = {name.lower() for name, _ in headers}
    usual = [(b"Host", b"x"), (b"Content-Type", b"application/json")]
    lines = [b"%s: %s" % pair for pair in [*(one for one in usual if one[0].lower() not in given), *headers]]
    return b"%s %s HTTP/1.1\r\n%s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}" % (
        b"GET" if method == "*" else method.encode(),
        target.encode("ascii"),
        b"\r\n".join(lines),
    )


async def status(hub: Hub, request: bytes) -> int:
    """Of the answer; 0 where the hub closes without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except ConnectionError:
        return 0
    finally:
        writer.close()


@pytest.mark.soak
async def test_no_parameter_of_any_route_is_an_error_of_ours(make_hub: MakeHub, sqlite_url: str, scale: Scale) -> None:
    """Every value stands in every place and parameter; of the headers' values each route tries another tenth than the last."""
    hub = make_hub(database_url=sqlite_url, environment=_CONFIGURED)
    bad: dict[tuple[int, str, str], bytes] = {}
    share = scale.pick(small=10, full=1)
    async with visiting(hub) as visitor:
        await visitor.say("Hello")
        file = await visitor.upload("a.txt", b"Hello", "text/plain")
        known = {"session_id": visitor.id, "user_id": visitor.id, "attachment_id": str(file.body["id"]), "part": "db"}
        tokens = (visitor.session["token"], hub.operator["Authorization"].removeprefix("Bearer "))
        for number, (method, path) in enumerate(routes(hub)):
            good = filled(path, known)
            usual = {token: await status(hub, head(method, good, _bearer(token))) for token in tokens}
            accepted = min(tokens, key=lambda token: usual[token] in (401, 403))
            made = in_the_address(method, path, known, accepted) + in_headers(method, good)[number % share :: share]
            for start in range(0, len(made), _AT_ONCE):
                some = made[start : start + _AT_ONCE]
                codes = await asyncio.gather(*(status(hub, one) for one in some))
                for code, request in zip(codes, some, strict=True):
                    closed = code == 503 and (503 in usual.values() or path.startswith("/webhooks/"))
                    if code >= 500 and not closed:  # providers are asked to come again while a channel cannot start
                        bad.setdefault((code, method, path), request)
    assert not bad, bad
    assert "Traceback" not in hub.log.read_text()
