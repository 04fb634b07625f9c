"""The five questions of ``switchboard init``, and the settings that their answers become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from config.channels import USELESS_ALONE
from config.commands.prompts import Questions

_NONE = "none"
_OPENAI = "openai"
_CHANNEL_ID = re.compile("[CG][A-Z0-9]{6,}")
_SAMPLE = "sample"
_KEPT = "(as it is)"

Values = dict[str, str]


def ask_all(questions: Questions) -> Values:
    """By the names of settings. Empty values switch off what was set before."""
    found = {"COMPANY_NAME": questions.ask("1. Your company's name", questions.former.get("COMPANY_NAME", ""))}
    found |= _knowledge(questions)
    found |= _model(questions)
    found |= _channels(questions)
    return found | _staff(questions, found)


def _knowledge(questions: Questions) -> Values:
    text = "2. Your documents (a folder, file or https:// address, several with commas; sample for ours)"
    given = questions.ask(text, questions.former.get("KNOWLEDGE_SOURCES") or _SAMPLE, check=_missing_sources)
    sources = [_absolute(one) for one in _parts(given)]
    folders = [one for one in sources if Path(one).is_dir()]
    folder = folders[0] if folders else ""
    if len(folders) > 1:
        questions.tell(
            f"The compose file mounts one folder, KNOWLEDGE_DIR: {folder}. In a container, mount {', '.join(folders[1:])} too, "
            "or name a folder that holds them all."
        )
    beside = {"KNOWLEDGE_DIR": folder} if folder or questions.former.get("KNOWLEDGE_DIR") else {}
    return {"KNOWLEDGE_SOURCES": ",".join(sources), **beside}


def _missing_sources(given: str) -> str | None:
    missing = [one for one in _parts(given) if _is_path(one) and not Path(one).expanduser().exists()]
    return f"There is no {', '.join(missing)}." if missing else None


def _is_path(source: str) -> bool:
    return (
        source not in (_SAMPLE, _NONE)
        and "://" not in source
        and "*" not in source
        and not re.match(r"\S+@\S+:", source)
    )


def _absolute(source: str) -> str:
    """A hub in a container sees a folder at its own place, wherever it was started."""
    return str(Path(source).expanduser().absolute()) if _is_path(source) else source


def _model(questions: Questions) -> Values:
    former = questions.former
    if former.get("AZURE_OPENAI_ENDPOINT"):
        before = _KEPT
    else:
        before = former.get("OPENAI_BASE_URL") or (_OPENAI if former.get("OPENAI_API_KEY") else _NONE)
    text = (
        "3. Language model (openai, the address of a compatible server as https://…/v1, or none to quote the documents)"
    )
    chosen = questions.ask(text, before, check=_no_model)
    if chosen == _KEPT:
        return {}
    if chosen == _NONE:
        return _switched_off(former, ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_KEY", "OPENAI_BASE_URL"))
    url = "" if chosen == _OPENAI else chosen.rstrip("/")
    found = _switched_off(former, ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"))
    found |= {"OPENAI_BASE_URL": url} if url else {}
    found["OPENAI_API_KEY"] = questions.ask_secret("   Its key", former.get("OPENAI_API_KEY", ""))
    name = questions.ask("   The model's name there, empty for the default", former.get("OPENAI_MODEL", ""))
    return found | ({"OPENAI_MODEL": name} if name else {})


def _no_model(given: str) -> str | None:
    if given in (_NONE, _OPENAI, _KEPT) or given.startswith(("http://", "https://")):
        return None
    return "Write openai, none, or an address that begins with https:// or http://."


def _channels(questions: Questions) -> Values:
    before = ",".join(name for name, (switch, _) in _TOKENS.items() if questions.former.get(switch)) or _NONE
    text = f"4. Channels besides the widget ({', '.join(_TOKENS)}, several with commas, or none)"
    chosen = _parts(questions.ask(text, before, check=_no_channels).lower())
    found: Values = {}
    for name, (switch, ask) in _TOKENS.items():
        if name in chosen:
            found |= ask(questions)
        elif questions.former.get(switch):
            found |= _switched_off(questions.former, (switch, *USELESS_ALONE[name]))
    return found


def _no_channels(given: str) -> str | None:
    unknown = [one for one in _parts(given.lower()) if one not in (*_TOKENS, _NONE)]
    return f"There is no {', '.join(unknown)}." if unknown else None


def _slack(questions: Questions) -> Values:
    found = _secret(questions, "SLACK_BOT_TOKEN", "   Slack, the bot's token (xoxb-…)")
    found |= _secret(questions, "SLACK_APP_TOKEN", "   Slack, the app-level token (xapp-…), empty for webhooks")
    if not found["SLACK_APP_TOKEN"]:
        found |= _secret(questions, "SLACK_SIGNING_SECRET", "   Slack, the signing secret")
    return found


def _telegram(questions: Questions) -> Values:
    return _secret(questions, "TELEGRAM_BOT_TOKEN", "   Telegram, the token from @BotFather")


def _sms(questions: Questions) -> Values:
    found = _plain(questions, "TWILIO_ACCOUNT_SID", "   Twilio, the account's SID (AC…)")
    found |= _secret(questions, "TWILIO_AUTH_TOKEN", "   Twilio, the auth token")
    return found | _plain(questions, "TWILIO_FROM", "   Twilio, your number (+15551234567)")


def _email(questions: Questions) -> Values:
    found = _plain(questions, "EMAIL_ADDRESS", "   E-mail, the address that customers write to")
    found |= _secret(questions, "EMAIL_IMAP_URL", "   E-mail, imaps://user:password@host:993")
    return found | _secret(questions, "EMAIL_SMTP_URL", "   E-mail, smtp+starttls://user:password@host:587")


_TOKENS: dict[str, tuple[str, Callable[[Questions], Values]]] = {
    "slack": ("SLACK_BOT_TOKEN", _slack),
    "telegram": ("TELEGRAM_BOT_TOKEN", _telegram),
    "sms": ("TWILIO_ACCOUNT_SID", _sms),
    "email": ("EMAIL_ADDRESS", _email),
}
"""By channel: the setting that switches it on, and what asks for its credentials."""


def _staff(questions: Questions, found: Values) -> Values:
    """A channel in Slack needs the app, and mail to staff the mailbox: what is missing of them is asked for here."""
    former = questions.former
    before = former.get("SLACK_STAFF_CHANNEL") or former.get("STAFF_EMAIL") or _NONE
    text = "5. Where do staff answer (the id of a Slack channel as C…, an e-mail address, or none)"
    chosen = questions.ask(text, before, check=_no_place)
    places = {"SLACK_STAFF_CHANNEL": "", "STAFF_EMAIL": ""}
    if "@" in chosen:
        places["STAFF_EMAIL"] = chosen
        beside = {} if found.get("EMAIL_ADDRESS") else _email(questions)
    elif chosen != _NONE:
        places["SLACK_STAFF_CHANNEL"] = chosen
        own_app = found.get("SLACK_BOT_TOKEN") or former.get("SLACK_DESK_BOT_TOKEN")
        beside = {} if own_app else _slack(questions)
    else:
        beside = {}
    return {**beside, **{name: value for name, value in places.items() if value or former.get(name)}}


def _no_place(given: str) -> str | None:
    if given == _NONE or _CHANNEL_ID.fullmatch(given) or re.fullmatch(r"[^@\s]+@[^@\s]+", given):
        return None
    return "That is neither a channel's id, such as C0123456789 (Slack shows it at the end of About), nor an address."


def _switched_off(former: Mapping[str, str], names: Iterable[str]) -> Values:
    return {name: "" for name in names if former.get(name)}


def _plain(questions: Questions, name: str, text: str) -> Values:
    return {name: questions.ask(text, questions.former.get(name, ""))}


def _secret(questions: Questions, name: str, text: str) -> Values:
    return {name: questions.ask_secret(text, questions.former.get(name, ""))}


def _parts(given: str) -> Sequence[str]:
    return [one.strip() for one in given.split(",") if one.strip()]
