"""The command line: ``switchboard COMMAND``. Imports a command's parts only when that command is called."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Literal, NoReturn

import click

from core.domain.errors import HubError

_BACKGROUND = "\n(Background on this error"


class _HubGroup(click.Group):
    """An error of ours is one clear sentence and exit code 2, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HubError as error:
            _fail(error.detail)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # click knows what to do, also when whoever read the output has had enough
        except OSError as error:
            _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        except Exception as error:
            if not _is_of_database(error):
                _crash()
            _fail(f"The database cannot be used: {getattr(error, 'orig', None) or error}")


def _fail(sentence: str) -> NoReturn:
    """Without the line that SQLAlchemy adds for programmers."""
    from config.commands.safe_echo import printable

    for line in f"switchboard: {_without_secrets(sentence.partition(_BACKGROUND)[0])}".split("\n"):
        click.echo(printable(line), err=True)
    sys.exit(2)


def _crash() -> NoReturn:
    """An error that nobody foresaw: all that Python knows of it."""
    click.echo(_without_secrets(traceback.format_exc()), err=True)
    sys.exit(1)


def _without_secrets(text: str) -> str:
    from api.redact import Redactor

    return Redactor(_secrets()).text(text)


def _secrets() -> tuple[str, ...]:
    from config.secret_values import all_secrets
    from config.settings import read_settings

    try:
        return tuple(all_secrets(read_settings()))
    except HubError:
        return ()


def _log_without_secrets() -> None:
    """What a command's parts have to warn of goes to the standard error; serve and chat configure more."""
    from api.logging import LogSettings, configure_logging

    configure_logging(LogSettings(level="WARNING", format="console"), secrets=_secrets())


def _is_of_database(error: Exception) -> bool:
    """Asked without importing the database library, which most commands need not load."""
    return any(kind.__module__.partition(".")[0] == "sqlalchemy" for kind in type(error).__mro__)


