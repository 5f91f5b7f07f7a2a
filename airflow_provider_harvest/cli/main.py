"""The command ``airflow-harvest``: reads the arguments, calls a command, turns its end into an exit code."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_harvest import __version__
from airflow_provider_harvest.cli import commands
from airflow_provider_harvest.cli.commands import ERROR, KEY_VARIABLE, PORTAL_VARIABLE
from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = f"""\
environment variables:
  {PORTAL_VARIABLE:<17} site of the portal, as with --portal
  {KEY_VARIABLE:<17} API key; export and check need none, plan tells with it what it may not do

exit codes:
  0  no changes: the portal is as the files say (after apply: now it is)
  2  there are changes (after apply: some that this key may not make)
  1  an error
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: default: those of the process.
    :returns: the exit code.
    """
    chosen = _parser().parse_args(arguments)
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


class _Parser(argparse.ArgumentParser):
    """Ends with 1 on wrong arguments: 2 says that there are changes."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(ERROR, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="airflow-harvest", description="Harvests of open-data portals built on udata, without Airflow."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    groups = parser.add_subparsers(required=True, metavar="GROUP", parser_class=_Parser)
    sources = groups.add_parser(
        "sources",
        help="harvest sources as code",
        description="Harvest sources as code: files describe them, a plan shows what would change, apply does that.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = sources.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    for add in (_add_export, _add_import, _add_check, _add_plan, _add_apply, _add_schema):
        add(actions)
    return parser


def _add_export(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("export", help="write a portal's sources as a file of sources")
    _portal(parser)
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--organization", metavar="ID", help="only the sources of this organization (id or slug)")
    whose.add_argument("--owner", metavar="ID", help="only the own sources of this user")
    parser.add_argument(
        "-e", "--environment", metavar="NAME", help="write the portal and its ids under this environment"
    )
    parser.add_argument("--no-ids", action="store_true", help="leave the portal and its ids out, to plan it elsewhere")
    _output(parser)
    parser.set_defaults(command=commands.export)


def _add_import(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("import", help="make a file of sources from a list harvests.endpoints")
    parser.add_argument("list", metavar="FILE", help="YAML with harvests.backend and harvests.endpoints")
    _output(parser)
    parser.set_defaults(command=commands.import_list)


def _add_check(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("check", help="check files, and that the portal knows what they say; sends no key")
    _files(parser)
    _portal(parser)
    parser.add_argument("--offline", action="store_true", help="do not ask the portal what backends it has")
    parser.set_defaults(command=commands.check)


def _add_plan(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("plan", help="show what is to be changed so that the portal is as the files say")
    _files(parser)
    _portal(parser)
    _prune(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the plan as JSON, for apply")
    parser.add_argument("--markdown", metavar="FILE", help="write a summary of at most 40 lines, for an approver")
    parser.set_defaults(command=commands.plan)


def _add_apply(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("apply", help="carry out a plan")
    parser.add_argument(
        "path", metavar="PLAN|PATH", help="a plan written by plan -o, or files to plan and apply at once"
    )
    parser.add_argument("-e", "--environment", metavar="NAME", help="environment of the files")
    _portal(parser)
    _prune(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask before applying files")
    parser.add_argument("--max-changes", type=int, metavar="N", help="refuse a plan that changes more sources")
    parser.add_argument("--max-deletes", type=int, metavar="N", help="refuse a plan that deletes more; default 10")
    parser.add_argument("-o", "--output", metavar="FILE", help="write what was done as JSON")
    parser.set_defaults(command=commands.apply)


def _add_schema(actions: argparse._SubParsersAction[_Parser]) -> None:
    parser = actions.add_parser("schema", help="write the JSON Schema of files of sources, for editors")
    _output(parser)
    parser.set_defaults(command=commands.schema)


def _files(parser: _Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="a YAML file, or a folder of them")
    parser.add_argument("-e", "--environment", metavar="NAME", help="environment of the files")


def _portal(parser: _Parser) -> None:
    parser.add_argument(
        "--portal", metavar="URL", help=f"site of the portal; default: ${PORTAL_VARIABLE}, or the files'"
    )


def _prune(parser: _Parser) -> None:
    parser.add_argument(
        "--prune", action="store_true", help="delete sources that carry the files' marker and left the files"
    )


def _output(parser: _Parser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="default: standard output")


if __name__ == "__main__":
    sys.exit(main())
