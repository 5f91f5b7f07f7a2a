"""The parser of ``airflow-harvest`` and the arguments that several commands share."""

from __future__ import annotations

import argparse
import math
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow_provider_harvest.cli.shared import ERROR, KEY_VARIABLE, PORTAL_VARIABLE
from airflow_provider_harvest.exceptions import HarvestInvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Actions: TypeAlias = "argparse._SubParsersAction[Parser]"

_Value = TypeVar("_Value")
#: Lines of a usage that an error is not lost below.
_USAGE_LINES = 3
#: Most digits of a number of things.
_DIGITS = 18
#: Names of arguments in Python whose options are not called like them.
_OTHER_NAMES = {
    "remote_ids": "remote_id",
    "source_ids": "source",
    "owner_id": "owner",
    "fail_on_job_errors": "allow_job_errors",
}


class Parser(argparse.ArgumentParser):
    """Parser that exits with 1 on wrong arguments, since 2 means that something needs attention."""

    def error(self, message: str) -> NoReturn:
        usage = self.format_usage()
        is_long = usage.count("\n") > _USAGE_LINES
        if not is_long:
            sys.stderr.write(usage)
        self.exit(ERROR, f"{self.prog}: {message}\n" + (f"All options: {self.prog} --help\n" if is_long else ""))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:  # noqa: ANN401
        """Refuse what is unknown here, with the usage of the command, not of the whole; note the command's options."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        if not hasattr(found, "options"):  # a command within this one has noted its own
            found.options = {action.dest: action for action in self._actions if action.option_strings}
        return found, unknown


def commands_of(parser: Parser) -> Actions:
    """Give a parser commands; without one of them it shows its help."""

    def show_help(_: argparse.Namespace) -> int:
        parser.print_help(sys.stderr)
        return ERROR

    parser.set_defaults(command=show_help)
    return parser.add_subparsers(metavar="COMMAND", title="commands")


def epilog(parser: Parser, fine: str, attention: str, error: str = "an error", *, key: str = "") -> None:
    """Say at the end of a command's help what its exit codes mean.

    :param fine: what 0 means.
    :param attention: what 2 means.
    :param error: what 1 means.
    :param key: what the API key is for; empty for commands that send none.
    """
    variables = f"  {PORTAL_VARIABLE:<17} site of the portal, as with --portal\n"
    variables += f"  {KEY_VARIABLE:<17} {key}\n" if key else ""
    codes = f"  0  {fine}\n  2  {attention}\n  1  {error}\n"
    parser.epilog = f"environment variables:\n{variables}\nexit codes:\n{codes}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def portal_argument(parser: Parser, or_else: str = "") -> None:
    """Add ``--portal``.

    :param or_else: what else may name the portal, for the help; default: nothing.
    """
    default = f"${PORTAL_VARIABLE}{f', or {or_else}' if or_else else ''}"
    parser.add_argument("--portal", type=filled, metavar="URL", help=f"site of the portal; default: {default}")


def organization_argument(parser: argparse._ActionsContainer) -> None:
    """Add ``--organization``."""
    parser.add_argument(
        "--organization", type=organization, metavar="ID", help="only the sources of this organization (id or slug)"
    )


def output_argument(parser: Parser) -> None:
    """Add ``--output``."""
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


def json_argument(parser: Parser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")


# --- types of arguments: what is invalid is refused with the name that a person typed --------------------------------


def filled(value: str) -> str:
    """Return an argument that must not be blank, as an empty variable of a shell is."""
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be blank")
    return value


def selecting(value: str) -> str:
    """Return an argument that selects some of many: a blank one never means all."""
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be blank: leave the option out to select all")
    return value


def owner_id(value: str) -> str:
    """Return the id of a user, which has no slug that the API takes."""
    return checked(partial(_id, slug=False))(selecting(value))


def organization(value: str) -> str:
    """Return the id or slug of an organization."""
    return checked(_id)(selecting(value))


def time_of_hold(value: str) -> str:
    """Return a time with its zone, as it was given."""

    def check(value: str, what: str) -> str:
        from airflow_provider_harvest.portal.inputs import as_datetime

        as_datetime(value, what)
        return value

    return checked(check)(value)


def checked(check: Callable[[str, str], _Value]) -> Callable[[str], _Value]:
    """Return a type of arguments from a check of :mod:`airflow_provider_harvest.portal.inputs`.

    :param check: takes a value and the name for its message, which argparse writes itself.
    """
    name = "this"

    def convert(value: str) -> _Value:
        try:
            return check(value, name)
        except HarvestInvalidInput as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{name} ").rstrip(".")) from None

    return convert


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the type of whole numbers between two, or from one on."""

    def convert(value: str) -> int:
        digits = value.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
            number = int(value)
            if least <= number and (most is None or number <= most):
                return number
        upto = "on" if most is None else f"to {most:,}"
        raise argparse.ArgumentTypeError(f"must be a whole number from {least} {upto}, not {value!r:.60}")

    return convert


def number(least: float, most: float, what: str = "a number") -> Callable[[str], float]:
    """Return the type of numbers between two."""

    def convert(value: str) -> float:
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not least <= found <= most:
            raise argparse.ArgumentTypeError(f"must be {what} from {least:,} to {most:,}, not {value!r:.60}")
        return found

    return convert


positive = whole(1)
count_of_items = whole(0)
share = number(0, 1)
seconds = number(0, 31 * 86400, "a number of seconds")


def _id(value: str, what: str, *, slug: bool = True) -> str:
    from airflow_provider_harvest.portal.inputs import check_id  # loaded here: help needs none of it

    return check_id(value, what, slug=slug)


# --- names in messages -----------------------------------------------------------------------------------------------


def in_options(text: str, options: Mapping[str, argparse.Action]) -> str:
    """Return a message with the options that a person typed in place of Python's arguments.

    Only names with an underscore are replaced, since others are words of English, and none after a quote, since what is
    quoted is what a catalogue or a person has written. ``if_running='fail'`` becomes
    ``--if-running fail``, ``prune_all=True`` becomes ``--prune-all``.

    :param text: of an error, or on a result.
    :param options: those of the command by the names of their arguments.
    """
    named = {**options, **{other: options[name] for other, name in _OTHER_NAMES.items() if name in options}}
    names = [name for name in named if "_" in name]
    if not names:
        return text

    def option(match: re.Match[str]) -> str:
        action = named[match["name"]]
        value = match["value"] if action.nargs != 0 else None
        return action.option_strings[-1] + (f" {value}" if value else "")

    pattern = (
        rf"(?<![\w'\"-])(?P<name>{'|'.join(map(re.escape, names))})\b(?:=(?P<quote>'?)(?P<value>[\w.]*\w)(?P=quote))?"
    )
    return re.sub(pattern, option, text)
