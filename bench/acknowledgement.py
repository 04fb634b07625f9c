"""How long a provider waits for our thanks: signature checked, event committed, then the answer, for each webhook channel.

The floor is a bare handler that is asked at the same pace by the same load generator. The providers' own APIs are fakes
beside the load generator, so that names are looked up after the thanks as they are in production.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from bench.load import Tally, customers, request, steady
from bench.report import Figure, Report
from bench.servers import database, process
from config.simulation import telegram_fake, twilio_fake
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import DIRECT, SECRET, TOKEN

_RATE = 50
_PUBLIC = "https://hub.example"
_PROOF = "secret-of-the-webhook"
_FLOOR = "bare handler"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Providers:
    """Fakes of the three."""

    slack: SlackFake
    telegram: telegram_fake.TelegramFake
    twilio: twilio_fake.TwilioFake

    @property
    def environment(self) -> dict[str, str]:
        """The subject's settings. Without PUBLIC_URL's host being real, Telegram's webhook is set and nothing comes by it."""
        return {
            "PUBLIC_URL": _PUBLIC,
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": self.slack.api_url,
            "TELEGRAM_BOT_TOKEN": telegram_fake.TOKEN,
            "TELEGRAM_API_BASE_URL": self.telegram.url,
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_WEBHOOK_SECRET": _PROOF,
            "TWILIO_ACCOUNT_SID": twilio_fake.SID,
            "TWILIO_AUTH_TOKEN": twilio_fake.TOKEN,
            "TWILIO_FROM": twilio_fake.OURS,
            "TWILIO_API_BASE_URL": self.twilio.url,
        }

    def slack_event(self, number: int) -> bytes:
        """A direct message."""
        body = json.dumps(self.slack.say(f"message {number}", channel=DIRECT)).encode()
        stamp = str(int(time.time()))
        mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        proof = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}
        return _post("/webhooks/slack", body, _JSON, proof)

    def telegram_update(self, number: int) -> bytes:
        """A private message."""
        message = self.telegram.message(f"message {number}", chat=4711 + number % 100)
        body = json.dumps({"update_id": 900_000 + number, "message": message}).encode()
        return _post("/webhooks/telegram", body, _JSON, {"X-Telegram-Bot-Api-Secret-Token": _PROOF})

    def text_message(self, number: int) -> bytes:
        """A text message."""
        form = self.twilio.write(f"message {number}", by=f"+1555222{number % 100:04d}")
        proof = {"X-Twilio-Signature": twilio_fake.sign(f"{_PUBLIC}/webhooks/twilio", form)}
        return _post("/webhooks/twilio", urlencode(form).encode(), _FORM, proof)


def _post(path: str, body: bytes, kind: str, headers: Mapping[str, str]) -> bytes:
    given = {"Host": "127.0.0.1", "Content-Type": kind, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def _providers() -> AsyncIterator[Providers]:
    twilio = twilio_fake.TwilioFake(partial(datetime.now, UTC))
    await twilio.start()
    try:
        async with SlackFake() as slack, telegram_fake.TelegramFake() as telegram:
            yield Providers(slack, telegram, twilio)
    finally:
        await twilio.stop()


async def _ask(port: int, make: Callable[[int], bytes], count: int, expected: int) -> Tally:
    """The first few are not counted: connections are opened, and names are looked up once."""
    await steady(port, [make(number) for number in range(100)], rate=_RATE, expected=expected)
    tally = await steady(port, [make(100 + number) for number in range(count)], rate=_RATE, expected=expected)
    if tally.failures:
        print(f"  not acknowledged: {tally.failures}")
    return tally


async def _measure(report: Report, kind: str, floor: Tally, count: int) -> None:
    async with _providers() as providers:
        with ExitStack() as stack:
            url = await asyncio.to_thread(stack.enter_context, database(kind))
            environment = {"DATABASE_URL": url, "BENCH_WORK": "0", **providers.environment}
            subject = process("bench.subject", environment=environment)
            port, _ = await asyncio.to_thread(stack.enter_context, subject)
            makers = {
                "Slack": providers.slack_event,
                "Telegram": providers.telegram_update,
                "Twilio": providers.text_message,
            }
            for name, make in makers.items():
                tally = await _ask(port, make, count, 200)
                for share, aim in ((0.5, ""), (0.99, "5 times")):
                    what = f"webhook acknowledged, {name}, {kind}, p{share * 100:.0f}"
                    report.add(Figure(what, tally.percentile(share), "ms", floor.percentile(share), _FLOOR, aim))


def run(report: Report, *, count: int = 750) -> None:
    """Both databases."""
    people = customers(100)
    with process("bench.bare", "{port}") as (port, _):
        bare = partial(_ask, port, lambda number: request(people[number % 100], f"w{number}", wait=0))
        floor = asyncio.run(bare(count, 202))
    for kind in ("sqlite", "postgres"):
        asyncio.run(_measure(report, kind, floor, count))
