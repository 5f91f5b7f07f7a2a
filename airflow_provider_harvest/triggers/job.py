"""The trigger that waits for a harvest job without a worker slot; it only reads, judges nothing and never raises."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_harvest._compat import BaseTrigger, TriggerEvent
from airflow_provider_harvest.hooks.harvest import reading_client
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.outcome.summary import after_stop
from airflow_provider_harvest.portal.text.words import log_lines
from airflow_provider_harvest.portal.waiting.shared_source_list import ListedWait
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.triggers._poller import shared, watching
from airflow_provider_harvest.triggers._read_connection import (
    REREAD_AFTER,
    REREAD_IN_TROUBLE,
    changed_settings,
    patient_settings,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
    from airflow_provider_harvest.portal.client import HarvestClient

log = logging.getLogger(__name__)

#: A trigger that fires while its worker is still leaving (about 5 s) breaks the task (Airflow 3.3.2).
MIN_LIFE = 10.0
#: ``state`` of an event with an error; all others are those of a wait.
ERROR = "error"


class HarvestJobTrigger(BaseTrigger):
    """Wait for a harvest job as planned, and hand the plan back with how the wait ended.

    :param harvest_conn_id: the connection; the key it holds is not used.
    :param plan: what is waited for (:meth:`WaitPlan.to_dict`): JSON, without a secret. Its deadlines are absolute, so
        a restarted triggerer continues with the same ones.
    """

    def __init__(self, harvest_conn_id: str, plan: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.harvest_conn_id = harvest_conn_id
        self.plan = plan
        self._job_page: str | None = None
        self._source_page: str | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments, as Airflow stores them."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"harvest_conn_id": self.harvest_conn_id, "plan": self.plan}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the wait is over; then yield one event that carries all that the worker needs."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            event = await self._wait()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning("The wait ends with an error: %s", error)
            event = {"state": ERROR, "error": type(error).__name__, "detail": str(error), "plan": self.plan}
        await asyncio.sleep(max(0.0, begun + MIN_LIFE - loop.time()))
        yield TriggerEvent(event)  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Log what happens to the harvest, and what a guard leaves off; Airflow 3.3 calls it when a user ends the
        deferred task."""
        log.warning("Airflow stopped this task. %s", after_stop(self.plan.get("how"), self._job_page))
        if not self.plan.get("is_held"):
            return
        from airflow_provider_harvest.portal.guard.guarded_run import NOT_COMPARED, still_off

        off = still_off(str(self.plan["source_id"]), self._source_page, NOT_COMPARED, is_certain=False)
        for line in log_lines(off):
            log.warning("%s", line)

    async def _wait(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        plan = WaitPlan.from_dict(self.plan)
        # The portal's clock is not known yet: this limits patience only, and a wait also has its deadline.
        seconds = float("inf") if plan.deadline is None else plan.deadline - Clock().now()
        settings = await patient_settings(self.harvest_conn_id, plan.max_poll_failures, seconds)
        while True:  # for each form of the connection
            async with watching(settings, _connector(settings), _watcher(plan)) as seat:
                wait = cast("ListedWait", seat.watch)
                reread_at: float | None = None  # only in trouble: hundreds may wait, and each reading asks Airflow
                while True:
                    poll = await seat.news(until=reread_at)
                    if poll is None:
                        changed = await changed_settings(self.harvest_conn_id, settings)
                        if changed is not None:
                            settings, plan = changed, wait.plan
                            break
                        reread_at = loop.time() + REREAD_AFTER
                        continue
                    reread_at = None if poll.has_looked else loop.time() + REREAD_IN_TROUBLE
                    for line in log_lines("\n".join(poll.lines)):
                        log.info("%s", line)
                    self._source_page = wait.client.source_url(wait.plan.source_id)
                    if wait.plan.job_id:
                        self._job_page = wait.client.job_url(wait.plan.source_id, wait.plan.job_id)
                    if poll.is_final:
                        return {"state": poll.state, "detail": poll.detail, "plan": wait.plan.to_dict()}


def _connector(settings: ConnectionSettings) -> Callable[[], HarvestClient]:
    return lambda: reading_client(shared(settings))


def _watcher(plan: WaitPlan) -> Callable[[HarvestClient], ListedWait]:
    return lambda client: ListedWait(plan, client)
