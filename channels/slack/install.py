"""Installation in further workspaces: to Slack with a signed state, and back with a code that becomes a token."""

from __future__ import annotations

import hashlib
import hmac
import html
import secrets
from http import HTTPStatus
from urllib.parse import urlencode, urljoin

import structlog
from aiohttp import web

from channels.slack.settings import SCOPES, SlackSettings
from channels.slack.workspaces import Workspaces
from core.domain.errors import ChannelError, StoreUnavailable
from core.ports.clock import Clock

_LIFE = 600
_COOKIE = "switchboard_slack_install"
_log = structlog.get_logger(__name__)


class Installation:
    """``GET /slack/install`` and ``GET /slack/oauth_redirect``. The state serves once, and only the browser with its cookie."""

    def __init__(self, settings: SlackSettings, workspaces: Workspaces, clock: Clock, public_url: str | None) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._clock = clock
        self._public_url = public_url
        if settings.installable and settings.own_key:
            _log.warning(
                "slack.tokens_sealed_with_own_key",
                fix="set SECRET_KEY: the key in DATA_DIR/secret_key lies beside what it protects, and is this hub's alone",
            )

    async def begin(self, request: web.Request) -> web.Response:
        """To Slack's page, where somebody who may do so says yes."""
        if not self._settings.installable or self._public_url is None:
            return _page(
                "This app cannot be installed from here: set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, PUBLIC_URL.", 404
            )
        nonce = secrets.token_urlsafe(24)
        query = {
            "client_id": self._settings.client_id or "",
            "scope": ",".join(SCOPES),
            "redirect_uri": self._redirect_uri,
            "state": self._state(nonce),
        }
        place = urljoin(self._settings.api_base_url, "/oauth/v2/authorize") + "?" + urlencode(query)
        answer = web.Response(status=HTTPStatus.FOUND, headers={"Location": place, "Cache-Control": "no-store"})
        answer.set_cookie(
            _COOKIE,
            nonce,
            max_age=_LIFE,
            httponly=True,
            samesite="Lax",
            secure=self._public_url.startswith("https://"),
            path="/slack",
        )
        return answer

    async def end(self, request: web.Request) -> web.Response:
        """Back from Slack."""
        if not self._settings.installable or self._public_url is None:
            return _page("This app cannot be installed from here.", 404)
        if request.query.get("error"):
            return _page("The app was not installed.", 400)
        code, state = request.query.get("code", ""), request.query.get("state", "")
        if not code or not self._is_ours(state, request.cookies.get(_COOKIE, "")):
            return _page("This link is too old, or it was opened in another browser. Please begin again.", 403)
        nonce, until, _ = state.split(".")
        try:
            if await self._workspaces.used(nonce, self._clock.now().timestamp(), float(until)):
                return _page("This link was used before. Please begin again.", 403)
            found = await self._workspaces.nobody().exchange_code(
                self._settings.client_id or "", self._settings.client_secret or "", code, self._redirect_uri
            )
            if not found.team or not found.token:
                return _page("Slack gave no token for a workspace.", 502)
            await self._workspaces.installed(found)
        except (ChannelError, StoreUnavailable) as error:
            _log.error("slack.not_installed", error=error.detail)
            return _page("That did not work. Please begin again.", 502)
        answer = _page(f"The app is installed in {found.team_name or found.team}. Write it a message in Slack.", 200)
        answer.del_cookie(_COOKIE, path="/slack")
        return answer

    @property
    def _redirect_uri(self) -> str:
        return (self._public_url or "").rstrip("/") + "/slack/oauth_redirect"

    def _state(self, nonce: str) -> str:
        until = str(int(self._clock.now().timestamp()) + _LIFE)
        return f"{nonce}.{until}.{_mac(self._settings.state_secrets[0], nonce, until)}"

    def _is_ours(self, state: str, nonce: str) -> bool:
        parts = state.split(".")
        if len(parts) != 3 or not nonce.isascii() or not state.isascii() or not parts[1].isdecimal():
            return False
        signed = [hmac.compare_digest(_mac(one, parts[0], parts[1]), parts[2]) for one in self._settings.state_secrets]
        young = len(parts[1]) < 13 and int(parts[1]) >= self._clock.now().timestamp()
        return any(signed) and young and hmac.compare_digest(parts[0], nonce)


def _mac(secret: str, nonce: str, until: str) -> str:
    return hmac.new(secret.encode(), f"slack-install:{nonce}:{until}".encode(), hashlib.sha256).hexdigest()


def _page(text: str, status: int) -> web.Response:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Slack</title><main><p>{html.escape(text)}</p></main></html>"
    )
    return web.Response(text=body, status=status, content_type="text/html", headers={"Cache-Control": "no-store"})
