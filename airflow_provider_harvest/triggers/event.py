"""The trigger that starts DAGs when sources have been harvested, no matter who started the harvest (Airflow 3)."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import BaseEventTrigger, TriggerEvent
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.hooks.harvest import reading_client
from airflow_provider_harvest.portal.inputs import as_seconds, check_id, is_object_id
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.statuses import ANY_END, END_CONDITIONS, FAILURE
from airflow_provider_harvest.portal.text.words import log_lines
from airflow_provider_harvest.portal.waiting.backoff import asked_pause, grown
from airflow_provider_harvest.portal.waiting.ended_jobs import EndedJobs
from airflow_provider_harvest.portal.waiting.watch_scope import Scope, find_scope
from airflow_provider_harvest.triggers._event_cursors import Cursors
from airflow_provider_harvest.triggers._poller import shared, watching
from airflow_provider_harvest.triggers._read_connection import (
    REREAD_AFTER,
    REREAD_IN_TROUBLE,
    changed_settings,
    patient_settings,
)
from airflow_provider_harvest.triggers._threads import beside_the_loop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection
    from datetime import timedelta

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from airflow_provider_harvest.portal.statuses import EndCondition

log = logging.getLogger(__name__)

#: Seconds until Airflow has surely stored an event that was yielded (3.3.2: about 2). Before that the cursor must not
#: record that it was reported: killed in between, the next triggerer would never report that job.
STORED_AFTER = 5.0
#: Seconds of the first pause after an error, and of the longest: nobody restarts a trigger that ends, and the portal,
#: or whatever it was, may respond again at any time.
_FIRST_PAUSE, _MAX_PAUSE = 15.0, 120.0


class HarvestJobEventTrigger(BaseEventTrigger):
    """Fire once for each harvest that ends, no matter who started it; for ``AssetWatcher``. Needs no API key.

    The event's payload is the result dict (see docs/reference.md) with ``how`` = ``"watched"``; a DAG reads it as
    ``triggering_asset_events[asset][i].extra["payload"]``. On Airflow 3.3 the reported jobs are kept with the asset:
    harvests that ended while no triggerer ran still fire, in the order of their ends. A triggerer that is killed within
    seconds of an event may fire it again: detect that by the payload's ``job_id``. Each watcher of an asset keeps its
    own; one whose arguments change continues where the asset was watched if ``source_id`` and ``organization`` stay.
    Before 3.3 nothing is kept, and harvests that end while no triggerer runs are missed.

    All watchers of a portal share one poll loop with the deferred tasks: one request a round for each 500 sources.

    :param harvest_conn_id: the connection; default ``harvest_default``. Its key is not used.
    :param source_id: id or slug of one source; None watches several.
    :param organization: id or slug of an organization, all of whose sources are watched; None, without a source either,
        watches the whole portal.
    :param condition: ``"ended"`` (default), ``"success"`` (by the limits below) or ``"failure"``.
    :param poll_interval: seconds or ``timedelta`` between two polls; 60, and never below the connection's
        ``min_poll_interval``.
    :param max_failed_items: how many items may fail in a success; 0 unless ``max_failed_ratio`` is given.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1.
    :param min_done_items: how many items must be done; 1.
    :param max_skipped_items: how many items may be skipped in a success; None (default) sets no such limit.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1. None (default), and
        no ``max_skipped_items``: half, or more if each of the last ten harvests skipped more than half.
    :param max_drop_ratio: how many fewer items may be done than in the best of the last ten harvests, as a share of its
        done ones, 0 to 1; None (default) sets no such limit.
    :param fail_on_job_errors: whether errors of the job itself make it a failure although it is done; True.
    :param remote_ids: judge these records only: each must be done. For one source.
    :param queue: of the triggerers that run it (Airflow 3.4, with ``[triggerer] queues_enabled``); default: of those
        that serve no queue. Without effect before.
    :raises HarvestInvalidInput: for invalid arguments, when the DAG is parsed.
    """

    def __init__(
        self,
        harvest_conn_id: str = "harvest_default",
        source_id: str | None = None,
        organization: str | None = None,
        condition: EndCondition = ANY_END,
        poll_interval: float | timedelta = 60.0,
        max_failed_items: int | None = None,
        max_failed_ratio: float | None = None,
        min_done_items: int = 1,
        fail_on_job_errors: bool = True,
        remote_ids: Collection[str] | None = None,
        max_skipped_items: int | None = None,
        max_skipped_ratio: float | None = None,
        max_drop_ratio: float | None = None,
        queue: str | None = None,
    ) -> None:
        super().__init__(queue=queue)  # type: ignore[no-untyped-call]
        self.harvest_conn_id = harvest_conn_id
        self.source_id = source_id
        self.organization = organization
        self.condition = condition
        self.poll_interval = as_seconds(poll_interval, "poll_interval")
        self.max_failed_items = max_failed_items
        self.max_failed_ratio = max_failed_ratio
        self.min_done_items = min_done_items
        self.fail_on_job_errors = fail_on_job_errors
        # Sorted: equal triggers are one in Airflow, and a set has an order of its own in each process.
        self.remote_ids = sorted(remote_ids) if isinstance(remote_ids, (set, frozenset)) else remote_ids
        self.max_skipped_items = max_skipped_items
        self.max_skipped_ratio = max_skipped_ratio
        self.max_drop_ratio = max_drop_ratio
        self._policy = self._checked()
        self._had_answer = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments, as Airflow stores them: those that are not the default."""
        arguments = {
            "harvest_conn_id": self.harvest_conn_id,
            "source_id": self.source_id,
            "organization": self.organization,
            "condition": self.condition,
            "poll_interval": self.poll_interval,
            "max_failed_items": self.max_failed_items,
            "max_failed_ratio": self.max_failed_ratio,
            "min_done_items": self.min_done_items,
            "fail_on_job_errors": self.fail_on_job_errors,
            "remote_ids": None if self.remote_ids is None else list(self.remote_ids),
        }
        # Only if given: to Airflow a trigger with other arguments is another one, also after an upgrade.
        limits = {name: getattr(self, name) for name in ("max_skipped_items", "max_skipped_ratio", "max_drop_ratio")}
        arguments.update({name: limit for name, limit in limits.items() if limit is not None})
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    def may_report_success_of(self, source: HarvestSource) -> bool:
        """Whether a good harvest of a source may meet the condition; a slug may name any source or organization.

        :param source: as read from the portal that is watched.
        """
        whose = source.organization.id if source.organization else None
        is_watched = _may_name(self.source_id, source.id) and _may_name(self.organization, whose)
        return self.condition != FAILURE and is_watched

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll forever; yield an event for each harvest that ended and meets the condition."""
        if getattr(self, "asset_state_store", None) is None:
            log.warning(
                "Before Airflow 3.3 nothing is kept between triggerers: harvests that end while none runs are missed."
            )
        cursors = Cursors(self)
        try:
            async with aclosing(self._watch_forever(cursors)) as events:
                async for event in events:
                    yield event
        finally:
            cursors.leave()

    async def _watch_forever(self, cursors: Cursors) -> AsyncGenerator[TriggerEvent, None]:
        """Watch, and again after whatever ended that."""
        failures = 0
        while True:
            self._had_answer = False
            try:
                async with aclosing(self._watch(cursors)) as events:
                    async for event in events:
                        yield event
                continue  # the connection has changed
            except asyncio.CancelledError:
                raise
            except Exception as error:
                failures = 1 if self._had_answer else failures + 1
                pause = max(grown(failures, _FIRST_PAUSE, _MAX_PAUSE), asked_pause(error))
                log.error("%s Watching again in %g s.", error, pause)
            await asyncio.sleep(pause)

    async def _watch(self, cursors: Cursors) -> AsyncGenerator[TriggerEvent, None]:
        """Poll until something is wrong, or the connection has changed."""
        loop = asyncio.get_running_loop()
        cursor = await cursors.load()
        settings = await patient_settings(self.harvest_conn_id, longest=_MAX_PAUSE)
        interval = max(self.poll_interval, settings.min_poll_interval)

        def connect() -> HarvestClient:
            return reading_client(shared(settings))

        scope = Scope()
        if self.source_id or self.organization:
            scope = await beside_the_loop(
                settings.site, lambda: _scope_of(connect(), self.source_id, self.organization)
            )

        def watch(client: HarvestClient) -> EndedJobs:
            return EndedJobs(client, scope, self._policy, self.condition, interval, cursor)

        async with watching(settings, connect, watch) as seat:
            reread_at = loop.time() + REREAD_AFTER
            while True:
                poll = await seat.news(until=reread_at)
                if poll is None:
                    await cursors.stay_alive()
                    if await changed_settings(self.harvest_conn_id, settings) is not None:
                        return
                    reread_at = loop.time() + REREAD_AFTER
                    continue
                self._had_answer = self._had_answer or poll.has_looked
                if not poll.has_looked:
                    reread_at = min(reread_at, loop.time() + REREAD_IN_TROUBLE)
                for line in log_lines("\n".join(poll.lines)):
                    log.info("%s", line)
                told = [ended for ended in poll.results if ended.result is not None]
                for ended in told:
                    result = ended.result or {}
                    log.info("Job %s of %r has ended: %s.", result["job_id"], result["source_name"], result["outcome"])
                    yield TriggerEvent(result)  # type: ignore[no-untyped-call]
                if told:
                    await asyncio.sleep(STORED_AFTER)
                if poll.results:
                    await cursors.save(poll.results[-1].cursor)

    def _checked(self) -> OutcomePolicy:
        """Check the arguments when the DAG is parsed, since an error in a triggerer's log is easily missed.

        :raises HarvestInvalidInput: for invalid arguments.
        """
        for name in ("source_id", "organization"):
            if getattr(self, name) is not None:
                check_id(getattr(self, name), name)
        if not str(self.harvest_conn_id or "").strip():
            raise HarvestInvalidInput("harvest_conn_id is blank: give the id of a connection.")
        if self.condition not in END_CONDITIONS:
            allowed = ", ".join(map(repr, END_CONDITIONS))
            raise HarvestInvalidInput(f"condition must be one of {allowed}, not {self.condition!r}.")
        if self.source_id and self.organization:
            raise HarvestInvalidInput("source_id and organization are both given: give one of them, or none.")
        if self.remote_ids is not None and not self.source_id:
            raise HarvestInvalidInput("remote_ids are records of one source: give source_id, too.")
        return OutcomePolicy.of(self)


def is_reported_twice(outlet: object, source: HarvestSource) -> bool:
    """Whether a watcher of a task's outlet may report the harvest that the task reports, too.

    :param outlet: an asset; a reference to one says nothing about its watchers.
    :param source: that the task has harvested with success.
    """
    triggers = [watcher.trigger for watcher in getattr(outlet, "watchers", None) or ()]
    own = [trigger for trigger in triggers if isinstance(trigger, HarvestJobEventTrigger)]
    return any(trigger.may_report_success_of(source) for trigger in own)


def _may_name(given: str | None, ident: str | None) -> bool:
    """Whether an argument may name something on the portal; without one, everything is named.

    :param given: an id, a slug or None.
    :param ident: id of the thing; None if there is none, as of a source without an organization.
    """
    if given is None:
        return True
    return ident is not None and (not is_object_id(given) or given.lower() == ident.lower())


def _scope_of(client: HarvestClient, source_id: str | None, organization: str | None) -> Scope:
    with client:
        return find_scope(client, source_id, organization)
