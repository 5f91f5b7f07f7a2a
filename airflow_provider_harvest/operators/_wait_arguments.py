"""What tasks that wait for a job have in common: their arguments, and what these mean. Loads nothing of `portal`.

The wait itself is in `_task_wait`, which is loaded when a task runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest._compat import conf
from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.operators._base import HarvestResultTask
from airflow_provider_harvest.operators._retries import is_final

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
    from airflow_provider_harvest.portal.waiting.which_job import JobLimits

#: Seconds between two attempts to read the connection of a harvest that continues: a secrets backend's hiccup passes.
CONNECT_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0, 60.0)


class HarvestWaitingTask(HarvestResultTask):
    """The arguments of a task that waits for a job, on the worker or deferred, with one meaning everywhere."""

    #: Whether waiting for the portal's own run defers by default.
    defers_for_portal = False
    #: Seconds that a task waits on the worker with frequent polls before it defers.
    worker_patience = 20.0

    run_timeout: float | timedelta
    stall_timeout: float | timedelta
    first_item_timeout: float | timedelta
    max_poll_failures: int
    deferrable: bool | None

    def limits(self) -> JobLimits:
        """Return how long the job may take.

        :raises HarvestInvalidInput: for an invalid length of time.
        """
        from airflow_provider_harvest.portal.inputs import as_seconds
        from airflow_provider_harvest.portal.waiting.which_job import JobLimits

        stall = as_seconds(self.stall_timeout, "stall_timeout")
        return JobLimits(
            run_timeout=as_seconds(self.run_timeout, "run_timeout"),
            stall_timeout=stall,
            first_item_timeout=max(stall, as_seconds(self.first_item_timeout, "first_item_timeout")),
        )

    def seconds_between_checks(self) -> float:
        """Return the requested pause between two checks of the portal."""
        raise NotImplementedError

    def deadline_from(self, now: float) -> float | None:
        """Return when this try must be over. Airflow enforces no ``execution_timeout`` on a deferred task (3.3)."""
        limit = self.execution_timeout
        return None if limit is None else now + limit.total_seconds()

    def is_deferring(self, plan: WaitPlan | None = None) -> bool:
        """Whether a wait uses a triggerer; one for the portal's own run does unless ``deferrable=False`` was given."""
        from airflow_provider_harvest.portal.inputs import as_switch

        if self.deferrable is not None:
            return as_switch(self.deferrable, "deferrable")
        if self.defers_for_portal and plan is not None and plan.due is not None:
            return True
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    def is_not_retried(self, error: HarvestError) -> bool:
        """Whether Airflow does not retry this error; under ``soft_fail`` none can be raised that says so."""
        return is_final(error) and not getattr(self, "soft_fail", False)

    def connect_again(self) -> HarvestClient:
        """Return the client for a task that has waited: its harvest continues while the store of connections is down.

        :raises HarvestError: if the connection cannot be read for some minutes.
        :raises HarvestInvalidInput: if it is invalid.
        """
        from airflow_provider_harvest.portal.clock import Clock

        clock = Clock()
        for pause in CONNECT_PAUSES:
            try:
                return self.hook.get_conn()
            except HarvestInvalidInput:
                raise
            except Exception as error:  # a secrets backend may raise anything
                what = error if isinstance(error, HarvestError) else type(error).__name__
                self.log.warning("The connection cannot be read: %s Trying again in %g s.", what, pause)
                clock.sleep(pause)
        return self.hook.get_conn()
