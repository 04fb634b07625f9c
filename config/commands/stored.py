"""The commands that show or change what the database holds. Each imports its parts only when it is called."""

from __future__ import annotations

import sys

import click


def _written_in_text(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Bytes that are no text reach us as halves of surrogate pairs, which nothing can store or look up."""
    if value.isprintable():
        return value
    raise click.BadParameter("this is not a text.", ctx, parameter)


def _text_or_nothing(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _written_in_text(ctx, parameter, value)


@click.group("dead-letters")
def dead_letters() -> None:
    """Messages that could not be delivered."""


@dead_letters.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, oldest first.")
def list_dead_letters(limit: int) -> None:
    """Show them, with the reason."""
    from config.commands.dead_letters import show

    show(limit)


@dead_letters.command("retry")
@click.argument("delivery_id", callback=_written_in_text)
def retry_dead_letter(delivery_id: str) -> None:
    """Send one again."""
    from config.commands.dead_letters import retry

    sys.exit(retry(delivery_id))


@click.command("case")
@click.argument("name", callback=_written_in_text)
def show_case(name: str) -> None:
    """Show the audit log of a case: who had it when, every relayed message, every note, every change of a ticket.

    NAME: its ticket number or id.
    """
    from config.commands.case import run

    sys.exit(run(name))


@click.command("blocked")
def blocked() -> None:
    """Show which customers staff have blocked, by whom and why. They are unblocked from the case, in Slack."""
    from config.commands.blocked import show

    show()


@click.command("identities")
@click.argument("address", callback=_written_in_text)
@click.option("--unlink", is_flag=True, help="Undo all links of this address first.")
def identities(address: str, unlink: bool) -> None:
    """Show which addresses a customer has linked with this one, when, and whether it was undone.

    ADDRESS: an e-mail address, a phone number (+49…), or an id on another channel.
    """
    from config.commands.identities import show

    sys.exit(show(address, unlink=unlink))


@click.group()
def customers() -> None:
    """What is kept of a customer, with all identities that they have linked by a code."""


_only = click.option("--only", is_flag=True, help="Only this identity, not those that are linked with it.")


@customers.command("export")
@click.argument("address", callback=_written_in_text)
@_only
def export_customer(address: str, only: bool) -> None:
    """Print it as JSON lines, one for each row: identities, conversations, messages, files, tickets, cases, links.

    ADDRESS: as of switchboard identities, or channel:address, channel:account:address or channel:account:address:verified.
    """
    from config.commands.customers import export

    sys.exit(export(address, only=only))


@customers.command("erase")
@click.argument("address", callback=_written_in_text)
@_only
@click.option("--yes", is_flag=True, help="Do not ask before.")
def erase_customer(address: str, only: bool, yes: bool) -> None:
    """Erase it, and withhold what is not sent yet. Staff of an open case are told, and the case is closed.

    ADDRESS: as of switchboard identities, or channel:address, channel:account:address or channel:account:address:verified.
    """
    from config.commands.customers import erase

    sys.exit(erase(address, only=only, yes=yes))


@customers.command("use")
@click.option(
    "--by",
    type=click.Choice(["customer", "conversation", "day", "model"]),
    default="customer",
    show_default=True,
    help="What is added up; model: each model with what it was called for.",
)
@click.option("--days", type=click.IntRange(1, 3_650), default=30, show_default=True, help="Days (UTC), with today.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many lines at most.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show_use(by: str, days: int, limit: int, as_json: bool) -> None:
    """Show which tokens of models were used for customers, and what they cost by MODEL_PRICES; the most expensive first."""
    from config.commands.use import show

    show(by, days, limit, as_json=as_json)


@click.command("waiting")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="As GET /api/waiting gives it.")
@click.option(
    "--done", "request_id", metavar="ID", callback=_text_or_nothing, help="Mark it as done: the agent has it again."
)
def waiting(limit: int, as_json: bool, request_id: str | None) -> None:
    """Show who waits for a person: since when, how to reach them, and what they said last; or mark one as --done."""
    from config.commands.waiting import mark_done, show

    if request_id is not None:
        if not request_id.strip():
            raise click.UsageError("--done needs an id, as switchboard waiting shows it.")
        sys.exit(mark_done(request_id.strip()))
    show(limit, as_json=as_json)


@click.command("gaps")
@click.option(
    "--since", callback=_text_or_nothing, help="Only what was asked since: a span such as 7d or 12h, or a day."
)
@click.option(
    "--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many, most asked first."
)
@click.option("--json", "as_json", is_flag=True, help="As GET /api/gaps gives it.")
@click.option("--closed", is_flag=True, help="Also what is done with.")
@click.option(
    "--close", "cluster", metavar="ID", callback=_text_or_nothing, help="Say that it is answered now: ANSWER."
)
@click.argument("answer", required=False, callback=_text_or_nothing)
def gaps(since: str | None, limit: int, as_json: bool, closed: bool, cluster: str | None, answer: str | None) -> None:
    """Show what customers ask and the knowledge does not answer, or --close one of it, with what ANSWERs it now."""
    from config.commands.gaps import close, show

    if cluster is not None:
        sys.exit(close(cluster, answer or ""))
    if answer is not None:
        raise click.UsageError("Say which questions are answered: --close ID.")
    show(since, limit, closed=closed, as_json=as_json)


@click.group()
def learned() -> None:
    """Answers of staff that were approved for the knowledge base."""


@learned.command("list")
def list_learned() -> None:
    """Show what customers are answered with, the oldest first."""
    from config.commands.learned import show

    show()


@learned.command("withdraw")
@click.argument("name", callback=_written_in_text)
def withdraw_learned(name: str) -> None:
    """Answer nobody with it any more. NAME: the ticket number or id of the case that it comes from."""
    from config.commands.learned import withdraw

    sys.exit(withdraw(name))


@click.command("experiments")
@click.option("--json", "as_json", is_flag=True, help="With the bounds of all intervals, from 0 to 1.")
def experiments(as_json: bool) -> None:
    """Compare the arms of EXPERIMENTS: who was answered without a person, who came to people, thumbs and ratings."""
    from config.commands.experiments import show

    show(as_json=as_json)


COMMANDS = (blocked, customers, dead_letters, experiments, gaps, identities, learned, show_case, waiting)
