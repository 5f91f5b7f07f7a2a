"""The commands ``airflow-harvest guard ...``: what a portal will archive, and how that is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.parser import (
    commands_of,
    epilog,
    json_argument,
    number,
    organization_argument,
    portal_argument,
    selecting,
    time_of_hold,
    whole,
)
from airflow_provider_harvest.cli.shared import (
    ATTENTION,
    ERROR,
    FINE,
    open_client,
    say,
    source_of,
)
from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput, HarvestNotFound
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.archiving_forecast import GRACE_DAYS, MAX_DAYS, NO_GRACE
from airflow_provider_harvest.portal.guard.hold_and_release import release
from airflow_provider_harvest.portal.guard.render import IF_EXPOSED, as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.inputs import as_written, check_id, is_object_id
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, few

if TYPE_CHECKING:
    import argparse

    from airflow_provider_harvest.cli.parser import Actions, Parser
    from airflow_provider_harvest.portal.client import HarvestClient

#: Columns of the table, and on a narrow terminal.
_COLUMNS = ("source", "state", "#missing", "#records", "archived on", "name")
_FEWER_COLUMNS = ("source", "state", "#missing", "archived", "name")
_STATES = {
    "cannot_hold": "cannot be held",
    "cannot_lift": "cannot be lifted",
    "lifted": "hold lifted",
    "expired": "hold expired",
}


def add_arguments(parser: Parser) -> None:
    """Give the parser of ``guard`` its commands."""
    parser.description = "Find what a portal will archive, and stop it until a person has decided."
    _exit_codes(parser, key="API key, for hold and release only")
    actions = commands_of(parser)
    _add(actions, "report", "list the sources that lost too much; sends no key", _report)
    holding = _add(actions, "hold", "switch autoarchive off if too much is missing, lift holds that are over", _hold)
    holding.add_argument(
        "--expire-days",
        type=number(1, MAX_DAYS, "a number of days"),
        metavar="N",
        help="end holds after so many days: their loss counts as accepted; default: a hold waits for a person",
    )
    _add(actions, "forecast", "list what the next runs archive, and when; sends no key", _forecast)
    releasing = actions.add_parser("release", help="switch the archiving of held sources on again")
    portal_argument(releasing)
    releasing.add_argument("source", nargs="+", metavar="ID", help="ids or slugs of sources that the guard holds")
    releasing.add_argument(
        "--held-since",
        type=time_of_hold,
        metavar="TIME",
        help="`held_since` of the hold that was decided on (guard report --json), for one ID: one that has lost more "
        "since then is not released; default: release it whatever it has lost",
    )
    json_argument(releasing)
    releasing.set_defaults(command=_release)


def _add(actions: Actions, name: str, text: str, command: object) -> Parser:
    parser = actions.add_parser(name, help=text)
    portal_argument(parser)
    organization_argument(parser)
    parser.add_argument(
        "--source",
        action="append",
        type=selecting,
        metavar="ID",
        help="only this source (id or slug); may be given several times",
    )
    parser.add_argument(
        "--grace-days",
        type=whole(NO_GRACE, MAX_DAYS),
        default=GRACE_DAYS,
        metavar="N",
        help="days for which the portal keeps what it no longer finds; default: %(default)s",
    )
    json_argument(parser)
    _exit_codes(parser, key="API key" if command is _hold else "")
    parser.set_defaults(command=command)
    return parser


def _exit_codes(parser: Parser, key: str) -> None:
    epilog(
        parser,
        "nothing has to wait for a person",
        "something would be lost, or is held",
        "an error, or sources that could not be examined",
        key=key,
    )


def _report(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=False)
    _show(arguments, result, [row for row in result["rows"] if row["must_hold"] or row["is_held"]])
    return _code(result, bool(result["must_hold_ids"] or result["held_ids"]))


def _hold(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=True)
    _show(arguments, result, [row for row in result["rows"] if row["must_hold"] or row["is_held"] or row["action"]])
    return _code(result, bool(result["must_hold_ids"] or result["held_ids"] or result["expired_ids"]))


def _forecast(arguments: argparse.Namespace) -> int:
    result = _examined(arguments, hold=False)
    rows = [row for row in result["rows"] if row["will_archive"]]
    _show(arguments, result, rows)
    return _code(result, bool(rows))


def _code(result: dict[str, Any], needs_a_person: bool) -> int:
    """Return the exit code: what could not be examined is not fine."""
    if needs_a_person:
        return ATTENTION
    return ERROR if result["incomplete"] else FINE


def _release(arguments: argparse.Namespace) -> int:
    if arguments.held_since and len(set(arguments.source)) > 1:
        raise HarvestInvalidInput("--held-since is the time of one hold, so it must come with one ID.")
    rows = []
    with open_client(arguments, None, keyed=True) as client:
        for ident in dict.fromkeys(arguments.source):
            row: dict[str, Any] = {"source_id": ident, "source_name": None, "released": False, "error": None}
            try:
                source, changed = release(client, check_id(ident, "ID"), accept=True, held_since=arguments.held_since)
            except HarvestError as error:  # the others are released nevertheless
                unknown = isinstance(error, HarvestNotFound) and not error.is_page
                row["error"] = f"There is no harvest source {ident!r} on {client.site}." if unknown else str(error)
                say(f"{plain(ident)}: {row['error']}")
            else:
                row |= {"source_id": source.id, "source_name": plain(source.name), "released": changed}
                if not arguments.json:
                    done = "released: the next runs archive what is missing" if changed else "was released before"
                    print(f"{source.id}  {done}")
            rows.append(row)
    if arguments.json:
        display.print_json(rows)
    return ERROR if any(row["error"] for row in rows) else FINE


def _source_ids(client: HarvestClient, given: list[str] | None) -> list[str] | None:
    """Return the ids of chosen sources; only for a slug is the source read."""
    if given is None:
        return None
    return [as_written(ident) if is_object_id(ident) else source_of(client, ident).id for ident in given]


def _examined(arguments: argparse.Namespace, *, hold: bool) -> dict[str, Any]:
    with open_client(arguments, None, keyed=hold) as client:
        found = examine(
            client,
            organization=arguments.organization,
            source_ids=_source_ids(client, arguments.source),
            grace_days=arguments.grace_days,
            with_rights=hold,
        )
        if hold:
            act(client, found, expire_days=arguments.expire_days)
        return {**as_dict(client, found), "why": found.not_holdable}


def _show(arguments: argparse.Namespace, result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if arguments.json:
        display.print_json({**{name: value for name, value in result.items() if name != "why"}, "rows": rows})
        return
    if rows:
        whole = [_cells(row) for row in rows]
        fewer = [[*cells[:2], _of(*cells[2:4]), *cells[4:]] for cells in whole]
        display.print_first_that_fits([(_COLUMNS, whole), (_FEWER_COLUMNS, fewer)])
    for row in rows:
        for sentence in [*row["reasons"], *([row["why"]] if row["action"] else [])]:
            print(f"{row['source_id']}: {sentence}")
    if not rows and not result["incomplete"]:
        print(f"{count(result['sources'], 'source')}: nothing to report.")
    if exposed := result["exposed_ids"]:
        archive, their = ("archives", "its") if len(exposed) == 1 else ("archive", "their")
        at_once = f"{archive} at once what {their} next run does not find, so that no hold comes in time"
        say(f"{count(len(exposed), 'source')} {at_once}: {few(exposed)}. {IF_EXPOSED}")
    for why in dict.fromkeys(result["why"].values()):
        idents = [ident for ident in result["not_holdable_ids"] if result["why"][ident] == why]
        say(f"{count(len(idents), 'source')} could not be held if records went missing ({plain(why)}): {few(idents)}.")
    for sentence in result["incomplete"]:
        say(f"Not examined: {sentence}")


def _of(missing: str, records: str) -> str:
    return missing if records == "-" else f"{missing} of {records}"


def _cells(row: dict[str, Any]) -> list[str]:
    first = (row["first_archived_at"] or "-")[:10]
    numbers = [f"{row[name]:,}" if row["is_examined"] else "-" for name in ("missing", "records")]
    return [row["source_id"], _state(row), *numbers, first, row["source_name"]]


def _state(row: dict[str, Any]) -> str:
    usual = "held" if row["is_held"] else "must be held" if row["must_hold"] else "as usual"
    return _STATES.get(row["action"], usual)
