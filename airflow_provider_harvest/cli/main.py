"""The command ``airflow-harvest``: reads the arguments, calls a command, turns its end into an exit code."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING

from airflow_provider_harvest import __version__
from airflow_provider_harvest.cli.parser import Parser
from airflow_provider_harvest.cli.shared import ERROR
from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Name, module of cli/ with add_arguments(parser), help. A module is imported only when its command is called.
_COMMANDS = (
    ("sources", "sources", "harvest sources as code"),
    ("guard", "guard", "what the portal will archive, and how that is stopped"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: default: those of the process.
    :returns: the exit code.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = _parser(given).parse_args(given)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        code: int = chosen.command(chosen)
    except HarvestError as error:
        print(f"airflow-harvest: {error}", file=sys.stderr)
        return ERROR
    except OSError as error:
        print(f"airflow-harvest: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return ERROR
    except KeyboardInterrupt:
        print("airflow-harvest: interrupted; the same command goes on where this stopped", file=sys.stderr)
        return 130
    return code


def _parser(given: Sequence[str]) -> Parser:
    parser = Parser(
        prog="airflow-harvest", description="Harvests of open-data portals built on udata, without Airflow."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    called = next((word for word in given if not word.startswith("-")), None)
    for name, module, text in _COMMANDS:
        command = commands.add_parser(name, help=text)
        if name == called:
            importlib.import_module(f"{__package__}.{module}").add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