def _written_in_text(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Bytes that are no text reach us as halves of surrogate pairs, which nothing can store or look up."""
    if value.isprintable():
        return value
    raise click.BadParameter("this is not a text.", ctx, parameter)


def _text_or_nothing(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _written_in_text(ctx, parameter, value)


@click.group(cls=_HubGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="switchboard-hub")
def main() -> None:
    """A customer-support hub: one agent that shows its sources, on every channel."""
    from config.processes.privacy import hide_from_other_processes, switch_off_telemetry

    hide_from_other_processes()
    switch_off_telemetry()
    _log_without_secrets()


@main.command()
@click.option("--yes", is_flag=True, help="Ask nothing: keep what is set, and take the defaults.")
def init(yes: bool) -> None:
    """Ask five questions, write .env in this folder (0600), and run doctor.

    The questions: your company's name; your documents; the language model; the channels, with their tokens; where staff answer.
    Without a terminal the answers are the lines of the standard input, an empty line for what is set or the default. Where .env
    is there already, the first answer is y; what else it holds is kept. Ctrl-C writes nothing.
    """
    from config.commands.init import run

    sys.exit(run(yes=yes))


@main.command()
@click.option("--role", type=click.Choice(["all", "web", "worker"]), default="all", help="What this process does.")
@click.option("--host", help="Address to listen on, instead of HOST.")
@click.option("--port", type=int, help="Port to listen on, instead of PORT.")
@click.option("--watch", is_flag=True, help="Index files of folders on this machine as soon as they change.")
def serve(role: Literal["all", "web", "worker"], host: str | None, port: int | None, watch: bool) -> None:
    """Run the hub until it is told to stop."""
    from config.commands.serve import run

    run(role, host=host, port=port, watch=watch)


@main.command()
@click.argument("paths", nargs=-1)
@click.option("--remove", is_flag=True, help="Take the documents of PATHS out of the index.")
@click.option("--confirm-deletions", is_flag=True, help="Most of a source is gone, and that is meant.")
@click.option("--status", is_flag=True, help="Show what is in the index and how fresh each source is; index nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --status: as JSON.")
def index(paths: tuple[str, ...], remove: bool, confirm_deletions: bool, status: bool, as_json: bool) -> None:
    """Index PATHS (files, folders, patterns) beside what is there, or bring the index in line with KNOWLEDGE_SOURCES."""
    if as_json and not status:
        raise click.UsageError("--json goes with --status.")
    if status:
        from config.commands.index_status import show

        sys.exit(show(as_json=as_json))
    from config.commands.index import run

    sys.exit(run(paths, remove=remove, confirm_deletions=confirm_deletions))


@main.command()
def prepare() -> None:
    """Make the embedding model ready and read the sample, once for all data folders. ``make run`` does it."""
    from config.commands.prepare import run

    sys.exit(run())


@main.command()
@click.argument("folder", required=False)
@click.option("--split", type=click.Choice(["dev", "test", "all"]), default="test", help="Which questions to ask.")
@click.option(
    "--conversations",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead, check the answers of the transcripts in this file: what customers would read of them.",
)
@click.option(
    "--verifier",
    type=click.Choice(["scripted", "model", "none"]),
    default="scripted",
    help="What checks the answers: the transcripts themselves, the configured model, or nothing.",
)
@click.option(
    "--misses",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of unsupported sentences that the scripted verifier misses.",
)
@click.option(
    "--refuses",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of supported sentences that the scripted verifier refuses.",
)
@click.option("--seed", default=0, help="Which of them; the same seed misses and refuses the same.")
@click.option("--json", "as_data", is_flag=True, help="With --conversations: JSON.")
def evaluate(
    folder: str | None,
    split: str,
    conversations: Path | None,
    verifier: str,
    misses: float,
    refuses: float,
    seed: int,
    as_data: bool,
) -> None:
    """Measure the search with the question sets in FOLDER (else CORPUS_DIR, else the sample's): ranking and abstaining."""
    if conversations is not None:
        from config.commands.conversations import run as replay
        from config.conversations.recorded_model import Noise

        sys.exit(replay(conversations, verifier, Noise(misses, refuses, seed), as_data=as_data))
    from config.commands.evaluate import run

    sys.exit(run(folder, split))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--runs", type=click.IntRange(1, 100), default=1, help="How often each is played; gives pass^k.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results to this file too.")
@click.option("--live", is_flag=True, help="The configured model answers and judges, not what the files say.")
def replay(files: tuple[Path, ...], runs: int, junit: Path | None, live: bool) -> None:
    """Play the conversations in FILES through a hub of its own, over all channels but e-mail, and judge what customers read.

    The platforms are on this machine, and so is the database; nothing reaches a real account. 0: all went as expected.
    """
    from config.commands.replay import run

    sys.exit(run(files, runs, junit, live=live))


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="Of the page; 0: a free one."
)
def simulate(port: int) -> None:
    """Try a hub without any account: write as a customer on every channel but e-mail, and answer as staff, on one page.

    It has a database of its own, which is gone afterwards, and the platforms are on this machine. Documents and model are those
    that are configured. Ends with Ctrl-C.
    """
    from config.commands.simulate import run

    run(port)


@main.command()
def chat() -> None:
    """Talk to the hub in this terminal."""
    from config.commands.chat import run

    run()


@main.command()
@click.argument("channels", nargs=-1)
def doctor(channels: tuple[str, ...]) -> None:
    """Check what is switched on (or CHANNELS, knowledge, sandbox, disk): credentials, rights, confinement; say what to do."""
    from config.commands.doctor import run

    sys.exit(run(channels))


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema. ``serve`` does it too."""
    from config.commands.migrate import run

    run()


@main.group("dead-letters")
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


@main.command("case")
@click.argument("name", callback=_written_in_text)
def show_case(name: str) -> None:
    """Show the audit log of a case: who had it when, every relayed message, every note, every change of a ticket.

    NAME: its ticket number or id.
    """
    from config.commands.case import run

    sys.exit(run(name))


@main.command("blocked")
def blocked() -> None:
    """Show which customers staff have blocked, by whom and why. They are unblocked from the case, in Slack."""
    from config.commands.blocked import show

    show()


@main.command("identities")
@click.argument("address", callback=_written_in_text)
@click.option("--unlink", is_flag=True, help="Undo all links of this address first.")
def identities(address: str, unlink: bool) -> None:
    """Show which addresses a customer has linked with this one, when, and whether it was undone.

    ADDRESS: an e-mail address, a phone number (+49…), or an id on another channel.
    """
    from config.commands.identities import show

    sys.exit(show(address, unlink=unlink))


@main.group()
def customers() -> None:
    """What is kept of a customer, with all identities that they have linked by a code."""


_only = click.option("--only", is_flag=True, help="Only this identity, not those that are linked with it.")


@customers.command("export")
@click.argument("address", callback=_written_in_text)
@_only
def export_customer(address: str, only: bool) -> None:
    """Print it as JSON lines, one for each row: identities, conversations, messages, files, tickets, cases, links.

    ADDRESS: as of switchboard identities.
    """
    from config.commands.customers import export

    sys.exit(export(address, only=only))


@customers.command("erase")
@click.argument("address", callback=_written_in_text)
@_only
@click.option("--yes", is_flag=True, help="Do not ask before.")
def erase_customer(address: str, only: bool, yes: bool) -> None:
    """Erase it, and withhold what is not sent yet. Staff of an open case are told, and the case is closed.

    ADDRESS: as of switchboard identities.
    """
    from config.commands.customers import erase

    sys.exit(erase(address, only=only, yes=yes))


@main.command("waiting")
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


@main.command("gaps")
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


@main.group()
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


def _source_tree_first() -> None:
    """``python -m config.cli`` from a checkout must find the checkout's packages from any working directory."""
    root = str(Path(__file__).resolve().parents[1])
    if root not in sys.path:
        sys.path.insert(0, root)


if __name__ == "__main__":
    _source_tree_first()
    main()
