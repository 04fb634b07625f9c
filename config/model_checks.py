"""What ``switchboard doctor`` says of the language model and of a server that embeds: one call each, which uses no tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from config.settings import Settings, secrets_of
from core.ports.channel import Diagnosis

_OPENAI: Final = "https://api.openai.com/v1"
_SECONDS = 5.0
_SHOWN = 8
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NO_ROUTE = (404, 405)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A server that speaks OpenAI's protocol, and the settings that name it. ``route``: what the hub calls there."""

    url_setting: str
    key_setting: str
    model_setting: str
    url: str
    key: str | None
    model: str | None
    route: str


async def check_model(settings: Settings) -> Sequence[Diagnosis]:
    """Whether the model answers to our key, by name. Only where there is one."""
    if settings.azure_openai_endpoint:
        return [await _azure(settings)]
    keys = secrets_of(settings.openai_api_key)
    url, key = settings.openai_base_url or _OPENAI, keys[0] if keys else None
    models = {"OPENAI_MODEL": settings.openai_model, **_models_by_task(settings)}
    ends = (
        _Endpoint("OPENAI_BASE_URL", "OPENAI_API_KEY", setting, url, key, model, "/chat/completions")
        for setting, model in models.items()
    )
    return await asyncio.gather(*map(_checked, ends))


def _models_by_task(settings: Settings) -> dict[str, str]:
    """By setting: the models that are named besides the one that answers."""
    names = [f"agent_{task}_model" for task in ("verify", "summary", "memory", "translation")]
    tasks = {name.upper(): model for name in names if (model := getattr(settings, name))}
    arms = {
        f"EXPERIMENTS.{experiment}.{name}": arm.model
        for experiment, one in settings.experiments.items()
        for name, arm in one.arms.items()
        if arm.model is not None
    }
    return {**tasks, **arms}


async def check_embedding(settings: Settings) -> Sequence[Diagnosis]:
    """The same of EMBEDDING_BASE_URL."""
    keys = secrets_of(settings.embedding_api_key)
    names = ("EMBEDDING_BASE_URL", "EMBEDDING_API_KEY", "EMBEDDING_MODEL")
    url = (settings.embedding_base_url or "").rstrip("/")
    key, model = keys[0] if keys else None, settings.embedding_model
    return [await _checked(_Endpoint(*names, url, key, model, "/embeddings"))]


async def _checked(end: _Endpoint) -> Diagnosis:
    headers = {"Authorization": f"Bearer {end.key}"} if end.key else {}
    try:
        async with _session(headers) as http:
            status, found = await _get(http, f"{end.url}/models")
            if status in _NO_ROUTE:
                return await _without_list(http, end)
            return _judged(end, status, found)
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        return _unreached(end.url_setting, end.url, error)


def _session(headers: dict[str, str]) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=_SECONDS), trust_env=True)


