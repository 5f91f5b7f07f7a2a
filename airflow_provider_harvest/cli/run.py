"""The command ``airflow-harvest run``: the run operator's promise, without Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.cli import display
from airflow_provider_harvest.cli.parser import (
    count_of_items,
    epilog,
    filled,
    in_options,
    json_argument,
    portal_argument,
    seconds,
    share,
)
from airflow_provider_harvest.cli.shared import (
    ATTENTION,
    ERROR,
    FINE,
    INTERRUPTED,
    KEY_VARIABLE,
    again,
    open_client,
    say,
    source_of,
)
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.result import is_success
from airflow_provider_harvest.portal.outcome.summary import after_stop, continues, summary_lines
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.statuses import BLOCKED, ENDED, FAIL, IF_RUNNING, ON_RUN_REFUSED, WAIT
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.waiting.patient_reads import read_patiently
from airflow_provider_harvest.portal.waiting.run_and_wait import OneRun

if TYPE_CHECKING:
    import argparse

    from airflow_provider_harvest.cli.parser import Parser
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan

_DAY = 24 * 3600.0


def add_arguments(parser: Parser) -> None:
    """Give the parser of ``run`` its arguments."""
    parser.add_argument("source", metavar="SOURCE", help="id or slug of the source")
    parser.add_argument("--wait", action="store_true", help="wait for the harvest and judge it")
    parser.add_argument(
        "--if-running", choices=IF_RUNNING, default=WAIT, help="if a job is running: let it end first (default), "
        "wait for that job instead, or fail"
    )  # fmt: skip
    parser.add_argument(
        "--on-run-refused", choices=ON_RUN_REFUSED, default=FAIL, help="if the portal does not let this key start a "
        "harvest, or there is no key: fail (default), or wait for the portal's own next run; needs --wait"
    )  # fmt: skip
    parser.add_argument("--timeout", type=seconds, default=_DAY, metavar="S", help="give up waiting after; 24 h")
    parser.add_argument(
        "--start-timeout", type=seconds, default=7200.0, metavar="S", help="until a job must have appeared; 2 h"
    )
    parser.add_argument("--interval", type=seconds, default=5.0, metavar="S", help="seconds between two polls; 5")
    parser.add_argument(
        "--remote-id", action="append", type=filled, metavar="ID", help="judge this record only: it must be done; may "
        "be given several times. The dct:identifier of a DCAT record, or the id of a CKAN package"
    )  # fmt: skip
    parser.add_argument(
        "--max-failed-items",
        type=count_of_items,
        metavar="N",
        help="items that may fail; 0 unless --max-failed-ratio is given",
    )
    parser.add_argument("--max-failed-ratio", type=share, metavar="R", help="share of the items that may fail, 0 to 1")
    parser.add_argument(
        "--min-done-items", type=count_of_items, default=1, metavar="N", help="items that must be done; 1"
    )
    parser.add_argument(
        "--max-skipped-ratio", type=share, metavar="R", help="share of the items that may be skipped, 0 to 1; default: "
        "half, or more if each of the last ten harvests skipped more than half"
    )  # fmt: skip
    parser.add_argument(
        "--allow-job-errors", action="store_true", help="errors of the job itself do not fail a harvest that is done"
    )
    portal_argument(parser)
    json_argument(parser)
    epilog(
        parser,
        "with --wait: it is a success; without: it was requested, or is running (attach)",
        "with --wait: it is a failure; without: not requested, since a job is running",
        "an error, no permission, or it did not begin or end in time",
        key="API key; needed, unless --on-run-refused wait is given",
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Start a harvest; with ``--wait`` wait for it and judge it, as the run operator does."""
    policy = OutcomePolicy.create(
        max_failed_items=arguments.max_failed_items,
        max_failed_ratio=arguments.max_failed_ratio,
        min_done_items=arguments.min_done_items,
        max_skipped_ratio=arguments.max_skipped_ratio,
        fail_on_job_errors=not arguments.allow_job_errors,
        remote_ids=arguments.remote_id,
    )
    with open_client(arguments, None, keyed=True) as client:
        waits_for_portal = arguments.on_run_refused == WAIT
        if waits_for_portal and not arguments.wait:
            raise HarvestInvalidInput("--on-run-refused wait waits for the portal's own next run: give --wait, too.")
        if not client.has_key and not waits_for_portal:
            raise HarvestInvalidInput(f"Starting a harvest takes an API key: set {KEY_VARIABLE}.")
        one = OneRun(
            client,
            source_of(client, arguments.source, keyed=client.has_key),
            if_running=arguments.if_running,
            on_run_refused=arguments.on_run_refused,
            start_timeout=arguments.start_timeout,
            timeout=arguments.timeout,
            poll_interval=max(1.0, arguments.interval),
        )
        return _wait(arguments, one, policy) if arguments.wait else _ask(arguments, one)


