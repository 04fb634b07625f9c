"""The command line: ``switchboard COMMAND``. Imports a command's parts only when that command is called."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Literal, NoReturn

import click

from config.commands.stored import COMMANDS
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
    """Play the conversations in FILES through a hub of its own, over all channels, and judge what customers read.

    The platforms are on this machine, and so is the database; nothing reaches a real account. 0: all went as expected.
    """
    from config.commands.replay import run

    sys.exit(run(files, runs, junit, live=live))


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="Of the page; 0: a free one."
)
def simulate(port: int) -> None:
    """Try a hub without any account: write as a customer on every channel, and answer as staff, on one page.

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
    """Check what is switched on (or CHANNELS, or parts such as model, tools, rules, knowledge); say what to do."""
    from config.commands.doctor import run

    sys.exit(run(channels))


@main.command()
@click.argument("place", required=False)
@click.option("--arm", metavar="EXPERIMENT:ARM", help="As customers of this arm have it.")
def prompts(place: str | None, arm: str | None) -> None:
    """Show the system prompt that the model is given, with the company's own rules.

    PLACE: a channel, or channel:account, such as slack:T024BE7LD.
    """
    from config.commands.shown_prompts import show

    show(place, arm)


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema. ``serve`` does it too."""
    from config.commands.migrate import run

    run()


for _command in COMMANDS:
    main.add_command(_command)


def _source_tree_first() -> None:
    """``python -m config.cli`` from a checkout must find the checkout's packages from any working directory."""
    root = str(Path(__file__).resolve().parents[1])
    if root not in sys.path:
        sys.path.insert(0, root)


if __name__ == "__main__":
    _source_tree_first()
    main()
