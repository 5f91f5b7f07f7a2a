"""The commands ``airflow-harvest jobs``, ``run`` and ``watch``."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.parser import json_argument, portal_argument
from airflow_provider_harvest.cli.shared import ATTENTION, ERROR, FINE, KEY_VARIABLE, open_client, say
from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound, HarvestSourceNotRunnable
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.outcome.conclude import conclude
from airflow_provider_harvest.portal.outcome.result import STARTED, is_success
from airflow_provider_harvest.portal.outcome.summary import progress_line, summary_lines
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.plan import ENDED, WaitPlan
from airflow_provider_harvest.portal.waiting.which_job import why_not_runnable
from airflow_provider_harvest.portal.words import iso, plain, spell

if TYPE_CHECKING:
    import argparse

    from airflow_provider_harvest.cli.parser import Parser
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

#: Columns from which on a terminal has room for all counters.
_WIDE = 100
_COLUMNS = ("job", "started (UTC)", "status", "#took", "#done", "#failed", "#skipped", "#archived")


def add_jobs(parser: Parser) -> None:
    """Give the parser of ``jobs`` its arguments."""
    parser.add_argument("source", metavar="SOURCE", help="id or slug of the source")
    parser.add_argument("-n", "--number", type=int, default=10, metavar="N", help="newest jobs that are listed; 10")
    _shared(parser, jobs)


def add_run(parser: Parser) -> None:
    """Give the parser of ``run`` its arguments."""
    parser.add_argument("source", metavar="SOURCE", help="id or slug of the source")
    parser.add_argument("--wait", action="store_true", help="wait for the harvest and judge it: exit code 0, 1 or 2")
    parser.add_argument("--timeout", type=float, default=24 * 3600, metavar="S", help="give up waiting after; 24 h")
    parser.add_argument("--interval", type=float, default=5, metavar="S", help="seconds between two polls; 5")
    parser.add_argument("--max-failed-items", type=int, default=0, metavar="N", help="items that may fail; 0")
    _shared(parser, run)


def add_watch(parser: Parser) -> None:
    """Give the parser of ``watch`` its arguments."""
    parser.add_argument("ident", metavar="SOURCE|JOB", nargs="?", help="one source or job; default: the whole portal")
    parser.add_argument("--interval", type=float, default=10, metavar="S", help="seconds between two polls; 10")
    parser.add_argument("--rounds", type=int, metavar="N", help="end after so many polls; default: when the job ends")
    _shared(parser, watch)


def jobs(arguments: argparse.Namespace) -> int:
    """List the newest jobs of a source."""
    if arguments.number < 1:
        raise HarvestInvalidInput("--number must be at least 1.")
    with open_client(arguments, None, keyed=False) as client:
        source = client.get_source(arguments.source, keyed=False)
        rows = [_row(job) for job in islice(client.job_history(source.id, arguments.number), arguments.number)]
    if arguments.json:
        display.print_json({"source_id": source.id, "source_name": source.name, "jobs": rows})
    else:
        shown = len(_COLUMNS) if display.columns() >= _WIDE else len(_COLUMNS) - 2
        display.print_table(_COLUMNS[:shown], [_cells(row)[:shown] for row in rows], kept=1)
    return FINE


def run(arguments: argparse.Namespace) -> int:
    """Start a harvest; with ``--wait`` wait for it and judge it, as the run operator does."""
    policy = OutcomePolicy.create(max_failed_items=arguments.max_failed_items)
    with open_client(arguments, None, keyed=True) as client:
        if not client.has_key:
            raise HarvestInvalidInput(f"Starting a harvest takes an API key: set {KEY_VARIABLE}.")
        source = client.get_source(arguments.source)
        if problem := why_not_runnable(source, client.list_backends()):
            raise HarvestSourceNotRunnable(problem)
        known = tuple(str(job.id) for job in client.recent_jobs(source.id))
        now = client.clock.now()
        client.run_source(source.id)
        say(f"Asked the portal to harvest {plain(source.name)} ({source.id}).")
        if not arguments.wait:
            if arguments.json:
                display.print_json({"source_id": source.id, "known_job_ids": list(known)})
            return FINE
        plan = WaitPlan(
            source.id, STARTED, known=known, begun=now, deadline=now + arguments.timeout,
            poll_interval=max(1.0, arguments.interval),
        )  # fmt: skip
        return _wait(arguments, client, source, plan, policy)


def watch(arguments: argparse.Namespace) -> int:
    """Show the jobs of a portal, or one job, until it ends."""
    with open_client(arguments, None, keyed=False) as client, display.live(as_json=arguments.json) as show:
        job_id, name = _watched(client, arguments.ident)
        polls = 0
        try:
            while True:
                polls += 1
                if job_id is None:
                    rows = _portal_rows(client)
                    show(
                        display.table_lines(("source", "status", "started (UTC)", "#took"), rows, display.columns()),
                        rows,
                    )
                else:
                    job = client.peek_job(job_id)
                    show([f"{plain(name)}: {progress_line(job, None)}"], _row(job))
                    if job.has_ended:
                        return FINE if job.status == "done" else ATTENTION
                if arguments.rounds and polls >= arguments.rounds:
                    return FINE
                Clock().sleep(max(1.0, arguments.interval))
        except KeyboardInterrupt:
            return FINE


# --- parts ---------------------------------------------------------------------------------------------------------


def _shared(parser: Parser, command: object) -> None:
    portal_argument(parser)
    json_argument(parser)
    parser.set_defaults(command=command)


def _wait(
    arguments: argparse.Namespace, client: HarvestClient, source: HarvestSource, plan: WaitPlan, policy: OutcomePolicy
) -> int:
    wait = JobWait(plan, client)
    with _naming_the_job(wait), display.progress("Waiting for the portal to begin ...") as show:
        while True:
            poll = wait.poll()
            for line in poll.lines:
                show(line)
                if not display.is_terminal():
                    say(plain(line, 500))
            if poll.is_final:
                break
            client.clock.sleep(max(1.0, min(poll.pause, arguments.interval)))
    if poll.state != ENDED:
        say(plain(poll.detail, 1000))
        return ERROR
    result = conclude(client, source, str(wait.plan.job_id), STARTED, policy)
    if arguments.json:
        display.print_json(result)
    else:
        print("\n".join(summary_lines(result)))
    return FINE if is_success(result) else ATTENTION


@contextlib.contextmanager
def _naming_the_job(wait: JobWait) -> Iterator[None]:
    """Say on Ctrl-C that the harvest goes on, and where: udata has no way to cancel a job."""
    try:
        yield
    except KeyboardInterrupt:
        job = wait.plan.job_id
        where = wait.client.job_url(wait.plan.source_id, job) if job else wait.client.source_url(wait.plan.source_id)
        say(f"No longer waiting. The harvest goes on, since udata cannot cancel a job: {where}")
        raise


def _watched(client: HarvestClient, ident: str | None) -> tuple[str | None, str]:
    """Return the id of the job that is watched and the name of its source; no id for the whole portal."""
    if ident is None:
        return None, ""
    try:
        source = client.get_source(ident, keyed=False)
    except HarvestNotFound:
        job = client.get_job(ident, keyed=False)
        return str(job.id), job.source_name or ident
    newest = client.recent_jobs(source.id)
    if not newest:
        raise HarvestNotFound(f"Source {source.name!r} has no job yet: start one with 'airflow-harvest run'.")
    return str(newest[0].id), source.name


def _portal_rows(client: HarvestClient) -> list[list[Any]]:
    """Return what runs on a portal, then what ended last."""
    fields = "name,deleted,last_job{id,status,created,started,ended}"
    listed = [source for source in client.iter_sources(fields=fields) if source.last_job]
    ordered = sorted(listed, key=_last_time, reverse=True)
    running = [s for s in ordered if s.last_job and not s.last_job.has_ended]
    ended = [s for s in ordered if s.last_job and s.last_job.has_ended]
    return [
        [s.name, s.last_job.status, _minute(iso(s.last_job.started or s.last_job.created)), _took(s.last_job.duration)]
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
