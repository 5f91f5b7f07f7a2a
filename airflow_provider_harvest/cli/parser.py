"""The parser of ``airflow-harvest`` and the arguments that several commands share."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_harvest.cli.shared import ERROR, PORTAL_VARIABLE

if TYPE_CHECKING:
    from typing import TypeAlias

    Actions: TypeAlias = "argparse._SubParsersAction[Parser]"


class Parser(argparse.ArgumentParser):
    """Parser that exits with 1 on wrong arguments, since 2 means that something needs attention."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ERROR, f"{self.prog}: {message}\n")


def portal_argument(parser: Parser, or_else: str = "") -> None:
    """Add ``--portal``.

    :param or_else: what else may name the portal, for the help; default: nothing.
    """
    default = f"${PORTAL_VARIABLE}{f', or {or_else}' if or_else else ''}"
    parser.add_argument("--portal", type=filled, metavar="URL", help=f"site of the portal; default: {default}")


def output_argument(parser: Parser) -> None:
    """Add ``--output``."""
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def json_argument(parser: Parser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")


def filled(value: str) -> str:
    """Return an argument that must not be blank: an empty variable of a shell never means all."""
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be blank: leave the option out to select all")
    return value


def positive(value: str) -> int:
    """Return an argument as a whole number from 1 on."""
    if not (value.isascii() and value.isdigit() and int(value) >= 1):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {value!r:.60}")
    return int(value)


def seconds(value: str) -> float:
    """Return an argument as seconds, from 0 to a day."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 86400:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 0 on, not {value!r:.60}")
    return number