def _ask(arguments: argparse.Namespace, one: OneRun) -> int:
    """Request a harvest, and print what was requested; if a job blocks it, nothing is requested without ``--wait``."""
    one.tell = lambda line: say(plain(line, 500))
    plan = one.ask()
    if arguments.json:
        display.print_json(
            {
                "source_id": one.source.id,
                "asked": plan.known is not None,
                "known_job_ids": list(plan.known or ()),
                "running_job_id": plan.job_id,
            }
        )
    if plan.how == BLOCKED:
        say("Nothing was requested: give --wait to wait for that job first, or --if-running attach.")
        return ATTENTION
    for line in _where_to_see(arguments, one):
        say(line)
    return FINE


def _where_to_see(arguments: argparse.Namespace, one: OneRun) -> list[str]:
    """Return where a harvest can be seen that nobody waits for."""
    ident = one.source.id
    if one.job_id:
        page, watched = one.client.job_url(ident, one.job_id), one.job_id
        begun = "Watch it"
    else:
        page, watched = one.client.source_url(ident), ident
        begun = "Its job is listed once the portal's worker has begun it; then watch it"
    return [
        f"See it on the portal: {page}",
        f"{begun}: {again(arguments, 'watch', watched)}",
        f"List the jobs of the source: {again(arguments, 'jobs', ident)}",
    ]


def _wait(arguments: argparse.Namespace, one: OneRun, policy: OutcomePolicy) -> int:
    with display.progress("Waiting for the portal to begin ...") as show:
        one.tell = show if display.is_terminal() else lambda line: say(plain(line, 500))
        try:
            poll = one.follow()
        except KeyboardInterrupt:
            poll = None
    if poll is None:
        say(_after_stop(arguments, one))
        return INTERRUPTED
    plan = one.plan
    if poll.state != ENDED or plan is None:
        detail = plain(poll.detail, 1000)
        if arguments.json:
            told = {"source_id": one.source.id, "job_id": one.job_id, "state": poll.state, "detail": detail}
            display.print_json(told)
        say(detail)
        say(_after_stop(arguments, one))
        return ERROR
    result = _judged(one, plan, policy)
    if arguments.json:
        display.print_json(result)
    else:
        print(in_options("\n".join(summary_lines(result)), arguments.options))
    return FINE if is_success(result) else ATTENTION


def _judged(one: OneRun, plan: WaitPlan, policy: OutcomePolicy) -> HarvestResult:
    """Read and judge the ended harvest. A portal that is down may come back, and nobody else judges this harvest."""
    return read_patiently(
        lambda: conclude(one.client, one.source, str(plan.job_id), plan.how, policy, plan.before),
        one.client,
        interval=plan.poll_interval,
        max_failures=plan.max_poll_failures,
        until=plan.deadline,
        say=lambda line: one.tell(f"The harvest has ended, and its items cannot be read now: {plain(line)}"),
    )


def _after_stop(arguments: argparse.Namespace, one: OneRun) -> str:
    """Report after Ctrl-C whether the harvest continues, and how to wait for it again."""
    how = one.plan.how if one.plan else None
    page = one.client.job_url(one.source.id, one.job_id) if one.job_id else None
    said = f"No longer waiting. {after_stop(how, page)}"
    if not continues(how, page):
        return said
    return f"{said}\nWait for it again: {again(arguments, 'run', one.source.id, '--wait', '--if-running', 'attach')}"
