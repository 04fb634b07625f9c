"""``python -m bench [NAME ...]``: the names are those in ``BENCHES``; without any, all of them run.

All of them write the page. ``beside`` runs by name only, since it installs the programs that we are compared with."""

from __future__ import annotations

import sys

from bench import (
    accept,
    acknowledgement,
    answering,
    commands,
    confined,
    embedding,
    end_to_end,
    facts,
    first_words,
    memory,
    prompts,
    reindex,
    search,
    slack_messages,
    startup,
)
from bench.beside import run as beside
from bench.report import PAGE, Report

BENCHES = {
    "accept": accept.run,
    "acknowledgement": acknowledgement.run,
    "answering": answering.run,
    "commands": commands.run,
    "confined": confined.run,
    "embedding": embedding.run,
    "end_to_end": end_to_end.run,
    "facts": facts.run,
    "first_words": first_words.run,
    "memory": memory.run,
    "prompts": prompts.run,
    "reindex": reindex.run,
    "search": search.run,
    "slack_messages": slack_messages.run,
    "startup": startup.run,
}


BY_NAME = {"beside": beside.run}


def main() -> None:
    """Run what was named, or everything."""
    unknown = set(sys.argv[1:]) - BENCHES.keys() - BY_NAME.keys()
    if unknown:
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES | BY_NAME)}.")
    report = Report()
    for name in sys.argv[1:] or BENCHES:
        (BENCHES | BY_NAME)[name](report)
    if not sys.argv[1:]:
        report.write()
        print(f"Written to {PAGE}.")


if __name__ == "__main__":
    main()
