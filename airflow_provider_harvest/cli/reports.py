"""The commands ``airflow-harvest report``, ``compare``, ``zombies`` and ``health``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.parser import (
    checked,
    epilog,
    filled,
    json_argument,
    organization_argument,
    portal_argument,
)
from airflow_provider_harvest.cli.shared import ATTENTION, FINE, open_client, places, say, source_of, write_out
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.compare.diff import TROUBLE, UNCHANGED
from airflow_provider_harvest.portal.compare.find_harvests import (
    compare_harvests,
    find_harvest,
    harvest_of_job,
    previous_harvest,
)
from airflow_provider_harvest.portal.compare.portals import ALIKE, compare_portals
from airflow_provider_harvest.portal.compare.zombies import ZOMBIE_COLUMNS, find_zombies
from airflow_provider_harvest.portal.health import examine
from airflow_provider_harvest.portal.health.message import markdown as health_message
from airflow_provider_harvest.portal.health.message import terminal_lines
from airflow_provider_harvest.portal.reporting import formats
from airflow_provider_harvest.portal.reporting.report import read_report
from airflow_provider_harvest.portal.sources.listing import SourceFilter
from airflow_provider_harvest.portal.statuses import FAILED
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    import argparse

    from airflow_provider_harvest.cli.parser import Parser


def add_report(parser: Parser) -> None:
    """Give the parser of ``report`` its arguments."""
    parser.add_argument("ident", metavar="SOURCE|JOB", help="id of a job, or of a source: its newest harvest")
    parser.add_argument(
        "--previous", type=filled, metavar="JOB", help="job to compare with; default: the harvest before"
    )
    parser.add_argument(
        "-f",
        "--format",
        type=_formats,
        default="md",
        metavar="NAME,...",
        help=f"of {', '.join(formats.FORMATS)}; default md",
    )
    parser.add_argument("-o", "--output", metavar="PATH", help="file without ending: each format adds its own")
    epilog(
        parser,
        "the harvest read its whole catalogue, and nothing failed or went missing",
        "it failed, had errors, or items fail, are skipped or were archived that were not before",
    )
    _shared(parser, report)


def add_compare(parser: Parser) -> None:
    """Give the parser of ``compare`` its arguments."""
    parser.add_argument("before", metavar="BEFORE", nargs="?", help="id of a job or a source; none: all sources")
    parser.add_argument("after", metavar="AFTER", nargs="?", help="the same; default: BEFORE on the other portal")
    parser.add_argument("--with-portal", type=filled, metavar="URL", help="portal of AFTER, if it is another one")
    parser.add_argument("--csv", metavar="FILE", help="write the changes as CSV")
    epilog(parser, "both are alike", "they differ")
    _shared(parser, compare)


def add_zombies(parser: Parser) -> None:
    """Give the parser of ``zombies`` its arguments."""
    parser.add_argument("source", metavar="SOURCE", help="id or slug of the source")
    parser.add_argument("--csv", metavar="FILE", help="write the rows as CSV")
    epilog(parser, "there is no such resource", "there are some")
    _shared(parser, zombies)


def add_health(parser: Parser) -> None:
    """Give the parser of ``health`` its arguments."""
    organization_argument(parser)
    parser.add_argument(
        "--state", type=filled, metavar="FILE", help="show what is new since the run that wrote this file, and write it"
    )
    parser.add_argument("--markdown", action="store_true", help="write a message of at most 15 lines for a chat")
    epilog(parser, "there is no finding", "there are findings, new or old")
    _shared(parser, health)


def report(arguments: argparse.Namespace) -> int:
    """Write what a harvest changed and why items failed."""
    chosen = ["json"] if arguments.json else arguments.format
    if len(chosen) > 1 and not arguments.output:
        raise HarvestInvalidInput("Several formats go into files: give --output, or one format.")
    with open_client(arguments, None, keyed=False) as client, display.progress("Reading the harvest ..."):
        harvest = find_harvest(client, arguments.ident, complete=False)
        previous = harvest_of_job(client, arguments.previous) if arguments.previous else None
        made = read_report(harvest, previous)
    for name in chosen:
        path = f"{arguments.output}.{name}" if arguments.output else None
        write_out(formats.FORMATS[name](made), path)
        if path:
            say(f"Wrote {path}.")
    changed = any((made["counts"] or {}).get(kind) for kind in TROUBLE)
    return ATTENTION if made["errors"] or changed or made["job"]["status"] == FAILED else FINE


def compare(arguments: argparse.Namespace) -> int:
    """Compare two harvests, or all sources of two portals."""
    with open_client(arguments, None, keyed=False) as client:
        other = _other(arguments.with_portal) if arguments.with_portal else client
        with other:
            if arguments.before is None:
                return _compare_portals(arguments, client, other)
            return _compare_harvests(arguments, client, other)


def zombies(arguments: argparse.Namespace) -> int:
    """List resources that the catalogue no longer lists."""
    with open_client(arguments, None, keyed=False) as client, display.progress("Reading the datasets ..."):
        found = find_zombies(client, source_of(client, arguments.source))
    if arguments.csv:
        Path(arguments.csv).write_text(formats.table_as_csv(ZOMBIE_COLUMNS, found.rows), encoding="utf-8", newline="")
    if arguments.json:
        display.print_json(found.as_dict())
    else:
        if found.rows:
            shown = ("dataset_title", "resource_title", "last_seen", "resource_url")
            display.print_table(shown, [[row[name] for name in shown] for row in found.rows])
        print(found.sentence())
    return ATTENTION if found.rows else FINE


def health(arguments: argparse.Namespace) -> int:
    """Check all sources of a portal."""
    previous, wanted = _kept_state(arguments.state), SourceFilter.create(organization=arguments.organization)
    with open_client(arguments, None, keyed=False) as client, display.progress("Reading the sources ..."):
        if previous and (previous.get("portal"), previous["selection"]) != (client.site, str(wanted)):
            raise HarvestInvalidInput(f"{arguments.state} is about another portal or organization: give another file.")
        found = examine(client, wanted, previous=previous)
    if arguments.state:
        Path(arguments.state).write_text(json.dumps(found.state), encoding="utf-8")
    if arguments.json:
        display.print_json(found.as_dict(health_message(found)))
    elif arguments.markdown:
        print(health_message(found))
    else:
        print("\n".join(terminal_lines(found, has_previous=previous is not None)))
    return ATTENTION if found.findings else FINE


# --- parts ---------------------------------------------------------------------------------------------------------


def _other(site: str) -> HarvestClient:
    return HarvestClient(site, places=places("--with-portal"))


def _kept_state(path: str | None) -> dict[str, Any] | None:
    """Return what an earlier run kept in a file; None if it is the first one."""
    if path is None or not Path(path).exists():
        return None
    try:
        kept = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or "selection" not in kept:
        raise HarvestInvalidInput(f"{path} was not written by 'airflow-harvest health --state': give another file.")
    return kept


def _compare_harvests(arguments: argparse.Namespace, client: HarvestClient, other: HarvestClient) -> int:
    with display.progress("Reading the harvests ..."):
        first = find_harvest(client, arguments.before)
        if arguments.after or other is not client:
            before, after = first, find_harvest(other, arguments.after or arguments.before)
        else:
            after = first
            previous = previous_harvest(first)
            if previous is None:
                raise HarvestInvalidInput("There is no earlier harvest of this source: give AFTER or --with-portal.")
            before = previous
        comparison = compare_harvests(before, after)
    rows = [
        {"kind": change.kind, "remote_id": plain(change.remote_id), "before": change.before, "after": change.after,
         "title": plain(change.record.title) or None, "message": plain(change.record.message, 500) or None}
        for change in comparison.changes
    ]  # fmt: skip
    if arguments.csv:
        text = formats.table_as_csv(("kind", "remote_id", "before", "after", "title", "message"), rows)
        Path(arguments.csv).write_text(text, encoding="utf-8", newline="")
    if arguments.json:
        display.print_json(
            {"before": before.job.id, "after": after.job.id, "alike": comparison.is_alike,
             "counts": comparison.counts, "without_id": comparison.without_id, "changes": rows}
        )  # fmt: skip
    else:
        shown = ("kind", "remote_id", "before", "after", "title")
        if rows:
            display.print_table(shown, [[row[name] for name in shown] for row in rows])
        print(f"{comparison.summary()}; {comparison.counts[UNCHANGED]:,} unchanged.")
    return FINE if comparison.is_alike else ATTENTION


def _compare_portals(arguments: argparse.Namespace, client: HarvestClient, other: HarvestClient) -> int:
    if other is client:
        raise HarvestInvalidInput("Give BEFORE, or the other portal: --with-portal.")
    with display.progress("Reading the sources ...") as show:
        pairs = compare_portals(client, other, progress=lambda done, total, name: show(f"[{done}/{total}] {name}"))
    if arguments.csv:
        columns = ("name", "verdict", "detail", "before_id", "after_id")
        Path(arguments.csv).write_text(formats.table_as_csv(columns, map(vars, pairs)), encoding="utf-8", newline="")
    if arguments.json:
        display.print_json([vars(pair) for pair in pairs])
    else:
        display.print_table(
            ("source", "alike or different", "what differs"), [[p.name, p.verdict, p.detail] for p in pairs]
        )
    return FINE if all(pair.verdict == ALIKE for pair in pairs) else ATTENTION


def _formats(value: str) -> list[str]:
    return checked(lambda names, _: formats.check_formats(names))(value)


def _shared(parser: Parser, command: object) -> None:
    portal_argument(parser)
    json_argument(parser)
    parser.set_defaults(command=command)
