"""The commands ``airflow-harvest guard ...``: what a portal will archive, and how that is stopped."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli.parser import portal_argument
from airflow_provider_harvest.cli.shared import (
    ATTENTION,
    ERROR,
    FINE,
    KEY_VARIABLE,
    PORTAL_VARIABLE,
    open_client,
    say,
    write_out,
)
from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.guard.act import act
from airflow_provider_harvest.portal.guard.forecast import GRACE_DAYS
from airflow_provider_harvest.portal.guard.holds import release
from airflow_provider_harvest.portal.guard.report import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.words import count, few, plain

if TYPE_CHECKING:
    from airflow_provider_harvest.cli.parser import Actions, Parser

_EPILOG = f"""\
environment variables:
  {PORTAL_VARIABLE:<17} site of the portal, as with --portal
  {KEY_VARIABLE:<17} API key, for hold and release only

exit codes:
  0  nothing has to wait for a person
  2  something would be lost, or is held
  1  an error
"""


def add_arguments(parser: Parser) -> None:
    """Give the parser of ``guard`` its commands."""
    parser.description = "Find what a portal will archive, and stop it until a person has decided."
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(actions, "report", "list the sources that lost too much; sends no key", _report)
    holding = _add(actions, "hold", "switch autoarchive off if too much is missing, lift holds that are over", _hold)
    holding.add_argument(
        "--expire-days",
        type=float,
        metavar="N",
        help="end holds after so many days: their loss counts as accepted; default: a hold waits for a person",
    )
    _add(actions, "forecast", "list what the next runs archive, and when; sends no key", _forecast)
    releasing = actions.add_parser("release", help="switch the archiving of held sources on again")
    portal_argument(releasing)
    releasing.add_argument("source", nargs="+", metavar="ID", help="ids of sources that the guard holds")
    releasing.add_argument("--json", action="store_true", help="write JSON")
    releasing.set_defaults(command=_release)


def _add(actions: Actions, name: str, text: str, command: object) -> Parser:
    parser = actions.add_parser(name, help=text)
    portal_argument(parser)
    parser.add_argument("--organization", metavar="ID", help="only the sources of this organization (id or slug)")
    parser.add_argument("--source", action="append", metavar="ID", help="only this source; may be given several times")
    parser.add_argument(
        "--grace-days", type=int, default=GRACE_DAYS, metavar="N", help="grace of the portal; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="write JSON")
    parser.set_defaults(command=command)
    return parser


def _report(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=False)
    _show(arguments, result, [row for row in result["rows"] if row["must_hold"] or row["is_held"]])
    return ATTENTION if result["must_hold_ids"] or result["held_ids"] else FINE


def _hold(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=True)
    _show(arguments, result, [row for row in result["rows"] if row["must_hold"] or row["is_held"] or row["action"]])
    return ATTENTION if result["must_hold_ids"] or result["held_ids"] else FINE


def _forecast(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=False)
    rows = [row for row in result["rows"] if row["will_archive"]]
    _show(arguments, result, rows)
    return ATTENTION if rows else FINE


def _release(arguments: argparse.Namespace) -> int:
    rows = []
    with open_client(arguments, None, keyed=True) as client:
        for ident in arguments.source:
            row = {"source_id": ident, "source_name": None, "released": False, "error": None}
            try:
                source, changed = release(client, ident, accept=True)
            except HarvestError as error:  # the others are released nevertheless
                row["error"] = str(error)
                say(f"{ident}: {error}")
            else:
                row |= {"source_id": source.id, "source_name": plain(source.name), "released": changed}
                if not arguments.json:
                    done = "released: the next runs archive what is missing" if changed else "was released before"
                    print(f"{source.id}  {done}")
            rows.append(row)
    if arguments.json:
        write_out(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", None)
    return ERROR if any(row["error"] for row in rows) else FINE


def _examined(arguments: argparse.Namespace, *, hold: bool) -> dict[str, Any]:
    with open_client(arguments, None, keyed=hold) as client:
        found = examine(
            client,
            organization=arguments.organization,
            source_ids=arguments.source,
            grace_days=arguments.grace_days,
            with_rights=hold,
        )
        if hold:
            act(client, found, expire_days=arguments.expire_days)
        return as_dict(client, found)


def _show(arguments: argparse.Namespace, result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if arguments.json:
        write_out(json.dumps({**result, "rows": rows}, indent=1, ensure_ascii=False) + "\n", None)
        return
    table = [("SOURCE", "NAME", "RECORDS", "MISSING", "FIRST ARCHIVED", "STATE")]
    table += [
        (
            row["source_id"],
            row["source_name"][:40],
            f"{row['records']:,}",
            f"{row['missing']:,}",
            (row["first_archived_at"] or "-")[:10],
            _state(row),
        )
        for row in rows
    ]
    if rows:
        widths = [max(len(line[column]) for line in table) for column in range(5)]
        for line in table:
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
            print("  ".join([*cells, line[5]]))
    for row in rows:
        for reason in row["reasons"]:
            print(f"{row['source_id']}: {reason}")
    if not rows:
        print(f"{count(result['sources'], 'source')}: nothing to report.")
    for text, idents in (
        ("archive at once what their next run does not find, so it cannot be held in time", result["exposed_ids"]),
        ("could not be held with this key", result["not_holdable_ids"]),
    ):
        if idents:
            say(f"{count(len(idents), 'source')} {text}: {few(idents)}.")
    for sentence in result["incomplete"]:
        say(f"Not examined: {sentence}")


def _state(row: dict[str, Any]) -> str:
    if row["action"] == "cannot_hold":
        return f"cannot be held: {row['why']}"
    if row["action"] == "lifted":
        return "hold lifted: the records are back"
    if row["action"] == "expired":
        return "hold expired"
    if row["is_held"]:
        return "held"
    return "must be held" if row["must_hold"] else "as usual"
