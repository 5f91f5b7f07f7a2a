"""The commands ``airflow-harvest jobs`` and ``watch``."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.parser import epilog, json_argument, portal_argument, positive, seconds
from airflow_provider_harvest.cli.shared import ATTENTION, FINE, open_client, say, source_of
from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound
from airflow_provider_harvest.portal.compare.find_harvests import find_source_or_job
from airflow_provider_harvest.portal.http.temporary_errors import Doubts
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.outcome.summary import progress_line
from airflow_provider_harvest.portal.statuses import DONE
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import iso, spell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from airflow_provider_harvest.cli.parser import Parser
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

#: Columns from which on a terminal has room for all counters.
_WIDE = 100
_WATCHED = ("source", "status", "started (UTC)", "#took")
_COLUMNS = ("job", "started (UTC)", "status", "#took", "#done", "#failed", "#skipped", "#archived")


def add_jobs(parser: Parser) -> None:
    """Give the parser of ``jobs`` its arguments."""
    parser.add_argument("source", metavar="SOURCE", help="id or slug of the source")
    parser.add_argument(
        "-n", "--number", type=positive, default=10, metavar="N", help="newest jobs that are listed; 10"
    )
    _shared(parser, jobs)


def add_watch(parser: Parser) -> None:
    """Give the parser of ``watch`` its arguments."""
    parser.add_argument("ident", metavar="SOURCE|JOB", nargs="?", help="one source or job; default: the whole portal")
    parser.add_argument("--interval", type=seconds, default=10.0, metavar="S", help="seconds between two polls; 10")
    parser.add_argument(
        "--rounds", type=positive, metavar="N", help="end after so many polls; default: when the job ends"
    )
    epilog(parser, "the job is done, or the watch was ended", "the job failed, or is done with errors")
    _shared(parser, watch)


def jobs(arguments: argparse.Namespace) -> int:
    """List the newest jobs of a source."""
    with open_client(arguments, None, keyed=False) as client:
        source = source_of(client, arguments.source)
        rows = [_row(job) for job in islice(client.job_history(source.id, arguments.number), arguments.number)]
    if arguments.json:
        display.print_json({"source_id": source.id, "source_name": plain(source.name), "jobs": rows})
    elif not rows:
        say(_no_job(source))
    else:
        shown = len(_COLUMNS) if display.output_width() >= _WIDE else len(_COLUMNS) - 2
        display.print_table(_COLUMNS[:shown], [_cells(row)[:shown] for row in rows], kept=1)
    return FINE


def watch(arguments: argparse.Namespace) -> int:
    """Show the jobs of a portal, or one job, until it ends. Ctrl-C ends it as it should."""
    with open_client(arguments, None, keyed=False) as client, display.live(as_json=arguments.json) as show:
        job_id, name = _watched(client, arguments.ident)
        polls, doubts = 0, Doubts()
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                polls += 1
                # What was never read may never be: a person who mistyped the portal need not wait.
                code = _look(client, job_id, name, show, doubts, is_first=job_id is None and polls == 1)
                if code is not None:
                    return code
                if arguments.rounds and polls >= arguments.rounds:
                    break
                client.clock.sleep(max(1.0, arguments.interval))
    return FINE


# --- parts ---------------------------------------------------------------------------------------------------------


def _look(
    client: HarvestClient,
    job_id: str | None,
    name: str,
    show: Callable[[list[str], Any], None],
    doubts: Doubts,
    *,
    is_first: bool,
) -> int | None:
    """Show the current state; return an exit code once the job has ended. A portal that is down may come back."""
    try:
        if job_id is None:
            rows = _portal_rows(client)
            doubts.answered()
            show(display.table_lines(_WATCHED, [list(row.values()) for row in rows], display.output_width()), rows)
            return None
        job = client.peek_job(job_id)
        doubts.answered()
    except HarvestError as error:
        if is_first or doubts.believes(error):
            raise
        show([f"The portal cannot be read now: {plain(error)}"], {"error": plain(error)})
        return None
    show([f"{plain(name)}: {progress_line(job, None)}"], _row(job))
    if not job.has_ended:
        return None
    return FINE if job.status == DONE else ATTENTION


def _shared(parser: Parser, command: object) -> None:
    portal_argument(parser)
    json_argument(parser)
    parser.set_defaults(command=command)


def _watched(client: HarvestClient, ident: str | None) -> tuple[str | None, str]:
    """Return the id of the job that is watched and the name of its source; no id for the whole portal."""
    if ident is None:
        return None, ""
    found = find_source_or_job(client, ident)
    if isinstance(found, HarvestJob):
        return str(found.id), found.source_name or ident
    source, newest = found, client.recent_jobs(found.id)
    if not newest:
        raise HarvestNotFound(_no_job(source))
    return str(newest[0].id), source.name


def _no_job(source: HarvestSource) -> str:
    return (
        f"Source {plain(source.name)!r} has no job yet: start one with 'airflow-harvest run {source.id}'. If one was "
        "requested, the portal's worker has not begun it."
    )


def _portal_rows(client: HarvestClient) -> list[dict[str, Any]]:
    """Return what runs on a portal, then what ended last."""
    fields = "name,deleted,last_job{id,status,created,started,ended}"
    listed = [source for source in client.iter_sources(fields=fields) if source.last_job]
    ordered = sorted(listed, key=_last_time, reverse=True)
    running = [s for s in ordered if s.last_job and not s.last_job.has_ended]
    ended = [s for s in ordered if s.last_job and s.last_job.has_ended]
    return [
        {
            "source": plain(s.name),
            "status": s.last_job.status,
            "started": _minute(iso(s.last_job.started or s.last_job.created)),
            "took": _took(s.last_job.duration),
        }
        for s in [*running, *ended][:20]
        if s.last_job
    ]


def _last_time(source: HarvestSource) -> str:
    job = source.last_job
    return (iso(job.ended or job.created) if job else None) or ""


def _row(job: HarvestJob) -> dict[str, Any]:
    counts = job.counts
    return {
        "job_id": job.id,
        "started": iso(job.started or job.created),
        "ended": iso(job.ended),
        "status": job.status,
        "duration": job.duration,
        **{name: getattr(counts, name) if counts else None for name in ("done", "failed", "skipped", "archived")},
        "errors": [plain(error.message, 300) for error in job.errors],
    }


def _cells(row: dict[str, Any]) -> list[Any]:
    counted = [row[name] for name in ("done", "failed", "skipped", "archived")]
    return [row["job_id"], _minute(row["started"]), row["status"], _took(row["duration"]), *counted]


def _minute(when: str | None) -> str:
    return (when or "")[:16].replace("T", " ")


def _took(seconds: float | None) -> str:
    return "" if seconds is None else spell(seconds)
