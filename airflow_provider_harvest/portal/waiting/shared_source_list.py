"""Answer many pending waits from one source-list response, so that most need no request of their own.

Used by the poller that triggers share; blocking, and without Airflow.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.http.errors import parsed
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.statuses import ENDED, REFUSED, WAITING
from airflow_provider_harvest.portal.text.response_values import block
from airflow_provider_harvest.portal.waiting.dead_jobs import why_stuck
from airflow_provider_harvest.portal.waiting.job_wait import SOURCE_CHECK, JobWait
from airflow_provider_harvest.portal.waiting.known_jobs import CLOCK_GRACE
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry

log = logging.getLogger(__name__)

_LIST = "GET /harvest/sources/"

#: Most seconds between two polls of a job's progress, also the default; a fourth of its ``stall_timeout`` if shorter.
PROGRESS_INTERVAL = 600.0
#: Seconds between two searches for sources that make the list fail, if there are some.
OWNERS_INTERVAL = 3600.0
#: If the list counts no items (up to 16.x), each running job is read for that: this share of ``stall_timeout`` apart.
_PROGRESS_SHARE, _OWN_PROGRESS_SHARE = 0.25, 0.5


@dataclass(frozen=True)
class Listed:
    """One source as the portal's list shows it.

    :param id: of the source.
    :param last_job: its newest *created* job; an older one may still run behind it.
    :param is_runnable: whether nothing in the list speaks against a further job of it.
    :param name: if names were requested.
    :param organization_id: if names were requested.
    :param is_counted: whether the items of its last job are counted in the list, as from 17.0 on; None if that was not
        requested.
    """

    id: str
    last_job: HarvestJob | None
    is_runnable: bool
    name: str | None = None
    organization_id: str | None = None
    is_counted: bool | None = None

    @classmethod
    def from_api(cls, entry: dict[str, Any]) -> Listed:
        """Read one entry of the list.

        :raises HarvestProtocolError: if it is not one.
        """
        if not entry.get("id"):
            raise HarvestProtocolError("expected a harvest source, got an object without id")
        state = block(entry.get("validation")).get("state")
        items = block(entry.get("last_job")).get("items")
        name, organization_id = entry.get("name"), block(entry.get("organization")).get("id")
        return cls(
            id=str(entry["id"]),
            last_job=HarvestJob.from_last_job(entry.get("last_job")),
            is_runnable=entry.get("active") is not False and not entry.get("deleted") and state != REFUSED,
            name=None if name is None else str(name),
            organization_id=None if organization_id is None else str(organization_id),
            is_counted=None if items is None else isinstance(items, dict),
        )


class Listing:
    """The portal's list of sources, read again and again; what is the same as before is not parsed again.

    :param client: of the portal.
    """

    def __init__(self, client: HarvestClient) -> None:
        self._client = client
        self._raw: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, Listed] = {}
        #: When the list was last requested, by the portal's clock, whose ``Date`` cuts off what is less than a second.
        self.asked_at = float("-inf")
        self.pages = 1
        #: Ids of sources that the list cannot return with their owner, and the owners of all others if there are some.
        self._broken: set[str] = set()
        self._owners: dict[str, dict[str, Any]] = {}
        self._owners_due = 0.0

    def read(self, watched: Container[str] | None, *, counters: bool = False, owners: bool = False) -> None:
        """Read the whole list, one request for 500 sources.

        :param watched: ids of the sources that matter; None for all of them.
        :param counters: whether the items of last jobs are to be counted (from 17.0 on).
        :param owners: whether names and organizations are wanted.
        :raises HarvestError: if it cannot be read; what was known stays.
        """
        raw: dict[str, dict[str, Any]] = {}
        listed: dict[str, Listed] = {}
        seen, began = 0, self._client.clock.monotonic()
        for entry in self._entries(counters=counters, owners=owners):
            seen += 1
            ident = str(entry.get("id"))
            if watched is not None and ident not in watched:
                continue
            known = self._raw.get(ident)
            is_same = known is not None and known == entry
            # What is the same stays the same object: thousands of new ones in each round would send Python's garbage
            # collector through all that the waits keep, while the event loop is blocked.
            raw[ident] = known if known is not None and is_same else entry
            listed[ident] = self.sources[ident] if is_same else parsed(Listed.from_api, entry, _LIST)
        self._raw, self.sources = raw, listed
        self.asked_at = self._client.portal_now() - (self._client.clock.monotonic() - began)
        self.pages = max(1, math.ceil(seen / PAGE_SIZE))

    def _entries(self, *, counters: bool, owners: bool) -> Iterable[dict[str, Any]]:
        """Return the entries of the list.

        A source that refers to a missing organization makes the portal fail if organizations are requested, and is
        found by some twenty requests. So these are not requested again for a while: their owners are known by then.
        """
        if not owners:
            return self._client.iter_last_jobs(counters=counters)
        now = self._client.clock.monotonic()
        if self._broken and now < self._owners_due:
            lean = list(self._client.iter_last_jobs(counters=counters))
            if {str(entry.get("id")) for entry in lean} <= {*self._owners, *self._broken}:
                return [{**entry, **self._owners.get(str(entry.get("id")), {})} for entry in lean]
        broken: list[UnreadableEntry] = []
        entries = list(self._client.iter_last_jobs(counters=counters, owners=True, on_unreadable=broken.append))
        found = {str(entry.get("id")) for entry in broken}
        for entry in broken if found != self._broken else ():
            log.warning("%s Everything else is read.", unreadable_sentence(entry))
        self._broken, self._owners_due = found, now + OWNERS_INTERVAL
        if found:
            self._owners = {
                str(entry.get("id")): {name: entry[name] for name in ("name", "organization") if name in entry}
                for entry in entries
            }
        return entries


class ListedWait(JobWait):
    """A wait for one job whose state the portal's list may show.

    :meth:`consider` is called first; only if the list does not show the state, :meth:`poll` sends requests of its own.
    """

    def __init__(self, plan: WaitPlan, client: HarvestClient) -> None:
        super().__init__(plan, client)
        self._seen: tuple[Any, ...] | None = None
        self._noted: tuple[Any, ...] | None = None
        self._look_due = 0.0
        self._retry_due = 0.0  # after a failed poll of its own, however often the list is read meanwhile
        self._progress_due = self._clock.monotonic()
        self._runs_behind = True
        #: When the source's jobs were last read, by the portal's clock (at first: for the plan), and when they are read
        #: again if the newest may hide one.
        self._polled_at, self._behind_due = plan.begun, self._clock.monotonic() + SOURCE_CHECK
        self._list_counts = True  # until the list shows otherwise

    @property
    def source_id(self) -> str | None:
        """The one source that this is about."""
        return self.plan.source_id

    @property
    def needs_list(self) -> bool:
        """Its own poll shows as much."""
        return False

    @property
    def gains_by_list(self) -> bool:
        """The list may show its state."""
        return True

    @property
    def needs_owners(self) -> bool:
        """The owner of the source does not matter."""
        return False

    @property
    def interval(self) -> float:
        """Seconds between two polls."""
        return self.plan.poll_interval

    def wants_counters(self) -> bool:
        """Whether it is time to see how far its job is."""
        return self.plan.job_id is not None and self._clock.monotonic() >= self._progress_due

    def consider(self, sources: dict[str, Listed], asked_at: float) -> Poll | None:  # noqa: ARG002  # of any watch
        """Return the state according to the list; None if only a separate poll can show it.

        :param sources: the list as just read.
        :param asked_at: when it was requested; a wait for one job has no use for that.
        """
        listed = sources.get(self.plan.source_id)
        state = _state_of(listed)
        poll = self._by_list(listed, state)
        if poll is None or (self.plan.job_id is None and self._within_deadlines(poll).is_final):
            # No job is called missing by this list alone, which shows one job of each source.
            left = self._retry_due - self._clock.monotonic()
            if left >= 1.0:
                return self._told(Poll(WAITING, left, has_looked=False))
            self._noted = state
            return None
        self._answered()
        return self._told(poll)

    def poll(self) -> Poll:
        """Poll, and remember what need not be read again while the list stays the same."""
        poll = super().poll()
        self._retry_due = 0.0 if poll.has_looked else self._clock.monotonic() + poll.pause
        if poll.has_looked:
            self._polled_at, self._behind_due = self.now(), self._clock.monotonic() + SOURCE_CHECK
            self._seen, self._look_due = self._noted, self._clock.monotonic() + poll.pause
            self._progress_due = self._clock.monotonic() + self._progress_interval()
        return poll

    def find(self, jobs: list[HarvestJob]) -> HarvestJob | None:
        """Return the job that is waited for, and remember whether an older one than the newest is running."""
        self._runs_behind = any(not job.has_ended for job in jobs[1:])
        return super().find(jobs)

    # --- the list --------------------------------------------------------------------------------------------

    def _by_list(self, listed: Listed | None, state: tuple[Any, ...]) -> Poll | None:
        job, plan = listed.last_job if listed else None, self.plan
        if listed is not None and listed.is_counted is not None:
            self._list_counts = listed.is_counted
        if plan.job_id is not None:
            return self._by_last_job(job) if job is not None and job.id == plan.job_id else self._unless_due(state)
        if listed is None or not listed.is_runnable:
            self._source_checked = float("-inf")  # the next poll reads the source and reports why
            return self._unless_due(state)
        self._source_checked = self._clock.monotonic()
        if self._may_be_mine(job) and (self._seen != state or self._runs_behind):
            return self._unless_due(state)
        if self._may_hide_one(job) and self._clock.monotonic() >= self._behind_due:
            return None
        return Poll(WAITING, self._pause_before_start(() if job is None else (job,)))

    def _by_last_job(self, job: HarvestJob) -> Poll | None:
        """Return the state of the job that is waited for, which is its source's newest."""
        now = self._clock.monotonic()
        if job.counts is not None or job.has_ended:
            self._note_progress(job)
        if job.has_ended:
            return Poll(ENDED, job=job)
        begun, portal_now = job.started or job.created, self.client.portal_now()
        if begun and portal_now - begun.timestamp() > self.plan.limits.run_timeout:
            return None
        if job.counts is not None:
            self._progress_due = now + self._progress_interval()
            if why_stuck(job, self._moved_at, bool(job.counts.total), portal_now, self.plan.limits):
                return None
        elif now >= self._progress_due and not self._list_counts:
            return None
        return Poll(WAITING, self.plan.poll_interval, job=job)

    def _unless_due(self, state: tuple[Any, ...]) -> Poll | None:
        """What the list does not cover is polled when something changed there, or at its own time."""
        left = self._look_due - self._clock.monotonic()
        if self._seen != state or left < 1.0:
            return None
        return Poll(WAITING, left)

    def _may_be_mine(self, job: HarvestJob | None) -> bool:
        """Whether the newest job, or one behind it, could be the one that is waited for."""
        plan = self.plan
        if plan.ended_after is not None:
            return True
        if job is None or job.id in plan.passed_over:
            return False
        if plan.after is not None:
            begun = job.started or job.created
            return begun is None or begun.timestamp() >= plan.after
        return job.id not in (plan.known or ())

    def _may_hide_one(self, job: HarvestJob | None) -> bool:
        """Whether a job may have appeared behind the newest one since its source's jobs were read: a worker of the
        portal whose clock is behind dates it before that one."""
        return job is not None and (job.began_at or 0.0) + CLOCK_GRACE > self._polled_at

    def _progress_interval(self) -> float:
        limits = self.plan.limits
        shortest = min(limits.stall_timeout, limits.first_item_timeout)
        if not self._list_counts:
            return max(self.interval, _OWN_PROGRESS_SHARE * shortest)
        return max(self.interval, min(PROGRESS_INTERVAL, _PROGRESS_SHARE * shortest))


def _state_of(listed: Listed | None) -> tuple[Any, ...]:
    """What must change in the list before another poll is useful."""
    if listed is None:
        return ("unlisted",)
    job = listed.last_job
    return (listed.is_runnable, job and (job.id, job.status, job.ended))
