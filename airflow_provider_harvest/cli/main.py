"""The command ``airflow-harvest``: reads the arguments, calls a command, returns an exit code."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING

from airflow_provider_harvest import __version__
from airflow_provider_harvest.cli.parser import Parser, commands_of, epilog, in_options
from airflow_provider_harvest.cli.shared import ERROR, INTERRUPTED, PIPE_CLOSED
from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Name, module of cli/ with add_arguments(parser) or the function after the colon, help.
# A module is imported only when its command is called.
_COMMANDS = (
    ("sources", "sources", "list the sources of a portal, and manage them as code"),
    ("jobs", "jobs:add_jobs", "list the newest jobs of a source"),
    ("run", "run", "start a harvest, wait for it and judge it"),
    ("watch", "jobs:add_watch", "show the live state of a portal or a job"),
    ("report", "reports:add_report", "show what a harvest changed, and its errors grouped by meaning"),
    ("compare", "reports:add_compare", "compare two harvests, or all sources of two portals"),
    ("zombies", "reports:add_zombies", "list resources that the catalogue no longer lists"),
    ("health", "reports:add_health", "check all sources of a portal"),
    ("guard", "guard", "show what the portal will archive, and prevent it"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: default: those of the process.
    :returns: the exit code.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or file of another encoding than UTF-8 ends nothing
            stream.reconfigure(errors="backslashreplace")
    parser = _parser(given)
    if given and given[0].startswith("-") and given[0] not in ("-h", "--help", "--version"):
        parser.error(f"{given[0].partition('=')[0]} comes after the command, as in: airflow-harvest health --json")
    chosen = parser.parse_args(given)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        code: int = chosen.command(chosen)
        sys.stdout.flush()
    except HarvestError as error:
        print(f"airflow-harvest: {in_options(str(error), chosen.options)}", file=sys.stderr)
        return ERROR
    except BrokenPipeError:  # the reader, such as head, has read enough
        _drop_output()
        return PIPE_CLOSED
    except OSError as error:
        print(f"airflow-harvest: {error.filename or 'standard output'}: {error.strerror}", file=sys.stderr)
        if not error.filename:
            _drop_output()
        return ERROR
    except KeyboardInterrupt:
        print("airflow-harvest: interrupted", file=sys.stderr)
        return INTERRUPTED
    return code


def _drop_output() -> None:
    """Let what standard output still holds go nowhere: Python writes it once more at its end, and would fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _parser(given: Sequence[str]) -> Parser:
    parser = Parser(
        prog="airflow-harvest", description="Harvests of open-data portals built on udata, without Airflow."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    epilog(
        parser,
        "nothing to report, or everything was done",
        "something needs attention: each command's --help says what",
        "an error, also for wrong arguments",
        key="API key, for the commands that write",
    )
    commands = commands_of(parser)
    called = next((word for word in given if not word.startswith("-")), None)
    # Parsers of the other commands are made only for the help that lists them: they take longer than the parsing.
    alone = [command for command in _COMMANDS if given[:1] == [command[0]]]
    for name, module, text in alone or _COMMANDS:
        command = commands.add_parser(name, help=text)
        if name == called:
            file, _, function = module.partition(":")
            getattr(importlib.import_module(f"{__package__}.{file}"), function or "add_arguments")(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
