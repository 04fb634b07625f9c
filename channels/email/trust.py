"""Whether a mail comes from whom it names: only as our own receiving server says (RFC 8601).

Senders write such headers too. So the topmost one that bears our server's name counts, and nothing else: servers put theirs
on top and take out those that pretend to be theirs (RFC 8601, section 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import Message

from channels.email.address import Mailbox
from channels.email.charset import raw_headers

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;="]+))')
_RESULT = re.compile(r"^\s*([A-Za-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z0-9-]+)(.*)$", re.DOTALL)
_PROPERTY = re.compile(r'(?<![A-Za-z])([A-Za-z]+)\s*\.\s*([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))')
_LONGEST = 16_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One method's result, such as dkim=pass with ``header.d``."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def verdicts(message: Message, authserv_id: str | None) -> list[Verdict]:
    """What our own server found out; empty when it said nothing, or when we do not know its name."""
    if not authserv_id:
        return []
    for value in raw_headers(message, "Authentication-Results"):
        identifier, parts = _read(value[:_LONGEST])
        if identifier.lower() == authserv_id.strip().lower():
            return list(_verdicts(parts))
    return []


def is_proven(found: Sequence[Verdict], sender: Mailbox) -> bool:
    """DMARC passed for the sender's domain; without a word on DMARC, DKIM or SPF passed for exactly that domain."""
    dmarc = [one for one in found if one.method == "dmarc"]
    if dmarc:
        return all(one.result == "pass" for one in dmarc) and any(
            _domain(one.properties.get("header.from", "")) == sender.domain for one in dmarc
        )
    return any(one.result == "pass" and _vouches(one, sender.domain) for one in found)


def is_refuted(found: Sequence[Verdict], sender: Mailbox) -> bool:
    """Whether our own server says that the sender's domain does not stand behind this mail (dmarc=fail)."""
    return any(
        one.method == "dmarc"
        and one.result == "fail"
        and _domain(one.properties.get("header.from", sender.domain)) == sender.domain
        for one in found
    )


def _vouches(verdict: Verdict, domain: str) -> bool:
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(verdict.method, ())
    said = [_domain(verdict.properties[name]) for name in names if name in verdict.properties]
    return bool(said) and all(one == domain for one in said)


def _domain(value: str) -> str:
    return value.rpartition("@")[2].strip().lower().rstrip(".")


def _read(value: str) -> tuple[str, list[str]]:
    parts = _parts(value)
    first = _TOKEN.match(parts[0]) if parts else None
    return (first[1] or first[2] or "" if first else ""), parts[1:]


def _verdicts(parts: list[str]) -> Iterator[Verdict]:
    for part in parts:
        match = _RESULT.match(part)
        if match is None:
            continue
        properties: dict[str, str] = {}
        for kind, name, quoted, plain in _PROPERTY.findall(match[3]):
            properties.setdefault(f"{kind}.{name}".lower(), quoted or plain)
        yield Verdict(match[1].lower(), match[2].lower(), properties)


def _parts(value: str) -> list[str]:
    """What stands between semicolons, without comments. Comments nest, and in quoted strings are neither (RFC 5322, 3.2.2)."""
    parts: list[list[str]] = [[]]
    depth, quoted, escaped = 0, False, False
    for mark in value:
        if mark == ";" and not quoted and not depth:
            parts.append([])
            escaped = False
            continue
        if escaped:
            escaped = False
        elif mark == "\\":
            escaped = True
        elif quoted:
            quoted = mark != '"'
        elif mark == '"' and not depth:
            quoted = True
        elif mark == "(":
            depth += 1
            parts[-1].append(" ")
            continue
        elif mark == ")" and depth:
            depth -= 1
            continue
        if not depth:
            parts[-1].append(mark)
    return list(map("".join, parts))
