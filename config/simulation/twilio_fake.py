"""Twilio as its customers meet it, on loopback: strict about what it is sent, and signing what it sends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import re
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from yarl import URL

from channels.sms.client import open_transport
from channels.transport import Transport
from config.simulation.loopback import LoopbackServer
from config.simulation.twilio_rules import Account, refusal, variables

SID = "AC" + "0123456789abcdef" * 2
TOKEN = "a" * 32
OURS = "+15550001111"
THEIRS = "+15552223333"
WHATSAPP_OURS = f"whatsapp:{OURS}"
WHATSAPP_THEIRS = f"whatsapp:{THEIRS}"
SERVICE = "MG" + "0123456789abcdef" * 2
POOLED = "+15550004444"
CDN = "media.twiliocdn.com"


class TwilioFake:
    """``faults``: each is met by one request to send; a slow one sets ``held`` and waits for ``released``. ``weather`` thinks of
    one for every other request.

    ``journal``: what was asked. ``messages``: oldest first. ``own_cdn``: files are on the content network's own hosts, which
    only ``transport`` finds here; without it they are on the API's host, for a hub that is a process of its own.
    """

    def __init__(self, now: Callable[[], datetime], *, own_cdn: bool = True) -> None:
        self.now = now
        self.own_cdn = own_cdn
        self.tokens = {TOKEN}
        self.account = Account(
            {OURS, WHATSAPP_OURS, POOLED}, {SERVICE: {OURS, POOLED}}, wrote_last={WHATSAPP_THEIRS: now()}
        )
        self.numbers: list[dict[str, Any]] = [self.number(OURS), self.number(POOLED)]
        self.services: dict[str, dict[str, Any]] = {}
        self.account_status = "active"
        self.messages: list[dict[str, Any]] = []
        self.media: dict[str, list[dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.disposition = ""
        self.faults: deque[str] = deque()
        self.weather: Callable[[Mapping[str, str]], str] = lambda _form: ""
        self.released = asyncio.Event()
        self.held = asyncio.Event()
        self.news = asyncio.Event()
        self.journal: list[tuple[str, str]] = []
        self.forms: list[dict[str, str]] = []
        self.cdn_headers: list[Mapping[str, str]] = []
        self.page_size = 3
        self.hub = ""
        self.public = "https://hub.example"
        self._ids = itertools.count(1)
        self._server = LoopbackServer(self._app())
        self._cdn = LoopbackServer(self._cdn_app())

    async def start(self) -> None:
        """Begin to answer."""
        await self._server.start_server()
        await self._cdn.start_server()

    async def stop(self) -> None:
        """Answer nothing more."""
        self.released.set()
        await self._server.close()
        await self._cdn.close()

    @property
    def url(self) -> str:
        """The API's origin."""
        return str(self._server.make_url("")).rstrip("/")

    def transport(self) -> Transport:
        """A transport for which the content network is on loopback too; only its name is looked up elsewhere."""

        async def elsewhere(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            if request.url.host == CDN:
                request.url = URL.build(scheme="http", host="127.0.0.1", port=self._cdn.port, path=request.url.path)
            return await handler(request)

        return open_transport(middlewares=(elsewhere,))

    # The account's own things

    def number(self, number: str, *, sms: bool = True, url: str | None = None) -> dict[str, Any]:
        """A number as the API shows it."""
        return {
            "sid": f"PN{number.lstrip('+'):0>32}",
            "phone_number": number,
            "capabilities": {"sms": sms, "mms": sms, "voice": True},
            "sms_url": url or "https://hub.example/webhooks/twilio",
            "sms_method": "POST",
            "sms_application_sid": "",
        }

    def sent(self, to: str = THEIRS) -> list[str]:
        """The bodies that a customer has got, in order."""
        return [one["body"] for one in self.messages if one["to"] == to and one["direction"] != "inbound"]

    async def until_sent(self, count: int) -> None:
        """Wait until our side has got through with so many messages."""
        while sum(one["direction"] == "outbound-api" for one in self.messages) < count:
            self.news.clear()
            await self.news.wait()

    # What customers do

    def write(
        self, body: str, *, by: str = THEIRS, to: str = OURS, files: Mapping[str, bytes] | None = None
    ) -> dict[str, str]:
        """A customer writes: Twilio keeps it, and this is the form for the webhook."""
        message = self._keep("inbound", by, to, body, "received")
        sid = message["sid"]
        self.account.wrote_last[by] = self.now()
        form = {
            "ToCountry": "US",
            "SmsMessageSid": sid,
            "NumMedia": str(len(files or {})),
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": body,
            "To": to,
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": SID,
            "From": by,
            "ApiVersion": "2010-04-01",
        }
        for number, (kind, data) in enumerate((files or {}).items()):
            url = self._attach(sid, kind, data)
            form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": kind}
        message["num_media"] = form["NumMedia"]
        if to in self.account.pools.get(SERVICE, ()) and SERVICE in self.services:
            form["MessagingServiceSid"] = message["messaging_service_sid"] = SERVICE
        return form

    async def deliver(
        self,
        form: Mapping[str, str],
        path: str = "/webhooks/twilio",
        *,
        token: str = TOKEN,
        public: str | None = None,
        tampered: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Call the hub as Twilio does. A reply in TwiML is sent to the customer."""
        headers = {"X-Twilio-Signature": sign(f"{public or self.public}{path}", form, token)}
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                f"{self.hub}{path}",
                data=urlencode({**form, **(tampered or {})}).encode(),
                headers={**headers, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
            ) as answer,
        ):
            text = await answer.text()
            if answer.status == 200 and answer.content_type == "text/xml":
                for said in fromstring(text).findall("Message"):
                    self._keep("outbound-reply", form["To"], form["From"], said.text or "", "sent")
            return answer.status, text

    def report(self, sid: str, status: str, code: int | None = None) -> dict[str, str]:
        """The form of a status callback."""
        message = next(one for one in self.messages if one["sid"] == sid)
        message |= {"status": status, "error_code": code}
        form = {
            "SmsSid": sid,
            "SmsStatus": status,
            "MessageStatus": status,
            "To": message["to"],
            "MessageSid": sid,
            "AccountSid": SID,
            "From": message["from"],
            "ApiVersion": "2010-04-01",
        }
        return {**form, "ErrorCode": str(code)} if code else form

    def _attach(self, sid: str, kind: str, data: bytes) -> str:
        media = f"ME{next(self._ids):032x}"
        path = f"/2010-04-01/Accounts/{SID}/Messages/{sid}/Media/{media}"
        self.media.setdefault(sid, []).append({"sid": media, "content_type": kind, "uri": f"{path}.json"})
        self.files[media] = data
        return f"{self.url}{path}"

    def _keep(self, direction: str, by: str, to: str, body: str, status: str) -> dict[str, Any]:
        date = format_datetime(self.now().astimezone(UTC))
        message: dict[str, Any] = {
            "sid": f"SM{next(self._ids):032x}",
            "account_sid": SID,
            "messaging_service_sid": None,
            "from": by,
            "to": to,
            "body": body,
            "status": status,
            "direction": direction,
            "num_media": "0",
            "num_segments": "1",
            "date_created": date,
            "date_sent": None if status == "queued" else date,
            "error_code": None,
            "error_message": None,
        }
        self.messages.append(message)
        self.news.set()
        return message

    # The API

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._authorized])
        base = "/2010-04-01/Accounts/{account}"
        app.add_routes(
            [
                web.get(f"{base}.json", self._show_account),
                web.post(f"{base}/Messages.json", self._create),
                web.get(f"{base}/Messages.json", self._list),
                web.get(f"{base}/Messages/{{sid}}/Media.json", self._list_media),
                web.get(f"{base}/Messages/{{sid}}/Media/{{media}}", self._show_media),
                web.get(f"{base}/IncomingPhoneNumbers.json", self._list_numbers),
                web.get("/messaging/v1/Services/{sid}", self._show_service),
                web.get("/cdn/{media}", self._show_file),
            ]
        )
        return app

    def _cdn_app(self) -> web.Application:
        async def file(request: web.Request) -> web.Response:
            self.cdn_headers.append(dict(request.headers))
            named = {"Content-Disposition": self.disposition} if self.disposition else None
            return web.Response(body=self.files[request.match_info["media"]], headers=named)

        app = web.Application()
        app.router.add_get("/{media}", file)
        return app

    @web.middleware
    async def _authorized(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.journal.append((request.method, request.path_qs))
        given = request.headers.get("Authorization", "")
        known = {"Basic " + base64.b64encode(f"{SID}:{token}".encode()).decode() for token in self.tokens}
        if given not in known or request.match_info.get("account", SID) != SID:
            return problem(401, 20003, "Authenticate")
        return await handler(request)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        fault = self.faults.popleft() if self.faults else self.weather(form)
        if fault.startswith("429"):
            return problem(429, 20429, "Too Many Requests", {"Retry-After": fault.partition(" ")[2] or "7"})
        if fault == "gone" and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if fault in ("500", "503"):
            return problem(int(fault), 20500, "Internal Server Error")
        if fault == "proxy":
            return web.Response(status=404, text="<h1>Not found</h1>", content_type="text/html")
        if fault == "moved":
            return web.Response(status=301, headers={"Location": "https://elsewhere.example/"})
        refused = refusal(form, self.account, self.now())
        if refused is not None:
            return problem(400, *refused)
        sender = form.get("From") or min(self.account.pools[form["MessagingServiceSid"]])
        body = self._kept_text(form)
        if "trial" in fault:
            body = f"Sent from your Twilio trial account - {body}"
        message = self._keep("outbound-api", sender, form["To"], "" if "redacted" in fault else body, "queued")
        message["num_media"] = "1" if "MediaUrl" in form else "0"
        message["messaging_service_sid"] = form.get("MessagingServiceSid")
        message["media_url"] = form.get("MediaUrl")
        if "lost answer" in fault and request.transport is not None:
            request.transport.abort()
        if fault == "slow":
            self.held.set()
            await self.released.wait()
        return web.json_response({key: value for key, value in message.items() if key != "media_url"}, status=201)

    def _kept_text(self, form: Mapping[str, str]) -> str:
        """A template with its variables; links made short where that was asked for, which takes a Messaging Service."""
        text = form.get("Body", "")
        if "ContentSid" in form:
            text = self.account.templates[form["ContentSid"]]
            for name, value in variables(form).items():
                text = text.replace(f"{{{{{name}}}}}", value)
        if form.get("ShortenUrls") == "true" and "MessagingServiceSid" in form:
            text = re.sub(r"https?://\S+", lambda _: f"https://go.example/{next(self._ids):010x}", text)
        return text

    async def _list(self, request: web.Request) -> web.Response:
        """The newest first, in pages, by the filters that Twilio has; what waits has no date of sending."""
        query = request.query
        found = [
            one
            for one in reversed(self.messages)
            if query.get("To", one["to"]) == one["to"]
            and query.get("From", one["from"]) == one["from"]
            and _since(one, query.get("DateSent>"))
        ]
        page, size = int(query.get("Page", "0")), min(int(query.get("PageSize", "50")), self.page_size)
        rows = found[page * size : (page + 1) * size]
        following = (
            str(request.rel_url.update_query({"Page": str(page + 1)})) if len(found) > (page + 1) * size else None
        )
        shown = [{key: value for key, value in one.items() if key != "media_url"} for one in rows]
        return web.json_response({"messages": shown, "page": page, "page_size": size, "next_page_uri": following})

    async def _list_media(self, request: web.Request) -> web.Response:
        return web.json_response({"media_list": self.media.get(request.match_info["sid"], []), "next_page_uri": None})

    async def _show_media(self, request: web.Request) -> web.StreamResponse:
        media = request.match_info["media"]
        if media not in self.files:
            return problem(404, 20404, "The requested resource was not found")
        raise web.HTTPTemporaryRedirect(f"https://{CDN}/{media}" if self.own_cdn else f"{self.url}/cdn/{media}")

    async def _show_file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["media"]])

    async def _list_numbers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("PhoneNumber")
        found = [one for one in self.numbers if wanted in (None, one["phone_number"])]
        return web.json_response({"incoming_phone_numbers": found, "next_page_uri": None})

    async def _show_account(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"sid": SID, "friendly_name": "Tidepool", "status": self.account_status, "type": "Full"}
        )

    async def _show_service(self, request: web.Request) -> web.Response:
        service = self.services.get(request.match_info["sid"])
        return problem(404, 20404, "Service not found") if service is None else web.json_response(service)


def sign(url: str, form: Mapping[str, str], token: str = TOKEN) -> str:
    """As the documentation says: the address, then each name and value in the order of the names, HMAC-SHA1, Base64."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def problem(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error as Twilio writes it."""
    info = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": info, "status": status}
    return web.json_response(body, status=status, headers=headers)


def _since(message: Mapping[str, Any], day: str | None) -> bool:
    if day is None:
        return True
    date = message["date_sent"]
    return date is not None and parsedate_to_datetime(date).date().isoformat() >= day
