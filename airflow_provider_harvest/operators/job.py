"""Operator that starts a harvest, waits for it and judges it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestOperator, resolve_source
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask
from airflow_provider_harvest.portal.statuses import FAIL, IF_RUNNING, ON_RUN_REFUSED, WAIT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
    from airflow_provider_harvest.operators._run_try import SourceRun
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.outcome.result import HarvestResult


class HarvestRunSourceOperator(HarvestWaitingTask, HarvestOperator):
    """Start a harvest of a source, wait for *this* harvest, and succeed only if it meets the criteria.

    A successful task guarantees that a harvest that began after this task's request ended as the arguments below
    require, and that the task never knowingly requested a second one, however often it was retried. Its job is
    recognized by the ids of the jobs that existed before the request, never by comparing clocks.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :param on_run_refused: what to do if the key may not start a harvest (400 or 403, or no key at all; udata's
        default lets only sysadmins): ``"fail"`` (default), or ``"wait"`` for the portal's own next run. A wrong key
        (401) always fails.
    :param after: when waiting for the portal, a job counts if it began at or after this time, even if it has already
        ended: an aware datetime or ISO string. Default: when the task first started. Templated.
    :param if_running: a job of the source is running: ``"wait"`` (default) lets it end, pauses for up to 20 s so
        that others who waited for it do not all ask at once, and then starts its own if no other one runs by then,
        since it may have read the old catalogue; ``"attach"`` waits for this job instead; ``"fail"`` fails.
    :param start_timeout: how long a job may take to appear after the request, in seconds or as ``timedelta``; 2 h. When
        waiting for the portal: counted from the next tick of its cron, and at least 3 h.
    :param run_timeout: how long the job may run, in seconds or as ``timedelta``; 24 h.
    :param stall_timeout: how long nothing may move between two items of the job; 2 h. A job beyond that is dead.
    :param first_item_timeout: how long the job may go without its first item (fetching a large catalogue shows
        nothing); 6 h.
    :param poll_interval: pause between two polls, in seconds or as ``timedelta``; 60 s.
    :param max_poll_failures: failed polls in a row after which the wait ends with an error; 10.
    :param deferrable: whether the wait uses a triggerer instead of a worker slot; default: Airflow's
        ``operators.default_deferrable``. Waiting for the portal's own run defers unless this is False.
    :param max_failed_items: how many items may fail; 0 unless ``max_failed_ratio`` is given.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1; all given limits hold.
    :param min_done_items: how many items must be done; 1. Archived and skipped items never count.
    :param max_skipped_items: how many items may be skipped (such as records without an identifier, whose datasets the
        portal archives later); None (default) sets no such limit.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1. None (default), and
        no ``max_skipped_items``: half, or more if each of the last ten harvests skipped more than half.
    :param max_drop_ratio: how many fewer items may be done than in the best of the last ten harvests, as a share of its
        done ones, 0 to 1; None (default) sets no such limit.
    :param fail_on_job_errors: whether errors of the job itself fail it although it is done; True.
    :param remote_ids: judge these records only: each must be done. A remote id is the dct:identifier of a DCAT record
        or the id of a CKAN package. Templated.
    :param guard: whether nothing may be archived before the harvest is compared with what is on the portal: True, or
        an object with some of ``HarvestGuardOperator``'s thresholds. The harvest runs with ``autoarchive`` off. If too
        much is missing, it stays off and the task fails with the list (``failure_kind`` ``loss``). Else it is switched
        on again, and if something is due to be archived a second harvest does it: twice the time, for a source that
        runs too rarely for ``HarvestGuardOperator``. Takes a key that may change the source. Default None: not guarded.
    :param fail_on_outcome: False: the task succeeds whatever the verdict is; the verdict is in the result.
    :returns: the result dict (docs/reference.md), also pushed as XCom ``harvest_result`` before a failing task raises.
    :raises HarvestFailException: (an ``AirflowFailException``) for errors that a retry would cause again.
    :raises HarvestError: for errors after which a retry may succeed.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "after", "remote_ids")
    operator_extra_links = (HarvestSourceLink(), HarvestJobLink())
    defers_for_portal = True
    #: Draws the moment at which this task requests its harvest after another job has blocked it.
    draw = staticmethod(random.uniform)

    def __init__(
        self,
        *,
        source_id: str,
        on_run_refused: str = FAIL,
        after: datetime | str | None = None,
        if_running: str = WAIT,
        start_timeout: float | timedelta = 2 * 3600,
        run_timeout: float | timedelta = 24 * 3600,
        stall_timeout: float | timedelta = 2 * 3600,
        first_item_timeout: float | timedelta = 6 * 3600,
        poll_interval: float | timedelta = 60,
        max_poll_failures: int = 10,
        deferrable: bool | None = None,
        max_failed_items: int | None = None,
        max_failed_ratio: float | None = None,
        min_done_items: int = 1,
        max_skipped_items: int | None = None,
        max_skipped_ratio: float | None = None,
        max_drop_ratio: float | None = None,
        fail_on_job_errors: bool = True,
        remote_ids: Collection[str] | None = None,
        guard: bool | Mapping[str, Any] | None = None,
        fail_on_outcome: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_id = source_id
        self.on_run_refused = on_run_refused
        self.after = after
        self.if_running = if_running
        self.start_timeout = start_timeout
        self.run_timeout = run_timeout
        self.stall_timeout = stall_timeout
        self.first_item_timeout = first_item_timeout
        self.poll_interval = poll_interval
        self.max_poll_failures = max_poll_failures
        self.deferrable = deferrable
        self.max_failed_items = max_failed_items
        self.max_failed_ratio = max_failed_ratio
        self.min_done_items = min_done_items
        self.max_skipped_items = max_skipped_items
        self.max_skipped_ratio = max_skipped_ratio
        self.max_drop_ratio = max_drop_ratio
        self.fail_on_job_errors = fail_on_job_errors
        self.remote_ids = remote_ids
        self.guard = guard
        self.fail_on_outcome = fail_on_outcome
        self._deadline: float | None = None
        #: What is said of the harvest if Airflow stops the task, once that is known.
        self._memory: TaskMemory | None = None
        self._client: HarvestClient | None = None
        self._source_run: SourceRun | None = None
        self.harvest_has_ended = False
        self._was_stopped = False

    # --- Airflow's entry points ------------------------------------------------------------------------------

    def execute(self, context: Context) -> HarvestResult:
        """Request a harvest, or find the one that was requested, and wait for it."""
        from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
        from airflow_provider_harvest.operators._run_try import SourceRun
        from airflow_provider_harvest.portal.clock import on_portal_clock

        with self.errors():
            self._refuse_bad_input()
            self._deadline = None  # of this try only
            self._client = client = self.hook.get_conn()
            self._memory = memory = TaskMemory(context, client.clock.now())
            began = client.clock.now()
            source = resolve_source(client, self.source_id)
            client.settle_clock()
            self._deadline = self.deadline_from(on_portal_clock(began, client.clock.now(), client.portal_now()))
            memory.about(source.id, client.clock.now(), client.portal_now())
            # An empty address until the job is known: Airflow 3 logs an error for a link without one.
            self.push_links(context, source_url=client.source_url(source.id), job_url="")
            self._source_run = run = SourceRun(self, context, client, memory, source)
            return run.follow(run.begin())

    def execute_complete(self, context: Context, event: dict[str, Any]) -> HarvestResult:
        """Continue after the trigger; everything that is needed comes in its event."""
        from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
        from airflow_provider_harvest.operators._run_try import SourceRun
        from airflow_provider_harvest.operators._task_wait import read_event
        from airflow_provider_harvest.portal.waiting.wait_plan import goals

        with self.errors():
            plan, ended = read_event(event)
            self._client = client = self.connect_again()
            self._deadline = plan.deadline
            self._memory = memory = TaskMemory(context, plan.begun, is_portal_time=True)
            memory.about(plan.source_id)
            self._source_run = run = SourceRun(self, context, client, memory)
            run.job_changed(plan)
            if ended.state not in goals(plan):  # the portal may be down: no result is read
                raise run.why_given_up(plan, ended)
            return run.follow(plan, ended)

    def on_kill(self) -> None:
        """Log once what happens to the harvest, since udata has no way to cancel a job, and what a guard leaves off.

        Airflow calls this twice as a worker shuts down, and a task that is given the time may still succeed.
        """
        from airflow_provider_harvest.portal.outcome.summary import after_stop

        if self._was_stopped:
            return
        self._was_stopped = True
        how = page = None
        if self._memory is not None and self._client is not None:
            intent = self._memory.intent
            how = intent.how
            page = self._client.job_url(intent.source_id, intent.job_id) if intent.job_id else None
        self.log.warning("Airflow stopped this task. %s", after_stop(how, page, has_ended=self.harvest_has_ended))
        if self._source_run is not None:
            self._source_run.warn_of_stop()

    # --- arguments -------------------------------------------------------------------------------------------

    def seconds_between_checks(self) -> float:
        """Return ``poll_interval`` in seconds."""
        from airflow_provider_harvest.portal.inputs import as_seconds

        return as_seconds(self.poll_interval, "poll_interval")

    def deadline_from(self, now: float) -> float | None:
        """Return when this try must be over, however many waits it takes."""
        return super().deadline_from(now) if self._deadline is None else self._deadline

    def _refuse_bad_input(self) -> None:
        """Check what was given before anything is sent."""
        from airflow_provider_harvest.portal.inputs import as_count, as_datetime, as_seconds

        for name, value, allowed in (
            ("on_run_refused", self.on_run_refused, ON_RUN_REFUSED),
            ("if_running", self.if_running, IF_RUNNING),
        ):
            if value not in allowed:
                raise HarvestInvalidInput(f"{name} must be one of {', '.join(map(repr, allowed))}, not {value!r}.")
        self.outcome_policy()
        self.limits()
        if self.guard is not None:
            from airflow_provider_harvest.portal.guard.guarded_run import refuse_attaching, thresholds_of

            if thresholds_of(self.guard):
                refuse_attaching(self.if_running)
        if self.after is not None:
            as_datetime(self.after, "after")
        as_seconds(self.start_timeout, "start_timeout")
        self.seconds_between_checks()
        self.is_deferring()
        as_count(self.max_poll_failures, "max_poll_failures")
