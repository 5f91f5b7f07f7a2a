"""What a watch for ended jobs knows about one source: each has a record, so that one that fails delays no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.text.words import clock_time, few
from airflow_provider_harvest.portal.waiting.backoff import grown
from airflow_provider_harvest.portal.waiting.known_jobs import CLOCK_GRACE, KnownJobs
from airflow_provider_harvest.portal.waiting.which_job import newer_than

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_harvest.portal.models import HarvestJob

#: Jobs named in the message about missed harvests, and seconds that it covers.
_MISSED_NAMED, _MISSED_WITHIN = 10, 24 * 3600.0
#: Seconds between two attempts at a source, or a job, that cannot be read, at most: it may stay so for weeks.
MAX_RETRY_PAUSE = 6 * 3600.0
#: Jobs of a source that are known: more than a page, since a cache may return an old one.
_MAX_KNOWN = 100


@dataclass
class Attempts:
    """How often reading one thing has failed, and when to try again.

    :param failures: in a row.
    :param due: the next attempt, by this machine's stopwatch.
    """

    failures: int = 0
    due: float = 0.0

    def failed(self, now: float, interval: float) -> None:
        """Note a failure; the pause doubles with each. Times are by this machine's stopwatch, which does not jump."""
        self.failures += 1
        self.due = now + grown(self.failures, interval, MAX_RETRY_PAUSE)


@dataclass
class Found:
    """A job that has ended and is still to be reported.

    :param job: as the list of jobs shows it.
    :param reading: the attempts to read its result.
    """

    job: HarvestJob
    reading: Attempts = field(default_factory=Attempts)

    @property
    def ended(self) -> float:
        """When it ended, by the portal's clock."""
        return self.job.ended.timestamp() if self.job.ended else 0.0


@dataclass
class SourceRecord:
    """One source.

    :param id: of the source.
    :param name: as last listed.
    :param seen: what the list showed when its jobs were last read; None before that.
    :param news: what the list shows, if its jobs are to be read for that; None otherwise.
    :param listed: its last job as the list shows it, if its jobs are to be read for that: they must not be older.
    :param reading: the attempts to read its jobs.
    :param running: its jobs that had not ended when they were last read: their ends are news, whatever time they show.
    :param found: its jobs that are still to be reported.
    :param known: ids of the jobs that were there when they were last read, or listed; older ones are left out.
    :param known_since: jobs that began earlier, by the portal's clock, are not among them; None before they were read.
    :param behind_due: when jobs are polled that run, or may have appeared, behind the newest one; None if there can be
        none.
    """

    id: str
    name: str = ""
    seen: tuple[Any, ...] | None = None
    news: tuple[Any, ...] | None = None
    listed: HarvestJob | None = None
    reading: Attempts = field(default_factory=Attempts)
    running: set[str] = field(default_factory=set)
    found: dict[str, Found] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    known_since: float | None = None
    behind_due: float | None = None

    def wants_jobs(self, now: float) -> bool:
        """Whether its jobs are to be read now."""
        is_behind = self.behind_due is not None and self.behind_due <= now
        return (self.news is not None or is_behind) and self.reading.due <= now

    def readable(self, now: float, seen_until: float) -> list[Found]:
        """Return the found jobs whose results are to be read now.

        :param seen_until: only those that ended by then, by the portal's clock.
        """
        return [found for found in self.found.values() if found.reading.due <= now and found.ended <= seen_until]

    def next_due(self, seen_until: float) -> float | None:
        """Return when something is to be read next, None if nothing is before the next list."""
        dues = [found.reading.due for found in self.found.values() if found.ended <= seen_until]
        if self.news is not None:
            dues.append(self.reading.due)
        if self.behind_due is not None:
            dues.append(max(self.behind_due, self.reading.due))
        return min(dues, default=None)

    def know(self, jobs: Sequence[HarvestJob]) -> None:
        """Note which jobs there are.

        :param jobs: the newest of the source, as just read.
        """
        listed = KnownJobs.listed(jobs, 0.0)
        older = (job_id for job_id in self.known if job_id not in listed.ids)
        self.known, self.known_since = (*listed.ids, *older)[:_MAX_KNOWN], listed.listed_since

    def know_newest(self, job: HarvestJob | None, now: float) -> None:
        """Note which job the list shows as the newest, None for none; jobs that it may hide are read at once.

        :param now: by the portal's clock.
        """
        self.known, self.known_since = ((), 0.0) if job is None else ((str(job.id),), job.began_at or now)
        if job is not None and hides_for(job, now):
            self.behind_due = 0.0

    def is_unknown(self, job: HarvestJob) -> bool:
        """Whether a job was not there when the jobs were last read, whatever time its worker's clock gave it."""
        return self.known_since is not None and bool(newer_than([job], self.known, self.known_since))

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to read or to report."""
        return self.news is None and not self.found


def hides_for(newest: HarvestJob, now: float) -> float:
    """Return for how many seconds a job that appears may be listed behind the newest one; 0 if that is over.

    Its worker's clock may be behind; or the newest job is dated into the future, by a worker whose clock is ahead.

    :param now: by the portal's clock.
    """
    return max(0.0, (newest.began_at or 0.0) + CLOCK_GRACE - now)


def what_is_history(last_jobs: Iterable[HarvestJob], since: float) -> list[str]:
    """Return a sentence that names the harvests that ended in the day before a watch began, none if there are none.

    Without a cursor it is unknown what was reported.

    :param last_jobs: of the sources that are watched.
    :param since: when the watch began, by the portal's clock.
    """
    ends = ((job.ended.timestamp(), str(job.id)) for job in last_jobs if job.ended)
    ended = sorted(((at, job_id) for at, job_id in ends if at >= since - _MISSED_WITHIN), reverse=True)
    if not ended:
        return []
    named = few([f"{job_id} ({clock_time(at)})" for at, job_id in ended], _MISSED_NAMED)
    begins = "It is unknown what was reported, so the watch begins now."
    return [f"{begins} These ended in the day before and are not reported by it: {named}."]
