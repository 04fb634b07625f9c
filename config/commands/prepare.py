"""``switchboard prepare``: what a first start needs and what takes long, done at installation."""

from __future__ import annotations

import asyncio
import os
import time

import click
from rich.console import Console

from api.logging import LogSettings, configure_logging
from config.knowledge.knowledge_parts import knowledge_settings
from config.secret_values import all_secrets
from config.settings import read_settings
from core.domain.errors import KnowledgeUnavailable
from knowledge.embed.ready import NotReady
from knowledge.prepare import prepare

_READ_BY_ALL = 0o022
"""An image is built by root, and what was prepared is read by the hub's own user. Nothing of it is secret."""


def run() -> int:
    """0 when everything is prepared, 1 when a start will have to do it, or does without."""
    settings = read_settings()
    os.umask(_READ_BY_ALL)
    configure_logging(LogSettings(level="ERROR", format="console"), secrets=all_secrets(settings))
    knowledge = knowledge_settings(settings)
    if knowledge.embedding_url is not None:
        click.echo("Nothing to prepare: the server of EMBEDDING_BASE_URL embeds.")
        return 0
    began, told = time.monotonic(), list[str]()

    def tell(sentence: str) -> None:
        told.append(sentence)
        click.echo(sentence)

    try:
        with Console(stderr=True).status("Preparing"):
            asyncio.run(prepare(knowledge, tell))
    except NotReady as reason:
        click.echo(f"The model is run by sentence-transformers, which takes more memory and time: {reason}", err=True)
        return 1
    except KnowledgeUnavailable as error:
        click.echo(f"Not prepared, and done at the first start: {error.detail}", err=True)
        return 1
    except OSError as error:
        click.echo(f"Not prepared, and done at the first start: {error}", err=True)
        return 1
    if told:
        click.echo(f"Prepared in {time.monotonic() - began:.0f} s")
    return 0