async def _get(http: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    """Status and JSON, None where the answer is none."""
    async with http.get(url) as answer:
        try:
            return answer.status, await answer.json(content_type=None)
        except ValueError:
            return answer.status, None


def _judged(end: _Endpoint, status: int, found: Any) -> Diagnosis:
    if status == 200:
        listed = found.get("data") if isinstance(found, dict) else None
        if not isinstance(listed, list):
            return _wrong_address(end, "what answers there is no model's API")
        return _named(end, [str(one.get("id")) for one in listed if isinstance(one, dict)], bool(found.get("has_more")))
    return _refused(end, status) or Diagnosis(
        end.url_setting, False, f"{_host(end.url)} answers {status}", "See the provider's status page, and try again."
    )


def _refused(end: _Endpoint, status: int) -> Diagnosis | None:
    if status in (401, 403):
        if end.key is None:
            fix = f"Set {end.key_setting} to a key of {_host(end.url)}, or let {end.url_setting} name another server."
            return Diagnosis(end.key_setting, False, f"{_host(end.url)} asks for a key, and none is set", fix)
        if end.url == _OPENAI:
            fix = (
                f"Make a key at https://platform.openai.com/api-keys and copy it to {end.key_setting}; for a key of another "
                f"provider set {end.url_setting} to that provider's address."
            )
        else:
            fix = f"Copy a key of {_host(end.url)} to {end.key_setting}, or correct {end.url_setting}."
        return Diagnosis(end.key_setting, False, f"{_host(end.url)} refuses the key ({status})", fix)
    if status == 429:
        fix = f"Look at the quota, the payment and the rate limits of the account of {end.key_setting}."
        return Diagnosis(end.key_setting, False, f"{_host(end.url)} takes no more requests now (429)", fix)
    return None


def _named(end: _Endpoint, names: Sequence[str], more: bool) -> Diagnosis:
    """Ollama lists ``name:latest`` and answers to ``name``. A list without names, or with more pages, proves nothing."""
    known = {one for name in names for one in (name, name.removesuffix(":latest"))}
    if end.model is None or not known or more or end.model in known:
        return Diagnosis(
            end.model_setting, True, f"{_host(end.url)} takes the key; the model is {end.model or 'its own'}"
        )
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    fix = f"Set {end.model_setting} to one that is there: {', '.join(sorted(names)[:_SHOWN])}{rest}."
    return Diagnosis(end.model_setting, False, f"{_host(end.url)} has no model {end.model}", fix)


async def _without_list(http: aiohttp.ClientSession, end: _Endpoint) -> Diagnosis:
    """Some servers list no models. An empty request, which is refused before it costs anything, tells them from a wrong path."""
    async with http.post(f"{end.url}{end.route}", json={}) as answer:
        status = answer.status
    if status not in _NO_ROUTE:
        told = Diagnosis(
            end.model_setting, True, f"{_host(end.url)} takes the key; which models it has, it does not say"
        )
        return _refused(end, status) or told
    if not urlsplit(end.url).path.rstrip("/").endswith("/v1"):
        status, _ = await _get(http, f"{end.url}/v1/models")
        if status not in _NO_ROUTE:
            return _wrong_address(end, "there is no API at this path", f"{_without_login(end.url)}/v1")
    return _wrong_address(end, "there is no API at this path (404)")


def _wrong_address(end: _Endpoint, said: str, right: str | None = None) -> Diagnosis:
    shown = _without_login(end.url)
    shortened = shown.removesuffix(end.route)
    if right is None and shortened != shown:
        right = shortened
    fix = f"Set {end.url_setting} to {right or 'the address before ' + end.route + ', which usually ends in /v1'}."
    return Diagnosis(end.url_setting, False, f"{shown}: {said}", fix)


def _unreached(setting: str, url: str, error: Exception) -> Diagnosis:
    host = _host(url)
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        detail = f"{host} does not answer within {_SECONDS:.0f} s"
    else:
        detail = f"{host} cannot be reached ({type(error).__name__})"
    if urlsplit(url).hostname in _LOOPBACK:
        fix = f"Start the server, or correct {setting}. Inside a container, localhost is the container itself: name the machine."
    elif isinstance(error, aiohttp.ClientSSLError):
        fix = f"Let {setting} name the server as its certificate does, or begin with http:// where it speaks no TLS."
    else:
        fix = f"Correct {setting}, or let this machine reach {host}: see its firewall and proxy."
    return Diagnosis(setting, False, detail, fix)


async def _azure(settings: Settings) -> Diagnosis:
    """Asked with an empty request, which is refused for its content only where endpoint, key and deployment are right."""
    endpoint = (settings.azure_openai_endpoint or "").rstrip("/")
    deployment = settings.azure_openai_deployment or ""
    (key, *_rest) = secrets_of(settings.azure_openai_api_key) or ("",)
    url = f"{endpoint}/openai/deployments/{deployment}/chat/completions"
    version = {"api-version": settings.azure_openai_api_version}
    try:
        async with _session({"api-key": key}) as http, http.post(url, params=version, json={}) as answer:
            status, text = answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        return _unreached("AZURE_OPENAI_ENDPOINT", endpoint, error)
    return _azure_told(status, text, _host(endpoint), deployment, settings.azure_openai_api_version)


def _azure_told(status: int, text: str, host: str, deployment: str, version: str) -> Diagnosis:
    portal = "in the Azure portal, at the resource"
    if status in (401, 403):
        fix = f"Copy a key {portal}, Keys and Endpoint, to AZURE_OPENAI_API_KEY; the endpoint is of the same resource."
        return Diagnosis("AZURE_OPENAI_API_KEY", False, f"{host} refuses the key ({status})", fix)
    if status == 404 and "DeploymentNotFound" in text:
        fix = f"Set AZURE_OPENAI_DEPLOYMENT to a name from the list of deployments {portal}."
        return Diagnosis("AZURE_OPENAI_DEPLOYMENT", False, f"{host} has no deployment {deployment}", fix)
    if status in _NO_ROUTE:
        fix = f"Copy AZURE_OPENAI_ENDPOINT {portal}, Keys and Endpoint; AZURE_OPENAI_API_VERSION is one that Azure documents."
        return Diagnosis("AZURE_OPENAI_ENDPOINT", False, f"{host} knows no such API (version {version})", fix)
    if status == 429 or status >= 500:
        fix = "Look at the quota of AZURE_OPENAI_DEPLOYMENT and at Azure's status page, and try again."
        return Diagnosis("AZURE_OPENAI_DEPLOYMENT", False, f"{host} answers {status}", fix)
    return Diagnosis("AZURE_OPENAI_DEPLOYMENT", True, f"{host} takes the key and has {deployment}")


def _without_login(url: str) -> str:
    """What is said of an address is copied into reports of faults; a password in it is not."""
    return urlsplit(url)._replace(netloc=_host(url)).geturl()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url
