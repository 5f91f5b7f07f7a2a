"""The commands ``airflow-harvest sources ...``: their arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.cli import commands
from airflow_provider_harvest.cli.parser import (
    commands_of,
    count_of_items,
    epilog,
    filled,
    json_argument,
    organization_argument,
    output_argument,
    owner_id,
    portal_argument,
    seconds,
    selecting,
)

if TYPE_CHECKING:
    from airflow_provider_harvest.cli.parser import Actions, Parser


def add_arguments(parser: Parser) -> None:
    """Give the parser of ``sources`` its commands."""
    parser.description = (
        "List the sources of a portal, and manage them as code:\n"
        "files describe them, a plan shows what would change, apply changes it."
    )
    epilog(
        parser,
        "no changes: the portal matches the files (after apply: now it does)",
        "there are changes (after apply: some that this key may not make)",
        key="API key for apply; with it, plan shows what the key may not do",
    )
    actions = commands_of(parser)
    for add in (_add_list, _add_export, _add_import, _add_check, _add_plan, _add_apply, _add_schema):
        add(actions)


def _add_list(actions: Actions) -> None:
    parser = actions.add_parser("list", help="list a portal's sources with their ids and last harvests; sends no key")
    portal_argument(parser)
    _whose(parser)
    parser.add_argument("--name", type=selecting, metavar="TEXT", help="only sources whose name contains this")
    json_argument(parser)
    parser.set_defaults(command=commands.show_list)


def _add_export(actions: Actions) -> None:
    parser = actions.add_parser("export", help="write a portal's sources as a file of sources")
    portal_argument(parser)
    _whose(parser)
    parser.add_argument(
        "-e", "--environment", type=filled, metavar="NAME", help="write the portal and its ids under this environment"
    )
    parser.add_argument("--no-ids", action="store_true", help="leave the portal and its ids out, to plan it elsewhere")
    output_argument(parser)
    parser.set_defaults(command=commands.export)


def _add_import(actions: Actions) -> None:
    parser = actions.add_parser("import", help="make a file of sources from a list with harvests.endpoints")
    parser.add_argument("list", metavar="FILE", help="YAML with harvests.backend and harvests.endpoints")
    output_argument(parser)
    parser.set_defaults(command=commands.import_list)


def _add_check(actions: Actions) -> None:
    parser = actions.add_parser("check", help="check files, and that the portal knows their backends; sends no key")
    _files(parser)
    portal_argument(parser, "the files'")
    parser.add_argument("--offline", action="store_true", help="do not check against the portal's backends")
    parser.set_defaults(command=commands.check)


def _add_plan(actions: Actions) -> None:
    parser = actions.add_parser("plan", help="show what would change so that the portal matches the files")
    _files(parser)
    portal_argument(parser, "the files'")
    _prune(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the plan as JSON, for apply")
    parser.add_argument("--markdown", metavar="FILE", help="write a summary of at most 40 lines, for an approver")
    epilog(
        parser,
        "no changes: the portal matches the files",
        "there are changes",
        "an error, or nothing but conflicts",
        key="API key; with it, the plan shows what the key may not do",
    )
    parser.set_defaults(command=commands.plan)


def _add_apply(actions: Actions) -> None:
    parser = actions.add_parser("apply", help="carry out a plan")
    parser.add_argument("path", metavar="PLAN|PATH", help="a plan written by plan -o, or files to plan and apply")
    parser.add_argument("-e", "--environment", type=filled, metavar="NAME", help="environment of the files")
    portal_argument(parser, "the files'")
    _prune(parser)
    parser.add_argument("--yes", action="store_true", help="apply files without asking for confirmation")
    parser.add_argument(
        "--create-organizations",
        action="store_true",
        help="create the organizations that the files name and the portal does not have, for demo portals; default: no",
    )
    parser.add_argument(
        "--confirm-deletes",
        type=count_of_items,
        metavar="N",
        help="confirm that exactly N sources are deleted; needed for more than a quarter of the managed sources",
    )
    parser.add_argument(
        "--write-interval", type=seconds, default=0.1, metavar="S", help="seconds between two writes; default 0.1"
    )
    parser.add_argument(
        "--accept-interval",
        type=seconds,
        default=30.0,
        metavar="S",
        help="seconds between two acceptances that start a harvest of the same host; default 30",
    )
    parser.add_argument(
        "--max-changes", type=count_of_items, metavar="N", help="refuse a plan that changes more sources"
    )
    parser.add_argument(
        "--max-deletes", type=count_of_items, metavar="N", help="refuse a plan that deletes more; default 10"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write what was done as JSON")
    epilog(
        parser,
        "the portal now matches the files",
        "there are changes that this key may not make, or nobody confirmed them; all others were made",
        "an error, a change that the portal refused, or a conflict",
        key="API key",
    )
    parser.set_defaults(command=commands.apply)


def _add_schema(actions: Actions) -> None:
    parser = actions.add_parser("schema", help="write the JSON Schema of files of sources, for editors")
    output_argument(parser)
    parser.set_defaults(command=commands.schema)


def _files(parser: Parser) -> None:
    parser.add_argument("path", metavar="PATH", help="a YAML file, or a folder of them")
    parser.add_argument("-e", "--environment", type=filled, metavar="NAME", help="environment of the files")


def _whose(parser: Parser) -> None:
    group = parser.add_mutually_exclusive_group()
    organization_argument(group)
    group.add_argument("--owner", type=owner_id, metavar="ID", help="only the own sources of this user (an id)")


def _prune(parser: Parser) -> None:
    parser.add_argument("--prune", action="store_true", help="delete managed sources that are no longer in the files")
    parser.add_argument(
        "--allow-duplicates",
        action="store_true",
        help="create a source although its owner has one of the same name and backend with another URL",
    )
