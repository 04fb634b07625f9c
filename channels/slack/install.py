"""Installation in further workspaces by Bolt's OAuth flow, with states and an installation store of ours."""

from __future__ import annotations

import contextlib
import html
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import structlog
from aiohttp import web
from cryptography.fernet import InvalidToken
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncBoltRequest
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from channels.slack.client import SILENT
from channels.slack.settings import SCOPES, SlackSettings
from channels.slack.workspaces import Installed, Workspaces, fernet
from core.domain.errors import ChannelError, StoreUnavailable, Unreachable
from core.ports.clock import Clock

_LIFE = 600
_PURPOSE = b"switchboard: states of Slack installations"
_log = structlog.get_logger(__name__)


class InstallPages:
    """``GET /slack/install`` and ``GET /slack/oauth_redirect``. Only the browser that began can end."""

    def __init__(self, settings: SlackSettings, workspaces: Workspaces, clock: Clock, public_url: str) -> None:
        if settings.own_key:
            _log.warning(
                "slack.tokens_sealed_with_own_key",
                fix="set SECRET_KEY: the key in DATA_DIR/secret_key lies beside what it protects, and is this hub's alone",
            )
        self._flow = AsyncOAuthFlow(
            client=workspaces.client_with(()),
            logger=SILENT,
            settings=AsyncOAuthSettings(
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                scopes=SCOPES,
                redirect_uri=public_url.rstrip("/") + "/slack/oauth_redirect",
                authorization_url=urljoin(settings.api_base_url, "/oauth/v2/authorize"),
                install_page_rendering_enabled=False,
                state_store=_States(settings.state_secrets, workspaces, clock),
                state_cookie_name="switchboard_slack_install",
                state_expiration_seconds=_LIFE,
                installation_store=_Installations(workspaces),
                callback_options=AsyncCallbackOptions(_installed, _not_installed),
                logger=SILENT,
            ),
        )

    async def begin(self, request: web.Request) -> web.Response:
        """To Slack's page, where somebody who may do so says yes."""
        return await _answer(self._flow.handle_installation, request)

    async def end(self, request: web.Request) -> web.Response:
        """Back from Slack."""
        return await _answer(self._flow.handle_callback, request)


class _States(AsyncOAuthStateStore):
    """A state is sealed, with its time, and serves once. It is stored only when it comes back."""

    def __init__(self, keys: tuple[str, ...], workspaces: Workspaces, clock: Clock) -> None:
        self._keys = [fernet(key, _PURPOSE) for key in keys]
        self._workspaces = workspaces
        self._clock = clock

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        nonce = secrets.token_urlsafe(24).encode()
        return self._keys[0].encrypt_at_time(nonce, int(self._clock.now().timestamp())).decode().rstrip("=")

    async def async_consume(self, state: str) -> bool:
        now = int(self._clock.now().timestamp())
        sealed = state.encode() + b"=" * (-len(state) % 4)
        for key in self._keys:
            with contextlib.suppress(InvalidToken):
                nonce = key.decrypt_at_time(sealed, _LIFE, now).decode()
                return not await self._workspaces.used(nonce, now + _LIFE)
        return False


class _Installations(AsyncInstallationStore):
    """As far as the flow asks: Workspaces finds the tokens."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def async_save(self, installation: Installation) -> None:
        team, token = installation.team_id or installation.enterprise_id, installation.bot_token
        if not team or not token:
            raise Unreachable("Slack gave no token for a workspace.")
        name = installation.team_name or installation.enterprise_name or ""
        scopes = ",".join(installation.bot_scopes or ())
        await self._workspaces.installed(Installed(team, name, token, installation.bot_user_id or "", scopes))


async def _answer(handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]], request: web.Request) -> web.Response:
    asked = AsyncBoltRequest(body="", query=request.query_string, headers=dict(request.headers))
    try:
        given = await handle(asked)
    except (ChannelError, StoreUnavailable) as error:
        _log.error("slack.not_installed", error=error.detail)
        given = _page("That did not work. Please begin again.", 502)
    answer = await to_aiohttp_response(given)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _installed(args: AsyncSuccessArgs) -> BoltResponse:
    found = args.installation
    name = found.team_name or found.enterprise_name or found.team_id
    page = _page(f"The app is installed in {name}. Write it a message in Slack.", 200)
    page.headers["set-cookie"] = [args.settings.state_utils.build_set_cookie_for_deletion()]
    return page


async def _not_installed(args: AsyncFailureArgs) -> BoltResponse:
    if "error" in args.request.query:
        return _page("The app was not installed.", 400)
    text = "This link is too old, was used before, or was opened in another browser. Please begin again."
    return _page(text, 403)


def _page(text: str, status: int) -> BoltResponse:
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Slack</title><main><p>{html.escape(text)}</p></main></html>"
    )
    return BoltResponse(status=status, body=body, headers={"Content-Type": "text/html"})
